/* SPDX-License-Identifier: MIT */
/*
 * Examines where the time goes, in runs of their own, because examining takes time. Each task first
 * touches its memory; so page faults are separate from computing. Once for each row the bench adds
 * up the memory of all processes.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

const char *bench_part_name(enum bench_part part)
{
    static const char *const names[N_PARTS] = {"spawn",   "map",  "first touch",
                                               "compute", "wait", "join"};

    return names[part];
}

const char *bench_step_name(enum bench_step step)
{
    static const char *const names[N_STEPS] = {"inflate", "unfilter", "transform", "encode",
                                               "write"};

    return names[step];
}

/* ---- one run ---- */

/*
 * A worker waits between its tasks. It does one task after the other, so the waiting time is the
 * rest of the time from ready to leave.
 */
static void take_worker_apart(const telar_report *r, uint32_t index, double part[N_PARTS])
{
    const struct telar_worker_report *w = &r->worker[index];
    uint64_t end_ns = r->transform_start_ns + r->transform_ns, touch_ns = 0;
    uint64_t leave_ns = w->left_ns ? w->leave_ns : w->end_ns,
             left_ns = w->left_ns ? w->left_ns : w->end_ns;

    for (uint64_t i = 0; i < r->n_tasks; i++)
        if (r->task[i].worker == index && r->task[i].end_ns > 0)
            touch_ns += r->task[i].touch_ns;
    part[PART_SPAWN] = ms(w->born_ns - w->spawn_ns);
    part[PART_MAP] = ms(w->ready_ns - w->born_ns) + ms(left_ns - leave_ns);
    part[PART_TOUCH] = ms(touch_ns);
    part[PART_COMPUTE] = ms(w->busy_ns - touch_ns);
    part[PART_JOIN] = ms(w->end_ns - left_ns);
    part[PART_WAIT] = ms(w->spawn_ns - r->transform_start_ns)
                      + ms(leave_ns - w->ready_ns - w->busy_ns) + ms(end_ns - w->end_ns);
}

static void add_steps(const telar_report *r, double step[N_STEPS])
{
    for (uint64_t i = 0; i < r->n_tasks; i++) {
        const struct telar_task_report *t = &r->task[i];
        double transform = ms(t->transform_ns), inflate = ms(t->inflate_ns),
               unfilter = ms(t->unfilter_ns);
        double all = ms(t->end_ns - t->start_ns) - inflate - unfilter;

        step[STEP_INFLATE] += inflate;
        step[STEP_UNFILTER] += unfilter;
        if (t->kind == TELAR_TASK_INFLATE)
            step[STEP_INFLATE] += all;
        else if (t->kind == TELAR_TASK_UNFILTER)
            step[STEP_UNFILTER] += all;
        else if (t->kind == TELAR_TASK_ENCODE)
            step[STEP_ENCODE] += all - transform;
        else
            transform = all;
        if (t->kind != TELAR_TASK_INFLATE && t->kind != TELAR_TASK_UNFILTER)
            step[STEP_TRANSFORM] += transform;
    }
    step[STEP_INFLATE] += ms(r->decode_ns);
    step[STEP_WRITE] += ms(r->write_ns);
}

static void take_apart(const telar_report *r, double wall_ms, struct bench_anatomy *a)
{
    *a = (struct bench_anatomy){
        .wall_ms = wall_ms, .setup_ms = ms(r->transform_start_ns), .least_cover = INFINITY};
    a->finish_ms = ms(r->total_ns - r->transform_start_ns - r->transform_ns);
    for (uint32_t i = 0; i < r->n_workers; i++) {
        double part[N_PARTS], sum = a->setup_ms + a->finish_ms;

        take_worker_apart(r, i, part);
        for (int p = 0; p < N_PARTS; p++) {
            sum += part[p];
            a->part_ms[p] += part[p] / r->n_workers;
        }
        a->least_cover = fmin(a->least_cover, sum / wall_ms);
        a->most_cover = fmax(a->most_cover, sum / wall_ms);
    }
    a->spawn_join_us = (a->part_ms[PART_SPAWN] + a->part_ms[PART_JOIN]) * 1e3;
    add_steps(r, a->step_ms);
}

/* ---- many ---- */

