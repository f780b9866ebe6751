/* SPDX-License-Identifier: MIT */
/*
 * Makes the rows. The rows of a group are compared: they have the same job, picture and pages. By
 * default the first group has all engines; the other groups have threads and processes.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

/* What all rows of a group share. */
struct frame {
    enum bench_job job;
    uint32_t picture;
    bool small_pages, warm;
    bool full; /* with serial, gil and other numbers of workers */
    bool kept; /* the rows to be added keep their workers */
    const telar_pipeline *pipeline;
};

static const char *job_name(enum bench_job job)
{
    return job == BENCH_MEMORY ? "in memory" : "PNG to PNG";
}

/* Returns the number of rungs of the library, which calls other numbers "unknown". */
static telar_isolation last_isolation(void)
{
    int i = TELAR_SHARED;

    while (strcmp(telar_isolation_name((telar_isolation)(i + 1)), "unknown") != 0)
        i++;
    return (telar_isolation)i;
}

static void name_row(struct bench_row *row, uint32_t usual_workers)
{
    const struct telar_options *options = &row->options;
    size_t used;

    if (options->engine == TELAR_PROCESSES)
        snprintf(row->name, sizeof row->name, "processes, %s",
                 telar_isolation_name(options->isolation));
    else
        snprintf(row->name, sizeof row->name, "%s", telar_engine_name(options->engine));
    used = strlen(row->name);
    if (options->workers != usual_workers && options->engine != TELAR_SERIAL)
        snprintf(row->name + used, sizeof row->name - used, " (%" PRIu32 ")", options->workers);
    if (row->kept)
        strcat(row->name, ", kept");
    if (row->again)
        strcat(row->name, " again (A/A)");
}

static bool add_row(struct bench *bench, const struct frame *frame, telar_engine engine,
                    telar_isolation isolation, uint32_t workers)
{
    struct bench_row *row = &bench->row[bench->n_rows];

    if (bench->n_rows == BENCH_ROWS_MAX) {
        say("more than %d rows; ask for fewer engines, workers or sizes at a time", BENCH_ROWS_MAX);
        return false;
    }
    *row = (struct bench_row){.job = frame->job,
                              .picture = frame->picture,
                              .small_pages = frame->small_pages,
                              .warm = frame->warm,
                              .kept = frame->kept,
                              .pipeline = frame->pipeline,
                              .group = bench->n_groups};
    row->options = (struct telar_options){.engine = engine,
                                          .isolation = isolation,
                                          .workers = workers,
                                          .measure = bench_settings(row, false),
                                          .no_restart = frame->job == BENCH_FILE};
    name_row(row, bench->wishes.workers[0]);
    bench->n_rows++;
    return true;
}

/* Adds processes at every rung. Other numbers of workers are added for one rung only. */
static bool add_processes(struct bench *bench, const struct frame *frame, uint32_t workers,
                          bool usual)
{
    const struct bench_wishes *wishes = &bench->wishes;
    telar_isolation last = last_isolation();
    bool good = true;

    if (wishes->n_isolations == 0 && !usual)
        return add_row(bench, frame, TELAR_PROCESSES, TELAR_GUARDED, workers);
    for (uint32_t i = 0; good && i < wishes->n_isolations; i++)
        good = add_row(bench, frame, TELAR_PROCESSES, wishes->isolation[i], workers);
    for (int i = TELAR_SHARED; good && wishes->n_isolations == 0 && i <= (int)last; i++)
        good = add_row(bench, frame, TELAR_PROCESSES, (telar_isolation)i, workers);
    return good;
}

static bool wants_engine(const struct bench_wishes *wishes, telar_engine engine)
{
    for (uint32_t i = 0; i < wishes->n_engines; i++)
        if (wishes->engine[i] == engine)
            return true;
    return wishes->n_engines == 0;
}

/* Adds rows whose workers are kept. Serial has no workers to keep. */
static bool add_kept(struct bench *bench, const struct frame *frame, uint32_t workers, bool usual)
{
    const struct bench_wishes *wishes = &bench->wishes;
    struct frame kept = *frame;
    bool good = true;

    if (!wishes->kept || frame->job == BENCH_FILE || !(wishes->starts || (usual && frame->full)))
        return true;
    kept.kept = true;
    if (wants_engine(wishes, TELAR_THREADS))
        good = add_row(bench, &kept, TELAR_THREADS, TELAR_ISOLATION_DEFAULT, workers);
    if (good && wishes->starts && wishes->n_engines && wants_engine(wishes, TELAR_GIL))
        good = add_row(bench, &kept, TELAR_GIL, TELAR_ISOLATION_DEFAULT, workers);
    if (good && wants_engine(wishes, TELAR_PROCESSES))
        good = add_processes(bench, &kept, workers, usual);
    return good;
}

static bool add_workers(struct bench *bench, const struct frame *frame, uint32_t workers,
                        bool usual)
{
    const struct bench_wishes *wishes = &bench->wishes;
    bool good = true;

    if (!wishes->made)
        return add_kept(bench, frame, workers, usual);
    if (usual && frame->full && wants_engine(wishes, TELAR_SERIAL))
        good = add_row(bench, frame, TELAR_SERIAL, TELAR_ISOLATION_DEFAULT, 1);
    if (good && wants_engine(wishes, TELAR_THREADS))
        good = add_row(bench, frame, TELAR_THREADS, TELAR_ISOLATION_DEFAULT, workers);
    if (good && (usual || wishes->n_engines) && frame->full && wants_engine(wishes, TELAR_GIL))
        good = add_row(bench, frame, TELAR_GIL, TELAR_ISOLATION_DEFAULT, workers);
    if (good && wants_engine(wishes, TELAR_PROCESSES))
        good = add_processes(bench, frame, workers, usual);
    return good && add_kept(bench, frame, workers, usual);
}

