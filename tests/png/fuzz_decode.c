/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: reads a PNG in bands and by libpng. Both must accept the file exactly when a judge
 * finds every pixel certain (png_judge.h), and give the same pixels, chunks and warnings. The first
 * byte says what is repaired before: 1 repairs
 * the CRCs, 2 repairs the Adler-32 too, as far as zlib can read.
 *
 * Build for libFuzzer: clang -fsanitize=fuzzer,address,undefined with this file and the files of
 * libtelar-core. With TELAR_REPLAY defined this is an ordinary program. The program replays the
 * files named on its command line. Without arguments it makes its own inputs.
 */
#include <config.h>

#include <stdio.h>
#include <zlib.h>

#include "support/two_readings.h"

enum { FILE_MAX = 1 << 20, ROWS_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Returns the end of the chunk that begins at `at`, or 0 if the chunk is incomplete. */
static size_t chunk_end(const unsigned char *file, size_t n, size_t at)
{
    return at + 12 <= n && get_u32(file + at) <= n - at - 12 ? at + 12 + get_u32(file + at) : 0;
}

static void repair_crcs(unsigned char *file, size_t n)
{
    for (size_t at = 8, end; (end = chunk_end(file, n, at)) != 0; at = end)
        put_u32(file + end - 4, (uint32_t)crc32(0, file + at + 4, (uInt)(end - at - 8)));
}

/* Replaces the last four bytes of all image data by the checksum of the data that zlib inflates. */
static void repair_adler(unsigned char *file, size_t n)
{
    static unsigned char rows[ROWS_MAX], stream[FILE_MAX];
    unsigned char *last[4] = {0}, adler[4];
    z_stream z = {.next_in = stream, .next_out = rows, .avail_out = ROWS_MAX};

    for (size_t at = 8, end; (end = chunk_end(file, n, at)) != 0; at = end)
        for (size_t i = at + 8; memcmp(file + at + 4, "IDAT", 4) == 0 && i < end - 4; i++) {
            memmove(last, last + 1, 3 * sizeof *last);
            last[3] = file + i;
            stream[z.avail_in++] = file[i];
        }
    if (!last[0] || inflateInit(&z) != Z_OK)
        return;
    inflate(&z, Z_SYNC_FLUSH);
    put_u32(adler, (uint32_t)adler32(1, rows, (uInt)z.total_out));
    for (int i = 0; i < 4; i++)
        *last[i] = adler[i];
    inflateEnd(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char file[FILE_MAX];
    struct two_readings two;

    if (size < 1 || size > sizeof file)
        return 0;
    memcpy(file, data + 1, size - 1);
    if (data[0] % 3 > 1)
        repair_adler(file, size - 1);
    if (data[0] % 3 > 0)
        repair_crcs(file, size - 1);
    two = read_twice(file, size - 1, 1 + data[0] / 3u);
    if (two.differ) {
        fprintf(stderr, "fuzz_decode: %s\n", two.differ);
        abort();
    }
    return 0;
}

#ifdef TELAR_REPLAY

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static size_t put_chunk(unsigned char *at, const char *type, const unsigned char *data, size_t n)
{
    put_u32(at, (uint32_t)n);
    memcpy(at + 4, type, 4);
    memcpy(at + 8, data, n);
    return n + 12;
}

/* Makes a small file that is valid except for its CRCs. */
static size_t make_file(unsigned char *file, uint32_t *seed)
{
    static const unsigned char types[] = {0, 2, 4, 6}, channels[] = {1, 3, 2, 4};
    static unsigned char rows[20 * (20 * 8 + 1)], stream[8000];
    unsigned char ihdr[13] = {0};
    const uint32_t columns = 1 + random_next(seed) % 20, n_rows = 1 + random_next(seed) % 20,
                   type = random_next(seed) % 4;
    const uint32_t depth = 8 + 8 * (random_next(seed) & 1), range = 1 + random_next(seed) % 256;
    const size_t row = columns * channels[type] * depth / 8 + 1;
    uLongf length = sizeof stream;
    size_t n = 8;

    for (size_t i = 0; i < row * n_rows; i++)
        rows[i] = (unsigned char)(random_next(seed) % (i % row ? range : 5));
    compress2(stream, &length, rows, row * n_rows, (int)(random_next(seed) % 10));
    put_u32(ihdr, columns);
    put_u32(ihdr + 4, n_rows);
    ihdr[8] = (unsigned char)depth;
    ihdr[9] = types[type];
    memcpy(file, "\x89PNG\r\n\x1a\n", 8);
    n += put_chunk(file + n, "IHDR", ihdr, sizeof ihdr);
    for (size_t at = 0, piece; at < length; at += piece) {
        piece = 1 + random_next(seed) % 2000;
        if (piece > length - at)
            piece = length - at;
        n += put_chunk(file + n, "IDAT", stream + at, piece);
    }
    n += put_chunk(file + n, "tEXt", (const unsigned char *)"Title\0a picture", 15);
    return n + put_chunk(file + n, "IEND", ihdr, 0);
}

static void replay_made(unsigned char *input)
{
    uint32_t seed = 1;

    for (int round = 0; round < 3000; round++) {
        size_t n = make_file(input + 1, &seed);

        input[0] = (unsigned char)(round % 16 ? 1 + round % 2 : 1);
        for (int changes = round % 8; changes > 0;
             changes--) /* every eighth file stays unchanged */
            input[1 + random_next(&seed) % n] ^= (unsigned char)(1u << random_next(&seed) % 8);
        LLVMFuzzerTestOneInput(input, n + 1);
    }
}

int main(int argc, char **argv)
{
    static unsigned char input[FILE_MAX];

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");

        if (!file) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof input, file));
        fclose(file);
    }
    if (argc == 1)
        replay_made(input);
    return EXIT_SUCCESS;
}

#endif
