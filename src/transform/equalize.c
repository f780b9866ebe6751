/* SPDX-License-Identifier: MIT */
/*
 * equalize.c - histogram equalisation: makes all sample values about equally frequent.
 *
 * Each region needs the histogram of the whole image. So workers first gather one histogram for
 * each region (a partial). One worker then merges the partials into tables (the state). Only then
 * are the regions processed.
 */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"

/* Returns the number of possible samples: the entries of a table and of a histogram. */
static size_t entries(const struct telar_context *context)
{
    return (size_t)1 << context->image.depth;
}

/* The state: one table for each colour. */
static size_t state_bytes(const struct telar_context *context)
{
    return tl_colors(&context->image) * entries(context) * sizeof(uint16_t);
}

/* A partial: one histogram for each colour. */
static size_t partial_bytes(const struct telar_context *context)
{
    return tl_colors(&context->image) * entries(context) * sizeof(uint64_t);
}

static void count_8(uint64_t *histogram, const uint8_t *in, size_t pixels, size_t channels)
{
    for (size_t i = 0; i < pixels; i++)
        histogram[in[i * channels]]++;
}

static void count_16(uint64_t *histogram, const uint16_t *in, size_t pixels, size_t channels)
{
    for (size_t i = 0; i < pixels; i++)
        histogram[in[i * channels]]++;
}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
    const struct telar_geometry *image = &context->image;
    size_t pixels = telar_region_columns(region);

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const void *row = telar_source_at(source, telar_pixel_bytes(image), r, region->c0);

        for (uint32_t i = 0; i < tl_colors(image); i++) {
            uint64_t *histogram = (uint64_t *)partial + i * entries(context);

            if (image->depth == 8)
                count_8(histogram, (const uint8_t *)row + i, pixels, image->channels);
            else
                count_16(histogram, (const uint16_t *)row + i, pixels, image->channels);
        }
    }
}

/* Returns the sum of one entry over all partials. */
static uint64_t add_up(const unsigned char *partials, size_t stride_bytes, uint32_t count,
                       size_t entry)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += ((const uint64_t *)(const void *)(partials + i * stride_bytes))[entry];
    return sum;
}

/*
 * Returns part / all x max, rounded to the nearest, halves up. part <= all, all > 0. From 2^46
 * pixels on, the lowest bits are dropped, so that 2 x part x max fits into 64 bits.
 */
static uint16_t share(uint64_t part, uint64_t all, uint64_t max)
{
    while (all >> 46) {
        part >>= 1;
        all >>= 1;
    }
    return (uint16_t)((2 * part * max + all) / (2 * all));
}

/*
 * Makes one colour's table. A worker may have written anything into a partial, so the sum may wrap.
 * The running count never exceeds the number of pixels, which keeps every table entry in range.
 */
static void merge_color(const struct telar_context *context, const unsigned char *partials,
                        size_t stride_bytes, uint32_t count, size_t first, uint16_t *table)
{
    uint64_t pixels = (uint64_t)context->image.rows * context->image.columns, below = 0,
             darkest = 0;

    for (size_t x = 0; x < entries(context); x++) {
        uint64_t here = add_up(partials, stride_bytes, count, first + x);

        below += here < pixels - below ? here : pixels - below;
        if (darkest == 0)
            darkest = below;
        table[x] = darkest < pixels ? share(below - darkest, pixels - darkest, entries(context) - 1)
                                    : (uint16_t)x;
    }
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
    for (uint32_t i = 0; i < tl_colors(&context->image); i++)
        merge_color(context, partials, stride_bytes, count, i * entries(context),
                    (uint16_t *)state + i * entries(context));
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;

    for (uint32_t r = region->r0; r < region->r1; r++)
        tl_row_look_up(&context->image, tl_result_row(result, r),
                       telar_source_at(source, telar_pixel_bytes(&context->image), r, region->c0),
                       telar_region_columns(region), context->state, entries(context));
}

const struct telar_transform tl_transform_equalize = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "equalize",
    .summary = "histogram equalisation of each channel",
    .manual = "For each colour of the whole image:\n"
              "    n     the number of pixels\n"
              "    c(x)  the number of pixels with a sample of at most x\n"
              "    d     the number of pixels with the smallest sample that occurs\n"
              "Every sample x becomes (c(x) - d) / (n - d) x max, rounded to the nearest\n"
              "whole number, halves up. max is 255 at 8 bits and 65535 at 16 bits. A colour\n"
              "with the same sample everywhere is unchanged. Alpha is unchanged. Each region\n"
              "needs the histogram of the whole image, so equalize takes two phases.\n",
    .state_bytes = state_bytes,
    .partial_bytes = partial_bytes,
    .gather = gather,
    .merge = merge,
    .process = process,
};
