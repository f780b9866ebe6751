/* SPDX-License-Identifier: MIT */
/* Tests the statistics of the bench. The expected values are worked out by hand or with numpy, or
 * follow from the theory of the median's interval. */
#include <config.h>

#include "bench/bench_stats.h"
#include "support/suite.h"

#include <math.h>

static void close_to(double found, double expected)
{
    ck_assert_msg(fabs(found - expected) < 1e-12, "%.17g, not %.17g", found, expected);
}

/* numpy.quantile([7, 1, 3, 10, 2], [0, .1, .25, .5, .75, .9, 1]) */
START_TEST(quantiles_lie_between_the_values)
{
    static const double values[] = {7, 1, 3, 10, 2};

    close_to(stats_quantile(values, 5, 0), 1);
    close_to(stats_quantile(values, 5, 0.1), 1.4);
    close_to(stats_quantile(values, 5, 0.25), 2);
    close_to(stats_quantile(values, 5, 0.5), 3);
    close_to(stats_quantile(values, 5, 0.75), 7);
    close_to(stats_quantile(values, 5, 0.9), 8.8);
    close_to(stats_quantile(values, 5, 1), 10);
    close_to(stats_quantile(values, 1, 0.3), 7);
}
END_TEST

/* By hand: the values 1 2 3 7 10 have the distances 2 1 0 4 7 from their median 3. The values 1 2 3
 * 7 have the median 2.5 and the distances 1.5 .5 .5 4.5. */
START_TEST(median_and_mad)
{
    static const double values[] = {7, 1, 3, 2, 10};

    close_to(stats_median(values, 5), 3);
    close_to(stats_mad(values, 5), 2);
    close_to(stats_median(values, 4), 2.5);
    close_to(stats_mad(values, 4), 1);
    close_to(stats_mad(values, 1), 0);
}
END_TEST

/* With median 10 and MAD 1, the value 15 is 5 MADs away and no outlier. The values 15.1 and 2 are
 * outliers. */
START_TEST(outliers_are_beyond_five_mads)
{
    static const double none[] = {9, 9, 10, 11, 15}, some[] = {9, 9, 10, 11, 15.1, 2, 11},
                        same[] = {4, 4, 4, 4, 90};

    ck_assert_uint_eq(stats_outliers(none, LENGTH(none)), 0);
    ck_assert_uint_eq(stats_outliers(some, LENGTH(some)), 2);
    ck_assert_uint_eq(stats_outliers(same, LENGTH(same)), 0);
}
END_TEST

/* Each of the 6 orders of 3 things must come equally often: 1000 of 6000, with a standard deviation
 * of 29. */
START_TEST(all_orders_come_equally_often)
{
    struct stats_random random = {7};
    unsigned seen[27] = {0};

    for (int i = 0; i < 6000; i++) {
        size_t order[] = {0, 1, 2};

        stats_shuffle(&random, order, 3);
        ck_assert_uint_eq(order[0] + order[1] + order[2], 3);
        seen[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    for (size_t i = 0; i < 27; i++)
        ck_assert_msg(seen[i] == 0 || (seen[i] > 850 && seen[i] < 1150), "%zu: %u", i, seen[i]);
    ck_assert_uint_gt(seen[0 * 9 + 1 * 3 + 2], 0);
    ck_assert_uint_gt(seen[2 * 9 + 1 * 3 + 0], 0);
}
END_TEST

START_TEST(random_numbers_stay_below_and_repeat)
{
    struct stats_random one = {3}, other = {3};
    unsigned seen[5] = {0};

    for (int i = 0; i < 1000; i++) {
        uint32_t number = stats_below(&one, 5);

        ck_assert_uint_lt(number, 5);
        ck_assert_uint_eq(number, stats_below(&other, 5));
        seen[number]++;
    }
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_gt(seen[i], 120);
    ck_assert_uint_eq(stats_below(&one, 1), 0);
}
END_TEST

/*
 * The binomial distribution of n halves gives the ranks between which the median lies with 99 %
 * probability (David and Nagaraja, Order Statistics, 7.1). For 101 values these are about 38 and
 * 64. The bootstrap must come near.
 */
START_TEST(the_interval_of_a_median_agrees_with_theory)
{
    struct stats_random random = {11};
    struct stats_interval interval;
    double values[101];

    for (size_t i = 0; i < LENGTH(values); i++)
        values[i] = (double)((i * 37) % 101 + 1); /* 1 to 101, in mixed order */
    interval = stats_bootstrap(values, LENGTH(values), 4000, &random);
    close_to(interval.mid, 51);
    ck_assert_msg(interval.low > 35.5 && interval.low < 41.5, "%f", interval.low);
    ck_assert_msg(interval.high > 60.5 && interval.high < 66.5, "%f", interval.high);
}
END_TEST

/* Takes 400 samples of 15 uniform values. The interval must contain the true median in nearly all
 * of them. With a chance of 0.97 each, fewer than 376 of 400 would happen once in 10,000 times. */
START_TEST(the_interval_contains_the_true_median)
{
    struct stats_random random = {5};
    unsigned held = 0;

    for (int sample = 0; sample < 400; sample++) {
        struct stats_interval interval;
        double values[15];

        for (size_t i = 0; i < LENGTH(values); i++)
            values[i] = stats_below(&random, 1000001) / 1e6;
        interval = stats_bootstrap(values, LENGTH(values), 500, &random);
        held += !stats_excludes(&interval, 0.5);
    }
    ck_assert_uint_ge(held, 376);
}
END_TEST

START_TEST(few_values_have_no_interval)
{
    struct stats_random random = {1};
    double same[] = {2, 2, 2, 2}, one = 5;
    struct stats_interval interval = stats_bootstrap(&one, 1, 100, &random);

    close_to(interval.mid, 5);
    ck_assert(isnan(interval.low) && isnan(interval.high) && !stats_excludes(&interval, 1));
    interval = stats_bootstrap(&one, 0, 100, &random);
    ck_assert(isnan(interval.mid));
    interval = stats_bootstrap(same, LENGTH(same), 100, &random);
    close_to(interval.low, 2);
    close_to(interval.high, 2);
    ck_assert(stats_excludes(&interval, 1.99) && stats_excludes(&interval, 2.01)
              && !stats_excludes(&interval, 2));
}
END_TEST

/* With two values the median lies in the middle between them, in a resample too. */
START_TEST(the_median_of_two_values)
{
    static const double values[] = {1, 3};
    struct stats_random random = {2};
    struct stats_interval interval = stats_bootstrap(values, 2, 2000, &random);

    close_to(interval.mid, 2);
    close_to(interval.low, 1);
    close_to(interval.high, 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        quantiles_lie_between_the_values,
        median_and_mad,
        outliers_are_beyond_five_mads,
        all_orders_come_equally_often,
        random_numbers_stay_below_and_repeat,
        the_interval_of_a_median_agrees_with_theory,
        the_interval_contains_the_true_median,
        few_values_have_no_interval,
        the_median_of_two_values,
        NULL,
    };

    return run_suite("bench_stats", tests);
}
