/* SPDX-License-Identifier: MIT */
/*
 * bench_stats.h - the statistics of `telar bench`: few, robust, and repeatable from a seed.
 */
#ifndef TOOLS_BENCH_STATS_H
#define TOOLS_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most values that these functions take. */
enum { STATS_MAX = 1000 };

/*
 * The part of the resamples inside an interval. With 95 %, one row of twenty would show a false
 * difference.
 */
#define STATS_LEVEL 0.99

/* A value with its interval. NAN where there is none. */
struct stats_interval {
    double mid, low, high;
};

/* Random numbers that depend on the seed alone. Begin with {seed}. */
struct stats_random {
    uint64_t at;
};

/* Returns a whole number from 0 to below - 1. `below` is at least 1. */
uint32_t stats_below(struct stats_random *random, uint32_t below);

/* Puts `n` numbers into random order, each order as likely as the others (Fisher and Yates). */
void stats_shuffle(struct stats_random *random, size_t *order, size_t n);

/* Returns the value below which `part` (0 to 1) of all values lie, interpolated. n >= 1. */
double stats_quantile(const double *values, size_t n, double part);

/* Return the median, and the median distance from the median (MAD, not scaled). n >= 1. */
double stats_median(const double *values, size_t n);
double stats_mad(const double *values, size_t n);

/*
 * Returns how many values are farther than 5 MADs from the median (about 3.4 standard deviations of
 * a normal distribution). With a MAD of zero there are no outliers.
 */
size_t stats_outliers(const double *values, size_t n);

/*
 * Returns the median with its bootstrap interval (Efron's percentile method): the middle
 * STATS_LEVEL of the medians of `resamples` resamples. Fewer than 2 values have no interval.
 */
struct stats_interval stats_bootstrap(const double *values, size_t n, uint32_t resamples,
                                      struct stats_random *random);

/* Returns whether the whole interval lies on one side of `value`; false without an interval. */
bool stats_excludes(const struct stats_interval *interval, double value);

#endif
