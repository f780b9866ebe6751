/* SPDX-License-Identifier: MIT */
/*
 * blur: a gaussian, separable, in whole numbers.
 *
 * A row of the result is made from the rows around it: first down the columns, into a row of 16-bit
 * numbers in scratch memory, which is replicated at the borders, then along that row. Both are the
 * same sum over taps (transform_blur.h).
 */
#include <config.h>

#include "transform/transform.h"
#include "transform/blur.h"

#include <math.h>

enum {
    BLOCK = 128, /* sums kept at a time: few enough for the first cache */
    ONE = 65536, /* what the weights add up to */
};

/*
 * tl_blur_weigh, dividing by 2^SHIFT. Sums stay below 2^32: the weights add up to 65536, and what
 * they weigh is at most 65535 (at 8 bits 255, and 255 x 256 after the first pass).
 */
#define DEFINE_WEIGH(NAME, IN, OUT, SHIFT)                                                         \
    static inline __attribute__((always_inline)) void NAME##_block(                                \
        OUT *restrict out, const void *const *tap, size_t at, const uint16_t *half, size_t radius, \
        size_t n)                                                                                  \
    {                                                                                              \
        uint32_t sum[BLOCK];                                                                       \
        for (size_t i = 0; i < n; i++)                                                             \
            sum[i] = (uint32_t)1 << (SHIFT - 1);                                                   \
        for (size_t k = 0; k <= radius; k++) {                                                     \
            const IN *before = (const IN *)tap[radius - k] + at,                                   \
                     *after = (const IN *)tap[radius + k] + at;                                    \
            for (size_t i = 0; i < n; i++)                                                         \
                sum[i] += (uint32_t)half[k] * ((uint32_t)before[i] + after[i]);                    \
        }                                                                                          \
        for (size_t i = 0; i < n; i++)                                                             \
            out[at + i] = (OUT)(sum[i] >> SHIFT);                                                  \
    }                                                                                              \
    static void NAME(void *out, const void *const *tap, const uint16_t *half, size_t radius,       \
                     size_t n)                                                                     \
    {                                                                                              \
        size_t at = 0;                                                                             \
        for (; at + BLOCK <= n; at += BLOCK)                                                       \
            NAME##_block(out, tap, at, half, radius, BLOCK);                                       \
        NAME##_block(out, tap, at, half, radius, n - at);                                          \
    }

DEFINE_WEIGH(down_8, uint8_t, uint16_t, 8)
DEFINE_WEIGH(along_8, uint16_t, uint8_t, 24)
DEFINE_WEIGH(both_16, uint16_t, uint16_t, 16)

const struct tl_blur_kernel tl_blur_plain = {down_8, along_8, both_16};

static const struct tl_blur_kernel *fastest(void)
{
    const struct tl_blur_kernel *kernel = tl_blur_x86();

    return kernel ? kernel : &tl_blur_plain;
}

static uint32_t radius_of(const struct telar_context *context)
{
    return (uint32_t)ceil(3 * context->params[0]);
}

/* The state: the weights from the middle outwards, the first halved: it is even, since the others
 * come in pairs. */
static size_t state_bytes(const struct telar_context *context)
{
    return (radius_of(context) + 1) * sizeof(uint16_t);
}

/*
 * Weights are rounded so that they add up to ONE: each tail of the curve is rounded, and a weight
 * is the difference of two tails. What both tails leave is the weight in the middle. None is above
 * 32767: the narrowest curve leaves the middle 65034 of 65536.
 */
static void prepare(const struct telar_context *context, void *state)
{
    double sigma = context->params[0], all = 1, tail = 0;
    uint32_t radius = radius_of(context), rounded = 0;
    uint16_t *half = state;

    for (uint32_t k = 1; k <= radius; k++)
        all += 2 * exp(-0.5 * k * k / (sigma * sigma));
    for (uint32_t k = radius; k >= 1; k--) {
        uint32_t outer = rounded;

        tail += exp(-0.5 * k * k / (sigma * sigma));
        rounded = (uint32_t)floor(ONE * tail / all + 0.5);
        half[k] = (uint16_t)(rounded - outer);
    }
    half[0] = (uint16_t)(ONE / 2 - rounded);
}

