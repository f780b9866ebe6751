/* SPDX-License-Identifier: MIT */
/*
 * unfilter_x86.h - what the two ways of undoing filters in vector registers share. Layer: codec;
 * included by unfilter*_x86.c only, and only where the machine is an x86-64.
 *
 * unfilter_x86.c       rows alone, and whether they are made alone or together
 * unfilter_wave_x86.c  rows together
 */
#ifndef TL_UNFILTER_X86_H
#define TL_UNFILTER_X86_H

#include "png/unfilter.h"

#include <immintrin.h>
#include <string.h>

#define VECTOR __attribute__((target("avx2")))
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

/* Filters have been looked at, but lie in memory that another worker may still write: no index goes
 * beyond this. */
enum { FILTER_CODES = 8 };

/*
 * Loads and stores one pixel. One of 3 (6) bytes is moved as 4 (8): callers take the last pixel of
 * a row otherwise, so that nothing outside the row is touched, and store from left to right.
 */
INLINE __m128i load_pixel(const unsigned char *p, const size_t bpp)
{
    uint32_t v = 0;

    if (bpp > 4)
        return _mm_loadl_epi64((const void *)p);
    memcpy(&v, p, bpp <= 2 ? bpp : 4);
    return _mm_cvtsi32_si128((int)v);
}

INLINE void store_pixel(unsigned char *p, const size_t bpp, uint64_t v)
{
    memcpy(p, &v, bpp <= 2 ? bpp : bpp <= 4 ? 4 : 8);
}

/* |a - b|, of each byte. */
INLINE __m256i absolute_difference(__m256i a, __m256i b)
{
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}

/*
 * Paeth in bytes, without widening. With pa = |b - c| and pb = |a - c|, |a + b - 2c| is pa + pb
 * when a and b lie on the same side of c, and |pa - pb| otherwise. In the first case the sum may
 * saturate: it then is no smaller than either, which is all that is asked of it.
 */
INLINE __m256i paeth(__m256i a, __m256i b, __m256i c)
{
    __m256i pa = absolute_difference(b, c), pb = absolute_difference(a, c);
    __m256i a_above = _mm256_cmpeq_epi8(_mm256_max_epu8(a, c), a);
    __m256i b_above = _mm256_cmpeq_epi8(_mm256_max_epu8(b, c), b);
    __m256i pc = _mm256_blendv_epi8(absolute_difference(pa, pb), _mm256_adds_epu8(pa, pb),
                                    _mm256_cmpeq_epi8(a_above, b_above));
    __m256i smaller = _mm256_min_epu8(pb, pc);
    __m256i b_or_c = _mm256_blendv_epi8(c, b, _mm256_cmpeq_epi8(smaller, pb));

    return _mm256_blendv_epi8(b_or_c, a, _mm256_cmpeq_epi8(_mm256_min_epu8(pa, smaller), pa));
}

/* Bytes [from, n) of a row, one by one. */
VECTOR static inline void row_bytes(unsigned filter, const unsigned char *raw,
                                    const unsigned char *up, unsigned char *data, size_t bpp,
                                    size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        int left = i >= bpp ? data[i - bpp] : 0, corner = i >= bpp ? up[i - bpp] : 0;

        data[i] = (unsigned char)(raw[i] + tl_filter_predict(filter, left, up[i], corner));
    }
}

/* How many rows are made together: each has a lane of the register, of 4 bytes, or of 8 for pixels
 * of more than 4. */
INLINE size_t wave_lanes(const size_t bpp)
{
    return bpp > 4 ? 4 : 8;
}

/*
 * unfilter_wave_x86.c: makes pixels of wave_lanes rows, which are at least as many pixels long; the
 * parameters are those of tl_unfilter_step. `simple`: all of them are Sub, Up or Average, which
 * takes half the time.
 */
void tl_unfilter_wave(const struct tl_rows *rows, const unsigned char *filtered,
                      const unsigned char *up, unsigned char *data, size_t stride_bytes,
                      bool simple);

#endif
