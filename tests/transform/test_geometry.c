/* SPDX-License-Identifier: MIT */
/* Tests which geometries telar accepts, and the addresses of pixels in a view. */
#include <config.h>

#include "support/suite.h"

#include <telar/geometry.h>

START_TEST(accepts_what_png_can_hold)
{
    const struct telar_geometry good[] = {
        {1, 1, 1, 8},           {1, 1, 4, 16},         {500, 800, 3, 8},
        {0x7fffffff, 1, 4, 16}, {1, 0x7fffffff, 1, 8},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(telar_geometry_valid(&good[i]), "geometry %zu", i);
}
END_TEST

START_TEST(refuses_what_png_cannot_hold)
{
    const struct telar_geometry bad[] = {
        {0, 1, 1, 8},           {1, 0, 1, 8},          {1, 1, 0, 8},  {1, 1, 5, 8},
        {1, 1, 1, 1},           {1, 1, 3, 12},         {1, 1, 3, 32}, {0x80000000u, 1, 1, 8},
        {1, 0x7fffffff, 1, 16}, {1, 0x7fffffff, 3, 8},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!telar_geometry_valid(&bad[i]), "geometry %zu", i);
}
END_TEST

START_TEST(views_find_their_pixels)
{
    unsigned char bytes[64];
    struct telar_source source = {bytes, 16, {10, 14, 20, 25}};
    struct telar_result result = {bytes, 16, {10, 14, 20, 25}};

    ck_assert_ptr_eq(telar_source_at(&source, 3, 10, 20), bytes);
    ck_assert_ptr_eq(telar_source_at(&source, 3, 12, 23), bytes + 2 * 16 + 3 * 3);
    ck_assert_ptr_eq(telar_result_at(&result, 3, 13, 24), bytes + 3 * 16 + 4 * 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        accepts_what_png_can_hold,
        refuses_what_png_cannot_hold,
        views_find_their_pixels,
        NULL,
    };

    return run_suite("image", tests);
}
