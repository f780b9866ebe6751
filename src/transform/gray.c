/* SPDX-License-Identifier: MIT */
/* gray.c - replaces red, green and blue by their luma. */
#include <config.h>

#include "transform/transform.h"

/*
 * Weights of ITU-R BT.601 in units of 2^-16; they add up to 1. JPEG, Pillow and OpenCV use the
 * same, so the grey picture looks as elsewhere. At 16 bits the largest sum, 65535 x 65536 + 32768,
 * is below 2^32.
 */
enum { RED = 19595, GREEN = 38470, BLUE = 7471, HALF = 32768 };

/*
 * Defines a function for one sample type and channel count. The constant count lets the compiler
 * vectorize the loop.
 */
#define DEFINE_ROW(NAME, SAMPLE, CHANNELS)                                                         \
    TL_CLONES static void NAME(void *to, const void *from, size_t pixels)                          \
    {                                                                                              \
        SAMPLE *restrict out = to;                                                                 \
        const SAMPLE *restrict in = from;                                                          \
        for (size_t i = 0; i < pixels; i++, in += CHANNELS, out += CHANNELS) {                     \
            uint32_t sum =                                                                         \
                (uint32_t)RED * in[0] + (uint32_t)GREEN * in[1] + (uint32_t)BLUE * in[2] + HALF;   \
            out[0] = out[1] = out[2] = (SAMPLE)(sum >> 16);                                        \
            if (CHANNELS == 4)                                                                     \
                out[3] = in[3];                                                                    \
        }                                                                                          \
    }

DEFINE_ROW(rgb_8, uint8_t, 3)
DEFINE_ROW(rgba_8, uint8_t, 4)
DEFINE_ROW(rgb_16, uint16_t, 3)
DEFINE_ROW(rgba_16, uint16_t, 4)

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    const struct telar_geometry *image = &context->image;
    bool wide = image->depth == 16, alpha = telar_has_alpha(image);

    if (image->channels < 3) {
        tl_transform_copy.process(context, source, result);
        return;
    }
    for (uint32_t r = region->r0; r < region->r1; r++) {
        const void *in = telar_source_at(source, telar_pixel_bytes(image), r, region->c0);
        void *out = tl_result_row(result, r);
        size_t pixels = telar_region_columns(region);

        if (alpha)
            wide ? rgba_16(out, in, pixels) : rgba_8(out, in, pixels);
        else
            wide ? rgb_16(out, in, pixels) : rgb_8(out, in, pixels);
    }
}

const struct telar_transform tl_transform_gray = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "gray",
    .summary = "colours become grey (luma of ITU-R BT.601)",
    .manual = "Red, green and blue all become\n"
              "    (19595 red + 38470 green + 7471 blue + 32768) / 65536, rounded down.\n"
              "This is the luma of ITU-R BT.601, rounded to the nearest whole number. The\n"
              "number of channels stays the same. A grey image is unchanged. Alpha is\n"
              "unchanged.\n",
    .process = process,
};
