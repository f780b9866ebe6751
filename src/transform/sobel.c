/* SPDX-License-Identifier: MIT */
/* sobel.c - edge detection: the size of the gradient (Sobel and Feldman, 1968). */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"

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

static size_t scratch_bytes(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    return 2 * between_bytes(context, columns);
}

static void process(const struct telar_context *context, const struct telar_source *source,
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
        tl_row_keep_alpha(image, out, telar_source_at(source, pixel_bytes, r, region->c0),
                          telar_region_columns(region));
    }
}

const struct telar_transform tl_transform_sobel = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "sobel",
    .summary = "edge detection: the gradient of each channel",
    .manual = "Every colour sample has these neighbours in its channel:\n"
              "    a b c\n"
              "    d . f      x = (c + 2f + i) - (a + 2d + g)\n"
              "    g h i      y = (g + 2h + i) - (a + 2b + c)\n"
              "The result is (|x| + |y|) / 2, rounded down, but at most max. max is 255 at 8\n"
              "bits and 65535 at 16 bits. A pixel outside the image counts as the nearest\n"
              "pixel inside. Alpha is unchanged.\n",
    .halo = halo,
    .scratch_bytes = scratch_bytes,
    .process = process,
};
