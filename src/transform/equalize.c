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

/* Counts the samples of one channel. `alpha` points to the first pixel's alpha. */
#define DEFINE_COUNT(NAME, SAMPLE)                                                                 \
    static void NAME(uint64_t *histogram, const SAMPLE *in, size_t pixels, size_t channels)        \
    {                                                                                              \
        for (size_t i = 0; i < pixels; i++)                                                        \
            histogram[in[i * channels]]++;                                                         \
    }                                                                                              \
    static void NAME##_visible(uint64_t *histogram, const SAMPLE *in, const SAMPLE *alpha,         \
                               size_t pixels, size_t channels)                                     \
    {                                                                                              \
        for (size_t i = 0; i < pixels; i++)                                                        \
            histogram[in[i * channels]] += alpha[i * channels] > 0;                                \
    }

DEFINE_COUNT(count_8, uint8_t)
DEFINE_COUNT(count_16, uint16_t)

/* Counts the samples of colour i in a row. Of pixels with alpha, only the visible ones count. */
static void count(const struct telar_geometry *image, uint64_t *histogram, const void *row,
                  size_t pixels, uint32_t i)
{
    uint32_t channels = image->channels, last = channels - 1;
    const uint8_t *narrow = row;
    const uint16_t *wide = row;

    if (telar_has_alpha(image))
        image->depth == 8 ? count_8_visible(histogram, narrow + i, narrow + last, pixels, channels)
                          : count_16_visible(histogram, wide + i, wide + last, pixels, channels);
    else
        image->depth == 8 ? count_8(histogram, narrow + i, pixels, channels)
                          : count_16(histogram, wide + i, pixels, channels);
}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
    const struct telar_geometry *image = &context->image;
    size_t pixels = telar_region_columns(region);

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const void *row = telar_source_at(source, telar_pixel_bytes(image), r, region->c0);

        for (uint32_t i = 0; i < tl_colors(image); i++)
            count(image, (uint64_t *)partial + i * entries(context), row, pixels, i);
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

/* Returns a sum of counts, at most `all`. A worker may have written anything into a partial. */
static uint64_t limited_sum(uint64_t sum, uint64_t count, uint64_t all)
{
    return count < all - sum ? sum + count : all;
}

/* Returns the number of visible pixels: with alpha, the sum of a colour's histogram. */
static uint64_t visible_pixels(const struct telar_context *context, const unsigned char *partials,
                               size_t stride_bytes, uint32_t count)
{
    uint64_t all = (uint64_t)context->image.rows * context->image.columns, sum = 0;

    if (!telar_has_alpha(&context->image))
        return all;
    for (size_t x = 0; x < entries(context); x++)
        sum = limited_sum(sum, add_up(partials, stride_bytes, count, x), all);
    return sum;
}

/*
 * Makes one colour's table. The running count never exceeds the number of pixels, which keeps every
 * table entry in range. Returns false if all pixels have the same sample, or none is visible.
 */
static bool spread_color(const struct telar_context *context, const unsigned char *partials,
                         size_t stride_bytes, uint32_t count, size_t first, uint64_t pixels,
                         uint16_t *table)
{
    uint64_t below = 0, darkest = 0;

    for (size_t x = 0; x < entries(context); x++) {
        below = limited_sum(below, add_up(partials, stride_bytes, count, first + x), pixels);
        if (darkest == 0)
            darkest = below;
        if (darkest == pixels)
            return false;
        table[x] = share(below - darkest, pixels - darkest, entries(context) - 1);
    }
    return true;
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
    uint64_t pixels = visible_pixels(context, partials, stride_bytes, count);

    for (uint32_t i = 0; i < tl_colors(&context->image); i++) {
        uint16_t *table = (uint16_t *)state + i * entries(context);

        if (!spread_color(context, partials, stride_bytes, count, i * entries(context), pixels,
                          table))
            for (size_t x = 0; x < entries(context); x++)
                table[x] = (uint16_t)x;
    }
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
              "with the same sample everywhere is unchanged. In an image with alpha, only\n"
              "pixels with an alpha above 0 count in n, c, d and for this exception. A sample\n"
              "below the smallest that occurs becomes 0. An image without any such pixel is\n"
              "unchanged. Alpha is unchanged. Each region needs the histogram of the whole\n"
              "image, so equalize takes two phases.\n",
    .state_bytes = state_bytes,
    .partial_bytes = partial_bytes,
    .gather = gather,
    .merge = merge,
    .process = process,
};
