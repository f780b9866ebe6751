/* SPDX-License-Identifier: MIT */
/*
 * plan.h - how an image is cut into regions.
 */
#ifndef TELAR_PLAN_H
#define TELAR_PLAN_H

#include <telar/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A grid of regions: `rows` of them from top to bottom and `columns` from left to right. 0 x 0 lets
 * telar choose. N x 1 is N bands, 2 x 2 is four quadrants. A grid with more rows or columns than
 * the image has pixels gets as many as the image. Region i of n over a length L is [i * L / n,
 * (i + 1) * L / n), rounded down, so the sizes differ by one at most. The struct never grows.
 *
 * The functions here only compute, accept no NULL, and may be called from any thread.
 */
struct telar_plan {
    uint32_t rows;
    uint32_t columns;
};

/* Returns `plan`, reduced to the rows and columns of `area`. */
struct telar_plan telar_plan_clip(struct telar_plan plan, const struct telar_region *area);

/* Returns the number of regions, at most 2^62. */
static inline uint64_t telar_plan_count(struct telar_plan plan)
{
    return (uint64_t)plan.rows * plan.columns;
}

/* Returns region `index` of `area`, counted row by row from the top left. index must be below
 * telar_plan_count(plan). */
struct telar_region telar_plan_region(struct telar_plan plan, const struct telar_region *area,
                                      uint64_t index);

#ifdef __cplusplus
}
#endif
#endif
