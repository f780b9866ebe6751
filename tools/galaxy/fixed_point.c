/* SPDX-License-Identifier: MIT */
/*
 * fixed.c - logarithm, power, root and angle in integers. fixed.h states the accuracy of each.
 * tests/tools/test_galaxy.c compares them with libm.
 */
#include <config.h>

#include "galaxy/fixed_point.h"

int32_t fixed_log2(uint64_t x)
{
    int whole = 63 - __builtin_clzll(x);
    uint64_t m = whole > 31 ? x >> (whole - 31) : x << (31 - whole); /* 1 <= m < 2, as Q31 */
    int32_t result = whole;

    /* Squaring m doubles its logarithm. If m then reaches 2, the next binary digit is 1. */
    for (int bit = 0; bit < 16; bit++) {
        m = m * m >> 31;
        result = result * 2 + (m >> 32 ? 1 : 0);
        m >>= m >> 32;
    }
    return result;
}

int32_t fixed_exp2(int32_t x)
{
    int32_t whole = x >> 16;
    int64_t f = x - whole * (int64_t)FIXED_ONE;
    /* 2^f between 0 and 1: a cubic that is exact at both ends, coefficients in Q16 */
    int64_t y = FIXED_ONE + (f * (45562 + ((f * (14872 + ((f * 5102) >> 16))) >> 16)) >> 16);

    if (whole < -16)
        return 0;
    if (whole >= 15)
        return INT32_MAX;
    return (int32_t)(whole < 0 ? y >> -whole : y << whole);
}

/*
 * Computes the root digit by digit in base 2: tries each power of 4 from the largest on, and
 * subtracts it if it fits.
 */
uint32_t fixed_sqrt(uint64_t x)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* Bhaskara's approximation of the sine (7th century): 16 t (1 - t) / (5 - 4 t (1 - t)). */
int32_t fixed_cos(uint32_t angle)
{
    /* the sine of t half turns */
    int64_t t = ((uint64_t)angle + FIXED_ONE / 4) * 2 % (2 * FIXED_ONE);
    int64_t sign = t < FIXED_ONE ? 1 : -1;
    int64_t hump;

    t %= FIXED_ONE;
    hump = t * (FIXED_ONE - t) >> 16;
    return (int32_t)(sign * ((16 * hump) << 16) / (5 * FIXED_ONE - 4 * hump));
}

/* Returns the angle of a slope of 0 to 1: an eighth of a turn, with a quadratic correction. */
static uint32_t angle_of_slope(uint32_t slope)
{
    return slope / 8 + (uint32_t)((uint64_t)slope * (FIXED_ONE - slope) * 2848 >> 32);
}

/*
 * Folds the point into the first eighth of the circle, where the slope is at most 1. Then unfolds
 * the angle.
 */
uint32_t fixed_angle(int32_t x, int32_t y)
{
    uint32_t ax = (uint32_t)(x < 0 ? -x : x), ay = (uint32_t)(y < 0 ? -y : y), angle;

    if (ax == 0 && ay == 0)
        return 0;
    if (ax >= ay)
        angle = angle_of_slope((uint32_t)(((uint64_t)ay << 16) / ax));
    else
        angle = FIXED_ONE / 4 - angle_of_slope((uint32_t)(((uint64_t)ax << 16) / ay));
    if (x < 0)
        angle = FIXED_ONE / 2 - angle;
    return y < 0 ? (FIXED_ONE - angle) % FIXED_ONE : angle;
}
