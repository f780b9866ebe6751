/* SPDX-License-Identifier: MIT */
/* copy.c - copies the image unchanged. Used to measure everything except arithmetic. */
#include <config.h>

#include "transform/transform.h"

#include <string.h>

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    size_t pixel_bytes = telar_pixel_bytes(&context->image);

    for (uint32_t r = region->r0; r < region->r1; r++)
        memcpy(tl_result_row(result, r), telar_source_at(source, pixel_bytes, r, region->c0),
               telar_region_columns(region) * pixel_bytes);
}

const struct telar_transform tl_transform_copy = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "copy",
    .summary = "copies the image unchanged",
    .manual = "Every sample of the result equals that of the source, alpha included.\n",
    .process = process,
};
