/* SPDX-License-Identifier: MIT */
/* Which tasks of a table have which rows, and which wait for which. */
#include <config.h>

#include "engine/table.h"

#include <telar/plan.h>

uint32_t tl_table_stage_of(const struct tl_table *table, uint64_t task)
{
    uint32_t i = 0;

    while (task >= table->stage[i].first + table->stage[i].count)
        i++;
    return i;
}

struct telar_region tl_table_region(const struct tl_stage *stage, uint64_t index)
{
    const struct tl_cut *cut = &stage->cut;
    struct telar_region region = cut->area;
    uint64_t r0, r1;

    if (cut->area.r0 == cut->area.r1)
        return (struct telar_region){0};
    if (cut->item_rows == 0)
        return telar_plan_region((struct telar_plan){cut->rows, cut->columns}, &cut->area, index);
    r0 = cut->area.r0 + index * cut->item_rows;
    r1 = r0 + cut->item_rows;
    region.r0 = (uint32_t)r0;
    region.r1 = r1 < cut->area.r1 ? (uint32_t)r1 : cut->area.r1;
    return region;
}

/* Returns which row of the grid has row `row` of the area. Rounding can make the quotient one too
 * small. */
static uint64_t grid_row_of(const struct tl_stage *stage, uint32_t row)
{
    const struct tl_cut *cut = &stage->cut;
    uint64_t at;

    if (cut->item_rows)
        return (row - cut->area.r0) / cut->item_rows;
    at = (uint64_t)(row - cut->area.r0) * cut->rows / telar_region_rows(&cut->area);
    while (tl_table_region(stage, at * cut->columns).r1 <= row)
        at++;
    return at;
}

struct tl_span tl_table_with_rows(const struct tl_stage *stage, uint64_t r0, uint64_t r1)
{
    const struct tl_cut *cut = &stage->cut;

    r0 = r0 > cut->area.r0 ? r0 : cut->area.r0;
    r1 = r1 < cut->area.r1 ? r1 : cut->area.r1;
    if (r0 >= r1)
        return (struct tl_span){0, 0};
    return (struct tl_span){grid_row_of(stage, (uint32_t)r0) * cut->columns,
                            (grid_row_of(stage, (uint32_t)r1 - 1) + 1) * cut->columns};
}

/* Returns the tasks of `there` whose rows meet the rows of task `index` of `here`, grown by a halo.
 * Growing either of the two regions gives the same pairs. */
static struct tl_span meeting(const struct tl_stage *here, uint64_t index,
                              const struct tl_stage *there, uint32_t halo)
{
    struct telar_region region = tl_table_region(here, index);

    return tl_table_with_rows(there, region.r0 > halo ? region.r0 - halo : 0,
                              (uint64_t)region.r1 + halo);
}

struct tl_span tl_table_waits_for(const struct tl_table *table, const struct tl_stage *stage,
                                  const struct tl_table_need *need, uint64_t index)
{
    const struct tl_stage *other = &table->stage[need->stage];
    uint64_t columns = other->cut.columns, above;

    switch ((enum tl_relation)need->relation) {
    case TL_ALL:
        return (struct tl_span){0, other->count};
    case TL_MEETS:
        return meeting(stage, index, other, need->halo);
    case TL_LEFT:
        return (struct tl_span){index % columns ? index - 1 : index, index};
    case TL_ABOVE:
        if (index < columns)
            break;
        above = index - columns;
        return (struct tl_span){above, above + 1 + (above % columns + 1 < columns)};
    }
    return (struct tl_span){0, 0};
}

struct tl_span tl_table_awaited_by(const struct tl_table *table, const struct tl_stage *stage,
                                   const struct tl_table_need *need, uint64_t index)
{
    const struct tl_stage *other = &table->stage[need->stage];
    uint64_t columns = other->cut.columns, below = index + columns, right = index + 1;

    switch ((enum tl_relation)need->relation) {
    case TL_ALL:
        return (struct tl_span){0, stage->count};
    case TL_MEETS:
        return meeting(other, index, stage, need->halo);
    case TL_LEFT:
        return (struct tl_span){right, right + (right % columns != 0)};
    case TL_ABOVE:
        if (below >= stage->count)
            break;
        return (struct tl_span){below - (index % columns != 0), below + 1};
    }
    return (struct tl_span){0, 0};
}
