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

#include "transform/blur_x86.h"

#if defined(__x86_64__) && defined(__GNUC__)

/* Returns the 16 sums divided by 2^shift, as 16-bit numbers in their order. */
INLINE __m256i divided(const struct sums *sums, const int shift)
{
    return _mm256_packus_epi32(_mm256_srli_epi32(sums->low, shift),
                               _mm256_srli_epi32(sums->high, shift));
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
