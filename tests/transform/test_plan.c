/* SPDX-License-Identifier: MIT */
/* Tests plans: the regions of every grid cover the area exactly once, and no region is empty. */
#include <config.h>

#include "support/suite.h"

#include <string.h>
#include <telar/plan.h>

enum { SIDE = 41 };

/* Checks that the plan covers each pixel of the area once, and no pixel outside. */
static void check_cover(struct telar_plan plan, struct telar_region area)
{
    static unsigned char seen[SIDE][SIDE];
    struct telar_plan clipped = telar_plan_clip(plan, &area);

    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < telar_plan_count(clipped); i++) {
        struct telar_region r = telar_plan_region(clipped, &area, i);

        QUICK_ASSERT(r.r0 < r.r1 && r.r1 <= SIDE);
        QUICK_ASSERT(r.c0 < r.c1 && r.c1 <= SIDE);
        for (uint32_t row = r.r0; row < r.r1; row++)
            for (uint32_t column = r.c0; column < r.c1; column++)
                seen[row][column]++;
    }
    for (uint32_t row = 0; row < SIDE; row++)
        for (uint32_t column = 0; column < SIDE; column++) {
            bool inside = row >= area.r0 && row < area.r1 && column >= area.c0 && column < area.c1;

            if (seen[row][column] != inside)
                ck_abort_msg("%ux%u: pixel (%u, %u) is covered %u times", plan.rows, plan.columns,
                             row, column, seen[row][column]);
        }
}

START_TEST(every_grid_covers_its_area_once)
{
    const struct telar_region areas[] = {
        {0, SIDE, 0, SIDE}, {3, 4, 7, 8}, {5, 30, 0, 2}, {0, 1, 0, SIDE}};

    for (size_t a = 0; a < sizeof areas / sizeof *areas; a++)
        for (uint32_t rows = 1; rows < 50; rows += 3)
            for (uint32_t columns = 1; columns < 50; columns += 4)
                check_cover((struct telar_plan){rows, columns}, areas[a]);
}
END_TEST

START_TEST(quadrants_of_500_by_800)
{
    const struct telar_region area = {0, 500, 0, 800};
    const struct telar_region expected[] = {
        {0, 250, 0, 400}, {0, 250, 400, 800}, {250, 500, 0, 400}, {250, 500, 400, 800}};

    for (uint64_t i = 0; i < 4; i++) {
        struct telar_region region = telar_plan_region((struct telar_plan){2, 2}, &area, i);

        ck_assert_mem_eq(&region, &expected[i], sizeof region);
    }
}
END_TEST

START_TEST(large_images_do_not_overflow)
{
    const struct telar_region area = {0, 0x7fffffff, 0, 0x7fffffff};
    const struct telar_plan plan = {0x7fffffff, 0x7fffffff};
    struct telar_region last = telar_plan_region(plan, &area, telar_plan_count(plan) - 1);

    ck_assert_uint_eq(last.r0, 0x7ffffffe);
    ck_assert_uint_eq(last.r1, 0x7fffffff);
    ck_assert_uint_eq(last.c0, 0x7ffffffe);
    ck_assert_uint_eq(last.c1, 0x7fffffff);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_grid_covers_its_area_once,
        quadrants_of_500_by_800,
        large_images_do_not_overflow,
        NULL,
    };

    return run_suite("plan", tests);
}
