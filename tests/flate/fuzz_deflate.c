/* SPDX-License-Identifier: MIT */
/*
 * fuzz_deflate.c - takes any bytes as the pixels of a band. The target filters and deflates them,
 * inflates the result with zlib, unfilters it, and compares.
 *
 * Build for libFuzzer: clang -fsanitize=fuzzer,address,undefined, with the library's files
 * deflate*.c, filter*.c and unfilter*.c and -lz. With TELAR_REPLAY defined this is an ordinary
 * program. The program replays the files named on its command line. Without arguments it makes its
 * own inputs.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "flate/deflate.h"
#include "png/filter.h"
#include "support/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert(), require() checks in every build. */
static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_deflate: %s\n", what);
    abort();
}

static void *allocate(size_t n)
{
    void *memory = malloc(n ? n : 1);

    require(memory, "no memory");
    return memory;
}

/* Deflates the filtered bytes of a band, inflates the result with zlib, and compares. */
static void check_deflate(const unsigned char *filtered, size_t n, void *work,
                          enum tl_search search)
{
    size_t bound = tl_deflate_bound(n), size;
    unsigned char *packed = allocate(bound), *unpacked = allocate(n);
    z_stream z = {.next_in = packed, .next_out = unpacked, .avail_out = (uInt)n};

    size = tl_deflate(work, filtered, n, packed, bound, search, true);
    require(size <= bound, "the output exceeds the bound");
    z.avail_in = (uInt)size;
    require(inflateInit2(&z, -15) == Z_OK, "no memory");
    require(inflate(&z, Z_FINISH) == Z_STREAM_END, "zlib refuses the stream");
    require(!z.avail_in && z.total_out == n && memcmp(filtered, unpacked, n) == 0,
            "zlib inflates other bytes");
    inflateEnd(&z);
    free(packed);
    free(unpacked);
}

static void check_filter(const struct tl_band *band, const unsigned char *filtered)
{
    const size_t n = band->shape.row_bytes;
    unsigned char *pixels = allocate(n * band->row_count), *above = allocate(n);

    memset(above, 0, n);
    require(filtered[0] <= TL_FILTER_SUB, "the first row uses a row above that does not exist");
    require(tl_unfilter_plain(&band->shape, filtered, band->row_count, above, pixels, n),
            "unknown filter");
    require(memcmp(pixels, band->rows, n * band->row_count) == 0,
            "the pixels differ from the input");
    free(pixels);
    free(above);
}

/* The first three bytes give the pixel size, the order of the bytes and the row length. The other
 * bytes are pixels. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char pixel_sizes[] = {1, 2, 3, 4, 6, 8};
    struct tl_band band = {0};
    unsigned char *filtered, *plain;
    void *work;

    if (size < 3 + 8)
        return 0;
    band.shape.pixel_bytes = pixel_sizes[data[0] % sizeof pixel_sizes];
    band.shape.swap = data[0] >= 128 && band.shape.pixel_bytes % 2 == 0;
    band.shape.row_bytes =
        (1 + data[1] + 256u * data[2]) % ((size - 3) / band.shape.pixel_bytes) + 1;
    band.shape.row_bytes *= band.shape.pixel_bytes;
    band.stride_bytes = band.shape.row_bytes;
    band.row_count = (uint32_t)((size - 3) / band.stride_bytes);
    band.rows = data + 3;
    filtered = allocate(tl_filter_size(&band));
    plain = allocate(tl_filter_size(&band));
    work = allocate(tl_filter_work_size(&band));

    tl_filter_band(&band, work, filtered);
    tl_filter_band_as(&band, tl_filter_choose(&band, &tl_filter_plain, work, plain),
                      &tl_filter_plain, work, plain);
    require(memcmp(filtered, plain, tl_filter_size(&band)) == 0,
            "another code path gives other bytes");
    check_filter(&band, filtered);
    for (int search = TL_SEARCH_RUNS; search <= TL_SEARCH_DEEP; search++)
        check_deflate(filtered, tl_filter_size(&band), work, (enum tl_search)search);
    free(filtered);
    free(plain);
    free(work);
    return 0;
}

#ifdef TELAR_REPLAY

enum { INPUT_MAX = 1 << 20 };

static void replay_file(const char *path, unsigned char *input)
{
    FILE *file = fopen(path, "rb");

    require(file, path);
    LLVMFuzzerTestOneInput(input, fread(input, 1, INPUT_MAX, file));
    fclose(file);
}

static void replay_samples(unsigned char *input)
{
    uint32_t seed = 1;

    for (int round = 0; round < 200; round++) {
        size_t n = 3 + sample_random(&seed) % (round % 20 ? 20000 : 400000);

        sample_fill(input, n, (enum sample)(round % SAMPLES), seed);
        for (int i = 0; i < 3; i++)
            input[i] = (unsigned char)sample_random(&seed);
        LLVMFuzzerTestOneInput(input, n);
    }
}

int main(int argc, char **argv)
{
    unsigned char *input = allocate(INPUT_MAX);

    for (int i = 1; i < argc; i++)
        replay_file(argv[i], input);
    if (argc == 1)
        replay_samples(input);
    free(input);
    return EXIT_SUCCESS;
}

#endif
