/* SPDX-License-Identifier: MIT */
/* blur.h - the inner loops of the blur: in plain C, and for AVX2. Both give the same bytes. */
#ifndef TL_TRANSFORM_BLUR_H
#define TL_TRANSFORM_BLUR_H

#include <stddef.h>
#include <stdint.h>

/*
 * A weighted sum over taps, which are rows of samples. For each i below n:
 *     out[i] = sum over k = 0 to radius of half[k] * (tap[radius - k][i] + tap[radius + k][i]),
 *              divided by a power of 2 and rounded to the nearest, halves up
 *
 * The middle tap counts on both sides, so half[0] is half its weight. No half[k] exceeds 32767, and
 * they add up to 32768. `out` overlaps no tap.
 */
typedef void tl_blur_weigh(void *out, const void *const *tap, const uint16_t *half, size_t radius,
                           size_t n);

/* The three sums that a blur needs. The tables are constant. */
struct tl_blur_kernel {
    tl_blur_weigh
        /*
         * 8-bit samples down the columns: sums of at most 255 x 2^16 are divided by 2^8 into 16
         * bits
         */
        *down_8;
    /* those 16-bit numbers along the row: divided by 2^24 into 8-bit samples */
    tl_blur_weigh *along_8;
    /* 16-bit samples in either direction: divided by 2^16 into 16-bit samples */
    tl_blur_weigh *both_16;
};

/* The reference, for every processor. */
extern const struct tl_blur_kernel tl_blur_plain;

/* Returns the AVX2 version, or NULL when this processor has no AVX2. */
const struct tl_blur_kernel *tl_blur_x86(void);

#endif
