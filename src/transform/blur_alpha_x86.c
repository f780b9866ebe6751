/* SPDX-License-Identifier: MIT */
/*
 * blur_alpha_x86.c - the sums of a blur with alpha, with AVX2. blur.h defines them. blur_x86.c
 * explains how pairs of samples are added.
 *
 * At 8 bits, alpha x sample fits into 16 bits. At 16 bits the product has 32 bits. The sums of its
 * upper and of its lower halves are kept apart until the end.
 */
#include <config.h>

#include "transform/blur_x86.h"

#if defined(__x86_64__) && defined(__GNUC__)

/* Returns the 16 samples with alpha replaced by max. */
INLINE __m256i with_max(__m256i samples, const size_t channels, const unsigned depth)
{
    const uint64_t max = depth == 8 ? 255 : 65535,
                   own = channels == 4 ? max << 48 : max << 48 | max << 16;

    return _mm256_or_si256(samples, _mm256_set1_epi64x((long long)own));
}

/* Returns the alpha of the pixel of each of the 16 samples. */
INLINE __m256i alpha_of(__m256i samples, const size_t channels)
{
    const __m128i four = _mm_setr_epi8(6, 7, 6, 7, 6, 7, 6, 7, 14, 15, 14, 15, 14, 15, 14, 15),
                  two = _mm_setr_epi8(2, 3, 2, 3, 6, 7, 6, 7, 10, 11, 10, 11, 14, 15, 14, 15);

    return _mm256_shuffle_epi8(samples, _mm256_broadcastsi128_si256(channels == 4 ? four : two));
}

/* Returns 16 unsigned numbers less 32768. */
INLINE __m256i less_half(__m256i numbers)
{
    return _mm256_xor_si256(numbers, _mm256_set1_epi16(INT16_MIN));
}

/* Loads the products of 16 samples of 8 bits, less 32768. */
INLINE __m256i load_products(const void *samples, size_t at, const size_t channels)
{
    __m256i x = load(samples, at, 8);

    return less_half(_mm256_mullo_epi16(with_max(x, channels, 8), alpha_of(x, channels)));
}

/* Divides each of 8 unsigned numbers by 255 x 256, rounded down: a product with the reciprocal. */
INLINE __m256i by_65280(__m256i n)
{
    const __m256i reciprocal = _mm256_set1_epi64x(0x80808081); /* 2^39 / 255, rounded up */
    __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(n, reciprocal), 47),
            odd = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(n, 32), reciprocal), 47);

    return _mm256_or_si256(even, _mm256_slli_epi64(odd, 32));
}

INLINE __m256i weighed_8(const struct sums *sums)
{
    return _mm256_packus_epi32(by_65280(sums->low), by_65280(sums->high));
}

/* Computes samples [at, at + WIDTH) of the first pass at 8 bits. */
INLINE void down_8_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                         size_t at, const size_t channels)
{
    const __m256i begin = _mm256_set1_epi32(INT32_MIN + 255 * 128); /* 2^31, half the divisor */
    struct sums first = {begin, begin}, second = first;

    for (size_t k = 0; k <= radius; k++) {
        const void *before = tap[radius - k], *after = tap[radius + k];
        __m256i weight = _mm256_set1_epi16((int16_t)half[k]);

        add(&first, load_products(before, at, channels), load_products(after, at, channels),
            weight);
        add(&second, load_products(before, at + HALF, channels),
            load_products(after, at + HALF, channels), weight);
    }
    store(out, at, weighed_8(&first), weighed_8(&second), 16);
}

/* Products of 16 samples of 16 bits: their upper and their lower halves, less 32768. */
struct products {
    __m256i upper, lower;
};

INLINE struct products load_wide(const void *samples, size_t at, const size_t channels)
{
    __m256i x = _mm256_loadu_si256((const void *)((const uint16_t *)samples + at)),
            y = with_max(x, channels, 16), a = alpha_of(x, channels);

    return (struct products){less_half(_mm256_mulhi_epu16(y, a)),
                             less_half(_mm256_mullo_epi16(y, a))};
}

/*
 * Returns (65536 upper + lower) / (65536 x 65535) for 8 sums, rounded to the nearest. Half the
 * divisor is 32767 x 65536 + 32768. n is the dividend, with that half, divided by 65536. It is
 * below 2^32, and n / 65535 is h + (h + l) / 65535, where h and l are the halves of n.
 */
INLINE __m256i by_65535(__m256i upper, __m256i lower)
{
    const __m256i low_half = _mm256_set1_epi32(0xffff);
    __m256i carry = _mm256_srli_epi32(
                _mm256_add_epi32(_mm256_and_si256(lower, low_half), _mm256_set1_epi32(32768)), 16),
            n = _mm256_add_epi32(_mm256_add_epi32(upper, _mm256_srli_epi32(lower, 16)),
                                 _mm256_add_epi32(carry, _mm256_set1_epi32(32767))),
            h = _mm256_srli_epi32(n, 16), l = _mm256_and_si256(n, low_half),
            next = _mm256_add_epi32(_mm256_add_epi32(h, l), _mm256_set1_epi32(1));

    return _mm256_add_epi32(h, _mm256_srli_epi32(next, 16));
}

