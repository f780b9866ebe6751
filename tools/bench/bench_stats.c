/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "bench/bench_stats.h"

#include "galaxy/fixed_point.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES_MAX = 10000 };

/* Multiplies the upper 32 bits by the bound. The bias is below 2^-32. */
uint32_t stats_below(struct stats_random *random, uint32_t below)
{
    return (uint32_t)((fixed_random(++random->at) >> 32) * below >> 32);
}

void stats_shuffle(struct stats_random *random, size_t *order, size_t n)
{
    for (; n > 1; n--) {
        size_t i = stats_below(random, (uint32_t)n), other = order[n - 1];

        order[n - 1] = order[i];
        order[i] = other;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort(double *sorted, const double *values, size_t n)
{
    assert(n >= 1);
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
}

static double quantile_of_sorted(const double *sorted, size_t n, double part)
{
    double at = (double)(n - 1) * part;
    size_t below = (size_t)at;

    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double stats_quantile(const double *values, size_t n, double part)
{
    double sorted[STATS_MAX];

    assert(n <= STATS_MAX);
    sort(sorted, values, n);
    return quantile_of_sorted(sorted, n, part);
}

double stats_median(const double *values, size_t n)
{
    return stats_quantile(values, n, 0.5);
}

double stats_mad(const double *values, size_t n)
{
    double distance[STATS_MAX], median = stats_median(values, n);

    for (size_t i = 0; i < n; i++)
        distance[i] = fabs(values[i] - median);
    return stats_median(distance, n);
}

size_t stats_outliers(const double *values, size_t n)
{
    double median = stats_median(values, n), mad = stats_mad(values, n);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += mad > 0 && fabs(values[i] - median) > 5 * mad;
    return count;
}

/*
 * Returns the median of one resample. It draws how often each sorted value occurs, so nothing is
 * sorted again. The median is where the counts pass the half.
 */
static double resampled_median(const double *sorted, size_t n, struct stats_random *random)
{
    uint32_t count[STATS_MAX] = {0};
    size_t left = (n - 1) / 2, right = n / 2, passed = 0, i = 0;
    double low;

    for (size_t draw = 0; draw < n; draw++)
        count[stats_below(random, (uint32_t)n)]++;
    while ((passed += count[i]) <= left)
        i++;
    low = sorted[i];
    while (passed <= right)
        passed += count[++i];
    return (low + sorted[i]) / 2;
}

struct stats_interval stats_bootstrap(const double *values, size_t n, uint32_t resamples,
                                      struct stats_random *random)
{
    static const double tail = (1 - STATS_LEVEL) / 2;
    double sorted[STATS_MAX], medians[RESAMPLES_MAX];
    struct stats_interval interval = {NAN, NAN, NAN};

    assert(n <= STATS_MAX && resamples >= 1 && resamples <= RESAMPLES_MAX);
    if (n == 0)
        return interval;
    sort(sorted, values, n);
    interval.mid = quantile_of_sorted(sorted, n, 0.5);
    if (n < 2)
        return interval;
    for (uint32_t i = 0; i < resamples; i++)
        medians[i] = resampled_median(sorted, n, random);
    qsort(medians, resamples, sizeof *medians, by_value);
    interval.low = quantile_of_sorted(medians, resamples, tail);
    interval.high = quantile_of_sorted(medians, resamples, 1 - tail);
    return interval;
}

bool stats_excludes(const struct stats_interval *interval, double value)
{
    return interval->low > value || interval->high < value;
}
