/* SPDX-License-Identifier: MIT */
/* Tests bands that are encoded alone: their size, and the zlib stream that they form. zlib must
 * inflate this stream to the rows. */
#include <config.h>

#include "support/suite.h"

#include <stdio.h>
#include <zlib.h>

#include "png/encode_bands.h"
#include "support/samples.h"

enum { CHANNELS = 3 };

/* Makes a picture. The differences along each row are words of seven bytes, which are too short for
 * a quick search. */
static unsigned char *make_picture(const struct telar_geometry *g)
{
    enum { WORDS = 300, WORD = 7 };
    const size_t row_bytes = telar_row_bytes(g), n = g->rows * row_bytes;
    unsigned char *pixels = malloc(n), words[WORDS][WORD];
    uint32_t seed = 3;

    for (size_t i = 0; i < sizeof words; i++)
        words[i / WORD][i % WORD] = (unsigned char)(sample_random(&seed) % 9);
    for (size_t i = 0; i < n; i += WORD)
        memcpy(pixels + i, words[sample_random(&seed) % WORDS], n - i < WORD ? n - i : WORD);
    for (uint32_t row = 0; row < g->rows; row++)
        for (size_t i = CHANNELS; i < row_bytes; i++)
            pixels[row * row_bytes + i] = (unsigned char)(pixels[row * row_bytes + i]
                                                          + pixels[row * row_bytes + i - CHANNELS]);
    return pixels;
}

/* Returns the encoded size of the picture's first band. */
static size_t encoded_bytes(uint32_t rows, uint32_t columns)
{
    const struct telar_geometry g = {rows, columns, CHANNELS, 8};
    const uint32_t band_rows = tl_encode_band_rows(&g);
    unsigned char *pixels = make_picture(&g), *slot = malloc(tl_encode_slot_bytes(&g, band_rows));
    void *scratch = malloc(tl_encode_scratch_bytes(&g, band_rows, false));
    const struct telar_source band = {pixels, telar_row_bytes(&g), {0, band_rows, 0, columns}};
    size_t n = tl_encode_band(&g, &band, true, false, scratch, slot).bytes;

    ck_assert_uint_eq(band_rows, 256);
    free(pixels);
    free(slot);
    free(scratch);
    return n;
}

/* A band of 384 KiB does not count as large. The encoder searches it as long as a band of one
 * column less. */
START_TEST(one_more_column_adds_less_than_a_tenth)
{
    size_t narrow = encoded_bytes(1024, 511), wide = encoded_bytes(1024, 512);

    ck_assert_msg(wide < narrow + narrow / 10, "511 columns: %zu bytes, 512: %zu", narrow, wide);
}
END_TEST