static double time_of(const struct bench_row *row, const struct bench_anatomy *a)
{
    return row->job == BENCH_FILE ? a->wall_ms : a->wall_ms - a->setup_ms - a->finish_ms;
}

/*
 * Keeps the report of the run with the median time for the charts. An average would show a run that
 * never happened.
 */
static void keep_specimen(struct bench_row *row, telar_report *reports[BENCH_EXAMINED])
{
    double time[BENCH_EXAMINED], middle, best = INFINITY;
    uint32_t chosen = 0;

    if (row->examined == 0)
        return;
    for (uint32_t i = 0; i < row->examined; i++)
        time[i] = time_of(row, &row->anatomy[i]);
    middle = stats_median(time, row->examined);
    for (uint32_t i = 0; i < row->examined; i++)
        if (fabs(time[i] - middle) < best) {
            best = fabs(time[i] - middle);
            chosen = i;
        }
    row->specimen = reports[chosen];
    reports[chosen] = NULL;
}

/*
 * Files are examined without touching first: a run uses its window again and again, so few pages
 * are new.
 */
static void examine_once(struct bench *bench, struct bench_row *row,
                         telar_report *reports[BENCH_EXAMINED])
{
    struct telar_options options = row->options;
    struct bench_sample sample = {0};
    struct telar_error error;
    telar_report *report = NULL;
    double wall_ms;

    options.measure = bench_settings(row, row->job == BENCH_MEMORY);
    if (bench_run(bench, row, &options, &sample, &wall_ms, &report, NULL, &error) != TELAR_OK
        || !report) {
        telar_report_free(report);
        return;
    }
    take_apart(report, wall_ms, &row->anatomy[row->examined]);
    reports[row->examined++] = report;
}

/* ---- memory ---- */

/* For struct telar_options: called after each task. After the last task all workers still exist. */
static void look_at_memory(void *data, uint64_t done, uint64_t total)
{
    struct bench_row *row = data;

    if (done == total && !bench_memory_now(&row->rss_bytes, &row->pss_bytes))
        row->rss_bytes = row->pss_bytes = 0;
}

static void examine_memory(struct bench *bench, struct bench_row *row)
{
    struct telar_options options = row->options;
    struct bench_sample sample = {0};
    struct telar_error error;
    double wall_ms;

    bench_end_pools(bench); /* the memory of kept workers would be counted, too */
    options.progress = look_at_memory;
    options.progress_data = row;
    if (bench_run(bench, row, &options, &sample, &wall_ms, NULL, NULL, &error) != TELAR_OK)
        row->rss_bytes = row->pss_bytes = 0;
}

void bench_examine(struct bench *bench)
{
    static telar_report *reports[BENCH_ROWS_MAX][BENCH_EXAMINED];
    size_t order[BENCH_ROWS_MAX];

    for (uint32_t i = 0; i < bench->n_rows; i++)
        order[i] = i;
    for (uint32_t round = 0; round < BENCH_EXAMINED && !bench_interrupted; round++) {
        stats_shuffle(&bench->random, order, bench->n_rows);
        for (uint32_t i = 0; i < bench->n_rows && !bench_interrupted; i++)
            if (!bench->row[order[i]].left_out)
                examine_once(bench, &bench->row[order[i]], reports[order[i]]);
    }
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        keep_specimen(&bench->row[i], reports[i]);
        for (uint32_t j = 0; j < BENCH_EXAMINED; j++)
            telar_report_free(reports[i][j]);
        if (!bench->row[i].left_out && !bench_interrupted)
            examine_memory(bench, &bench->row[i]);
    }
}

double bench_part_median(const struct bench_row *row, enum bench_part part)
{
    double of[BENCH_EXAMINED];

    for (uint32_t i = 0; i < row->examined; i++)
        of[i] = row->anatomy[i].part_ms[part];
    return row->examined ? stats_median(of, row->examined) : NAN;
}

double bench_step_median(const struct bench_row *row, enum bench_step step)
{
    double of[BENCH_EXAMINED];

    for (uint32_t i = 0; i < row->examined; i++)
        of[i] = row->anatomy[i].step_ms[step];
    return row->examined ? stats_median(of, row->examined) : NAN;
}
