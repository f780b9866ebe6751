/* SPDX-License-Identifier: MIT */
/*
 * fixed_point.h - arithmetic in integers, so that a seed gives the same bytes with every compiler
 * and libm.
 *
 * Q16 means that 65536 is one. Angles are in turns: 65536 is one full turn. Shifting a negative
 * number right keeps its sign, as on every compiler that telar supports.
 */
#ifndef TOOLS_FIXED_POINT_H
#define TOOLS_FIXED_POINT_H

#include <stdint.h>

enum { FIXED_ONE = 65536 };

/* Returns log2(x) as Q16, exact to one unit. x must be positive. */
int32_t fixed_log2(uint64_t x);

/*
 * Returns 2^x as Q16, for x as Q16, to about one part in 10,000. Returns 0 below -16, INT32_MAX
 * from 15 on.
 */
int32_t fixed_exp2(int32_t x);

/* Returns the square root, rounded down. */
uint32_t fixed_sqrt(uint64_t x);

/* Returns the cosine of an angle as Q16, to 0.002. */
int32_t fixed_cos(uint32_t angle);

/*
 * Returns the angle of the point (x, y), 0 to 65535, to 0.0006 turns. |x|, |y| < 2^30. The result
 * is continuous where the formula changes from one eighth of the circle to the next.
 */
uint32_t fixed_angle(int32_t x, int32_t y);

/*
 * Returns 64 random bits that depend on x alone: the mixing function of splitmix64 (Steele, Lea,
 * Flood, "Fast splittable pseudorandom number generators", 2014). Successive x give a good
 * sequence.
 */
static inline uint64_t fixed_random(uint64_t x)
{
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
