/* SPDX-License-Identifier: MIT */
/* threshold.c - makes every sample black or white. */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 32 }; /* samples; a multiple of 2 and 4, the channel counts of images with alpha */

/*
 * Defines the loop for one sample type. Where `keep` has all bits set, the sample stays: that is
 * alpha. `keep` repeats every BLOCK samples. Masks instead of branches let the compiler vectorize
 * the loop.
 */
#define DEFINE_ROW(NAME, SAMPLE)                                                                   \
    static inline void NAME##_block(SAMPLE *restrict out, const SAMPLE *restrict in, size_t n,     \
                                    SAMPLE level, const SAMPLE *restrict keep)                     \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = (SAMPLE)((in[i] & keep[i]) | ((in[i] >= level ? (SAMPLE)-1 : 0) & ~keep[i])); \
    }                                                                                              \
    TL_CLONES static void NAME(void *to, const void *from, size_t n, SAMPLE level,                 \
                               const void *keep)                                                   \
    {                                                                                              \
        SAMPLE *out = to;                                                                          \
        const SAMPLE *in = from;                                                                   \
        for (; n >= BLOCK; n -= BLOCK, in += BLOCK, out += BLOCK)                                  \
            NAME##_block(out, in, BLOCK, level, keep);                                             \
        NAME##_block(out, in, n, level, keep);                                                     \
    }

DEFINE_ROW(row_8, uint8_t)
DEFINE_ROW(row_16, uint16_t)

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    const struct telar_geometry *image = &context->image;
    size_t pixel_bytes = telar_pixel_bytes(image), sample_bytes = telar_sample_bytes(image);
    double level = floor(context->params[0] * (image->depth == 8 ? UINT8_MAX : UINT16_MAX) + 0.5);
    uint16_t keep[BLOCK] = {0};

    if (telar_has_alpha(image))
        for (size_t i = pixel_bytes; i <= sizeof keep; i += pixel_bytes)
            memset((unsigned char *)keep + i - sample_bytes, 0xff, sample_bytes);
    for (uint32_t r = region->r0; r < region->r1; r++) {
        const void *in = telar_source_at(source, pixel_bytes, r, region->c0);

        if (image->depth == 8)
            row_8(tl_result_row(result, r), in, tl_row_samples(context, region), (uint8_t)level,
                  keep);
        else
            row_16(tl_result_row(result, r), in, tl_row_samples(context, region), (uint16_t)level,
                   keep);
    }
}

static const struct telar_param params[] = {
    {"level", "smallest sample that becomes white, as a fraction of max", 0, 1, 0.5, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform tl_transform_threshold = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "threshold",
    .summary = "each channel becomes black or white",
    .manual = "Every colour sample x becomes max when x >= t, and 0 otherwise. max is 255 at\n"
              "8 bits and 65535 at 16 bits. t is level x max, rounded to the nearest whole\n"
              "number, halves up. Each channel is treated alone. Put gray before threshold\n"
              "for a picture in black and white only. Alpha is unchanged.\n",
    .params = params,
    .process = process,
};
