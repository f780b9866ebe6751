/* SPDX-License-Identifier: MIT */
/*
 * blur_x86.c - the sums of the blur with AVX2: 32 samples at a time. Their sums stay in registers
 * over all taps.
 *
 * The instruction vpmaddwd multiplies pairs of signed 16-bit numbers and adds the two products. A
 * pair here is the sample before and the sample after the middle, both with the same weight. 16-bit
 * samples are too large for a signed number, so 32768 is subtracted from each. All weights add up
 * to 65536, so the sum is then too small by exactly 2^31. The sum's start value corrects this. Sums
 * wrap modulo 2^32, and the correct result is below 2^32.
 */
#include <config.h>

#include "transform/blur.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define VECTOR __attribute__((target("avx2"))) static
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

enum { WIDTH = 32, HALF = WIDTH / 2 };

/*
 * The sums of 16 samples, in the order in which unpack instructions work: `low` has samples 0 to 3
 * and 8 to 11, `high` the others.
 */
struct sums {
    __m256i low, high;
};

/* Loads samples [at, at + 16) as signed 16-bit numbers. 16-bit samples lose 32768. */
INLINE __m256i load(const void *samples, size_t at, const unsigned depth)
{
    if (depth == 8)
        return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)((const uint8_t *)samples + at)));
    return _mm256_xor_si256(_mm256_loadu_si256((const void *)((const uint16_t *)samples + at)),
                            _mm256_set1_epi16(INT16_MIN));
}

/* Adds the weighted sums of one pair of taps. */
INLINE void add(struct sums *sums, __m256i before, __m256i after, __m256i half)
{
    __m256i low = _mm256_unpacklo_epi16(before, after), high = _mm256_unpackhi_epi16(before, after);

    sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(low, half));
    sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(high, half));
}

/* Returns the 16 sums divided by 2^shift, as 16-bit numbers in their order. */
INLINE __m256i divided(const struct sums *sums, const int shift)
{
    return _mm256_packus_epi32(_mm256_srli_epi32(sums->low, shift),
                               _mm256_srli_epi32(sums->high, shift));
}

INLINE void store(void *out, size_t at, __m256i first, __m256i second, const unsigned depth)
{
    if (depth == 8) {
        __m256i bytes =
            _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), _MM_SHUFFLE(3, 1, 2, 0));

        _mm256_storeu_si256((void *)((uint8_t *)out + at), bytes);
        return;
    }
    _mm256_storeu_si256((void *)((uint16_t *)out + at), first);
    _mm256_storeu_si256((void *)((uint16_t *)out + at + HALF), second);
}

/* Computes samples [at, at + WIDTH) from inputs of `in` bits to outputs of `to` bits. */
INLINE void weigh_block(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                        size_t at, const unsigned in, const unsigned to, const int shift)
{
    const uint32_t bias = in == 8 ? 0 : (uint32_t)1 << 31;
    const __m256i begin = _mm256_set1_epi32((int)(bias + ((uint32_t)1 << (shift - 1))));
    struct sums first = {begin, begin}, second = first;

    for (size_t k = 0; k <= radius; k++) {
        const void *before = tap[radius - k], *after = tap[radius + k];
        __m256i weight = _mm256_set1_epi16((int16_t)half[k]);

        add(&first, load(before, at, in), load(after, at, in), weight);
        add(&second, load(before, at + HALF, in), load(after, at + HALF, in), weight);
    }
    store(out, at, divided(&first, shift), divided(&second, shift), to);
}

/*
 * Computes a row of at least WIDTH samples. The last block ends with the row and computes again
 * what it shares with the block before.
 */
INLINE void weigh(void *out, const void *const *tap, const uint16_t *half, size_t radius, size_t n,
                  const unsigned in, const unsigned to, const int shift)
{
    for (size_t at = 0; at + WIDTH <= n; at += WIDTH)
        weigh_block(out, tap, half, radius, at, in, to, shift);
    if (n % WIDTH)
        weigh_block(out, tap, half, radius, n - WIDTH, in, to, shift);
}

VECTOR void down_8(void *out, const void *const *tap, const uint16_t *half, size_t radius, size_t n)
{
    if (n < WIDTH)
        tl_blur_plain.down_8(out, tap, half, radius, n);
    else
        weigh(out, tap, half, radius, n, 8, 16, 8);
}

VECTOR void along_8(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                    size_t n)
{
    if (n < WIDTH)
        tl_blur_plain.along_8(out, tap, half, radius, n);
    else
        weigh(out, tap, half, radius, n, 16, 8, 24);
}

VECTOR void both_16(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                    size_t n)
{
    if (n < WIDTH)
        tl_blur_plain.both_16(out, tap, half, radius, n);
    else
        weigh(out, tap, half, radius, n, 16, 16, 16);
}

const struct tl_blur_kernel *tl_blur_x86(void)
{
    static const struct tl_blur_kernel avx2 = {down_8, along_8, both_16};

    return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else

const struct tl_blur_kernel *tl_blur_x86(void)
{
    return NULL;
}

#endif
