/* SPDX-License-Identifier: MIT */
/*
 * unfilter_x86.c - unfilters rows with AVX2.
 *
 * Sub, Average and Paeth need the pixel to the left before they can compute the next one. So a
 * single row is one long dependency chain, longest for Paeth. Where the chains are long, several
 * rows are unfiltered at once (unfilter_wave_x86.c). This file chooses between the two and
 * unfilters single rows.
 */
#include <config.h>

#include "png/unfilter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include "png/unfilter_x86.h"

/* Paeth for a single pixel, in the lowest lane. */
INLINE __m128i paeth_pixel(__m128i a, __m128i b, __m128i c)
{
    return _mm256_castsi256_si128(
        paeth(_mm256_castsi128_si256(a), _mm256_castsi128_si256(b), _mm256_castsi128_si256(c)));
}

VECTOR static void row_up(const unsigned char *raw, const unsigned char *up, unsigned char *data,
                          size_t n)
{
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        __m256i sum = _mm256_add_epi8(_mm256_loadu_si256((const void *)(raw + i)),
                                      _mm256_loadu_si256((const void *)(up + i)));

        _mm256_storeu_si256((void *)(data + i), sum);
    }
    for (; i < n; i++)
        data[i] = (unsigned char)(raw[i] + up[i]);
}

/* Returns the number of bytes of the whole pixels that fit into 32 bytes. */
INLINE size_t span_bytes(const size_t bpp)
{
    return 32 / bpp * bpp;
}

/* Returns true when the 32 bytes at p are zero. */
INLINE bool all_zero(const unsigned char *p)
{
    __m256i v = _mm256_loadu_si256((const void *)p);

    return _mm256_testz_si256(v, v);
}

/* Returns as many copies of a pixel as fit into 32 bytes. */
INLINE __m256i repeat_pixel(__m128i pixel, const size_t bpp)
{
    unsigned char bytes[32 + 8];

    for (size_t i = 0; i < 32; i += bpp)
        store_pixel(bytes + i, bpp, (uint64_t)_mm_cvtsi128_si64(pixel));
    return _mm256_loadu_si256((const void *)bytes);
}

/*
 * Unfilters one row of Sub. The pixel to the left stays in a register. Where the residuals are
 * zero, that pixel repeats: on drawn pages and screens in most of a row.
 */
INLINE void row_sub(const unsigned char *raw, const unsigned char *up, unsigned char *data,
                    const size_t bpp, size_t n)
{
    __m128i a = _mm_setzero_si128();
    size_t i = 0;

    while (i + bpp < n) {
        const size_t end = i + span_bytes(bpp);

        if (i + 32 <= n && all_zero(raw + i)) {
            const __m256i pixels = repeat_pixel(a, bpp);

            for (; i + 32 <= n && all_zero(raw + i); i += span_bytes(bpp))
                _mm256_storeu_si256((void *)(data + i), pixels);
            continue;
        }
        for (; i < end && i + bpp < n; i += bpp) {
            a = _mm_add_epi8(load_pixel(raw + i, bpp), a);
            store_pixel(data + i, bpp, (uint64_t)_mm_cvtsi128_si64(a));
        }
    }
    row_bytes(TL_FILTER_SUB, raw, up, data, bpp, i, n);
}

/*
 * Unfilters one row of Paeth. If a equals c, the prediction is b. With zero residuals the pixel is
 * then b too, and the next pixel again has a equal to c. So the row copies the row above for as
 * long as the residuals are zero: on drawn pages and screens in most of a row.
 */
INLINE void row_paeth(const unsigned char *raw, const unsigned char *up, unsigned char *data,
                      const size_t bpp, size_t n)
{
    __m128i a = _mm_setzero_si128(), c = a;
    size_t i = 0;

    while (i + bpp < n) {
        const size_t end = i + span_bytes(bpp);

        if (i > 0 && i + 32 <= n && all_zero(raw + i)
            && memcmp(data + i - bpp, up + i - bpp, bpp) == 0) {
            for (; i + 32 <= n && all_zero(raw + i); i += span_bytes(bpp))
                memcpy(data + i, up + i, 32);
            a = c = load_pixel(up + i - bpp, bpp);
            continue;
        }
        for (; i < end && i + bpp < n; i += bpp) {
            __m128i b = load_pixel(up + i, bpp);

            a = _mm_add_epi8(load_pixel(raw + i, bpp), paeth_pixel(a, b, c));
            c = b;
            store_pixel(data + i, bpp, (uint64_t)_mm_cvtsi128_si64(a));
        }
    }
    row_bytes(TL_FILTER_PAETH, raw, up, data, bpp, i, n);
}

/*
 * Unfilters one row of Average. vpavgb rounds up. Applied to the complements ~a and ~b it gives the
 * complement of the average rounded down. So the pixel to the left is kept as its complement. With
 * m = vpavgb(~a, ~b) the new complement is ~(x + ~m) = m - x. The chain has only two instructions.
 */
