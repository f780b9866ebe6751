/*
 * unfilter_x86.c - undoing filters in the vector registers of x86-64.
 *
 * Sub, Average and Paeth need the pixel to the left before the next one can be made, so a row alone is a
 * chain of waits, longest for Paeth. Rows whose chains are long are therefore made together, as a wavefront:
 * row k runs k pixels behind row k - 1, lane k of the register holds its pixel, and what lane k - 1 has just
 * made is what lane k has above it.
 *
 *     columns   0 1 2 3 4 5 6 7
 *     row 0     . . . . x            one step makes the pixels marked x; the next, those to the right
 *     row 1     . . . x              a = pixels of the step before, lane by lane (left)
 *     row 2     . . x                b = a moved up one lane, lane 0 from the row above (above)
 *     row 3     . x                  c = b of the step before (above left)
 *     ...
 *
 * The two corners, where not all rows run, are made byte by byte. There are eight lanes of 4 bytes for pixels
 * of up to 4, else four of 8.
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

INLINE __m256i absolute_difference(__m256i a, __m256i b)
{
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}

/*
 * Paeth in bytes, without widening. With pa = |b - c| and pb = |a - c|, |a + b - 2c| is pa + pb when a and b
 * lie on the same side of c, and |pa - pb| otherwise. In the first case the sum may saturate: it then is no
 * smaller than either, which is all that is asked of it.
 */
INLINE __m256i paeth(__m256i a, __m256i b, __m256i c)
{
    __m256i pa = absolute_difference(b, c), pb = absolute_difference(a, c);
    __m256i a_above = _mm256_cmpeq_epi8(_mm256_max_epu8(a, c), a);
    __m256i b_above = _mm256_cmpeq_epi8(_mm256_max_epu8(b, c), b);
    __m256i pc =
        _mm256_blendv_epi8(absolute_difference(pa, pb), _mm256_adds_epu8(pa, pb), _mm256_cmpeq_epi8(a_above, b_above));
    __m256i smaller = _mm256_min_epu8(pb, pc);
    __m256i b_or_c = _mm256_blendv_epi8(c, b, _mm256_cmpeq_epi8(smaller, pb));

    return _mm256_blendv_epi8(b_or_c, a, _mm256_cmpeq_epi8(_mm256_min_epu8(pa, smaller), pa));
}

/* (a + b) / 2 rounded down: the processor's average rounds up. */
INLINE __m256i average(__m256i a, __m256i b)
{
    __m256i odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));

    return _mm256_sub_epi8(_mm256_avg_epu8(a, b), odd);
}

/* For a single pixel, in the lowest lane. */
INLINE __m128i paeth_pixel(__m128i a, __m128i b, __m128i c)
{
    return _mm256_castsi256_si128(
        paeth(_mm256_castsi128_si256(a), _mm256_castsi128_si256(b), _mm256_castsi128_si256(c)));
}

