/* SPDX-License-Identifier: MIT */
/* Tests how filters are undone: every code path gives the pixels of the specification's formulas,
 * and writes nothing else. */
#include <config.h>

#include "support/suite.h"

#include <string.h>

#include "png/unfilter.h"

enum { ROWS_MAX = 13, PIXELS_MAX = 70, ROW_MAX = PIXELS_MAX * 8, PAD = 16, FENCE = 0xa5 };

typedef bool way(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                 unsigned char *above, unsigned char *data, size_t stride_bytes);

static const unsigned pixel_sizes[] = {1, 2, 3, 4, 6, 8};

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The formulas of the PNG specification, 9.2 and 9.4, written out with whole ints. */
static int paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

static void naive(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                  const unsigned char *above, unsigned char *out)
{
    const size_t n = rows->row_bytes, bpp = rows->pixel_bytes;

    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < n; i++) {
            const unsigned char *up = r > 0 ? out + (r - 1) * n : above;
            int a = i < bpp ? 0 : out[r * n + i - bpp], b = up[i], c = i < bpp ? 0 : up[i - bpp];
            int guess[5] = {0, a, b, (a + b) >> 1, paeth(a, b, c)};

            out[r * n + i] =
                (unsigned char)(filtered[r * (n + 1) + 1 + i] + guess[filtered[r * (n + 1)]]);
        }
}

/* Lays out the expected contents of `data`: rows at their stride, with untouched bytes between
 * them. */
static void lay_out(const struct tl_rows *rows, size_t count, const unsigned char *pixels,
                    unsigned char *data)
{
    const size_t swapped = rows->swap && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

    for (size_t r = 0; r < count; r++, pixels += rows->row_bytes) {
        for (size_t i = 0; i < rows->row_bytes; i++)
            *data++ = pixels[i ^ swapped];
        for (size_t i = 0; r + 1 < count && i < PAD; i++)
            *data++ = FENCE;
    }
}

/* Gives every buffer exactly its size, so that a sanitizer detects an access to the next byte. */
static void check(way *undo, const struct tl_rows *rows, size_t count,
                  const unsigned char *filtered, const unsigned char *above,
                  const unsigned char *pixels)
{
    const size_t n = rows->row_bytes, stride = n + PAD, bytes = count * stride - PAD;
    unsigned char *in = malloc(count * (n + 1)), *up = malloc(n), *data = malloc(bytes),
                  *expected = malloc(bytes);

    ck_assert(in && up && data && expected);
    memcpy(in, filtered, count * (n + 1));
    memcpy(up, above, n);
    memset(data, FENCE, bytes);
    lay_out(rows, count, pixels, expected);
    if (!undo(rows, in, count, up, data, stride) || memcmp(data, expected, bytes) != 0)
        ck_abort_msg("pixels differ: %u bytes a pixel, %zu rows of %zu", rows->pixel_bytes, count,
                     n);
    if (memcmp(up, pixels + (count - 1) * n, n) != 0)
        ck_abort_msg("the kept row differs: %u bytes a pixel, %zu rows of %zu", rows->pixel_bytes,
                     count, n);
    free(in);
    free(up);
    free(data);
    free(expected);
}

enum { KINDS = 4 };

/* Kinds of residuals: 0 any; 1 small, as in photographs; 2 only 0 and 255, for ties and saturation;
 * 3 mostly zeros, as on drawn pages. */
static void fill(unsigned char *bytes, size_t n, unsigned kind, uint32_t *seed)
{
    bool zeros = true;

    for (size_t i = 0; i < n; i++) {
        uint32_t x = random_next(seed);
        const unsigned char of[KINDS] = {(unsigned char)x, (unsigned char)(x % 7 - 3),
                                         (unsigned char)((x & 1) * 255),
                                         (unsigned char)(zeros ? 0 : x % 7 - 3)};

        bytes[i] = of[kind];
        if (random_next(seed) % (zeros ? 64 : 6) == 0)
            zeros = !zeros;
    }
}

