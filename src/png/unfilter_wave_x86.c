/* SPDX-License-Identifier: MIT */
/* clang-format off */
/*
 * unfilter_wave_x86.c - unfilters several rows at once, as a wavefront.
 *
 * Row k runs k pixels behind row k - 1. Lane k of the register holds the current pixel of row k.
 * The pixel that lane k - 1 has just made is the pixel above the next one of lane k.
 *
 *     column    0 1 2 3 4 5 6 7
 *     row 0     . . . . x          One step makes the pixels marked x, the next step those to
 *     row 1     . . . x            their right. Lane by lane:
 *     row 2     . . x                a = the pixels of the step before (left)
 *     row 3     . x                  b = a moved up one lane; lane 0 from the row above (above)
 *     ...                            c = b of the step before (above left)
 *
 * At the beginning and at the end not all rows run. Those two corners are made byte by byte.
 */
/* clang-format on */
#include <config.h>

#include "png/unfilter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include "png/unfilter_x86.h"

/* Returns (a + b) / 2 rounded down. vpavgb rounds up. */
INLINE __m256i average(__m256i a, __m256i b)
{
    __m256i odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));

    return _mm256_sub_epi8(_mm256_avg_epu8(a, b), odd);
}

/*
 * The rows of a wavefront. wave_of() fills it. The four masks say for each lane which predictor its
 * row has.
 */
struct wave {
    /* the first row, after its filter byte; the next is n + 1 bytes later */
    const unsigned char *raw;
    const unsigned char *up; /* the row above the first */
    unsigned char *data;     /* pixels of the first row; the next row is stride_bytes later */
    size_t n, stride_bytes;
    __m256i sub, above, average, paeth;
};

/*
 * Computes the prediction of every filter for each lane, and keeps the one that the lane's mask
 * selects.
 */
INLINE __m256i wave_predict(const struct wave *w, __m256i a, __m256i b, __m256i c)
{
    __m256i plain = _mm256_or_si256(_mm256_and_si256(w->sub, a), _mm256_and_si256(w->above, b));
    __m256i mean = _mm256_and_si256(w->average, average(a, b));

    return _mm256_or_si256(_mm256_or_si256(plain, mean),
                           _mm256_and_si256(w->paeth, paeth(a, b, c)));
}

/* Loads the pixels at p, p + next, ...: half of the lanes. */
INLINE __m128i load_half(const unsigned char *p, size_t next, const size_t bpp)
{
    __m128i v01 = load_pixel(p, bpp), v1 = load_pixel(p + next, bpp), v23;

    if (bpp > 4)
        return _mm_unpacklo_epi64(v01, v1);
    v01 = _mm_unpacklo_epi32(v01, v1);
    v23 = _mm_unpacklo_epi32(load_pixel(p + 2 * next, bpp), load_pixel(p + 3 * next, bpp));
    return _mm_unpacklo_epi64(v01, v23);
}

INLINE void store_half(unsigned char *p, size_t next, const size_t bpp, __m128i v)
{
    uint64_t low = (uint64_t)_mm_cvtsi128_si64(v), high = (uint64_t)_mm_extract_epi64(v, 1);

    store_pixel(p, bpp, low);
    if (bpp > 4) {
        store_pixel(p + next, bpp, high);
        return;
    }
    store_pixel(p + next, bpp, low >> 32);
    store_pixel(p + 2 * next, bpp, high);
    store_pixel(p + 3 * next, bpp, high >> 32);
}

/* Loads one residual for each lane: byte `at` of row 0, one pixel further left in each next row. */
INLINE __m256i wave_load(const struct wave *w, size_t at, const size_t bpp)
{
    const size_t next = w->n + 1 - bpp;
    const unsigned char *p = w->raw + at, *q = p + wave_lanes(bpp) / 2 * next;

    return _mm256_set_m128i(load_half(q, next, bpp), load_half(p, next, bpp));
}

INLINE void wave_store(const struct wave *w, size_t at, const size_t bpp, __m256i v)
{
    const size_t next = w->stride_bytes - bpp;
    unsigned char *p = w->data + at, *q = p + wave_lanes(bpp) / 2 * next;

    store_half(p, next, bpp, _mm256_castsi256_si128(v));
    store_half(q, next, bpp, _mm256_extracti128_si256(v, 1));
}

/*
 * Returns the pixels above: each lane gets the lane before it in `a`, and lane 0 the pixel at `up`.
 */
INLINE __m256i wave_above(__m256i a, const unsigned char *up, const size_t bpp)
{
    __m128i pixel = load_pixel(up, bpp);
    __m256i before;

    pixel = bpp > 4 ? _mm_unpacklo_epi64(pixel, pixel) : _mm_shuffle_epi32(pixel, 0);
    before = _mm256_set_m128i(_mm256_castsi256_si128(a), pixel);
    return bpp > 4 ? _mm256_alignr_epi8(a, before, 8) : _mm256_alignr_epi8(a, before, 12);
}

/* Sets all bits of one lane of *mask. */
INLINE void wave_select(__m256i *mask, size_t lane, const size_t lanes)
{
    unsigned char bits[32];

    _mm256_storeu_si256((void *)bits, *mask);
    memset(bits + lane * (32 / lanes), 0xff, 32 / lanes);
    *mask = _mm256_loadu_si256((const void *)bits);
}

