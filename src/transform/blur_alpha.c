/* SPDX-License-Identifier: MIT */
/*
 * blur_alpha.c - the sums of a blur with alpha, in plain C. blur.h defines them.
 *
 * A colour sample and its alpha are multiplied before the first pass, and divided after the second.
 * So the colour of a pixel with alpha 0 counts nowhere. In an opaque image every factor is max, and
 * the colours are exactly those of the image without its alpha.
 */
#include <config.h>

#include "transform/blur.h"

enum { PIXELS = 32 }; /* computed at once: their sums fit into the first-level cache */

/*
 * Defines the sums down the columns. The inner loops have a fixed number of channels. A sum is at
 * most 65536 x MAX x MAX, which fits into SUM with the half of the divisor.
 */
#define DEFINE_DOWN(NAME, SAMPLE, SUM, MAX, DIVISOR)                                               \
    static inline void NAME##_add(SUM *restrict sum, const SAMPLE *in, SUM half, size_t pixels,    \
                                  const size_t channels)                                           \
    {                                                                                              \
        for (size_t p = 0; p < pixels * channels; p += channels) {                                 \
            SUM weight = half * in[p + channels - 1];                                              \
            for (size_t i = 0; i + 1 < channels; i++)                                              \
                sum[p + i] += weight * in[p + i];                                                  \
            sum[p + channels - 1] += weight * (MAX);                                               \
        }                                                                                          \
    }                                                                                              \
    static void NAME(void *to, const void *const *tap, const uint16_t *half, size_t radius,        \
                     size_t n, size_t channels)                                                    \
    {                                                                                              \
        uint16_t *out = to;                                                                        \
        for (size_t at = 0; at < n; at += PIXELS * channels) {                                     \
            SUM sum[PIXELS * 4] = {0};                                                             \
            size_t pixels = (n - at) / channels < PIXELS ? (n - at) / channels : PIXELS;           \
            for (size_t k = 0; k <= 2 * radius; k++) {                                             \
                SUM weight =                                                                       \
                    k == radius ? 2 * (SUM)half[0] : half[k < radius ? radius - k : k - radius];   \
                const SAMPLE *in = (const SAMPLE *)tap[k] + at;                                    \
                if (channels == 4)                                                                 \
                    NAME##_add(sum, in, weight, pixels, 4);                                        \
                else                                                                               \
                    NAME##_add(sum, in, weight, pixels, 2);                                        \
            }                                                                                      \
            for (size_t i = 0; i < pixels * channels; i++)                                         \
                out[at + i] = (uint16_t)((sum[i] + (DIVISOR) / 2) / (DIVISOR));                    \
        }                                                                                          \
    }

DEFINE_DOWN(down_8, uint8_t, uint32_t, UINT32_C(255), UINT32_C(255) << 8)
DEFINE_DOWN(down_16, uint16_t, uint64_t, UINT64_C(65535), UINT64_C(65535) << 16)

/* Adds one row of weighed samples, with its weight. */
static void along_add(uint32_t *restrict sum, const uint16_t *in, uint32_t weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += weight * in[i];
}

/* Returns a colour of the result. s <= t, so it is at most max. */
static uint32_t color(uint64_t s, uint64_t t, uint32_t max)
{
    return t ? (uint32_t)((2 * max * s + t) / (2 * t)) : 0;
}

/* Returns alpha of the result. */
static uint32_t alpha(uint32_t t, unsigned shift)
{
    return (t + ((uint32_t)1 << (shift - 1))) >> shift;
}

/* Defines the sums along a row. They are at most 65536 x 65535. */
#define DEFINE_ALONG(NAME, SAMPLE, MAX, SHIFT)                                                     \
    static void NAME(void *to, const void *const *tap, const uint16_t *half, size_t radius,        \
                     size_t n, size_t channels)                                                    \
    {                                                                                              \
        SAMPLE *out = to;                                                                          \
        for (size_t at = 0; at < n; at += PIXELS * channels) {                                     \
            uint32_t sum[PIXELS * 4] = {0};                                                        \
            size_t samples = n - at < PIXELS * channels ? n - at : PIXELS * channels;              \
            for (size_t k = 0; k <= 2 * radius; k++)                                               \
                along_add(sum, (const uint16_t *)tap[k] + at,                                      \
                          k == radius ? 2 * (uint32_t)half[0]                                      \
                                      : half[k < radius ? radius - k : k - radius],                \
                          samples);                                                                \
            for (size_t i = 0; i < samples; i++) {                                                 \
                size_t last = i | (channels - 1);                                                  \
                out[at + i] =                                                                      \
                    (SAMPLE)(i == last ? alpha(sum[i], SHIFT) : color(sum[i], sum[last], MAX));    \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_ALONG(along_8, uint8_t, 255, 24)
DEFINE_ALONG(along_16, uint16_t, 65535, 16)

const struct tl_blur_alpha_kernel tl_blur_alpha_plain = {down_8, along_8, down_16, along_16};