static void check_both(struct tl_rows rows, size_t count, unsigned kind, unsigned filter,
                       uint32_t *seed)
{
    static unsigned char filtered[ROWS_MAX * (ROW_MAX + 1)], above[ROW_MAX],
        expected[ROWS_MAX * ROW_MAX];

    fill(filtered, count * (rows.row_bytes + 1), kind, seed);
    fill(above, rows.row_bytes, kind, seed);
    for (size_t r = 0; r < count; r++)
        filtered[r * (rows.row_bytes + 1)] =
            (unsigned char)(filter < 5    ? filter
                            : filter == 5 ? random_next(seed) % 5
                                          : 1 + random_next(seed) % 3);
    naive(&rows, filtered, count, above, expected);
    for (int swap = 0; swap <= (rows.pixel_bytes % 2 == 0); swap++) {
        rows.swap = swap;
        check(tl_unfilter_plain, &rows, count, filtered, above, expected);
        check(tl_unfilter, &rows, count, filtered, above, expected);
    }
}

START_TEST(equals_the_formulas)
{
    uint32_t seed = 1;

    for (size_t s = 0; s < sizeof pixel_sizes / sizeof *pixel_sizes; s++)
        for (size_t pixels = 1; pixels <= PIXELS_MAX; pixels += pixels < 12 ? 1 : 7)
            for (unsigned filter = 0; filter < 7;
                 filter++) /* 5: any filters; 6: Sub, Up, Average */
                for (unsigned kind = 0; kind < KINDS; kind++)
                    for (size_t count = 1; count <= ROWS_MAX; count += 4)
                        check_both((struct tl_rows){pixels * pixel_sizes[s], pixel_sizes[s], false},
                                   count, kind, filter, &seed);
}
END_TEST

START_TEST(paeth_is_the_same_for_all_triples)
{
    unsigned wrong = 0;

    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++)
            for (int c = 0; c < 256; c++)
                wrong += tl_filter_paeth(a, b, c) != paeth(a, b, c);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* Runs every pair of the bytes above and above left through the vector code. The byte to the left
 * is any. */
START_TEST(paeth_by_vector_code_is_the_same_for_all_pairs)
{
    enum { PIXELS = 256 * 2, ROWS = 4 };
    static unsigned char filtered[ROWS * (PIXELS * 4 + 1)], above[PIXELS * 4], up[PIXELS * 4];
    static unsigned char fast[ROWS * PIXELS * 4], plain[ROWS * PIXELS * 4];
    const struct tl_rows rows = {PIXELS * 4, 4, false};
    uint32_t seed = 7;

    for (int a = 0; a < 256; a++) {
        for (size_t i = 0; i < sizeof filtered; i++)
            filtered[i] = (unsigned char)random_next(&seed);
        for (size_t r = 0; r < ROWS; r++)
            filtered[r * (rows.row_bytes + 1)] = TL_FILTER_PAETH;
        for (size_t i = 0; i < sizeof above; i++)
            above[i] = (unsigned char)(i % 8 < 4 ? (size_t)a : i / 8);
        memcpy(up, above, sizeof up);
        ck_assert(tl_unfilter_plain(&rows, filtered, ROWS, up, plain, rows.row_bytes));
        ck_assert(tl_unfilter(&rows, filtered, ROWS, above, fast, rows.row_bytes));
        ck_assert(memcmp(fast, plain, sizeof fast) == 0);
    }
}
END_TEST

START_TEST(refuses_unknown_filters)
{
    unsigned char above[3] = {0}, data[3 * 3], filtered[3 * 4] = {0};
    const struct tl_rows rows = {3, 3, false};

    for (size_t r = 0; r < 3; r++)
        for (unsigned filter = 0; filter < 256; filter++) {
            memset(filtered, 0, sizeof filtered);
            filtered[r * 4] = (unsigned char)filter;
            ck_assert_int_eq(tl_unfilter(&rows, filtered, 3, above, data, 3), filter < 5);
            ck_assert_int_eq(tl_unfilter_plain(&rows, filtered, 3, above, data, 3), filter < 5);
        }
}
END_TEST

START_TEST(zero_rows_change_nothing)
{
    unsigned char above[3] = {1, 2, 3};
    const struct tl_rows rows = {3, 3, false};

    ck_assert(tl_unfilter(&rows, above, 0, above, above, 3));
    ck_assert(above[0] == 1 && above[1] == 2 && above[2] == 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        equals_the_formulas,
        paeth_is_the_same_for_all_triples,
        paeth_by_vector_code_is_the_same_for_all_pairs,
        refuses_unknown_filters,
        zero_rows_change_nothing,
        NULL,
    };

    return run_suite("unfilter", tests);
}
