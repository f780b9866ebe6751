/* SPDX-License-Identifier: MIT */
/* Tests the synthetic galaxy and its integer arithmetic. libm gives the expected values. */
#include <config.h>

#include "support/suite.h"

#include "galaxy/fixed_point.h"
#include "galaxy/galaxy.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 60, COLUMNS = 90, SAMPLES = COLUMNS * GALAXY_CHANNELS };

static const double turn = 6.283185307179586;

START_TEST(logarithm_is_exact_to_a_unit)
{
    for (uint64_t x = 1; x < UINT64_C(1) << 60; x += x / 7 + 1)
        ck_assert_double_le(fabs(fixed_log2(x) - log2((double)x) * FIXED_ONE), 1);
}
END_TEST

START_TEST(power_is_nearly_exact)
{
    for (int32_t x = -4 * FIXED_ONE; x < 14 * FIXED_ONE; x += 997) {
        double exact = exp2(x / 65536.0) * FIXED_ONE;

        ck_assert_double_le(fabs(fixed_exp2(x) - exact), exact * 2e-4 + 1);
    }
    ck_assert_int_eq(fixed_exp2(-40 * FIXED_ONE), 0);
    ck_assert_int_eq(fixed_exp2(15 * FIXED_ONE), INT32_MAX);
}
END_TEST

START_TEST(root_is_rounded_down)
{
    ck_assert_uint_eq(fixed_sqrt(0), 0);
    ck_assert_uint_eq(fixed_sqrt(UINT64_MAX), UINT32_MAX);
    for (uint64_t root = 1; root < UINT32_MAX; root += root / 5 + 1) {
        ck_assert_uint_eq(fixed_sqrt(root * root), root);
        ck_assert_uint_eq(fixed_sqrt(root * root - 1), root - 1);
    }
}
END_TEST

START_TEST(angles_repeat_after_a_full_turn)
{
    for (int32_t a = 0; a < FIXED_ONE; a += 13) {
        double c = cos(a * turn / FIXED_ONE), s = sin(a * turn / FIXED_ONE);
        double off = fixed_angle((int32_t)lrint(c * 1e6), (int32_t)lrint(s * 1e6)) - (double)a;

        ck_assert_double_le(fabs(fixed_cos((uint32_t)a) / 65536.0 - c), 0.002);
        ck_assert_double_le(fabs(remainder(off, FIXED_ONE)), 0.0007 * FIXED_ONE);
    }
    ck_assert_uint_eq(fixed_angle(0, 0), 0);
}
END_TEST

/* Draws a picture, with its rows in order or from the last one up. */
static void draw(uint64_t seed, uint32_t depth, bool upwards, unsigned char *samples)
{
    struct galaxy *galaxy = galaxy_new(ROWS, COLUMNS, seed);

    ck_assert_ptr_nonnull(galaxy);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t row = upwards ? ROWS - 1 - i : i;

        galaxy_row(galaxy, row, depth, samples + (size_t)row * SAMPLES * depth / 8);
    }
    galaxy_free(galaxy);
}

START_TEST(rows_do_not_depend_on_their_order)
{
    static unsigned char a[ROWS * SAMPLES], b[ROWS * SAMPLES];

    draw(5, 8, false, a);
    draw(5, 8, true, b);
    ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

START_TEST(another_seed_is_another_sky)
{
    static unsigned char a[ROWS * SAMPLES], b[ROWS * SAMPLES];

    draw(5, 8, false, a);
    draw(6, 8, false, b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(eight_bits_are_sixteen_bits_rounded)
{
    static unsigned char narrow[ROWS * SAMPLES];
    static uint16_t wide[ROWS * SAMPLES];

    draw(7, 8, false, narrow);
    draw(7, 16, false, (unsigned char *)wide);
    for (size_t i = 0; i < ROWS * SAMPLES; i++)
        ck_assert_int_le(abs(narrow[i] - (int)lrint(wide[i] / 257.0)), 1);
}
END_TEST

/* The picture resembles a photograph: dark sky, a bright warm middle, and few equal neighbours. */
START_TEST(looks_like_a_photograph)
{
    static unsigned char p[ROWS * SAMPLES];
    const unsigned char *middle = p + ROWS / 2 * SAMPLES + COLUMNS / 2 * GALAXY_CHANNELS;
    int same = 0, dark = 0;

    draw(1, 8, false, p);
    ck_assert_int_gt(middle[0], 180);
    ck_assert_int_gt(middle[0], middle[2]);
    for (size_t i = GALAXY_CHANNELS; i < sizeof p; i++) {
        same += p[i] == p[i - GALAXY_CHANNELS];
        dark += p[i] < 30;
    }
    ck_assert_int_lt(same, (int)sizeof p / 4);
    ck_assert_int_gt(dark, (int)sizeof p / 4);
}
END_TEST

START_TEST(any_shape_can_be_drawn)
{
    static const uint32_t shapes[][2] = {{1, 1}, {1, 70000}, {70000, 1}, {2, 3}, {9999, 10001}};
    static uint16_t row[70000 * GALAXY_CHANNELS];

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct galaxy *galaxy = galaxy_new(shapes[i][0], shapes[i][1], UINT64_MAX);

        ck_assert_ptr_nonnull(galaxy);
        galaxy_row(galaxy, 0, 16, (unsigned char *)row);
        galaxy_row(galaxy, shapes[i][0] - 1, 16, (unsigned char *)row);
        galaxy_free(galaxy);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        logarithm_is_exact_to_a_unit,
        power_is_nearly_exact,
        root_is_rounded_down,
        angles_repeat_after_a_full_turn,
        rows_do_not_depend_on_their_order,
        another_seed_is_another_sky,
        eight_bits_are_sixteen_bits_rounded,
        looks_like_a_photograph,
        any_shape_can_be_drawn,
        NULL,
    };

    return run_suite("galaxy", tests);
}