/* Scratch: pointers to the taps, then the row between the passes. */
static size_t taps_bytes(uint32_t radius)
{
    return (2 * (size_t)radius + 1) * sizeof(void *);
}

static size_t scratch_bytes(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    uint32_t radius = radius_of(context);

    return taps_bytes(radius)
           + ((size_t)columns + 2 * (size_t)radius) * context->image.channels * sizeof(uint16_t);
}

/* Down the columns at row r. `wide` is what may be read; it ends before a tap's row only where the
 * image ends. */
static void down(const struct telar_context *context, const struct telar_source *source,
                 const struct telar_region *wide, uint32_t r, uint16_t *row)
{
    const struct telar_geometry *image = &context->image;
    uint32_t radius = radius_of(context);
    const void **tap = context->scratch;
    tl_blur_weigh *weigh = image->depth == 8 ? fastest()->down_8 : fastest()->both_16;

    for (uint32_t k = 0; k <= 2 * radius; k++) {
        int64_t at = (int64_t)r + k - radius;

        at = at < wide->r0 ? wide->r0 : at >= wide->r1 ? wide->r1 - 1 : at;
        tap[k] = telar_source_at(source, telar_pixel_bytes(image), (uint32_t)at, wide->c0);
    }
    weigh(row, tap, context->state, radius, tl_row_samples(context, wide));
}

/* Along a row that begins `radius` pixels before the first of the n samples. */
static void along(const struct telar_context *context, const uint16_t *row, void *out, size_t n)
{
    uint32_t radius = radius_of(context);
    const void **tap = context->scratch;
    tl_blur_weigh *weigh = context->image.depth == 8 ? fastest()->along_8 : fastest()->both_16;

    for (uint32_t k = 0; k <= 2 * radius; k++)
        tap[k] = row + (size_t)k * context->image.channels;
    weigh(out, tap, context->state, radius, n);
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_geometry *image = &context->image;
    const struct telar_region *region = &result->region;
    uint32_t radius = radius_of(context), channels = image->channels;
    struct telar_region wide = tl_region_grow(region, radius, image);
    size_t left = radius - (region->c0 - wide.c0), right = radius - (wide.c1 - region->c1);
    uint16_t *row = (void *)((unsigned char *)context->scratch + taps_bytes(radius));

    for (uint32_t r = region->r0; r < region->r1; r++) {
        void *out = tl_result_row(result, r);

        down(context, source, &wide, r, row + left * channels);
        tl_row_pad(row, channels * sizeof *row, left, telar_region_columns(&wide), right);
        along(context, row, out, tl_row_samples(context, region));
        tl_row_keep_alpha(image, out,
                          telar_source_at(source, telar_pixel_bytes(image), r, region->c0),
                          telar_region_columns(region));
    }
}

static const struct telar_param params[] = {
    {"sigma", "the gaussian's standard deviation in pixels", 0.3, 300, 2, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform tl_transform_blur = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "blur",
    .summary = "gaussian blur",
    .manual = "Let R be 3 x sigma rounded up, g(k) = exp(-k^2 / (2 sigma^2)), G the sum of g\n"
              "from -R to R, and T(k) the sum of g from k to R, times 65536 / G, rounded to\n"
              "the nearest whole number; T(R + 1) = 0. The weights are w(k) = w(-k) =\n"
              "T(k) - T(k + 1) for k = 1 to R, and w(0) = 65536 - 2 T(1): 65536 together.\n"
              "First each sample of a colour becomes the sum of w(k) times the sample k rows\n"
              "below, divided by 256 at 8 bits (8 more bits are kept) and by 65536 at 16 bits.\n"
              "Then each becomes the sum of w(k) times that of the pixel k columns to the\n"
              "right, divided by 16777216 at 8 bits and by 65536 at 16 bits. Quotients are\n"
              "rounded to the nearest whole number, halves up. Outside the image stands the\n"
              "nearest pixel inside. Alpha is passed through. Time grows with sigma.\n",
    .params = params,
    .halo = radius_of,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .scratch_bytes = scratch_bytes,
    .process = process,
};
