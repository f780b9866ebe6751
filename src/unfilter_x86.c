/*
 * unfilter_x86.c - undoing filters in the vector registers of x86-64.
 *
 * Sub, Average and Paeth need the pixel to the left before the next one can be made, so a row alone is a
 * chain of waits, longest for Paeth. Rows whose chains are long are therefore made together, as a wavefront:
 * row k runs k pixels behind row k - 1, lane k of the register holds its pixel, and what lane k - 1 has just
 * made is what lane k has above it.
 *
 *     columns   0 1 2 3 4 5 6 7
 *     row 0     . . . . x            one step makes the four pixels marked x; the next, those to the right
 *     row 1     . . . x              a = pixels of the step before, lane by lane (left)
 *     row 2     . . x                b = a moved up one lane, lane 0 from the row above (above)
 *     row 3     . x                  c = b of the step before (above left)
 *
 * The two corners, where not all rows run, are made byte by byte. A lane is 4 bytes for pixels of up to 4,
 * else 8.
 */
#include <config.h>

#include "unfilter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#include <string.h>

/* Filters have been looked at, but lie in memory that another worker may still write: no index goes beyond this. */
enum { FILTER_CODES = 8 };

#define VECTOR __attribute__((target("avx2"))) static
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

/*
 * Loads and stores one pixel. One of 3 (6) bytes is moved as 4 (8): callers take the last pixel of a row
 * otherwise, so that nothing outside the row is touched, and store from left to right.
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

INLINE __m128i absolute_difference(__m128i a, __m128i b)
{
    return _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
}

/*
 * Paeth in bytes, without widening. With pa = |b - c| and pb = |a - c|, |a + b - 2c| is pa + pb when a and b
 * lie on the same side of c, and |pa - pb| otherwise. In the first case the sum may saturate: it then is no
 * smaller than either, which is all that is asked of it.
 */
INLINE __m128i paeth(__m128i a, __m128i b, __m128i c)
{
    __m128i pa = absolute_difference(b, c), pb = absolute_difference(a, c);
    __m128i a_above = _mm_cmpeq_epi8(_mm_max_epu8(a, c), a), b_above = _mm_cmpeq_epi8(_mm_max_epu8(b, c), b);
    __m128i pc =
        _mm_blendv_epi8(absolute_difference(pa, pb), _mm_adds_epu8(pa, pb), _mm_cmpeq_epi8(a_above, b_above));
    __m128i smaller = _mm_min_epu8(pb, pc);
    __m128i b_or_c = _mm_blendv_epi8(c, b, _mm_cmpeq_epi8(smaller, pb));

    return _mm_blendv_epi8(b_or_c, a, _mm_cmpeq_epi8(_mm_min_epu8(pa, smaller), pa));
}

/* (a + b) / 2 rounded down: the processor's average rounds up. */
INLINE __m128i average(__m128i a, __m128i b)
{
    __m128i odd = _mm_and_si128(_mm_xor_si128(a, b), _mm_set1_epi8(1));

    return _mm_sub_epi8(_mm_avg_epu8(a, b), odd);
}

VECTOR void row_up(const unsigned char *raw, const unsigned char *up, unsigned char *data, size_t n)
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

/* Bytes [from, n) of a row, one by one. */
VECTOR void row_bytes(unsigned filter, const unsigned char *raw, const unsigned char *up, unsigned char *data,
                      size_t bpp, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        int left = i >= bpp ? data[i - bpp] : 0, corner = i >= bpp ? up[i - bpp] : 0;

        data[i] = (unsigned char)(raw[i] + tl_filter_predict(filter, left, up[i], corner));
    }
}

/* One row of Sub or Paeth, the pixel to the left kept in a register. */
INLINE void row_alone(const unsigned filter, const unsigned char *raw, const unsigned char *up,
                      unsigned char *data, const size_t bpp, size_t n)
{
    __m128i a = _mm_setzero_si128(), c = a;
    size_t i = 0;

    for (; i + bpp < n; i += bpp) {
        __m128i b = load_pixel(up + i, bpp), x = load_pixel(raw + i, bpp);

        a = _mm_add_epi8(x, filter == TL_FILTER_SUB ? a : paeth(a, b, c));
        c = b;
        store_pixel(data + i, bpp, (uint64_t)_mm_cvtsi128_si64(a));
    }
    row_bytes(filter, raw, up, data, bpp, i, n);
}

