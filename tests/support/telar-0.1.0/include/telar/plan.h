/* SPDX-License-Identifier: MIT */
/*
 * plan.h - how an image is cut into regions.
 */
#ifndef TELAR_PLAN_H
#define TELAR_PLAN_H

#include <telar/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A grid of regions: `rows` of them from top to bottom, `columns` from left to right. 0 x 0 lets
 * telar choose; N x 1 are N bands; 2 x 2 are the quadrants of the notebook. A grid finer than the
 * image has pixels is made as coarse as it. Region i of n over a length L is [i * L / n, (i + 1) *
 * L / n), rounded down: sizes differ by one at most.
 */
struct telar_plan {
    uint32_t rows;
    uint32_t columns;
};

/* `plan` with no more rows and columns than `area` has. */
struct telar_plan telar_plan_clip(struct telar_plan plan, const struct telar_region *area);

/* How many regions there are. At most 2^62. */
static inline uint64_t telar_plan_count(struct telar_plan plan)
{
    return (uint64_t)plan.rows * plan.columns;
}

/* Region `index` of `area`, counted row by row from the top left. index < telar_plan_count(plan).
 */
struct telar_region telar_plan_region(struct telar_plan plan, const struct telar_region *area,
                                      uint64_t index);

#ifdef __cplusplus
}
#endif
#endif
