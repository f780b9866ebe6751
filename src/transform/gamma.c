/* SPDX-License-Identifier: MIT */
/* gamma.c - makes the image lighter or darker and leaves black and white unchanged. */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"

#include <math.h>

/* Returns the number of possible samples: the entries of a table. */
static size_t entries(const struct telar_context *context)
{
    return (size_t)1 << context->image.depth;
}

/* The state is one table for all colours. One worker fills it before the others read it. */
static size_t state_bytes(const struct telar_context *context)
{
    return entries(context) * sizeof(uint16_t);
}

static void prepare(const struct telar_context *context, void *state)
{
    double max = (double)(entries(context) - 1), exponent = 1 / context->params[0];
    uint16_t *table = state;

    for (size_t x = 0; x < entries(context); x++)
        table[x] = (uint16_t)floor(max * pow((double)x / max, exponent) + 0.5);
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;

    for (uint32_t r = region->r0; r < region->r1; r++)
        tl_row_look_up(&context->image, tl_result_row(result, r),
                       telar_source_at(source, telar_pixel_bytes(&context->image), r, region->c0),
                       telar_region_columns(region), context->state, 0);
}

static const struct telar_param params[] = {
    {"gamma", "above 1: lighter, below 1: darker", 0.01, 100, 2.2, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform tl_transform_gamma = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "gamma",
    .summary = "lighter or darker, with black and white unchanged",
    .manual = "Every colour sample v becomes max x (v / max) ^ (1 / gamma). The value is\n"
              "computed in double precision and rounded to the nearest whole number. max is\n"
              "255 at 8 bits and 65535 at 16 bits. Alpha is unchanged.\n",
    .params = params,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .process = process,
};