/*
 * One row of Average. The processor's average rounds up; of the complements ~a and ~b it is the complement of
 * the average of a and b rounded down. So the pixel to the left is kept as its complement, and
 * ~(x + ~m) = m - x, with m the processor's average: two instructions are all that wait for each other.
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

/* The rows of a wavefront: where row k is, and the masks that say, lane by lane, which predictor counts. */
struct wave {
    const unsigned char *raw[4], *up[4];
    unsigned char *data[4];
    __m128i sub, above, average, paeth;
};

INLINE __m128i wave_predict(const struct wave *w, __m128i a, __m128i b, __m128i c)
{
    __m128i plain = _mm_or_si128(_mm_and_si128(w->sub, a), _mm_and_si128(w->above, b));
    __m128i mean = _mm_and_si128(w->average, average(a, b));

    return _mm_or_si128(_mm_or_si128(plain, mean), _mm_and_si128(w->paeth, paeth(a, b, c)));
}

/* Pixels `at` of row 0, `at` - 1 of row 1, ..., of `from`, one a lane. */
INLINE __m128i wave_load(const unsigned char *const from[4], size_t at, const size_t bpp)
{
    __m128i v01, v23;

    if (bpp > 4)
        return _mm_unpacklo_epi64(load_pixel(from[0] + at, bpp), load_pixel(from[1] + at - bpp, bpp));
    v01 = _mm_unpacklo_epi32(load_pixel(from[0] + at, bpp), load_pixel(from[1] + at - bpp, bpp));
    v23 =
        _mm_unpacklo_epi32(load_pixel(from[2] + at - 2 * bpp, bpp), load_pixel(from[3] + at - 3 * bpp, bpp));
    return _mm_unpacklo_epi64(v01, v23);
}

INLINE void wave_store(unsigned char *const to[4], size_t at, const size_t bpp, __m128i v)
{
    uint64_t low = (uint64_t)_mm_cvtsi128_si64(v), high = (uint64_t)_mm_extract_epi64(v, 1);

    store_pixel(to[0] + at, bpp, low);
    if (bpp > 4) {
        store_pixel(to[1] + at - bpp, bpp, high);
        return;
    }
    store_pixel(to[1] + at - bpp, bpp, low >> 32);
    store_pixel(to[2] + at - 2 * bpp, bpp, high);
    store_pixel(to[3] + at - 3 * bpp, bpp, high >> 32);
}

/* What is above every lane: the lane before it in `a`, and for lane 0 the pixel of the row above the wave. */
INLINE __m128i wave_above(__m128i a, __m128i up, const size_t bpp)
{
    return bpp > 4 ? _mm_unpacklo_epi64(up, a) : _mm_blend_epi16(_mm_slli_si128(a, 4), up, 0x03);
}

/* Sets all bits of one lane of *mask. */
INLINE void wave_select(__m128i *mask, size_t lane, const size_t lanes)
{
    unsigned char bits[16];

    _mm_storeu_si128((void *)bits, *mask);
    memset(bits + lane * (16 / lanes), 0xff, 16 / lanes);
    *mask = _mm_loadu_si128((const void *)bits);
}

/* Sets the wave up and makes the corner at its beginning: lanes - 1 - k pixels of row k. */
INLINE void wave_begin(struct wave *w, const unsigned char *filtered, const unsigned char *up,
                       unsigned char *data, size_t stride_bytes, size_t n, const size_t bpp,
                       const size_t lanes)
{
    w->sub = w->above = w->average = w->paeth = _mm_setzero_si128();
    for (size_t k = 0; k < lanes; k++, filtered += n + 1, up = data, data += stride_bytes) {
        __m128i *const masks[FILTER_CODES] = {NULL, &w->sub, &w->above, &w->average, &w->paeth};
        const unsigned filter = *filtered % FILTER_CODES;

        if (masks[filter])
            wave_select(masks[filter], k, lanes);
        w->raw[k] = filtered + 1;
        w->up[k] = up;
        w->data[k] = data;
        row_bytes(filter, filtered + 1, up, data, bpp, 0, (lanes - 1 - k) * bpp);
    }
}

