/* SPDX-License-Identifier: MIT */
/*
 * Finds the picture size from which on threads, and processes, are faster than one worker. One
 * search by halving finds the largest size at which serial is still faster. A second one finds the
 * smallest size at which serial no longer is. The break-even is between the two; the estimate is
 * their geometric mean.
 */
#include <config.h>

#include "bench/bench.h"

#include <math.h>
#include <stddef.h>

enum { PROBES_MAX = 24, LEAST_SIDE = 4, PROBE_ROUNDS = 31, STEPS = 6 };

/* A measured size, and the ratio of the times of the row and of serial. */
struct probe {
    double pixels;
    struct stats_interval ratio;
};

struct search {
    struct bench *bench;
    const struct bench_row *row, *serial;
    telar_image *image; /* pictures are cut from its middle */
    struct probe probe[PROBES_MAX];
    uint32_t n_probes;
    bool failed;
};

static bool time_once(const struct search *search, const telar_image *image,
                      const struct bench_row *row, double *ms)
{
    telar_image *result = NULL;
    telar_report *report = NULL;
    bool good = telar_run(image, &result, row->pipeline, &row->options, &report, NULL) == TELAR_OK;

    (void)search;
    if (good)
        *ms = (double)report->transform_ns / 1e6;
    telar_report_free(report);
    telar_image_free(result);
    return good;
}

/* Measures pairs of runs. A coin decides which run comes first. */
static bool time_pairs(struct search *search, const telar_image *image,
                       struct stats_interval *ratio)
{
    double times[2], ratios[PROBE_ROUNDS];

    for (int round = -1; round < PROBE_ROUNDS; round++) { /* the first is a warm-up */
        int first = (int)stats_below(&search->bench->random, 2);

        for (int i = 0; i < 2; i++)
            if (bench_interrupted
                || !time_once(search, image, (first + i) % 2 ? search->row : search->serial,
                              &times[(first + i) % 2]))
                return false;
        if (round >= 0)
            ratios[round] = times[1] / times[0];
    }
    *ratio = stats_bootstrap(ratios, PROBE_ROUNDS, 2000, &search->bench->random);
    return true;
}

/* Measures the ratio at a size, once for each size. The picture keeps its shape. */
static struct stats_interval ratio_at(struct search *search, double pixels)
{
    const struct telar_geometry *whole = telar_image_geometry(search->image);
    double scale = sqrt(pixels / ((double)whole->rows * whole->columns));
    struct probe *probe = &search->probe[search->n_probes];
    telar_image *image;

    for (uint32_t i = 0; i < search->n_probes; i++)
        if (fabs(search->probe[i].pixels / pixels - 1) < 1e-9)
            return search->probe[i].ratio;
    probe->pixels = pixels;
    probe->ratio = (struct stats_interval){NAN, NAN, NAN};
    image = bench_picture_crop(search->image, (uint32_t)fmax(1, round(whole->rows * scale)),
                               (uint32_t)fmax(1, round(whole->columns * scale)));
    if (!image || !time_pairs(search, image, &probe->ratio))
        search->failed = true;
    telar_image_free(image);
    if (search->n_probes + 1 < PROBES_MAX)
        search->n_probes++;
    return probe->ratio;
}

static bool surely_slower(const struct stats_interval *ratio)
{
    return ratio->low > 1;
}
static bool not_surely_faster(const struct stats_interval *ratio)
{
    return !(ratio->high < 1);
}

/*
 * Finds where `holds` ends; it is true at low and false at high. Returns the last size at which it
 * is true, or the first at which it is false.
 */
static double halve(struct search *search, double low, double high,
                    bool (*holds)(const struct stats_interval *), bool last)
{
    for (int step = 0; step < STEPS && !search->failed; step++) {
        double middle = sqrt(low * high);
        struct stats_interval ratio = ratio_at(search, middle);

        if (holds(&ratio))
            low = middle;
        else
            high = middle;
    }
    return last ? low : high;
}

/* Returns NAN when the row is slower, or faster, at every size. */
static struct stats_interval find(struct search *search)
{
    const struct telar_geometry *whole = telar_image_geometry(search->image);
    double all = (double)whole->rows * whole->columns, least = fmin(all, LEAST_SIDE * LEAST_SIDE);
    struct stats_interval at_least = ratio_at(search, least), at_all = ratio_at(search, all), found;

    if (search->failed || !surely_slower(&at_least) || not_surely_faster(&at_all))
        return (struct stats_interval){NAN, NAN, NAN};
    found.low = halve(search, least, all, surely_slower, true);
    found.high = halve(search, found.low, all, not_surely_faster, false);
    found.mid = sqrt(found.low * found.high);
    return search->failed ? (struct stats_interval){NAN, NAN, NAN} : found;
}

/*
 * Searches for the rows of the first group in memory that have the usual number of workers, at
 * least 2.
 */
void bench_find_even(struct bench *bench)
{
    const struct bench_row *serial = NULL;

    bench->n_evens = 0;
    for (uint32_t i = 0; i < bench->n_rows && !serial; i++)
        if (bench->row[i].job == BENCH_MEMORY && bench->row[i].options.engine == TELAR_SERIAL
            && !bench->row[i].left_out)
            serial = &bench->row[i];
    for (uint32_t i = 0;
         serial && i < bench->n_rows && !bench_interrupted && bench->n_evens < BENCH_RUNGS_MAX;
         i++) {
        const struct bench_row *row = &bench->row[i];
        struct search search = {.bench = bench,
                                .row = row,
                                .serial = serial,
                                .image = bench->picture[serial->picture].image};

        if (row->group != serial->group || row->left_out || row->again || row->kept
            || row->options.workers < 2 || row->options.workers != bench->wishes.workers[0]
            || row->options.engine == TELAR_GIL)
            continue;
        bench->even[bench->n_evens++] = (struct bench_even){i, find(&search)};
    }
}
