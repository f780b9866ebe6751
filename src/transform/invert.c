/* SPDX-License-Identifier: MIT */
/* invert.c - the negative. */
#include <config.h>

#include "transform/transform.h"

#include <string.h>

enum {
    BLOCK_BYTES = 64
}; /* a multiple of 2, 4 and 8 bytes: the pixel sizes of all images with alpha */

/*
 * Flips the bytes that `mask` selects. max - x is x with all bits flipped, at 8 and at 16 bits, so
 * the sample size does not matter. The mask repeats every BLOCK_BYTES and starts with a pixel.
 */
TL_CLONES static void flip(unsigned char *restrict out, const unsigned char *restrict in, size_t n,
                           const unsigned char *restrict mask)
{
    for (; n >= BLOCK_BYTES; n -= BLOCK_BYTES, in += BLOCK_BYTES, out += BLOCK_BYTES)
        for (size_t i = 0; i < BLOCK_BYTES; i++)
            out[i] = in[i] ^ mask[i];
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] ^ mask[i];
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    size_t pixel_bytes = telar_pixel_bytes(&context->image),
           sample_bytes = telar_sample_bytes(&context->image);
    unsigned char mask[BLOCK_BYTES];

    memset(mask, 0xff, sizeof mask);
    if (telar_has_alpha(&context->image))
        for (size_t i = pixel_bytes; i <= sizeof mask; i += pixel_bytes)
            memset(mask + i - sample_bytes, 0, sample_bytes);
    for (uint32_t r = region->r0; r < region->r1; r++)
        flip(tl_result_row(result, r), telar_source_at(source, pixel_bytes, r, region->c0),
             telar_region_columns(region) * pixel_bytes, mask);
}

const struct telar_transform tl_transform_invert = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "invert",
    .summary = "photographic negative",
    .manual = "Every colour sample x becomes max - x. max is 255 at 8 bits and 65535 at\n"
              "16 bits. Alpha is unchanged.\n",
    .process = process,
};