/* Computes samples [at, at + HALF) of the first pass at 16 bits. */
INLINE __m256i down_16_half(const void *const *tap, const uint16_t *half, size_t radius, size_t at,
                            const size_t channels)
{
    const __m256i begin = _mm256_set1_epi32(INT32_MIN);
    struct sums upper = {begin, begin}, lower = upper;

    for (size_t k = 0; k <= radius; k++) {
        struct products before = load_wide(tap[radius - k], at, channels),
                        after = load_wide(tap[radius + k], at, channels);
        __m256i weight = _mm256_set1_epi16((int16_t)half[k]);

        add(&upper, before.upper, after.upper, weight);
        add(&lower, before.lower, after.lower, weight);
    }
    return _mm256_packus_epi32(by_65535(upper.low, lower.low), by_65535(upper.high, lower.high));
}

INLINE void down_16_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                          size_t at, const size_t channels)
{
    store(out, at, down_16_half(tap, half, radius, at, channels),
          down_16_half(tap, half, radius, at + HALF, channels), 16);
}

/*
 * Computes 4 samples of the result from their sums less 2^31: one pixel of 4 channels, or two of 2.
 * A colour is (2 max s + t) / (2 t), rounded down. This code adds 1/2 to the dividend. The quotient
 * is then at least 1 / (4 t) >= 2^-34 away from every whole number. The two roundings of double
 * change it by less than 2^-36. So it is rounded down correctly. The dividend itself is exact.
 */
INLINE __m128i finish(__m128i sums, const size_t channels, const unsigned depth)
{
    const double shift = depth == 8 ? 16777216 : 65536, twice_max = depth == 8 ? 510 : 131070;
    __m256d s = _mm256_add_pd(_mm256_cvtepi32_pd(sums), _mm256_set1_pd(2147483648.0)),
            t = channels == 4 ? _mm256_permute4x64_pd(s, 0xff) : _mm256_permute_pd(s, 0xf),
            color = _mm256_add_pd(_mm256_mul_pd(s, _mm256_set1_pd(twice_max)),
                                  _mm256_add_pd(t, _mm256_set1_pd(0.5))),
            inverse = _mm256_div_pd(_mm256_set1_pd(1),
                                    _mm256_max_pd(_mm256_add_pd(t, t), _mm256_set1_pd(1))),
            alpha = _mm256_mul_pd(_mm256_add_pd(s, _mm256_set1_pd(shift / 2)),
                                  _mm256_set1_pd(1 / shift));

    color = _mm256_mul_pd(color, inverse);
    return _mm256_cvttpd_epi32(channels == 4 ? _mm256_blend_pd(color, alpha, 0x8)
                                             : _mm256_blend_pd(color, alpha, 0xa));
}

INLINE __m256i finish_8(__m256i sums, const size_t channels, const unsigned depth)
{
    return _mm256_set_m128i(finish(_mm256_extracti128_si256(sums, 1), channels, depth),
                            finish(_mm256_castsi256_si128(sums), channels, depth));
}

INLINE __m256i finished(const struct sums *sums, const size_t channels, const unsigned depth)
{
    return _mm256_packus_epi32(finish_8(sums->low, channels, depth),
                               finish_8(sums->high, channels, depth));
}

/* Computes samples [at, at + WIDTH) of the second pass, of `depth` bits. */
INLINE void along_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                        size_t at, const size_t channels, const unsigned depth)
{
    const __m256i begin = _mm256_setzero_si256();
    struct sums first = {begin, begin}, second = first;

    for (size_t k = 0; k <= radius; k++) {
        const void *before = tap[radius - k], *after = tap[radius + k];
        __m256i weight = _mm256_set1_epi16((int16_t)half[k]);

        add(&first, load(before, at, 16), load(after, at, 16), weight);
        add(&second, load(before, at + HALF, 16), load(after, at + HALF, 16), weight);
    }
    store(out, at, finished(&first, channels, depth), finished(&second, channels, depth), depth);
}

INLINE void along_8_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                          size_t at, const size_t channels)
{
    along_block(out, tap, half, radius, at, channels, 8);
}

INLINE void along_16_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                           size_t at, const size_t channels)
{
    along_block(out, tap, half, radius, at, channels, 16);
}

/*
 * Defines the loop over a row. The last block ends with the row and computes again what it shares
 * with the block before. Shorter rows take the plain loop.
 */
#define DEFINE_ROW(NAME)                                                                           \
    INLINE void NAME##_row(void *out, const void *const *tap, const uint16_t *half, size_t radius, \
                           size_t n, const size_t channels)                                        \
    {                                                                                              \
        for (size_t at = 0; at + WIDTH <= n; at += WIDTH)                                          \
            NAME##_block(out, tap, half, radius, at, channels);                                    \
        if (n % WIDTH)                                                                             \
            NAME##_block(out, tap, half, radius, n - WIDTH, channels);                             \
    }                                                                                              \
    VECTOR void NAME(void *out, const void *const *tap, const uint16_t *half, size_t radius,       \
                     size_t n, size_t channels)                                                    \
    {                                                                                              \
        if (n < WIDTH)                                                                             \
            tl_blur_alpha_plain.NAME(out, tap, half, radius, n, channels);                         \
        else if (channels == 4)                                                                    \
            NAME##_row(out, tap, half, radius, n, 4);                                              \
        else                                                                                       \
            NAME##_row(out, tap, half, radius, n, 2);                                              \
    }

DEFINE_ROW(down_8)
DEFINE_ROW(along_8)
DEFINE_ROW(down_16)
DEFINE_ROW(along_16)

const struct tl_blur_alpha_kernel *tl_blur_alpha_x86(void)
{
    static const struct tl_blur_alpha_kernel avx2 = {down_8, along_8, down_16, along_16};

    return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else

const struct tl_blur_alpha_kernel *tl_blur_alpha_x86(void)
{
    return NULL;
}

#endif
