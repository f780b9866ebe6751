/* SPDX-License-Identifier: MIT */
/*
 * What every run has: options, a plan, a segment, a report. run_file.c and run_memory.c are the
 * flows.
 */
#include <config.h>

#include "run/run.h"

#include "png/encode_bands.h"
#include "base/host.h"
#include "run/options.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- plan ---- */

/* How many workers, and why. Serial is one by definition. */
static void choose_workers(struct tl_run *run, const struct tl_groups *groups)
{
    telar_report *report = run->report;

    if (run->orders.engine->direct) {
        run->orders.workers = 1;
        snprintf(report->workers_reason, sizeof report->workers_reason, "serial is one worker");
    } else if (run->options.workers) {
        run->orders.workers = run->options.workers;
        snprintf(report->workers_reason, sizeof report->workers_reason, "asked for");
    } else {
        run->orders.workers = tl_host_workers(groups, report->workers_reason);
    }
    report->workers_wanted = run->orders.workers;
}

static void limit_workers(struct tl_run *run, uint64_t most, const char *why)
{
    char *reason = run->report->workers_reason;
    size_t used = strlen(reason);

    if (run->orders.workers <= most)
        return;
    run->orders.workers = (uint32_t)most;
    snprintf(reason + used, sizeof run->report->workers_reason - used, "; %s", why);
}

/* Workers that would find nothing to do are not made. */
static void limit_to_regions(struct tl_run *run)
{
    uint64_t most = 0;
    char why[64];

    for (uint32_t i = 0; i < run->job.n_stages; i++) {
        bool chain = run->job.stage[i].kind == TELAR_TASK_INFLATE && !run->job.restart;

        if (!chain && run->job.stage[i].count > most)
            most = run->job.stage[i].count;
    }
    snprintf(why, sizeof why, "there %s only %" PRIu64 " region%s", most == 1 ? "is" : "are", most,
             most == 1 ? "" : "s");
    limit_workers(run, most, why);
}

/* Whether it is mostly decoding and quick encoding that workers do, with transforms that read
 * little around a pixel. */
static bool is_light(const struct tl_job *job)
{
    enum { LIGHT_HALO = 16 };

    return job->fused && !job->foreign && !job->small && job->halo <= LIGHT_HALO;
}

/*
 * Nor, unless they are asked for, processes that cost more than they help: from file to file one
 * worker does a megabyte of pixels in about the time in which another is made. Nobody is told of
 * it: nobody wanted more.
 */
static void limit_to_worth(struct tl_run *run)
{
    enum { WORTH_BYTES = 1 << 20 };
    uint64_t worth = telar_row_bytes(&run->job.image) * run->job.image.rows / WORTH_BYTES;

    worth = worth ? worth : 1;
    if (run->options.workers || run->orders.workers <= worth || !run->orders.engine->processes
        || !is_light(&run->job))
        return;
    limit_workers(run, worth, "so small a picture is not worth more");
    run->report->workers_wanted = run->orders.workers;
}

/* How large a segment may be. A limit of the caller's own is one more limit: it makes no memory. */
struct limit {
    uint64_t bytes;
    bool own;
};

static struct limit find_limit(const struct tl_run *run, const struct tl_groups *groups)
{
    const uint64_t host = tl_host_memory_bytes(groups), own = run->options.max_memory;

    return own && own < host ? (struct limit){own, true} : (struct limit){host, false};
}

static telar_status reserve(struct tl_run *run, const struct limit *limit,
                            struct telar_error *error)
{
    struct tl_shape shape = tl_job_shape(&run->job);

    shape.small_pages = run->options.small_pages;
    if (shape.bytes > limit->bytes)
        return tl_fail(error, TELAR_HOST, 0,
                       "%s: needs %" PRIu64 " KiB of shared memory, %s %" PRIu64
                       " KiB; use a smaller image or %s",
                       run->name, shape.bytes >> 10, limit->own ? "the limit is" : "the host has",
                       limit->bytes >> 10,
                       limit->own ? "a higher limit (--max-memory)" : "free some");
    return tl_segment_create(&run->segment, &shape, run->options.keep_shm, error);
}

static void describe(struct tl_run *run)
{
    telar_report *report = run->report;

    report->image = run->job.image;
    snprintf(report->engine, sizeof report->engine, "%s",
             telar_engine_name(run->orders.engine->id));
    snprintf(report->isolation, sizeof report->isolation, "%s",
             run->orders.engine->processes ? telar_isolation_name(run->options.isolation) : "none");
    snprintf(report->backing, sizeof report->backing, "%s", run->segment.backing);
    report->segment_bytes = run->segment.shape.bytes;
    report->grid_rows = run->job.plan.rows;
    report->grid_columns = run->job.plan.columns;
}