/* The step before the first whole one: what every lane has to its left (from data) or above left (from up). */
INLINE __m128i wave_before(const unsigned char *const from[4], const size_t bpp, const size_t lanes)
{
    unsigned char lane[16] = {0};

    for (size_t k = 0; k + 1 < lanes; k++)
        memcpy(lane + k * (16 / lanes), from[k] + (lanes - 2 - k) * bpp, bpp);
    return _mm_loadu_si128((const void *)lane);
}

/* Makes `lanes` rows together, which are at least `lanes` pixels long; `averages`: all of them are Average. */
INLINE void rows_wave(const unsigned char *filtered, const unsigned char *up, unsigned char *data,
                      size_t stride_bytes, size_t n, const size_t bpp, const size_t lanes, const bool averages)
{
    struct wave w;
    __m128i a, b, c;
    size_t i = (lanes - 1) * bpp;

    wave_begin(&w, filtered, up, data, stride_bytes, n, bpp, lanes);
    a = wave_before((const unsigned char *const *)w.data, bpp, lanes);
    c = wave_before(w.up, bpp, lanes);
    for (; i + bpp < n; i += bpp) {
        b = wave_above(a, load_pixel(up + i, bpp), bpp);
        a = _mm_add_epi8(wave_load(w.raw, i, bpp), averages ? average(a, b) : wave_predict(&w, a, b, c));
        c = b;
        wave_store(w.data, i, bpp, a);
    }
    for (size_t k = 0; k < lanes; k++)
        row_bytes(w.raw[k][-1], w.raw[k], w.up[k], w.data[k], bpp, i - k * bpp, n);
}

/*
 * Whether a wavefront beats row after row. In units of a tenth of a Paeth row alone, by measurement on Zen 3:
 * the rows would cost Sub 2, Up 1, Average 2, Paeth 10, and the wavefront 16.
 */
INLINE bool wave_pays(const unsigned char *filtered, size_t n, const size_t lanes)
{
    static const unsigned char cost[FILTER_CODES] = {1, 2, 1, 2, 10};
    unsigned alone = 0;

    for (size_t k = 0; k < lanes; k++)
        alone += cost[filtered[k * (n + 1)] % FILTER_CODES];
    return alone > 16;
}

INLINE bool all_average(const unsigned char *filtered, size_t n, const size_t lanes)
{
    for (size_t k = 0; k < lanes; k++)
        if (filtered[k * (n + 1)] != TL_FILTER_AVERAGE)
            return false;
    return true;
}

INLINE size_t step(const unsigned char *filtered, size_t count, const unsigned char *up, unsigned char *data,
                   size_t stride_bytes, size_t n, const size_t bpp)
{
    const size_t lanes = bpp > 4 ? 2 : 4;

    if (count >= lanes && n >= lanes * bpp) {
        if (all_average(filtered, n, lanes)) {
            rows_wave(filtered, up, data, stride_bytes, n, bpp, lanes, true);
            return lanes;
        }
        if (wave_pays(filtered, n, lanes)) {
            rows_wave(filtered, up, data, stride_bytes, n, bpp, lanes, false);
            return lanes;
        }
    }
    switch (*filtered) {
    case TL_FILTER_SUB:
        row_alone(TL_FILTER_SUB, filtered + 1, up, data, bpp, n);
        break;
    case TL_FILTER_UP:
        row_up(filtered + 1, up, data, n);
        break;
    case TL_FILTER_AVERAGE:
        row_average(filtered + 1, up, data, bpp, n);
        break;
    case TL_FILTER_PAETH:
        row_alone(TL_FILTER_PAETH, filtered + 1, up, data, bpp, n);
        break;
    default:
        memcpy(data, filtered + 1, n);
    }
    return 1;
}

/* One function a pixel size, so that the compiler sees it as a constant. */
#define STEP(bpp)                                                                                            \
    VECTOR size_t step_##bpp(const struct tl_rows *rows, const unsigned char *filtered, size_t count,        \
                             const unsigned char *up, unsigned char *data, size_t stride_bytes)              \
    {                                                                                                        \
        return step(filtered, count, up, data, stride_bytes, rows->row_bytes, bpp);                          \
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