VECTOR void row_up(const unsigned char *raw, const unsigned char *up, unsigned char *data, size_t n)
{
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        __m256i sum =
            _mm256_add_epi8(_mm256_loadu_si256((const void *)(raw + i)), _mm256_loadu_si256((const void *)(up + i)));

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

/* Whole pixels of a register's 32 bytes, in bytes. */
INLINE size_t span_bytes(const size_t bpp)
{
    return 32 / bpp * bpp;
}

INLINE bool all_zero(const unsigned char *p)
{
    __m256i v = _mm256_loadu_si256((const void *)p);

    return _mm256_testz_si256(v, v);
}

/* So many copies of a pixel as there are in a span. */
INLINE __m256i repeat_pixel(__m128i pixel, const size_t bpp)
{
    unsigned char bytes[32 + 8];

    for (size_t i = 0; i < 32; i += bpp)
        store_pixel(bytes + i, bpp, (uint64_t)_mm_cvtsi128_si64(pixel));
    return _mm256_loadu_si256((const void *)bytes);
}

/*
 * One row of Sub, the pixel to the left kept in a register. As long as nothing is to be added, that pixel is repeated:
 * on drawn pages and screenshots most of a row.
 */
INLINE void row_sub(const unsigned char *raw, const unsigned char *up, unsigned char *data, const size_t bpp, size_t n)
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
 * One row of Paeth. Where a is c, the prediction is b; so from there on, as long as nothing is to be added, the row is
 * the one above it, and again a is c. On drawn pages and screenshots that is most of a row.
 */
INLINE void row_paeth(const unsigned char *raw, const unsigned char *up, unsigned char *data, const size_t bpp,
                      size_t n)
{
    __m128i a = _mm_setzero_si128(), c = a;
    size_t i = 0;

    while (i + bpp < n) {
        const size_t end = i + span_bytes(bpp);

        if (i > 0 && i + 32 <= n && all_zero(raw + i) && memcmp(data + i - bpp, up + i - bpp, bpp) == 0) {
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
 * One row of Average. The processor's average rounds up; of the complements ~a and ~b it is the complement of
 * the average of a and b rounded down. So the pixel to the left is kept as its complement, and
 * ~(x + ~m) = m - x, with m the processor's average: two instructions are all that wait for each other.
 */
INLINE void row_average(const unsigned char *raw, const unsigned char *up, unsigned char *data, const size_t bpp,
                        size_t n)
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

/* The rows of a wavefront, one a lane, and the masks that say, lane by lane, which predictor counts. */
struct wave {
    const unsigned char *raw; /* the first row, behind its filter; the next is n + 1 bytes on */
    const unsigned char *up;  /* the row above it */
    unsigned char *data;      /* its pixels; the next row's are stride_bytes on */
    size_t n, stride_bytes;
    __m256i sub, above, average, paeth;
};

INLINE size_t wave_lanes(const size_t bpp)
{
    return bpp > 4 ? 4 : 8;
}

INLINE __m256i wave_predict(const struct wave *w, __m256i a, __m256i b, __m256i c)
{
    __m256i plain = _mm256_or_si256(_mm256_and_si256(w->sub, a), _mm256_and_si256(w->above, b));
    __m256i mean = _mm256_and_si256(w->average, average(a, b));

    return _mm256_or_si256(_mm256_or_si256(plain, mean), _mm256_and_si256(w->paeth, paeth(a, b, c)));
}

/* Pixels at p, p + next, ...: half of the lanes. */
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

/* Of the filtered rows, byte `at` of row 0 on, a pixel less of row 1, ... */
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

/* What is above every lane: the lane before it in `a`, and for lane 0 the pixel at `up`, of the row above all. */
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

INLINE struct wave wave_of(const unsigned char *filtered, const unsigned char *up, unsigned char *data,
                           size_t stride_bytes, size_t n, const size_t lanes)
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

/* Makes what lies before or behind the steps: bytes [from, to) of row k, one by one. */
INLINE void wave_bytes(const struct wave *w, size_t k, const size_t bpp, size_t from, size_t to)
{
    const unsigned char *raw = w->raw + k * (w->n + 1);
    unsigned char *data = w->data + k * w->stride_bytes;

    row_bytes(raw[-1], raw, k ? data - w->stride_bytes : w->up, data, bpp, from, to);
}

/* The last of so many pixels of row 0, of one less of row 1, ..., one a lane; zeros left of the image. */
INLINE __m256i wave_last(const struct wave *w, size_t pixels, const size_t bpp)
{
    const size_t lanes = wave_lanes(bpp);
    unsigned char lane[32] = {0};

    for (size_t k = 0; k < lanes && k < pixels; k++)
        memcpy(lane + k * (32 / lanes), w->data + k * w->stride_bytes + (pixels - k - 1) * bpp, bpp);
    return _mm256_loadu_si256((const void *)lane);
}

/* Begins every row but the last; returns what all have to their left then. */
INLINE __m256i wave_begin(const struct wave *w, const size_t bpp)
{
    const size_t lanes = wave_lanes(bpp);

    for (size_t k = 0; k < lanes; k++)
        wave_bytes(w, k, bpp, 0, (lanes - 1 - k) * bpp);
    return wave_last(w, lanes - 1, bpp);
}

/* Ends every row, when row 0 is at byte i. */
INLINE void wave_end(const struct wave *w, size_t i, const size_t bpp)
{
    for (size_t k = 0; k < wave_lanes(bpp); k++)
        wave_bytes(w, k, bpp, i - k * bpp, w->n);
}

/* Makes as many rows as there are lanes, which are at least as many pixels long. */
INLINE void rows_together(const struct wave *rows, const size_t bpp)
{
    const struct wave w = *rows; /* a copy, which the compiler keeps in registers */
    size_t i = (wave_lanes(bpp) - 1) * bpp;
    __m256i a = wave_begin(rows, bpp), c = wave_above(wave_last(rows, wave_lanes(bpp) - 2, bpp), w.up + i - bpp, bpp);

    for (; i + bpp < w.n; i += bpp) {
        const __m256i b = wave_above(a, w.up + i, bpp);

        a = _mm256_add_epi8(wave_load(&w, i, bpp), wave_predict(&w, a, b, c));
        c = b;
        wave_store(&w, i, bpp, a);
    }
    wave_end(rows, i, bpp);
}

/*
 * The same for Sub, Up and Average only: Sub is the average of the pixel to the left with itself, Up of the one above.
 * As in row_average, pixels are kept as their complements.
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

        a = _mm256_xor_si256(_mm256_sub_epi8(_mm256_avg_epu8(not_left, not_above), wave_load(&w, i, bpp)), ones);
        wave_store(&w, i, bpp, a);
    }
    wave_end(rows, i, bpp);
}

/* What rows cost, in hundredths of a nanosecond a pixel of 3 bytes, by measurement on Zen 4: alone, or all together. */
static const unsigned short alone_cost[FILTER_CODES] = {4, 92, 5, 80, 380};
enum { TOGETHER_COST = 660, SIMPLE_COST = 320 };

/* What a row of Paeth costs alone, as so much of it is zeros as of SAMPLES places that are looked at. */
INLINE unsigned paeth_cost(const unsigned char *raw, size_t n)
{
    enum { SAMPLES = 16 };
    unsigned zeros = 0;

    for (size_t k = 0; k < SAMPLES && n >= 32; k++)
        zeros += all_zero(raw + (n - 32) / SAMPLES * k);
    return alone_cost[TL_FILTER_PAETH] * (SAMPLES - zeros) / SAMPLES + alone_cost[TL_FILTER_UP];
}

/* Makes as many rows as can be made together. 0: it does not pay. */
INLINE size_t step_together(const unsigned char *filtered, size_t count, const unsigned char *up, unsigned char *data,
                            size_t stride_bytes, size_t n, const size_t bpp)
{
    const size_t lanes = wave_lanes(bpp);
    unsigned alone = 0;
    bool simple = true;
    struct wave w;

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
    w = wave_of(filtered, up, data, stride_bytes, n, lanes);
    if (simple)
        simple_rows_together(&w, bpp);
    else
        rows_together(&w, bpp);
    return lanes;
}

INLINE size_t step(const unsigned char *filtered, size_t count, const unsigned char *up, unsigned char *data,
                   size_t stride_bytes, size_t n, const size_t bpp)
{
    const size_t together = step_together(filtered, count, up, data, stride_bytes, n, bpp);

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

/* One function a pixel size, so that the compiler sees it as a constant. */
#define STEP(bpp)                                                                                                      \
    VECTOR size_t step_##bpp(const struct tl_rows *rows, const unsigned char *filtered, size_t count,                  \
                             const unsigned char *up, unsigned char *data, size_t stride_bytes)                        \
    {                                                                                                                  \
        return step(filtered, count, up, data, stride_bytes, rows->row_bytes, bpp);                                    \
    }
STEP(1)
STEP(2)
STEP(3)
STEP(4)
STEP(6)
STEP(8)

static size_t step_any(const struct tl_rows *rows, const unsigned char *filtered, size_t count, const unsigned char *up,
                       unsigned char *data, size_t stride_bytes)
{
    static tl_unfilter_step *const steps[] = {NULL, step_1, step_2, step_3, step_4, NULL, step_6, NULL, step_8};

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
