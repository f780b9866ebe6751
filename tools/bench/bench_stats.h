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
 * The part of a bootstrap's resamples that lies inside an interval. 99 %, not 95: of a table with
 * twenty rows one would otherwise be expected to claim a difference that is none.
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

/* A whole number from 0 to below - 1; below is at least 1 and under 2^32. */
uint32_t stats_below(struct stats_random *random, uint32_t below);

/* Puts `n` numbers into random order, each order as likely as the others (Fisher and Yates). */
void stats_shuffle(struct stats_random *random, size_t *order, size_t n);

/* The value below which `part` of all lie, 0 to 1; between two values the line between them. n
 * >= 1. */
double stats_quantile(const double *values, size_t n, double part);

/* The middle of them; the middle of their distances from it (median absolute deviation, not
 * scaled). n >= 1. */
double stats_median(const double *values, size_t n);
double stats_mad(const double *values, size_t n);

/*
 * How many lie farther than 5 MADs from the median: about 3.4 standard deviations, were they
 * normal. With a MAD of zero none is called an outlier.
 */
size_t stats_outliers(const double *values, size_t n);

/*
 * The median with its bootstrap interval (Efron's percentile method): the values are drawn anew
 * with replacement, `resamples` times, and of the medians the middle STATS_LEVEL are kept. Fewer
 * than 2 values have no interval.
 */
struct stats_interval stats_bootstrap(const double *values, size_t n, uint32_t resamples,
                                      struct stats_random *random);

/* Whether the interval lies on one side of `value`. False for what has no interval. */
bool stats_excludes(const struct stats_interval *interval, double value);

#endif