static void title_group(const struct bench *bench, const struct frame *frame,
                        struct bench_group *group)
{
    const struct telar_geometry *g = telar_image_geometry(bench->picture[frame->picture].image);

    snprintf(group->title, sizeof group->title,
             "%s%s, %" PRIu32 " x %" PRIu32 " x %" PRIu32 ", %" PRIu32
             " bits (%.3g MB), %s pages%s; %" PRIu32 " worker%s",
             frame->pipeline == bench->notebook ? "the notebook's invert, " : "",
             job_name(frame->job), g->rows, g->columns, g->channels, g->depth,
             (double)g->rows * (double)telar_row_bytes(g) / 1e6,
             frame->small_pages ? "4 KiB" : "huge", frame->warm ? ", warm segment" : "",
             bench->wishes.workers[0], bench->wishes.workers[0] == 1 ? "" : "s");
}

/* The baseline is threads with the usual number of workers, or else the first row. */
static bool add_group(struct bench *bench, const struct frame *frame)
{
    struct bench_group *group = &bench->group[bench->n_groups];
    const struct bench_wishes *wishes = &bench->wishes;
    uint32_t first = bench->n_rows;
    struct frame same = *frame;
    struct bench_row *again;

    title_group(bench, frame, group);
    for (uint32_t i = 0; i < wishes->n_workers; i++)
        if ((i == 0 || frame->full) && !add_workers(bench, frame, wishes->workers[i], i == 0))
            return false;
    if (bench->n_rows == first)
        return true;
    group->baseline = first;
    for (uint32_t i = first; i < bench->n_rows; i++)
        if (bench->row[i].options.engine == TELAR_THREADS && bench->row[i].kept == !wishes->made
            && bench->row[i].options.workers == wishes->workers[0])
            group->baseline = i;
    group->again = bench->n_rows;
    again = &bench->row[group->baseline];
    same.kept = again->kept;
    if (!add_row(bench, &same, again->options.engine, again->options.isolation,
                 again->options.workers))
        return false;
    again = &bench->row[group->again];
    again->again = true;
    name_row(again, wishes->workers[0]);
    for (uint32_t i = first; i < bench->n_rows; i++)
        bench->row[i].baseline = group->baseline;
    bench->n_groups++;
    return true;
}

/*
 * Only pictures in memory are run with small pages too: a file passes through a window of a few MB.
 */
static bool add_groups_of(struct bench *bench, uint32_t picture, enum bench_job job)
{
    const struct bench_wishes *wishes = &bench->wishes;
    bool first = true;

    for (uint32_t p = 0; p < wishes->n_pages; p++)
        for (uint32_t s = 0; s < wishes->n_segments; s++) {
            struct frame frame = {job,
                                  picture,
                                  wishes->small_pages[p],
                                  wishes->warm[s],
                                  first || wishes->n_engines,
                                  false,
                                  bench->pipeline};

            if (job == BENCH_FILE && !first)
                continue;
            if (!add_group(bench, &frame))
                return false;
            first = false;
        }
    return true;
}

/* Fills in the usual number of workers first, then 1, 2, 4, ... for the curve. */
static void default_workers(struct bench_wishes *wishes)
{
    wishes->workers[0] = telar_host_workers((char[TELAR_REASON_BYTES]){0});
    wishes->n_workers = 1;
    for (uint32_t n = 1; n < wishes->workers[0] && wishes->n_workers < BENCH_LIST_MAX; n *= 2)
        wishes->workers[wishes->n_workers++] = n;
}

static void fill_defaults(struct bench_wishes *wishes)
{
    if (wishes->n_workers == 0)
        default_workers(wishes);
    if (wishes->n_jobs == 0) {
        wishes->job[wishes->n_jobs++] = BENCH_MEMORY;
        wishes->job[wishes->n_jobs++] = BENCH_FILE;
    }
    if (wishes->n_pages == 0) {
        wishes->small_pages[wishes->n_pages++] = false;
        wishes->small_pages[wishes->n_pages++] = true;
    }
    if (wishes->n_segments == 0)
        wishes->warm[wishes->n_segments++] = false;
}

telar_status bench_plan(struct bench *bench)
{
    struct bench_wishes *wishes = &bench->wishes;
    struct bench_python *python = &bench->python;
    struct frame notebook = {BENCH_MEMORY, python->picture, false,          false,
                             true,         false,           bench->notebook};
    uint32_t n_pictures = python->picture ? python->picture : bench->n_pictures;

    fill_defaults(wishes);
    if (!wishes->starts)
        wishes->made = wishes->kept = true;
    if (wishes->kept && wishes->n_jobs == 1 && wishes->job[0] == BENCH_FILE)
        say("left out: kept workers: they are for pictures in memory");
    for (uint32_t picture = 0; picture < n_pictures; picture++)
        for (uint32_t j = 0; j < wishes->n_jobs; j++)
            if (!add_groups_of(bench, picture, wishes->job[j]))
                return TELAR_USAGE;
    python->group = bench->n_groups;
    if (python->ran && !add_group(bench, &notebook))
        return TELAR_USAGE;
    return TELAR_OK;
}
