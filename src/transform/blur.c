/* SPDX-License-Identifier: MIT */
/*
 * blur.c - a gaussian blur in whole numbers.
 *
 * The gaussian is separable, so each row of the result takes two passes. The first sums down the
 * columns into a row of 16-bit numbers in scratch memory. That row is extended at the image's
 * borders. The second pass sums along it. Both are the same weighted sum (blur.h). Images with
 * alpha have loops of their own (blur_alpha.c).
 */
#include <config.h>

#include "transform/row.h"
#include "transform/transform.h"
#include "transform/blur.h"

#include <math.h>

enum {
    BLOCK = 128, /* sums computed at once: few enough for the first-level cache */
    ONE = 65536, /* the sum of all weights */
};

/*
 * Defines a tl_blur_weigh that divides by 2^SHIFT. Sums stay below 2^32: the weights add up to
 * 65536 and an input is at most 65535 (255 at 8 bits, 255 x 256 after the first pass).
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

/* Return the fastest loops for this processor. */
static const struct tl_blur_kernel *fastest(void)
{
    const struct tl_blur_kernel *kernel = tl_blur_x86();

    return kernel ? kernel : &tl_blur_plain;
}
static const struct tl_blur_alpha_kernel *fastest_alpha(void)
{
    const struct tl_blur_alpha_kernel *kernel = tl_blur_alpha_x86();

    return kernel ? kernel : &tl_blur_alpha_plain;
}

/* 3 sigma: the gaussian beyond is below 0.3 %. */
static uint32_t radius_of(const struct telar_context *context)
{
    return (uint32_t)ceil(3 * context->params[0]);
}

/*
 * The state: the weights from the middle outwards. The first is stored as half. That weight is
 * even, because the others come in pairs and the total is even.
 */
static size_t state_bytes(const struct telar_context *context)
{
    return (radius_of(context) + 1) * sizeof(uint16_t);
}

/*
 * Computes the weights so that they add up to exactly ONE. Each tail of the curve is rounded, and a
 * weight is the difference of two neighbouring tails. The middle gets what both tails leave. With
 * the smallest sigma that is 65034 of 65536, so half[0] stays below 32768.
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

/* Scratch memory: pointers to the taps, then the row between the two passes. */
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

/* Computes n samples of `out` from the taps: by `plain` without alpha, by `weighed` with alpha. */
static void weigh(const struct telar_context *context, tl_blur_weigh *plain,
                  tl_blur_weigh_alpha *weighed, void *out, size_t n)
{
    const void *const *tap = context->scratch;
    uint32_t radius = radius_of(context);

    if (telar_has_alpha(&context->image))
        weighed(out, tap, context->state, radius, n, context->image.channels);
    else
        plain(out, tap, context->state, radius, n);
}

/*
 * Sums down the columns at row r. `wide` is the region that may be read. Where a tap lies outside
 * the image, the nearest row replaces it.
 */
static void down(const struct telar_context *context, const struct telar_source *source,
                 const struct telar_region *wide, uint32_t r, uint16_t *row)
{
    const struct telar_geometry *image = &context->image;
    uint32_t radius = radius_of(context);
    const void **tap = context->scratch;
    bool narrow = image->depth == 8;

    for (uint32_t k = 0; k <= 2 * radius; k++) {
        int64_t at = (int64_t)r + k - radius;

        at = at < wide->r0 ? wide->r0 : at >= wide->r1 ? wide->r1 - 1 : at;
        tap[k] = telar_source_at(source, telar_pixel_bytes(image), (uint32_t)at, wide->c0);
    }
    weigh(context, narrow ? fastest()->down_8 : fastest()->both_16,
          narrow ? fastest_alpha()->down_8 : fastest_alpha()->down_16, row,
          tl_row_samples(context, wide));
}

/* Sums along a row that begins `radius` pixels before the first of the n samples. */
static void along(const struct telar_context *context, const uint16_t *row, void *out, size_t n)
{
    const void **tap = context->scratch;
    bool narrow = context->image.depth == 8;

    for (uint32_t k = 0; k <= 2 * radius_of(context); k++)
        tap[k] = row + (size_t)k * context->image.channels;
    weigh(context, narrow ? fastest()->along_8 : fastest()->both_16,
          narrow ? fastest_alpha()->along_8 : fastest_alpha()->along_16, out, n);
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
        down(context, source, &wide, r, row + left * channels);
        tl_row_pad(row, channels * sizeof *row, left, telar_region_columns(&wide), right);
        along(context, row, tl_result_row(result, r), tl_row_samples(context, region));
    }
}

static const struct telar_param params[] = {
    {"sigma", "standard deviation of the Gaussian in pixels", 0.3, 300, 2, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform tl_transform_blur = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "blur",
    .summary = "Gaussian blur",
    .manual = "The weights are those of a Gaussian, in whole numbers:\n"
              "    R            3 x sigma, rounded up\n"
              "    g(k)         exp(-k^2 / (2 sigma^2))\n"
              "    G            the sum of g(k) for k = -R to R\n"
              "    T(k)         65536 / G times the sum of g(j) for j = k to R, rounded to\n"
              "                 the nearest whole number; T(R + 1) = 0\n"
              "    w(k), w(-k)  T(k) - T(k + 1) for k = 1 to R\n"
              "    w(0)         65536 - 2 T(1)\n"
              "All weights add up to 65536. The blur takes two passes.\n"
              "First, down the columns: each colour sample becomes the sum of w(k) times the\n"
              "sample k rows below it. The sum is divided by 256 at 8 bits, so 8 more bits\n"
              "are kept, and by 65536 at 16 bits.\n"
              "Then, along the rows: each number becomes the sum of w(k) times the number k\n"
              "columns to the right. The sum is divided by 16777216 at 8 bits and by 65536\n"
              "at 16 bits.\n"
              "Quotients are rounded to the nearest whole number, halves up. A pixel outside\n"
              "the image counts as the nearest pixel inside. The time grows in proportion\n"
              "to sigma.\n"
              "In an image with alpha, alpha is blurred as the samples of an image without\n"
              "alpha are. A colour sample counts in proportion to its alpha. max is 255 at 8\n"
              "bits and 65535 at 16 bits.\n"
              "First, down the columns: each colour sample becomes the sum of w(k) times the\n"
              "sample times its alpha, k rows below. The sum is divided by 256 x max at 8\n"
              "bits and by 65536 x max at 16 bits.\n"
              "Then, along the rows: s is the sum of w(k) times the number k columns to the\n"
              "right, and t is the same sum for alpha, before it is divided. The colour\n"
              "sample becomes max x s / t. If t is 0, it becomes 0.\n",
    .params = params,
    .halo = radius_of,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .scratch_bytes = scratch_bytes,
    .process = process,
};
