/* SPDX-License-Identifier: MIT */
/* seed.h - samples of large products of cases. tools/check exports SEED, a number, and FULL. FULL
 * is not empty if all cases are to be tested. */
#ifndef TESTS_SEED_H
#define TESTS_SEED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Returns the number in SEED, or 1 without SEED. A program that is run by hand then repeats itself.
 */
static inline uint32_t seed(void)
{
    const char *text = getenv("SEED");

    return text && *text ? (uint32_t)strtoul(text, NULL, 10) : 1;
}

/* Returns whether all cases are to be tested. */
static inline bool full(void)
{
    const char *text = getenv("FULL");

    return text && *text;
}

/*
 * Returns whether case `index` of a product is tested now. One of `step` cases is tested; the seed
 * chooses the first. `step` seeds in a row test every case. `step` should be a prime number that
 * divides no factor of the product. Otherwise a sample would contain only some values of that
 * factor.
 */
static inline bool chosen(uint64_t index, unsigned step)
{
    return full() || (index + seed()) % step == 0;
}

#endif
