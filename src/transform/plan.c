/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <telar/plan.h>

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

/* Returns where part `index` of `parts` equal parts of `length` begins, rounded down. */
static uint32_t cut(uint32_t length, uint32_t parts, uint32_t index)
{
    return (uint32_t)((uint64_t)length * index / parts);
}

/* An area cannot have more rows of regions than rows of pixels. */
struct telar_plan telar_plan_clip(struct telar_plan plan, const struct telar_region *area)
{
    return (struct telar_plan){at_most(plan.rows, telar_region_rows(area)),
                               at_most(plan.columns, telar_region_columns(area))};
}

struct telar_region telar_plan_region(struct telar_plan plan, const struct telar_region *area,
                                      uint64_t index)
{
    uint32_t row = (uint32_t)(index / plan.columns), column = (uint32_t)(index % plan.columns);
    uint32_t rows = telar_region_rows(area), columns = telar_region_columns(area);

    return (struct telar_region){
        .r0 = area->r0 + cut(rows, plan.rows, row),
        .r1 = area->r0 + cut(rows, plan.rows, row + 1),
        .c0 = area->c0 + cut(columns, plan.columns, column),
        .c1 = area->c0 + cut(columns, plan.columns, column + 1),
    };
}
