/* SPDX-License-Identifier: MIT */
/* sobel.c - edge detection: the size of the gradient (Sobel and Feldman, 1968). */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"

#include <math.h>
#include <string.h>

/*
 * Both operators are separable. First down the columns: `smooth` with the weights 1 2 1, and
 * `slope`, the row below minus the row above. Then along the row: the difference of `smooth` to
 * both sides, and `slope` with the weights 1 2 1. The type WIDE holds values up to 8 x max.
 */
#define DEFINE_ROWS(NAME, SAMPLE, WIDE)                                                            \
    TL_CLONES static void NAME##_down(void *smooth, void *slope, const void *above,                \
                                      const void *middle, const void *below, size_t n)             \
    {                                                                                              \
        WIDE *restrict sum = smooth, *restrict rise = slope;                                       \
        const SAMPLE *a = above, *m = middle, *b = below;                                          \
        for (size_t i = 0; i < n; i++) {                                                           \
            sum[i] = (WIDE)(a[i] + 2 * m[i] + b[i]);                                               \
            rise[i] = (WIDE)(b[i] - a[i]);                                                         \
        }                                                                                          \
    }                                                                                              \
    TL_CLONES static void NAME##_along(void *to, const void *smooth, const void *slope,            \
                                       size_t channels, size_t n)                                  \
    {                                                                                              \
        SAMPLE *restrict out = to;                                                                 \
        const WIDE *sum = smooth, *sum2 = sum + 2 * channels;                                      \
        const WIDE *rise = slope, *rise1 = rise + channels, *rise2 = rise1 + channels;             \
        for (size_t i = 0; i < n; i++) {                                                           \
            WIDE x = (WIDE)(sum2[i] - sum[i]), y = (WIDE)(rise[i] + 2 * rise1[i] + rise2[i]);      \
            WIDE steep = (WIDE)((WIDE)((WIDE)(x < 0 ? -x : x) + (WIDE)(y < 0 ? -y : y)) >> 1);     \
            out[i] = steep > (SAMPLE)-1 ? (SAMPLE)-1 : (SAMPLE)steep;                              \
        }                                                                                          \
    }

DEFINE_ROWS(row_8, uint8_t, int16_t)
DEFINE_ROWS(row_16, uint16_t, int32_t)

static inline int32_t lesser(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/*
 * The loop for images with alpha. `in` and `veil` are three rows each, which begin one pixel to the
 * left of the result. A row of `veil` holds, for each sample, the alpha of its pixel. A neighbour
 * counts by its difference to the middle, times its alpha, but at most times the middle's. REAL
 * holds all sums exactly: they are below 2^21 at 8 bits and 2^37 at 16 bits. The quotient is exact
 * after it is rounded down, because the dividend is that small. Where alpha of the middle is 0, all
 * sums are 0.
 */
#define PART(REAL, n) ((REAL)lesser(v##n[i], most) * (REAL)(n[i] - middle))
#define DEFINE_ALPHA(NAME, SAMPLE, REAL, ABS)                                                      \
    static inline __attribute__((always_inline)) void NAME##_line(                                 \
        SAMPLE *restrict out, const SAMPLE *a, const SAMPLE *d, const SAMPLE *g, const SAMPLE *va, \
        const SAMPLE *vd, const SAMPLE *vg, size_t channels, size_t n)                             \
    {                                                                                              \
        const SAMPLE *b = a + channels, *c = b + channels, *vb = va + channels;                    \
        const SAMPLE *e = d + channels, *f = e + channels, *ve = vd + channels;                    \
        const SAMPLE *h = g + channels, *k = h + channels, *vh = vg + channels;                    \
        const SAMPLE *vc = vb + channels, *vf = ve + channels, *vk = vh + channels;                \
        for (size_t i = 0; i < n; i++) {                                                           \
            int32_t middle = e[i], most = ve[i];                                                   \
            REAL wa = PART(REAL, a), wb = PART(REAL, b), wc = PART(REAL, c), wd = PART(REAL, d),   \
                 wf = PART(REAL, f), wg = PART(REAL, g), wh = PART(REAL, h), wk = PART(REAL, k);   \
            REAL x = (wc - wa) + 2 * (wf - wd) + (wk - wg);                                        \
            REAL y = (wg - wa) + 2 * (wh - wb) + (wk - wc);                                        \
            REAL sum = ABS(x) + ABS(y);                                                            \
            int32_t steep = (int32_t)(sum / (REAL)(2 * most + (most == 0)));                       \
            out[i] = (SAMPLE)lesser(steep, (SAMPLE)-1);                                            \
        }                                                                                          \
    }                                                                                              \
    TL_CLONES static void NAME(void *to, const void *const in[3], const void *const veil[3],       \
                               size_t channels, size_t n)                                          \
    {                                                                                              \
        NAME##_line(to, in[0], in[1], in[2], veil[0], veil[1], veil[2], channels, n);              \
    }

DEFINE_ALPHA(alpha_8, uint8_t, float, fabsf)
DEFINE_ALPHA(alpha_16, uint16_t, double, fabs)

static uint32_t halo(const struct telar_context *context)
{
    return 1;
}

/*
 * Returns the bytes of one row between the passes: one more pixel at both ends, samples twice as
 * wide.
 */
static size_t between_bytes(const struct telar_context *context, uint32_t columns)
{
    return 2 * telar_pixel_bytes(&context->image) * ((size_t)columns + 2);
}

/* Scratch memory: two such rows. With alpha: three rows of samples, and three of alpha. */
static size_t scratch_bytes(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    return (telar_has_alpha(&context->image) ? 3 : 2) * between_bytes(context, columns);
}

/* Writes the alpha of each pixel in place of all its samples. Fixed numbers of channels let the
 * compiler vectorize the loops. */
