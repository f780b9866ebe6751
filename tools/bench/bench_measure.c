/* SPDX-License-Identifier: MIT */
/*
 * The rounds. Each round runs every row once, in a new order. Load of the machine, the contents of
 * caches and the clock rate therefore affect all rows alike. Ratios are taken round by round.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/host.h"
#include "cli/cli.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROUNDS = 11, CHECK_EVERY = 5, QUICK_RESAMPLES = 500, RESAMPLES = 4000 };

/* ---- warm-up ---- */

/*
 * Returns FNV-1a over all pixels. It shows workers that disturbed each other; it is no protection
 * against malice.
 */
static uint64_t picture_hash(telar_image *image)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (uint32_t row = 0; row < g->rows; row++) {
        const unsigned char *at = telar_image_row(image, row);

        for (size_t i = 0; i < telar_row_bytes(g); i++)
            hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Compares the result with that of the first row that transformed the same picture. */
static bool same_result(const struct bench_row *row, uint64_t hash,
                        uint64_t expected[BENCH_LIST_MAX])
{
    if (expected[row->picture] == 0)
        expected[row->picture] = hash;
    return expected[row->picture] == hash;
}

/* Runs a row for the first time, unmeasured. */
static telar_status try_row(struct bench *bench, struct bench_row *row,
                            uint64_t expected[BENCH_LIST_MAX])
{
    struct telar_error error = {.status = TELAR_HOST, .text = "no memory"};
    telar_image *result = NULL;
    telar_status status;
    double wall_ms;

    row->sample = calloc(BENCH_ROUNDS_MAX, sizeof *row->sample);
    if (!row->sample) {
        say("no memory for the samples");
        return TELAR_HOST;
    }
    status = bench_run(bench, row, &row->options, row->sample, &wall_ms, NULL, &result, &error);
    if (bench_interrupted) {
        status = TELAR_OK;
    } else if (status != TELAR_OK) {
        say("left out: %s: %s", row->name, error.text);
        row->left_out = true;
    } else if (!same_result(row, picture_hash(result), expected)) {
        say("%s gave another picture than the rows before it; please report that", row->name);
        status = TELAR_WORKER;
    }
    telar_image_free(result);
    return row->left_out && (status == TELAR_HOST || status == TELAR_USAGE) ? TELAR_OK : status;
}

/* The A/A row repeats another row from now on. */
static void repeat(struct bench *bench, struct bench_group *group, uint32_t baseline)
{
    struct bench_row *again = &bench->row[group->again];
    char name[sizeof again->name - 16];

    snprintf(name, sizeof name, "%s", bench->row[baseline].name);
    snprintf(again->name, sizeof again->name, "%s again (A/A)", name);
    again->options = bench->row[baseline].options;
    again->kept = bench->row[baseline].kept;
    again->left_out = false;
    group->baseline = baseline;
    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (bench->row[i].group == again->group)
            bench->row[i].baseline = baseline;
}

/* Makes the first row that could run the baseline of a group whose own baseline could not. */
static void choose_baselines(struct bench *bench)
{
    for (uint32_t g = 0; g < bench->n_groups; g++) {
        struct bench_group *group = &bench->group[g];

        for (uint32_t i = 0; i < bench->n_rows && bench->row[group->baseline].left_out; i++)
            if (bench->row[i].group == g && !bench->row[i].left_out && !bench->row[i].again)
                repeat(bench, group, i);
    }
}

telar_status bench_warm_up(struct bench *bench)
{
    uint64_t expected[BENCH_LIST_MAX] = {0};
    uint32_t left = 0;
    telar_status status;

    for (uint32_t i = 0; i < bench->n_rows && !bench_interrupted; i++) {
        status = try_row(bench, &bench->row[i], expected);
        if (status != TELAR_OK)
            return status;
        left += !bench->row[i].left_out && !bench->row[i].again;
    }
    choose_baselines(bench);
    if (left > 0 || bench_interrupted)
        return TELAR_OK;
    say("nothing is left to be measured; telar doctor says what this host gives");
    return TELAR_HOST;
}

/* ---- rounds ---- */

/*
 * Returns false when the bench was interrupted or the row failed. A row that failed is left out
 * from then on.
 */
static bool measure_row(struct bench *bench, struct bench_row *row, uint32_t place)
{
    struct bench_sample *sample = &row->sample[bench->rounds];
    struct telar_error error;
    double wall_ms;

    sample->place = place;
    if (bench_run(bench, row, &row->options, sample, &wall_ms, NULL, NULL, &error) == TELAR_OK)
        return true;
    if (bench_interrupted)
        return false;
    say("left out from round %" PRIu32 " on: %s: %s", bench->rounds + 1, row->name, error.text);
    row->left_out = true;
    return row->baseline
           != (uint32_t)(row - bench->row); /* a group is nothing without its baseline */
}

static bool measure_round(struct bench *bench)
{
    size_t order[BENCH_ROWS_MAX], n = 0;

    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (!bench->row[i].left_out)
            order[n++] = i;
    stats_shuffle(&bench->random, order, n);
    for (size_t i = 0; i < n; i++)
        if (bench_interrupted || !measure_row(bench, &bench->row[order[i]], (uint32_t)i))
            return false;
    if (bench->python.ran)
        bench_python_round(bench);
    return !bench_interrupted;
}

struct stats_interval bench_ratio(struct bench *bench, const struct bench_row *row,
                                  const struct bench_row *to, uint32_t resamples)
{
    double ratio[BENCH_ROUNDS_MAX];

    for (uint32_t i = 0; i < bench->rounds; i++)
        ratio[i] = row->sample[i].ms / to->sample[i].ms;
    return stats_bootstrap(ratio, bench->rounds, resamples, &bench->random);
}

/*
 * Returns half the width of the widest interval, as a part of its ratio; NaN after too few rounds.
 */
static double widest_interval(struct bench *bench)
{
    double widest = 0;

    for (uint32_t i = 0; i < bench->n_rows; i++) {
        struct bench_row *row = &bench->row[i];
        struct stats_interval ratio;

        if (row->left_out || row->baseline == i)
            continue;
        ratio = bench_ratio(bench, row, &bench->row[row->baseline], QUICK_RESAMPLES);
        if (!isfinite(ratio.low))
            return NAN;
        widest = fmax(widest, (ratio.high - ratio.low) / 2 / ratio.mid);
    }
    return widest;
}

/* Returns true when there are enough rounds, and notes why. */
static bool enough(struct bench *bench, double spent_ms)
{
    const struct bench_wishes *wishes = &bench->wishes;

    if (bench->rounds == (wishes->rounds ? wishes->rounds : BENCH_ROUNDS_MAX)) {
        bench->stop = STOP_ROUNDS;
        return true;
    }
    if (wishes->rounds)
        return false;
    if (spent_ms + spent_ms / fmax(bench->rounds, 1) > wishes->budget_ms && bench->rounds > 0) {
        bench->stop = STOP_TIME;
        return true;
    }
    if (bench->rounds < LEAST_ROUNDS || bench->rounds % CHECK_EVERY != 0)
        return false;
    bench->stop = STOP_PRECISE;
    return widest_interval(bench) <= wishes->precision;
}

static void show_progress(struct progress *progress, const struct bench *bench, double spent_ms)
{
    char text[64];

    snprintf(text, sizeof text, "round %" PRIu32 ", %.0f s", bench->rounds + 1, spent_ms / 1e3);
    progress_text(progress, text);
}

void bench_measure(struct bench *bench)
{
    struct progress progress = {0};
    double begin_ms = now_ms();

    progress_start(&progress, bench->wishes.progress, bench->wishes.quiet);
    while (!enough(bench, now_ms() - begin_ms)) {
        show_progress(&progress, bench, now_ms() - begin_ms);
        if (!measure_round(bench)) {
            bench->stop = STOP_INTERRUPTED;
            break;
        }
        bench->rounds++;
    }
    bench->spent_s = (now_ms() - begin_ms) / 1e3;
    progress_end(&progress);
}

/* ---- what the samples say ---- */

static void summarize_row(struct bench *bench, struct bench_row *row)
{
    double ms[BENCH_ROUNDS_MAX];

    for (uint32_t i = 0; i < bench->rounds; i++)
        ms[i] = row->sample[i].ms;
    row->median = stats_median(ms, bench->rounds);
    row->mad = stats_mad(ms, bench->rounds);
    row->outliers = stats_outliers(ms, bench->rounds);
    row->ratio = bench_ratio(bench, row, &bench->row[row->baseline], RESAMPLES);
}

void bench_summarize(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rows && bench->rounds > 0; i++)
        if (!bench->row[i].left_out)
            summarize_row(bench, &bench->row[i]);
    for (uint32_t g = 0; g < bench->n_groups; g++) {
        struct stats_interval again = bench->row[bench->group[g].again].ratio;

        bench->group[g].resolution = fmax(fabs(log(again.low)), fabs(log(again.high)));
    }
    bench->widest = bench->rounds > 0 ? widest_interval(bench) : NAN;
}

enum bench_verdict bench_judge(const struct bench *bench, const struct bench_row *row)
{
    double resolution = bench->group[row->group].resolution;

    if (row == &bench->row[row->baseline])
        return VERDICT_BASELINE;
    if (row->again)
        return VERDICT_AGAIN;
    if (row->left_out || !isfinite(row->ratio.low) || !isfinite(resolution))
        return VERDICT_NONE;
    if (!stats_excludes(&row->ratio, 1) || fabs(log(row->ratio.mid)) <= resolution)
        return VERDICT_SAME;
    return row->ratio.mid < 1 ? VERDICT_FASTER : VERDICT_SLOWER;
}

const char *bench_verdict_name(enum bench_verdict verdict)
{
    static const char *const names[] = {"baseline", "the resolution", "not distinguishable",
                                        "faster",   "slower",         "-"};

    return names[verdict];
}