/*
 * Whether the worker that inflates has time to make the pixels, too, while the bands are in its
 * cache. Where the file is not much smaller than the pixels, inflating is what everybody waits for;
 * and so it is for many workers.
 */
static bool inflates_quickly(const struct tl_run *run, const struct telar_geometry *image)
{
    enum { WORKERS_MAX = 2, SMALLER = 8 };
    const uint64_t bytes = tl_decoder_file_bytes(run->decoder);

    return run->orders.workers <= WORKERS_MAX && bytes > 0
           && bytes <= (uint64_t)image->rows * telar_row_bytes(image) / SMALLER;
}

/* A job, and then for no more workers than it is worth. */
static telar_status lay_out(struct tl_run *run, struct tl_request *request,
                            struct telar_error *error)
{
    telar_status status;

    request->workers = run->orders.workers;
    request->together = request->decode && inflates_quickly(run, &request->image);
    status = tl_job_init(&run->job, request, error);
    if (status != TELAR_OK)
        return status;
    limit_to_regions(run);
    limit_to_worth(run);
    if (run->orders.workers == request->workers)
        return TELAR_OK;
    request->workers = run->orders.workers;
    request->together = request->decode && inflates_quickly(run, &request->image);
    return tl_job_init(&run->job, request, error);
}

/* From an image's geometry to a segment with room for everything, and a report that says so. */
telar_status tl_run_plan(struct tl_run *run, const struct telar_geometry *image, bool decode,
                         bool encode, struct telar_error *error)
{
    struct tl_request request = {
        .image = *image,
        .pipeline = run->pipeline,
        .plan = run->options.plan,
        .roi = run->options.has_roi ? &run->options.roi : NULL,
        .decode = decode,
        .restart = decode && !tl_atomic_output_is_direct(run->output)
                   && tl_decoder_find_bands(run->decoder, tl_encode_band_rows(image)),
        .encode = encode,
        .small = run->options.compression == TELAR_SMALL,
        .fixed = run->options.isolation == TELAR_SANDBOXED,
        .apart = run->orders.guarded && !run->options.small_pages,
        .resident = run->options.keep_shm != NULL,
    };
    struct tl_groups groups;
    struct limit limit;
    telar_status status;

    tl_groups_read(&groups, "");
    limit = find_limit(run, &groups);
    choose_workers(run, &groups);
    status = lay_out(run, &request, error);
    if (status == TELAR_OK && request.apart && run->job.segment_bytes > limit.bytes) {
        request.apart = false; /* there is no room for the gaps between huge pages */
        status = lay_out(run, &request, error);
    }
    if (status == TELAR_OK)
        status = tl_plugins_planned(&run->plugins, error);
    if (status == TELAR_OK)
        status = reserve(run, &limit, error);
    if (status == TELAR_OK && request.fixed)
        status = tl_segment_open_readonly(&run->segment, error);
    if (status != TELAR_OK)
        return status;
    run->row = malloc(telar_row_bytes(image));
    if (!run->row)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for a row", run->name);
    tl_job_write_header(&run->job, run->segment.base);
    describe(run);
    return TELAR_OK;
}

/* ---- run ---- */

uint64_t tl_run_elapsed_ns(const struct tl_run *run)
{
    return tl_now_ns() - run->orders.epoch_ns;
}

telar_status tl_run_workers(struct tl_run *run, struct tl_outcome *outcome,
                            struct telar_error *error)
{
    telar_status status;

    run->orders.segment = &run->segment;
    if (run->options.warm)
        tl_segment_touch(&run->segment);
    run->report->transform_start_ns = tl_run_elapsed_ns(run);
    status = tl_coordinate(&run->job, &run->orders, run->report, outcome, error);
    run->report->transform_ns = tl_run_elapsed_ns(run) - run->report->transform_start_ns;
    return status;
}

/* ---- beginning and end ---- */

static telar_status make_sandbox(struct tl_run *run, struct telar_error *error)
{
    telar_status status = tl_sandbox_new(&run->sandbox, error);

    run->orders.sandbox = run->sandbox;
    if (status == TELAR_OK)
        tl_sandbox_describe(run->sandbox, run->report->sandbox);
    return status;
}

