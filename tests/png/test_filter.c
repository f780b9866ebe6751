/* SPDX-License-Identifier: MIT */
/* Tests the row filters: the formulas of the specification undo them, and every code path gives the
 * same bytes. */
#include <config.h>

#include "support/suite.h"

#include <string.h>

#include "flate/deflate.h"
#include "png/filter.h"
#include "support/samples.h"

enum { ROWS_MAX = 12, PIXELS_MAX = 90, ROW_MAX = PIXELS_MAX * 8 };

/* The formulas of the PNG specification, 9.2, written out. */
static void naive_filter(const struct tl_rows *shape, unsigned filter, const unsigned char *row,
                         const unsigned char *above, unsigned char *out)
{
    for (size_t i = 0; i < shape->row_bytes; i++) {
        int a = i < shape->pixel_bytes ? 0 : row[i - shape->pixel_bytes], b = above[i];
        int c = i < shape->pixel_bytes ? 0 : above[i - shape->pixel_bytes];
        int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
        int guess[] = {0, a, b, (a + b) >> 1, pa <= pb && pa <= pc ? a : pb <= pc ? b : c};

        out[i] = (unsigned char)(row[i] - guess[filter]);
    }
}

static uint64_t naive_sum(const unsigned char *residuals, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)abs((int8_t)residuals[i]);
    return sum;
}

/* Allocates exactly n bytes, so that a sanitizer detects an access to the next one. */
static unsigned char *sample(size_t n, enum sample kind, uint32_t seed)
{
    unsigned char *bytes = malloc(n);

    ck_assert_ptr_nonnull(bytes);
    sample_fill(bytes, n, kind, seed);
    return bytes;
}

static void check_kernel(const struct tl_filter_kernel *kernel, const struct tl_rows *shape,
                         const unsigned char *row, const unsigned char *above)
{
    unsigned char expected[ROW_MAX], *got = malloc(shape->row_bytes);
    uint64_t sums[4];

    kernel->sums(shape, row, above, sums);
    for (unsigned filter = 0; filter < TL_FILTERS; filter++) {
        naive_filter(shape, filter, row, above, expected);
        kernel->apply(shape, filter, row, above, got);
        ck_assert_mem_eq(got, expected, shape->row_bytes);
        if (filter < 4)
            ck_assert_uint_eq(sums[filter], naive_sum(expected, shape->row_bytes));
    }
    free(got);
}

START_TEST(kernels_follow_the_specification)
{
    const struct tl_filter_kernel *kernels[] = {&tl_filter_plain, tl_filter_x86()};

    for (unsigned bpp = 1; bpp <= 8; bpp++)
        for (size_t pixels = 1; pixels <= PIXELS_MAX; pixels++)
            for (int kind = 0; kind < SAMPLES; kind++) {
                struct tl_rows shape = {pixels * bpp, bpp, false};
                unsigned char *row = sample(shape.row_bytes, (enum sample)kind, 1 + bpp);
                unsigned char *above = sample(shape.row_bytes, (enum sample)kind, 2 + bpp);

                for (size_t k = 0; k < 2; k++)
                    if (kernels[k])
                        check_kernel(kernels[k], &shape, row, above);
                free(row);
                free(above);
            }
}
END_TEST

/* A row of -128 alone has the greatest sum. Kernels that add bytes must not overflow. */
START_TEST(sums_are_right_for_long_rows)
{
    const struct tl_filter_kernel *kernels[] = {&tl_filter_plain, tl_filter_x86()};
    const struct tl_rows shape = {1 << 20, 1, false};
    unsigned char *row = malloc(shape.row_bytes), *above = calloc(1, shape.row_bytes);
    uint64_t sums[4];

    memset(row, 128, shape.row_bytes);
    for (size_t k = 0; k < 2; k++)
        if (kernels[k]) {
            kernels[k]->sums(&shape, row, above, sums);
            ck_assert_uint_eq(sums[TL_FILTER_NONE], 128u << 20);
            ck_assert_uint_eq(sums[TL_FILTER_SUB], 128);
            ck_assert_uint_eq(sums[TL_FILTER_UP], 128u << 20);
            ck_assert_uint_eq(sums[TL_FILTER_AVERAGE], 128 + (64u << 20) - 64);
        }
    free(row);
    free(above);
}
END_TEST

