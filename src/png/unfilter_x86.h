/* SPDX-License-Identifier: MIT */
/*
 * unfilter_x86.h - declarations that the AVX2 versions of unfiltering share. Only unfilter*_x86.c
 * include it, and only on x86-64.
 *
 * unfilter_x86.c       single rows, and the choice between single rows and a wavefront
 * unfilter_wave_x86.c  several rows at once, as a wavefront
 */
#ifndef TL_UNFILTER_X86_H
#define TL_UNFILTER_X86_H

#include "png/unfilter.h"

#include <immintrin.h>
#include <string.h>

#define VECTOR __attribute__((target("avx2")))
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

/*
 * A table indexed by a filter byte has 8 entries, and the index is taken modulo 8. The filter bytes
 * have been checked, but another worker might write to that memory afterwards.
 */
enum { FILTER_CODES = 8 };

/*
 * Load and store one pixel. A pixel of 3 (6) bytes is moved as 4 (8). So callers handle the last
 * pixel of a row in another way, to stay inside the row. Storing from left to right overwrites each
 * extra byte.
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

/* Returns |a - b| of each byte. */
INLINE __m256i absolute_difference(__m256i a, __m256i b)
{
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}

/*
 * The Paeth predictor in bytes, without widening to 16 bits. Let pa = |b - c| and pb = |a - c|.
 * Then pc = |a + b - 2c| is pa + pb if a and b lie on the same side of c, and |pa - pb| otherwise.
 * The sum may saturate at 255. It is then still no smaller than pa and pb, and only that comparison
 * matters.
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

/* Unfilters bytes [from, n) of a row one by one. */
VECTOR static inline void row_bytes(unsigned filter, const unsigned char *raw,
                                    const unsigned char *up, unsigned char *data, size_t bpp,
                                    size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        int left = i >= bpp ? data[i - bpp] : 0, corner = i >= bpp ? up[i - bpp] : 0;

        data[i] = (unsigned char)(raw[i] + tl_filter_predict(filter, left, up[i], corner));
    }
}

/*
 * Returns how many rows a wavefront has. Each row has one lane of the register: 4 bytes, or 8 for
 * pixels of more than 4 bytes.
 */
INLINE size_t wave_lanes(const size_t bpp)
{
    return bpp > 4 ? 4 : 8;
}

/*
 * unfilter_wave_x86.c: unfilters wave_lanes rows, which must be at least as many pixels long. The
 * parameters are those of tl_unfilter_step. `simple`: all rows have filter Sub, Up or Average,
 * which takes half the time.
 */
void tl_unfilter_wave(const struct tl_rows *rows, const unsigned char *filtered,
                      const unsigned char *up, unsigned char *data, size_t stride_bytes,
                      bool simple);

#endif
