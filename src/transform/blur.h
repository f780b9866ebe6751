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

/*
 * The same for pixels with alpha. `channels` is 2 or 4, the last one is alpha, and n is a multiple
 * of it. With q = alpha x sample for a colour, and alpha x max for alpha itself, where max is 255
 * at 8 bits and 65535 at 16 bits:
 *     down:   out[i] = the weighted sum of q over the taps, divided by max x 2^8 at 8 bits and by
 *             max x 2^16 at 16 bits. The results are weighed samples and weighed alpha.
 *     along:  the taps are rows of such results. s and t are the weighted sums of weighed samples
 *             and of weighed alpha. A colour becomes max x s / t, or 0 if t is 0. Alpha becomes t
 *             divided by 2^24 at 8 bits and by 2^16 at 16 bits.
 * All quotients are rounded to the nearest, halves up. `out` overlaps no tap.
 */
typedef void tl_blur_weigh_alpha(void *out, const void *const *tap, const uint16_t *half,
                                 size_t radius, size_t n, size_t channels);

/* The four sums that a blur with alpha needs: by direction and depth. The tables are constant. */
struct tl_blur_alpha_kernel {
    tl_blur_weigh_alpha *down_8, *along_8, *down_16, *along_16;
};

/* The reference, for every processor. */
extern const struct tl_blur_alpha_kernel tl_blur_alpha_plain;

/* Returns the AVX2 version, or NULL when this processor has no AVX2. */
const struct tl_blur_alpha_kernel *tl_blur_alpha_x86(void);

#endif