/* Returns the rows of a band in the order of a PNG file. The row above comes first: zeros if there
 * is none. */
static unsigned char *file_rows(const struct tl_band *band)
{
    const size_t n = band->shape.row_bytes,
                 flip = band->shape.swap && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    unsigned char *rows = calloc(band->row_count + 1, n);

    for (uint32_t r = 0; r <= band->row_count; r++) {
        const unsigned char *row = r ? band->rows + (r - 1) * band->stride_bytes : band->above;

        for (size_t i = 0; row && i < n; i++)
            rows[r * n + i] = row[i ^ flip];
    }
    return rows;
}

/*
 * Returns the last filter that row r may have. Without a row above only None and Sub are allowed.
 */
static unsigned last_filter(const struct tl_band *band, uint32_t r, bool slow)
{
    return !r && !band->above ? TL_FILTER_SUB : slow ? TL_FILTER_PAETH : TL_FILTER_AVERAGE;
}

/* Undoes the chosen filters by the formulas. The result must be the rows. */
static void check_undone(const struct tl_band *band, const unsigned char *filtered, bool slow)
{
    const size_t n = band->shape.row_bytes;
    unsigned char *rows = file_rows(band), expected[ROW_MAX];

    for (uint32_t r = 0; r < band->row_count; r++, filtered += n + 1) {
        ck_assert_uint_le(filtered[0], last_filter(band, r, slow));
        naive_filter(&band->shape, filtered[0], rows + (r + 1) * n, rows + r * n, expected);
        ck_assert_mem_eq(filtered + 1, expected, n);
    }
    free(rows);
}

/* Checks that no other allowed filter has a smaller sum. */
static void check_least(const struct tl_band *band, const unsigned char *filtered, bool slow)
{
    const size_t n = band->shape.row_bytes;
    unsigned char *rows = file_rows(band), other[ROW_MAX];

    for (uint32_t r = 0; r < band->row_count; r++, filtered += n + 1)
        for (unsigned filter = 0; filter <= last_filter(band, r, slow); filter++) {
            naive_filter(&band->shape, filter, rows + (r + 1) * n, rows + r * n, other);
            ck_assert_uint_le(naive_sum(filtered + 1, n), naive_sum(other, n));
        }
    free(rows);
}

static void check_band(const struct tl_band *band)
{
    const size_t size = tl_filter_size(band);
    unsigned char *out = malloc(size), *again = malloc(size);
    void *work = malloc(tl_filter_work_size(band));

    tl_filter_band_as(band, TL_WAY_RESIDUALS, &tl_filter_plain, work, out);
    check_undone(band, out, false);
    check_least(band, out, false);
    if (tl_filter_x86()) {
        tl_filter_band_as(band, TL_WAY_RESIDUALS, tl_filter_x86(), work, again);
        ck_assert_mem_eq(out, again, size);
    }
    tl_filter_band_as(band, TL_WAY_REPEATS, &tl_filter_plain, work, out);
    check_undone(band, out, false);
    for (size_t i = 0; i < size; i += band->shape.row_bytes + 1)
        ck_assert_uint_eq(out[i], TL_FILTER_NONE);
    tl_filter_band(band, work, out);
    check_undone(band, out, false);
    tl_filter_band_as(band, TL_WAY_SLOW, &tl_filter_plain, work, out);
    check_undone(band, out, true);
    check_least(band, out, true);
    if (tl_filter_x86()) {
        tl_filter_band_as(band, TL_WAY_SLOW, tl_filter_x86(), work, again);
        ck_assert_mem_eq(out, again, size);
    }
    tl_filter_band_smallest(band, work, out);
    check_undone(band, out, true);
    free(out);
    free(again);
    free(work);
}