INLINE struct wave wave_of(const unsigned char *filtered, const unsigned char *up,
                           unsigned char *data, size_t stride_bytes, size_t n, const size_t lanes)
{
    const __m256i none = _mm256_setzero_si256();
    struct wave w = {filtered + 1, up, data, n, stride_bytes, none, none, none, none};

    for (size_t k = 0; k < lanes; k++) {
        __m256i *const masks[FILTER_CODES] = {NULL, &w.sub, &w.above, &w.average, &w.paeth};
        __m256i *const mask = masks[filtered[k * (n + 1)] % FILTER_CODES];

        if (mask)
            wave_select(mask, k, lanes);
    }
    return w;
}

/* Unfilters bytes [from, to) of row k one by one: the corners, where not all rows run. */
INLINE void wave_bytes(const struct wave *w, size_t k, const size_t bpp, size_t from, size_t to)
{
    const unsigned char *raw = w->raw + k * (w->n + 1);
    unsigned char *data = w->data + k * w->stride_bytes;

    row_bytes(raw[-1], raw, k ? data - w->stride_bytes : w->up, data, bpp, from, to);
}

/*
 * Returns the last made pixel of each row when row 0 has `pixels` pixels and each next row one
 * fewer. Returns zeros for rows that have none.
 */
INLINE __m256i wave_last(const struct wave *w, size_t pixels, const size_t bpp)
{
    const size_t lanes = wave_lanes(bpp);
    unsigned char lane[32] = {0};

    for (size_t k = 0; k < lanes && k < pixels; k++)
        memcpy(lane + k * (32 / lanes), w->data + k * w->stride_bytes + (pixels - k - 1) * bpp,
               bpp);
    return _mm256_loadu_si256((const void *)lane);
}

/*
 * Unfilters the beginning of every row but the last. Returns the pixels to the left of the first
 * step.
 */
INLINE __m256i wave_begin(const struct wave *w, const size_t bpp)
{
    const size_t lanes = wave_lanes(bpp);

    for (size_t k = 0; k < lanes; k++)
        wave_bytes(w, k, bpp, 0, (lanes - 1 - k) * bpp);
    return wave_last(w, lanes - 1, bpp);
}

/* Unfilters the rest of every row, when row 0 is at byte i. */
INLINE void wave_end(const struct wave *w, size_t i, const size_t bpp)
{
    for (size_t k = 0; k < wave_lanes(bpp); k++)
        wave_bytes(w, k, bpp, i - k * bpp, w->n);
}

/* Unfilters one row for each lane. A row must have at least as many pixels as there are lanes. */
INLINE void rows_together(const struct wave *rows, const size_t bpp)
{
    const struct wave w = *rows; /* a copy that the compiler can keep in registers */
    size_t i = (wave_lanes(bpp) - 1) * bpp;
    __m256i a = wave_begin(rows, bpp),
            c = wave_above(wave_last(rows, wave_lanes(bpp) - 2, bpp), w.up + i - bpp, bpp);

    for (; i + bpp < w.n; i += bpp) {
        const __m256i b = wave_above(a, w.up + i, bpp);

        a = _mm256_add_epi8(wave_load(&w, i, bpp), wave_predict(&w, a, b, c));
        c = b;
        wave_store(&w, i, bpp, a);
    }
    wave_end(rows, i, bpp);
}

/*
 * The same for Sub, Up and Average only. Sub is the average of the left pixel with itself, Up that
 * of the upper pixel with itself. Pixels are kept as complements, as in row_average
 * (unfilter_x86.c).
 */
INLINE void simple_rows_together(const struct wave *rows, const size_t bpp)
{
    const struct wave w = *rows;
    const __m256i ones = _mm256_set1_epi8(-1);
    size_t i = (wave_lanes(bpp) - 1) * bpp;
    __m256i a = wave_begin(rows, bpp);

    for (; i + bpp < w.n; i += bpp) {
        const __m256i b = wave_above(a, w.up + i, bpp);
        const __m256i not_left = _mm256_xor_si256(_mm256_blendv_epi8(a, b, w.above), ones);
        const __m256i not_above = _mm256_xor_si256(_mm256_blendv_epi8(b, a, w.sub), ones);

        a = _mm256_xor_si256(
            _mm256_sub_epi8(_mm256_avg_epu8(not_left, not_above), wave_load(&w, i, bpp)), ones);
        wave_store(&w, i, bpp, a);
    }
    wave_end(rows, i, bpp);
}

INLINE void wave_make(const struct tl_rows *rows, const unsigned char *filtered,
                      const unsigned char *up, unsigned char *data, size_t stride_bytes,
                      bool simple, const size_t bpp)
{
    const struct wave w =
        wave_of(filtered, up, data, stride_bytes, rows->row_bytes, wave_lanes(bpp));

    if (simple)
        simple_rows_together(&w, bpp);
    else
        rows_together(&w, bpp);
}

/* One copy of the code for each pixel size, so that the compiler sees the size as a constant. */
VECTOR void tl_unfilter_wave(const struct tl_rows *rows, const unsigned char *filtered,
                             const unsigned char *up, unsigned char *data, size_t stride_bytes,
                             bool simple)
{
#define CASE(bpp)                                                                                  \
    case bpp:                                                                                      \
        wave_make(rows, filtered, up, data, stride_bytes, simple, bpp);                            \
        break
    switch (rows->pixel_bytes) {
        CASE(1);
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(6);
        CASE(8);
    }
}

#endif
