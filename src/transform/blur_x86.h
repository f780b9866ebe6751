/* SPDX-License-Identifier: MIT */
/* blur_x86.h - what both AVX2 files of the blur use: loads, sums of pairs, stores. */
#ifndef TL_TRANSFORM_BLUR_X86_H
#define TL_TRANSFORM_BLUR_X86_H

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

/* Stores two vectors of 16 numbers as samples [at, at + WIDTH) of `depth` bits. */
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

#endif
#endif