INLINE void row_average(const unsigned char *raw, const unsigned char *up, unsigned char *data,
                        const size_t bpp, size_t n)
{
    const __m128i ones = _mm_set1_epi8(-1);
    __m128i not_a = ones;
    size_t i = 0;

    for (; i + bpp < n; i += bpp) {
        __m128i not_b = _mm_xor_si128(load_pixel(up + i, bpp), ones);

        not_a = _mm_sub_epi8(_mm_avg_epu8(not_a, not_b), load_pixel(raw + i, bpp));
        store_pixel(data + i, bpp, (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(not_a, ones)));
    }
    row_bytes(TL_FILTER_AVERAGE, raw, up, data, bpp, i, n);
}

/*
 * Time of a row, in 1/100 ns for a pixel of 3 bytes: as a single row, by filter, or of a whole
 * wavefront. Measured on an AMD Zen 4. Other processors need not agree exactly: the result is the
 * same either way.
 */
static const unsigned short alone_cost[FILTER_CODES] = {4, 92, 5, 80, 380};
enum { TOGETHER_COST = 660, SIMPLE_COST = 320 };

/* Estimates the time of a single Paeth row from the share of zero residuals at SAMPLES places. */
INLINE unsigned paeth_cost(const unsigned char *raw, size_t n)
{
    enum { SAMPLES = 16 };
    unsigned zeros = 0;

    for (size_t k = 0; k < SAMPLES && n >= 32; k++)
        zeros += all_zero(raw + (n - 32) / SAMPLES * k);
    return alone_cost[TL_FILTER_PAETH] * (SAMPLES - zeros) / SAMPLES + alone_cost[TL_FILTER_UP];
}

/*
 * Unfilters as many rows as a wavefront has. Returns their number, or 0 when single rows are
 * faster.
 */
INLINE size_t step_together(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                            const unsigned char *up, unsigned char *data, size_t stride_bytes,
                            const size_t bpp)
{
    const size_t n = rows->row_bytes, lanes = wave_lanes(bpp);
    unsigned alone = 0;
    bool simple = true;

    if (count < lanes || n < lanes * bpp)
        return 0;
    for (size_t k = 0; k < lanes; k++) {
        const unsigned char *row = filtered + k * (n + 1);
        const unsigned filter = *row % FILTER_CODES;

        alone += filter == TL_FILTER_PAETH ? paeth_cost(row + 1, n) : alone_cost[filter];
        simple = simple && filter != TL_FILTER_NONE && filter < TL_FILTER_PAETH;
    }
    if (alone <= (simple ? SIMPLE_COST : TOGETHER_COST))
        return 0;
    tl_unfilter_wave(rows, filtered, up, data, stride_bytes, simple);
    return lanes;
}

/* Unfilters a wavefront of rows or a single row. Returns how many rows. */
INLINE size_t step(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                   const unsigned char *up, unsigned char *data, size_t stride_bytes,
                   const size_t bpp)
{
    const size_t n = rows->row_bytes,
                 together = step_together(rows, filtered, count, up, data, stride_bytes, bpp);

    if (together)
        return together;
    switch (*filtered) {
    case TL_FILTER_SUB:
        row_sub(filtered + 1, up, data, bpp, n);
        break;
    case TL_FILTER_UP:
        row_up(filtered + 1, up, data, n);
        break;
    case TL_FILTER_AVERAGE:
        row_average(filtered + 1, up, data, bpp, n);
        break;
    case TL_FILTER_PAETH:
        row_paeth(filtered + 1, up, data, bpp, n);
        break;
    default:
        memcpy(data, filtered + 1, n);
    }
    return 1;
}

/* One function for each pixel size, so that the compiler sees the size as a constant. */
#define STEP(bpp)                                                                                  \
    VECTOR static size_t step_##bpp(const struct tl_rows *rows, const unsigned char *filtered,     \
                                    size_t count, const unsigned char *up, unsigned char *data,    \
                                    size_t stride_bytes)                                           \
    {                                                                                              \
        return step(rows, filtered, count, up, data, stride_bytes, bpp);                           \
    }
STEP(1)
STEP(2)
STEP(3)
STEP(4)
STEP(6)
STEP(8)

static size_t step_any(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                       const unsigned char *up, unsigned char *data, size_t stride_bytes)
{
    static tl_unfilter_step *const steps[] = {NULL, step_1, step_2, step_3, step_4,
                                              NULL, step_6, NULL,   step_8};

    return steps[rows->pixel_bytes](rows, filtered, count, up, data, stride_bytes);
}

tl_unfilter_step *tl_unfilter_x86(void)
{
    return __builtin_cpu_supports("avx2") ? step_any : NULL;
}

#else
tl_unfilter_step *tl_unfilter_x86(void)
{
    return NULL;
}
#endif