#define DEFINE_SPREAD(NAME, SAMPLE)                                                                \
    static inline __attribute__((always_inline)) void NAME##_pixels(                               \
        SAMPLE *restrict out, const SAMPLE *restrict in, size_t n, const size_t channels)          \
    {                                                                                              \
        for (size_t p = 0; p < n; p += channels)                                                   \
            for (size_t i = 0; i < channels; i++)                                                  \
                out[p + i] = in[p + channels - 1];                                                 \
    }                                                                                              \
    TL_CLONES static void NAME(void *out, const void *in, size_t n, size_t channels)               \
    {                                                                                              \
        if (channels == 4)                                                                         \
            NAME##_pixels(out, in, n, 4);                                                          \
        else                                                                                       \
            NAME##_pixels(out, in, n, 2);                                                          \
    }

DEFINE_SPREAD(spread_8, uint8_t)
DEFINE_SPREAD(spread_16, uint16_t)

/* Loads row r of `wide`, extended at the image's borders, and its alpha into scratch memory. */
static void load_row(const struct telar_context *context, const struct telar_source *source,
                     const struct telar_region *wide, uint32_t r, size_t left, size_t right,
                     unsigned char *in, unsigned char *veil)
{
    const struct telar_geometry *image = &context->image;
    size_t pixel_bytes = telar_pixel_bytes(image), inside = telar_region_columns(wide),
           n = (left + inside + right) * image->channels;

    memcpy(in + left * pixel_bytes, telar_source_at(source, pixel_bytes, r, wide->c0),
           inside * pixel_bytes);
    tl_row_pad(in, pixel_bytes, left, inside, right);
    (image->depth == 8 ? spread_8 : spread_16)(veil, in, n, image->channels);
}

/* Each row of the source is loaded once. Row r lies in place r % 3. */
static void process_alpha(const struct telar_context *context, const struct telar_source *source,
                          const struct telar_result *result)
{
    const struct telar_geometry *image = &context->image;
    const struct telar_region *region = &result->region;
    struct telar_region wide = tl_region_grow(region, 1, image);
    size_t left = 1 - (region->c0 - wide.c0), right = 1 - (wide.c1 - region->c1),
           bytes = between_bytes(context, telar_region_columns(region)) / 2;
    unsigned char *in = context->scratch, *veil = in + 3 * bytes;
    uint32_t next = wide.r0;

    for (uint32_t r = region->r0; r < region->r1; r++) {
        size_t above = (r > 0 ? r - 1 : r) % 3 * bytes, middle = r % 3 * bytes,
               below = (r + 1 < image->rows ? r + 1 : r) % 3 * bytes;
        void *out = tl_result_row(result, r);

        for (; next < wide.r1 && next <= r + 1; next++)
            load_row(context, source, &wide, next, left, right, in + next % 3 * bytes,
                     veil + next % 3 * bytes);
        (image->depth == 8 ? alpha_8 : alpha_16)(
            out, (const void *const[]){in + above, in + middle, in + below},
            (const void *const[]){veil + above, veil + middle, veil + below}, image->channels,
            tl_row_samples(context, region));
        tl_row_keep_alpha(image, out,
                          telar_source_at(source, telar_pixel_bytes(image), r, region->c0),
                          telar_region_columns(region));
    }
}

static void process_opaque(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_result *result)
{
    const struct telar_geometry *image = &context->image;
    const struct telar_region *region = &result->region;
    struct telar_region wide = tl_region_grow(region, 1, image);
    size_t pixel_bytes = telar_pixel_bytes(image), columns = telar_region_columns(&wide);
    size_t left = 1 - (region->c0 - wide.c0), right = 1 - (wide.c1 - region->c1),
           n = columns * image->channels;
    unsigned char *smooth = context->scratch,
                  *slope = smooth + between_bytes(context, telar_region_columns(region));

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const void *above = telar_source_at(source, pixel_bytes, r > 0 ? r - 1 : r, wide.c0);
        const void *middle = telar_source_at(source, pixel_bytes, r, wide.c0);
        const void *below =
            telar_source_at(source, pixel_bytes, r + 1 < image->rows ? r + 1 : r, wide.c0);
        size_t skip = 2 * left * pixel_bytes;
        void *out = tl_result_row(result, r);

        (image->depth == 8 ? row_8_down : row_16_down)(smooth + skip, slope + skip, above, middle,
                                                       below, n);
        tl_row_pad(smooth, 2 * pixel_bytes, left, columns, right);
        tl_row_pad(slope, 2 * pixel_bytes, left, columns, right);
        (image->depth == 8 ? row_8_along : row_16_along)(out, smooth, slope, image->channels,
                                                         tl_row_samples(context, region));
    }
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    (telar_has_alpha(&context->image) ? process_alpha : process_opaque)(context, source, result);
}

const struct telar_transform tl_transform_sobel = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "sobel",
    .summary = "edge detection: the gradient of each channel",
    .manual = "Every colour sample e has these neighbours in its channel:\n"
              "    a b c\n"
              "    d e f      x = (c + 2f + i) - (a + 2d + g)\n"
              "    g h i      y = (g + 2h + i) - (a + 2b + c)\n"
              "The result is (|x| + |y|) / 2, rounded down, but at most max. max is 255 at 8\n"
              "bits and 65535 at 16 bits. A pixel outside the image counts as the nearest\n"
              "pixel inside.\n"
              "In an image with alpha, a neighbour n counts as e + (n - e) x min(s, t) / t.\n"
              "s is the neighbour's alpha, t the alpha of e. Only the result is rounded. If t\n"
              "is 0, the result is 0. Alpha is unchanged.\n",
    .halo = halo,
    .scratch_bytes = scratch_bytes,
    .process = process,
};
