/* SPDX-License-Identifier: MIT */
/*
 * filter_x86.c - PNG filters with AVX2, 32 bytes at a time.
 *
 * All samples of a row are known, so no byte waits for another, unlike in unfiltering. Plain C
 * handles the first pixel, which has no left neighbour, and the last bytes of a row.
 */
#include <config.h>

#include "png/filter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define VECTOR __attribute__((target("avx2"))) static
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

enum { WIDTH = 32 };

INLINE __m256i load(const unsigned char *p)
{
    return _mm256_loadu_si256((const void *)p);
}

/* vpavgb rounds up but PNG rounds down. The difference is the lowest bit of a ^ b. */
INLINE __m256i average(__m256i a, __m256i b)
{
    __m256i odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));

    return _mm256_sub_epi8(_mm256_avg_epu8(a, b), odd);
}

/* Adds the absolute values of 32 signed bytes to four sums of 64 bits. -128 counts 128. */
INLINE __m256i add_magnitudes(__m256i sum, __m256i residuals)
{
    return _mm256_add_epi64(sum,
                            _mm256_sad_epu8(_mm256_abs_epi8(residuals), _mm256_setzero_si256()));
}

/* Returns the total of the four sums. */
INLINE uint64_t add_lanes(__m256i sum)
{
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));

    return (uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1);
}

/* Adds the sums of the bytes from `i` on. Each of them has a left neighbour. */
static void add_rest(const struct tl_rows *shape, const unsigned char *row,
                     const unsigned char *above, size_t i, uint64_t sums[4])
{
    for (; i < shape->row_bytes; i++)
        for (unsigned filter = TL_FILTER_NONE; filter <= TL_FILTER_AVERAGE; filter++) {
            int8_t v =
                (int8_t)(row[i]
                         - tl_filter_predict(filter, row[i - shape->pixel_bytes], above[i], 0));

            sums[filter] += (uint64_t)(v < 0 ? -v : v);
        }
}

VECTOR void sums_avx2(const struct tl_rows *shape, const unsigned char *row,
                      const unsigned char *above, uint64_t sums[4])
{
    const struct tl_rows first = {shape->pixel_bytes, shape->pixel_bytes, false};
    __m256i none = _mm256_setzero_si256(), sub = none, up = none, avg = none;
    size_t i = shape->pixel_bytes;

    tl_filter_plain.sums(&first, row, above, sums);
    for (; i + WIDTH <= shape->row_bytes; i += WIDTH) {
        __m256i x = load(row + i), a = load(row + i - shape->pixel_bytes), b = load(above + i);

        none = add_magnitudes(none, x);
        sub = add_magnitudes(sub, _mm256_sub_epi8(x, a));
        up = add_magnitudes(up, _mm256_sub_epi8(x, b));
        avg = add_magnitudes(avg, _mm256_sub_epi8(x, average(a, b)));
    }
    sums[TL_FILTER_NONE] += add_lanes(none);
    sums[TL_FILTER_SUB] += add_lanes(sub);
    sums[TL_FILTER_UP] += add_lanes(up);
    sums[TL_FILTER_AVERAGE] += add_lanes(avg);
    add_rest(shape, row, above, i, sums);
}

/*
 * Writes all residuals but those of the first pixel. `filter` is constant in every caller, so the
 * compiler removes the choice from the loop.
 */
INLINE void apply_as(const struct tl_rows *shape, const unsigned filter, const unsigned char *row,
                     const unsigned char *above, unsigned char *out)
{
    const size_t n = shape->row_bytes, bpp = shape->pixel_bytes;
    size_t i = bpp;

    for (; i + WIDTH <= n; i += WIDTH) {
        __m256i x = load(row + i), guess;

        if (filter == TL_FILTER_SUB)
            guess = load(row + i - bpp);
        else if (filter == TL_FILTER_UP)
            guess = load(above + i);
        else
            guess = average(load(row + i - bpp), load(above + i));
        _mm256_storeu_si256((void *)(out + i), _mm256_sub_epi8(x, guess));
    }
    for (; i < n; i++)
        out[i] =
            (unsigned char)(row[i]
                            - tl_filter_predict(filter, row[i - bpp], above ? above[i] : 0, 0));
}

VECTOR void apply_avx2(const struct tl_rows *shape, unsigned filter, const unsigned char *row,
                       const unsigned char *above, unsigned char *out)
{
    const struct tl_rows first = {shape->pixel_bytes, shape->pixel_bytes, false};

    if (filter == TL_FILTER_NONE || filter > TL_FILTER_AVERAGE) {
        tl_filter_plain.apply(shape, filter, row, above, out);
        return;
    }
    tl_filter_plain.apply(&first, filter, row, above, out);
    if (filter == TL_FILTER_SUB)
        apply_as(shape, TL_FILTER_SUB, row, NULL, out);
    else if (filter == TL_FILTER_UP)
        apply_as(shape, TL_FILTER_UP, row, above, out);
    else
        apply_as(shape, TL_FILTER_AVERAGE, row, above, out);
}

const struct tl_filter_kernel *tl_filter_x86(void)
{
    static const struct tl_filter_kernel avx2 = {sums_avx2, apply_avx2};

    return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else

const struct tl_filter_kernel *tl_filter_x86(void)
{
    return NULL;
}

#endif
