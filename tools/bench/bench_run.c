/* SPDX-License-Identifier: MIT */
/*
 * One run of one row. Every measurement comes from here.
 */
#include <config.h>

#include "bench/bench.h"

#include "cli/host.h"

#include <signal.h>
#include <stdlib.h>

volatile int bench_interrupted;

/*
 * The first two signals end the bench after the current run. The third one ends the program at once
 * and leaves the pictures. Two signals are normal: timeout(1) sends one to the program and one to
 * its group.
 */
static void on_signal(int number)
{
    if (bench_interrupted < 2) {
        bench_interrupted++;
        return;
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* A signal from the terminal also ends the worker processes. The run then fails and is dropped. */
void bench_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

/*
 * Notes the time that is compared. In memory that is the time of the workers, because copying the
 * picture is the same for all rows. With files it is the whole time.
 */
static void note_sample(const struct bench_row *row, const telar_report *report,
                        struct bench_sample *sample)
{
    *sample = (struct bench_sample){.place = sample->place};
    sample->ms = (double)(row->job == BENCH_MEMORY ? report->transform_ns : report->total_ns) / 1e6;
    for (uint32_t i = 0; i < report->n_workers; i++) {
        const struct telar_worker_report *worker = &report->worker[i];

        sample->minor_faults += worker->minor_faults;
        sample->major_faults += worker->major_faults;
        sample->voluntary += worker->voluntary_switches;
        sample->involuntary += worker->involuntary_switches;
        sample->user_ms += (double)worker->user_ns / 1e6;
        sample->system_ms += (double)worker->system_ns / 1e6;
    }
}

void bench_end_pools(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        telar_pool_free(bench->row[i].pool);
        bench->row[i].pool = NULL;
    }
}

const struct telar_measure *bench_settings(const struct bench_row *row, bool touch_first)
{
#define COUNT TELAR_MEASURE_INIT, .count_huge_pages = true
    enum { SMALL = 4, WARM = 2, TOUCH = 1 };
    static const struct telar_measure all[] = {
        [0] = {COUNT},
        [TOUCH] = {COUNT, .touch_first = true},
        [WARM] = {COUNT, .warm = true},
        [WARM + TOUCH] = {COUNT, .warm = true, .touch_first = true},
        [SMALL] = {COUNT, .small_pages = true},
        [SMALL + TOUCH] = {COUNT, .small_pages = true, .touch_first = true},
        [SMALL + WARM] = {COUNT, .small_pages = true, .warm = true},
        [SMALL + WARM + TOUCH] = {COUNT, .small_pages = true, .warm = true, .touch_first = true},
    };
#undef COUNT

    return &all[row->small_pages * SMALL + row->warm * WARM + touch_first * TOUCH];
}

/* Makes the pool of a row. Its first run starts the workers and is no sample. */
static telar_status make_pool(struct bench_row *row, const telar_image *source,
                              const struct telar_options *options, struct telar_error *error)
{
    telar_image *image = NULL;
    telar_status status;

    if (row->pool && row->pool_options.measure == options->measure
        && row->pool_options.progress == options->progress)
        return TELAR_OK;
    telar_pool_free(row->pool);
    row->pool_options = *options;
    status =
        telar_pool_new(telar_image_geometry(source), row->pipeline, options, &row->pool, error);
    if (status == TELAR_OK)
        status = telar_pool_run(row->pool, source, &image, NULL, error);
    telar_image_free(image);
    return status;
}

static telar_status run_in_memory(struct bench_row *row, const telar_image *source,
                                  const struct telar_options *options, double *begin_ms,
                                  telar_image **image, telar_report **told,
                                  struct telar_error *error)
{
    telar_status status;

    if (!row->kept)
        return telar_run(source, image, row->pipeline, options, told, error);
    status = make_pool(row, source, options, error);
    *begin_ms = now_ms();
    return status == TELAR_OK ? telar_pool_run(row->pool, source, image, told, error) : status;
}

telar_status bench_run(const struct bench *bench, struct bench_row *row,
                       const struct telar_options *options, struct bench_sample *sample,
                       double *wall_ms, telar_report **report, telar_image **result,
                       struct telar_error *error)
{
    const struct bench_picture *picture = &bench->picture[row->picture];
    telar_image *image = NULL;
    char output[sizeof bench->directory + 16];
    telar_report *told = NULL;
    telar_status status;
    double begin_ms = now_ms();

    if (row->job == BENCH_MEMORY) {
        status = run_in_memory(row, picture->image, options, &begin_ms, &image, &told, error);
    } else {
        snprintf(output, sizeof output, "%s/out.png", bench->directory);
        status = telar_run_file(picture->path, output, row->pipeline, options, &told, error);
    }
    *wall_ms = now_ms() - begin_ms;
    if (status == TELAR_OK)
        note_sample(row, told, sample);
    if (status == TELAR_OK && result && row->job == BENCH_FILE)
        status = telar_image_read(output, NULL, &image, error);
    if (report)
        *report = told;
    else
        telar_report_free(told);
    if (result)
        *result = image;
    else
        telar_image_free(image);
    return status;
}