/* Code that came from elsewhere is locked in, where it can be and nothing else is asked for. */
static void choose_isolation(struct tl_run *run)
{
    const struct tl_engine *engine = tl_engine_find(run->options.engine);

    if (engine && engine->processes && run->options.isolation == TELAR_ISOLATION_DEFAULT)
        run->options.isolation = TELAR_SANDBOXED;
}

/* From here on the pipeline is the run's own, with what the plug-ins say of themselves. */
static telar_status open_plugins(struct tl_run *run, struct telar_error *error)
{
    bool processes = run->orders.engine->processes;
    telar_status status;

    if (!processes && !run->options.trust_plugins)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s would load a plug-in into the program itself, where nothing contains "
                       "it; use processes, "
                       "or say that you trust it (--trust)",
                       telar_engine_name(run->options.engine));
    status = tl_plugins_open(&run->plugins, run->pipeline, !processes, run->sandbox,
                             run->options.timeout_ms, error);
    run->pipeline = &run->plugins.pipeline;
    if (processes)
        run->orders.plugins = &run->plugins;
    return status;
}

telar_status tl_run_begin(struct tl_run *run, const char *name, const telar_pipeline *pipeline,
                          const struct telar_options *options, telar_report **report,
                          struct telar_error *error)
{
    telar_status status;

    *run = (struct tl_run){
        .pipeline = pipeline, .name = name, .segment = TL_SEGMENT_NONE, .orders.name = name};
    tl_error_clear(error);
    if (report)
        *report = NULL;
    if (options)
        run->options = *options;
    run->orders.epoch_ns = tl_now_ns();
    run->report = calloc(1, sizeof *run->report);
    if (!run->report)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for the report", name);
    if (tl_plugins_any(pipeline))
        choose_isolation(run);
    status = tl_options_take(&run->options, &run->orders, error);
    if (status == TELAR_OK && run->options.isolation == TELAR_SANDBOXED)
        status = make_sandbox(run, error);
    return status == TELAR_OK && tl_plugins_any(pipeline) ? open_plugins(run, error) : status;
}

/* A run has begun when it has its segment; what was lost stays in the report when all is begun
 * again. */
static bool has_begun(const telar_report *report)
{
    return report && (report->segment_bytes > 0 || report->n_losses > 0);
}

/* Releases what the run holds; the report, of a run that had begun, goes to the caller who wants
 * it. */
void tl_run_end(struct tl_run *run, telar_report **report)
{
    if (report && run->segment.base)
        run->report->huge_bytes = tl_segment_huge_bytes(&run->segment);
    free(run->row);
    tl_plugins_close(&run->plugins);
    tl_sandbox_free(run->sandbox);
    tl_segment_destroy(
        &run->segment); /* giving back small pages takes a while, and that is time of the run too */
    if (run->report)
        run->report->total_ns = tl_run_elapsed_ns(run);
    if (report && has_begun(run->report))
        *report = run->report;
    else
        telar_report_free(run->report);
}

/* Forgets an attempt, but for its report's zero of time and its losses. */
void tl_run_start_over(struct tl_run *run)
{
    telar_report *report = run->report;

    tl_atomic_output_abandon(run->output);
    tl_decoder_close(run->decoder);
    tl_segment_destroy(&run->segment);
    if (run->options.keep_shm)
        tl_segment_unlink(run->options.keep_shm);
    free(run->row);
    free(report->worker);
    free(report->task);
    *report = (telar_report){.loss = report->loss, .n_losses = report->n_losses};
    if (run->sandbox)
        tl_sandbox_describe(run->sandbox, report->sandbox);
    run->output = NULL;
    run->decoder = NULL;
    run->row = NULL;
}

/* Done, but not all of it: says what is missing, which the task list of the report tells in full.
 */
telar_status tl_run_partial(const struct tl_run *run, const struct tl_outcome *outcome,
                            struct telar_error *error)
{
    const telar_report *report = run->report;
    uint64_t i = 0;

    if (outcome->skipped == 0)
        return TELAR_OK;
    while (i < report->n_tasks && !report->task[i].skipped)
        i++;
    return tl_fail(error, TELAR_PARTIAL, 0,
                   "%s: %" PRIu64 " region%s left as the source, the first %" PRIu32 ":%" PRIu32
                   ",%" PRIu32 ":%" PRIu32 ": each worker that tried was lost",
                   run->name, outcome->skipped, outcome->skipped == 1 ? " is" : "s are",
                   report->task[i].region.r0, report->task[i].region.r1, report->task[i].region.c0,
                   report->task[i].region.c1);
}
