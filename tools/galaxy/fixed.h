/* SPDX-License-Identifier: MIT */
/*
 * fixed.h - the little arithmetic a drawing needs, in integers, so that the same seed gives the
 * same bytes with every compiler and every libm. Q16 means: 65536 is one. Angles are turns: 65536
 * is once around. A negative number shifted right keeps its sign, as every compiler does it.
 */
#ifndef TOOLS_FIXED_H
#define TOOLS_FIXED_H

#include <stdint.h>

enum { FIXED_ONE = 65536 };

/* log2(x) as Q16, exact to one unit. x > 0. */
int32_t fixed_log2(uint64_t x);

/* 2^x for Q16 x, as Q16, to about one part in 10,000. Saturates: 0 below -16, INT32_MAX from 15 up.
 */
int32_t fixed_exp2(int32_t x);

/* The square root, rounded down. */
uint32_t fixed_sqrt(uint64_t x);

/* cos of an angle, as Q16, to 0.002 (Bhaskara's approximation). */
int32_t fixed_cos(uint32_t angle);

/* The angle of the point (x, y), 0 to 65535, to 0.0006 turns, without a bend. |x|, |y| < 2^30. */
uint32_t fixed_angle(int32_t x, int32_t y);

/*
 * 64 random bits that depend on x alone (the finisher of splitmix64: Steele, Lea, Flood, "Fast
 * splittable pseudorandom number generators", 2014). Counting x up gives an equally good sequence.
 */
static inline uint64_t fixed_random(uint64_t x)
{
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
