/* SPDX-License-Identifier: MIT */
/*
 * transform_blur.h - the loops of the blur over samples: once in plain C, which is the reference,
 * and again for machines that can do better. What comes out is the same. Layer: transform.
 */
#ifndef TL_TRANSFORM_BLUR_H
#define TL_TRANSFORM_BLUR_H

#include <stddef.h>
#include <stdint.h>

/*
 * out[i] = the sum over k = 0 to radius of half[k] * (tap[radius - k][i] + tap[radius + k][i]),
 * divided by a power of 2 and rounded, halves up, for i below n. The middle tap counts on both
 * sides, so half[0] is half its weight. `half` has no number above 32767, and its sum is 32768. out
 * overlaps no tap.
 */
typedef void tl_blur_weigh(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                           size_t n);

struct tl_blur_kernel {
    tl_blur_weigh
        *down_8; /* from 8-bit samples to 16-bit ones of at most 255 x 256, divided by 2^8 */
    tl_blur_weigh *along_8; /* from those to 8-bit ones, divided by 2^24 */
    tl_blur_weigh *both_16; /* from 16-bit samples to 16-bit ones, divided by 2^16 */
};

extern const struct tl_blur_kernel tl_blur_plain;

/* The kernel for x86-64, or NULL when this processor has no AVX2. */
const struct tl_blur_kernel *tl_blur_x86(void);

#endif