/* Filters a band with and without a row above. The memory around the band must stay unchanged. */
static void check_shape(const struct tl_rows *shape, uint32_t rows, size_t gap, enum sample kind)
{
    size_t stride = shape->row_bytes + gap, size = (rows + 1) * stride;
    unsigned char *pixels = sample(size, kind, rows), *before = malloc(size);
    struct tl_band band = {*shape, pixels + stride, pixels, stride, rows, 0, false};

    memcpy(before, pixels, size);
    check_band(&band);
    band.above = NULL;
    check_band(&band);
    ck_assert_mem_eq(before, pixels, size);
    free(before);
    free(pixels);
}

START_TEST(bands_of_every_shape_can_be_undone)
{
    static const size_t widths[] = {1, 2, 3, 31, 33, 64, PIXELS_MAX};

    for (unsigned bpp = 1; bpp <= 8; bpp++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (int kind = 0; kind < SAMPLES; kind++)
                for (uint32_t rows = 1; rows <= ROWS_MAX; rows += 3) {
                    const struct tl_rows shape = {widths[w] * bpp, bpp, bpp % 2 == 0 && rows % 2};

                    check_shape(&shape, rows, widths[w] % 3, (enum sample)kind);
                }
}
END_TEST

/* A band of `rows` rows of RGB, 8 bits, 1,000 pixels wide. The bytes come from one sample. */
static struct tl_band large_band(const unsigned char *pixels, uint32_t rows)
{
    return (struct tl_band){{3000, 3, false}, pixels, NULL, 3000, rows, 0, false};
}

/* Returns the filter of each of 200 rows. */
static void chosen_filters(const unsigned char *pixels, unsigned char filters[200])
{
    struct tl_band band = large_band(pixels, 200);
    unsigned char *out = malloc(tl_filter_size(&band));
    void *work = malloc(tl_filter_work_size(&band));

    tl_filter_band(&band, work, out);
    for (size_t r = 0; r < 200; r++)
        filters[r] = out[r * 3001];
    free(out);
    free(work);
}

START_TEST(repetitive_bands_have_filter_none)
{
    unsigned char *pixels = sample(200 * 3000, SAMPLE_WORDS, 3), filters[200], none[200] = {0};

    chosen_filters(pixels, filters);
    ck_assert_mem_eq(filters, none, sizeof none);
    free(pixels);
}
END_TEST

/* Brightness rises downwards and to the right, with noise in the lowest bits. Differences are
 * small, and no bytes repeat. */
START_TEST(smooth_bands_have_other_filters)
{
    unsigned char *pixels = malloc(200 * 3000), filters[200];
    uint32_t seed = 1;

    for (size_t r = 0; r < 200; r++)
        for (size_t i = 0; i < 3000; i++)
            pixels[r * 3000 + i] = (unsigned char)(r / 2 + i / 30 + (sample_random(&seed) & 7));
    chosen_filters(pixels, filters);
    for (size_t r = 0; r < 200; r++)
        ck_assert_uint_ne(filters[r], TL_FILTER_NONE);
    free(pixels);
}
END_TEST

/* Noise of 28 different bytes, far apart. Their differences take 55 values, so filtering would make
 * them worse. */
START_TEST(noise_of_few_levels_has_filter_none)
{
    unsigned char *pixels = malloc(200 * 3000), filters[200], none[200] = {0};
    uint32_t seed = 1;

    for (size_t i = 0; i < 200 * 3000; i++)
        pixels[i] = (unsigned char)(sample_random(&seed) % 28 * 9);
    chosen_filters(pixels, filters);
    ck_assert_mem_eq(filters, none, sizeof none);
    free(pixels);
}
END_TEST

/*
 * Slopes along both axes. The slow choice of filters must give no larger output than the quick one.
 */
START_TEST(the_slow_choice_makes_no_band_larger)
{
    unsigned char *pixels = malloc(200 * 3000);
    struct tl_band band = large_band(pixels, 200);
    unsigned char *out = malloc(tl_filter_size(&band)), *work = malloc(tl_filter_work_size(&band));
    size_t quick, slow;

    for (size_t r = 0; r < 200; r++)
        for (size_t i = 0; i < 3000; i++)
            pixels[r * 3000 + i] = (unsigned char)(r * (r + 1) / 2 + i / 3 * (i / 3) / 50);
    tl_filter_band(&band, work, out);
    quick = tl_deflate_cost(work, out, tl_filter_size(&band), TL_SEARCH_DEEP);
    tl_filter_band_smallest(&band, work, out);
    slow = tl_deflate_cost(work, out, tl_filter_size(&band), TL_SEARCH_DEEP);
    ck_assert_uint_le(slow, quick);
    free(pixels);
    free(out);
    free(work);
}
END_TEST

/* The previous contents of memory and the bytes beyond the rows have no influence. */
START_TEST(the_same_band_gives_the_same_bytes)
{
    unsigned char *pixels = sample(300 * 3000, SAMPLE_MIXED, 5), *out[2];
    struct tl_band band = large_band(pixels + 3000, 250);
    size_t size = tl_filter_size(&band), work_size = tl_filter_work_size(&band);
    void *work = malloc(work_size);

    for (int k = 0; k < 2; k++) {
        out[k] = malloc(size);
        memset(work, k ? 0xff : 0, work_size);
        memset(out[k], k ? 0xff : 0, size);
        memset(pixels + 251 * 3000, k, 3000);
        tl_filter_band(&band, work, out[k]);
    }
    ck_assert_mem_eq(out[0], out[1], size);
    free(out[0]);
    free(out[1]);
    free(work);
    free(pixels);
}
END_TEST

/* For bands of any shape, the samples must fit into the memory for the whole band. A sanitizer
 * detects an overflow. */
START_TEST(samples_fit_into_the_memory_of_the_band)
{
    static const size_t shapes[][2] = {{1, 33000}, {1, 70000}, {1, 150000}, {3, 30000}, {6, 12000},
                                       {24, 6000}, {9000, 8},  {70000, 1},  {300, 300}, {3000, 200},
                                       {60000, 3}, {12000, 7}, {150000, 1}, {1536, 256}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t row = shapes[i][0], rows = shapes[i][1];
        unsigned char *pixels = sample(row * rows, SAMPLE_WORDS, 7);
        struct tl_band band = {
            {row, row % 3 ? 1 : 3, false}, pixels, NULL, row, (uint32_t)rows, 0, false};
        unsigned char *work = malloc(tl_filter_work_size(&band));

        for (int k = 0; k < 2; k++, band.quick = true) {
            unsigned char *out = malloc(tl_filter_size(&band));

            tl_filter_band(&band, work, out);
            ck_assert_uint_le(out[0], TL_FILTER_SUB);
            free(out);
        }
        free(work);
        free(pixels);
    }
}
END_TEST

/* Fills the band so that each four bytes hold their own position. A position that is sampled twice
 * would look like a repetition. */
static void check_sample(uint32_t pixels, uint32_t rows, bool quick)
{
    const size_t n = (size_t)pixels * rows, row_bytes = 4 * (size_t)pixels;
    uint32_t *places = malloc(4 * n);
    struct tl_band band = {
        {row_bytes, 4, false}, (const void *)places, NULL, row_bytes, rows, 0, quick};
    unsigned char *seen = calloc(n, 1), *out = malloc(tl_filter_size(&band)),
                  *work = malloc(tl_filter_work_size(&band));
    size_t bytes, taken = 0, again = 0;

    for (size_t i = 0; i < n; i++)
        places[i] = (uint32_t)i << 2; /* keeps position 0 apart from a filter byte */
    bytes = tl_filter_sample(&band, &tl_filter_plain, work, out);
    ck_assert_uint_le(bytes, tl_filter_size(&band));
    for (size_t at = 0; at + 4 < bytes;) {
        uint32_t place;

        memcpy(&place, out + at + 1, 4);
        for (at += 1; at + 4 <= bytes && memcmp(out + at, &place, 4) == 0;
             at += 4, place += 4, taken++)
            again += seen[place >> 2]++ != 0;
    }
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_eq(again, 0);
    free(work);
    free(out);
    free(seen);
    free(places);
}

START_TEST(no_byte_is_sampled_twice)
{
    static const uint32_t shapes[][2] = {{1, 40000}, {250, 64},  {250, 180}, {300, 200}, {750, 64},
                                         {750, 128}, {4500, 10}, {4500, 15}, {4500, 32}, {4500, 64},
                                         {40000, 1}, {90000, 2}, {17, 3000}, {5000, 12}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int quick = 0; quick < 2; quick++)
            check_sample(shapes[i][0], shapes[i][1], quick);
}
END_TEST

START_TEST(sizes_that_overflow_are_reported)
{
    struct tl_band band = {{SIZE_MAX, 1, false}, NULL, NULL, 0, 1, 0, false};

    ck_assert_uint_eq(tl_filter_size(&band), SIZE_MAX);
    ck_assert_uint_eq(tl_filter_work_size(&band), SIZE_MAX);
    band = (struct tl_band){{SIZE_MAX / 4, 1, false}, NULL, NULL, 0, 5, 0, false};
    ck_assert_uint_eq(tl_filter_size(&band), SIZE_MAX);
    band = (struct tl_band){{6, 3, false}, NULL, NULL, 0, 5, 0, false};
    ck_assert_uint_eq(tl_filter_size(&band), 35);
    ck_assert_uint_ge(tl_filter_work_size(&band), tl_deflate_work_size());
}
END_TEST

/* The first row of a part has filter None or Sub. The other rows keep their filters. */
START_TEST(parts_do_not_use_the_row_above)
{
    enum { ROWS = 200, PART = 64, BYTES = 3000 };
    unsigned char *pixels = sample((ROWS + 1) * BYTES, 1, ROWS), filters[2][ROWS];
    struct tl_band band = large_band(pixels, ROWS);
    unsigned char *out = malloc(tl_filter_size(&band)), *work = malloc(tl_filter_work_size(&band));

    for (size_t r = 1; r < ROWS; r++) /* the filter Up is best */
        memcpy(pixels + r * BYTES, pixels, BYTES);
    for (int i = 0; i < 2; i++, band.part_rows = PART) {
        tl_filter_band_as(&band, TL_WAY_RESIDUALS, &tl_filter_plain, work, out);
        for (size_t r = 0; r < ROWS; r++)
            filters[i][r] = out[r * (BYTES + 1)];
    }
    for (size_t r = 1; r < ROWS; r++) {
        ck_assert_uint_eq(filters[0][r], 2);
        if (r % PART)
            ck_assert_uint_eq(filters[1][r], 2);
        else
            ck_assert_uint_le(filters[1][r], 1);
    }
    free(pixels);
    free(out);
    free(work);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        kernels_follow_the_specification,
        sums_are_right_for_long_rows,
        bands_of_every_shape_can_be_undone,
        repetitive_bands_have_filter_none,
        smooth_bands_have_other_filters,
        noise_of_few_levels_has_filter_none,
        the_slow_choice_makes_no_band_larger,
        the_same_band_gives_the_same_bytes,
        parts_do_not_use_the_row_above,
        samples_fit_into_the_memory_of_the_band,
        no_byte_is_sampled_twice,
        sizes_that_overflow_are_reported,
        NULL,
    };

    return run_suite("filter", tests);
}