/* Joins the data of IDAT chunks. Returns the number of chunks. */
static int collect(const unsigned char *chunks, size_t n, unsigned char *stream,
                   size_t *stream_bytes)
{
    int count = 0;

    *stream_bytes = 0;
    while (n > 0) {
        const uint32_t bytes = (uint32_t)chunks[0] << 24 | (uint32_t)chunks[1] << 16
                               | (uint32_t)chunks[2] << 8 | chunks[3];
        const unsigned char *crc = chunks + 8 + bytes;

        ck_assert_mem_eq(chunks + 4, "IDAT", 4);
        ck_assert_uint_eq((uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8
                              | crc[3],
                          crc32(crc32(0, NULL, 0), chunks + 4, bytes + 4));
        memcpy(stream + *stream_bytes, chunks + 8, bytes);
        *stream_bytes += bytes;
        chunks += bytes + 12;
        n -= bytes + 12;
        count++;
    }
    return count;
}

/* A large band becomes two chunks, any other band one. zlib must inflate the joined data. The first
 * row of each chunk must have filter None or Sub. */
START_TEST(parts_are_one_stream)
{
    static const uint32_t shapes[][2] = {
        {4200, 1000}, {1, 300000}, {700, 512}, {1, 1}, {9, 150000}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct telar_geometry g = {shapes[i][0], shapes[i][1], CHANNELS, 8};
        const size_t row = telar_row_bytes(&g) + 1;

        for (int small = 0; small < 2; small++) {
            const uint32_t rows = tl_encode_band_rows(&g);
            const bool large = i == 0;
            unsigned char *pixels = make_picture(&g),
                          *slot = malloc(tl_encode_slot_bytes(&g, rows)),
                          *stream = malloc(tl_encode_slot_bytes(&g, rows) + 6),
                          *out = malloc(rows * row);
            void *scratch = malloc(tl_encode_scratch_bytes(&g, rows, small));
            const struct telar_source band = {pixels, row - 1, {0, rows, 0, g.columns}};
            struct tl_encoded encoded = tl_encode_band(&g, &band, true, small, scratch, slot);
            uLongf got = (uLongf)(rows * row);
            size_t n;
            int chunks = collect(slot, encoded.bytes, stream, &n);

            ck_assert_int_eq(chunks, large && !small ? 2 : 1);
            memcpy(stream + n,
                   (unsigned char[]){3, 0, (unsigned char)(encoded.adler >> 24),
                                     (unsigned char)(encoded.adler >> 16),
                                     (unsigned char)(encoded.adler >> 8),
                                     (unsigned char)encoded.adler},
                   6);
            ck_assert_int_eq(uncompress(out, &got, stream, (uLong)(n + 6)), Z_OK);
            ck_assert_uint_eq(got, rows * row);
            ck_assert_uint_le(out[0], 1);
            if (chunks == 2)
                ck_assert_uint_le(out[rows / 2 * row], 1);
            free(pixels);
            free(slot);
            free(stream);
            free(out);
            free(scratch);
        }
    }
}
END_TEST

static size_t put(unsigned char *at, const char *type, const void *data, size_t n)
{
    uint32_t crc;

    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(n >> (24 - 8 * i));
    memcpy(at + 4, type, 4);
    memcpy(at + 8, data, n);
    crc = (uint32_t)crc32(crc32(0, NULL, 0), at + 4, (uInt)(n + 4));
    for (int i = 0; i < 4; i++)
        at[8 + n + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
    return n + 12;
}

/* A worker claims to have encoded a band. The coordinator must accept only whole IDAT chunks with
 * right checksums. */
START_TEST(only_image_data_is_accepted)
{
    unsigned char bytes[200], copy[200];
    const size_t one = put(bytes, "IDAT", "\x78\x01what the data is", 18);
    const size_t two = one + put(bytes + one, "IDAT", "does not matter", 15);

    ck_assert(tl_encode_is_framed(bytes, one, true) && tl_encode_is_framed(bytes, one, false));
    ck_assert(tl_encode_is_framed(bytes, two, true));
    ck_assert(tl_encode_is_framed(bytes + one, two - one, false));
    ck_assert(
        !tl_encode_is_framed(bytes + one, two - one, true)); /* the head of the stream is missing */
    for (size_t n = 0; n < two; n++)
        ck_assert(tl_encode_is_framed(bytes, n, true) == (n == one));
    for (size_t i = 0; i < two; i++) {
        memcpy(copy, bytes, two);
        copy[i] ^= 1;
        ck_assert(!tl_encode_is_framed(copy, two, true));
    }
    ck_assert(!tl_encode_is_framed(bytes, two + put(bytes + two, "IEND", "", 0), true));
    ck_assert(!tl_encode_is_framed(bytes, two + put(bytes + two, "tEXt", "Title\0x", 7), true));
    ck_assert(!tl_encode_is_framed(bytes, two + put(bytes + two, "IDAT", "x", 1),
                                   true)); /* at most two chunks are allowed */
    memset(copy, 0xff, sizeof copy);       /* the length is all ones */
    ck_assert(!tl_encode_is_framed(copy, sizeof copy, false));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {one_more_column_adds_less_than_a_tenth, parts_are_one_stream,
                                  only_image_data_is_accepted, NULL};

    return run_suite("encode", tests);
}
