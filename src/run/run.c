/* SPDX-License-Identifier: MIT */
/*
 * What all runs have in common: options, a job, a segment, a report. run_file.c and run_memory.c
 * are the flows.
 */
#include <config.h>

#include "run/run.h"

#include "png/encode_bands.h"
#include "run/job_plan.h"
#include "run/kinds.h"
#include "base/host.h"
#include "run/options.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- plan ---- */

/* Chooses how many workers are wanted, and says why. The engine serial has one. */
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

/*
 * Processes that are not worth their start: from file to file one worker does a megabyte of pixels
 * in about the time in which another process starts. 0: the user or the engine has another reason
 * for so many.
 */
static uint32_t workers_worth(const struct tl_run *run, const struct telar_geometry *image)
{
    enum { WORTH_BYTES = 1 << 20 };
    uint64_t worth = telar_row_bytes(image) * image->rows / WORTH_BYTES;

    if (run->options.workers || !run->orders.engine->processes)
        return 0;
    return worth == 0 ? 1 : worth < UINT32_MAX ? (uint32_t)worth : UINT32_MAX;
}

/* Takes the number of workers from the job, and says why there are no more. What is left out
 * because it is not worth its start was not asked for, so the report does not count it as wanted.
 */
static void take_workers(struct tl_run *run)
{
    uint64_t most = run->job.most_tasks;
    char why[64];

    snprintf(why, sizeof why, "there %s only %" PRIu64 " region%s", most == 1 ? "is" : "are", most,
             most == 1 ? "" : "s");
    limit_workers(run, most, why);
    if (run->orders.workers == run->job.table.workers)
        return;
    limit_workers(run, run->job.table.workers, "so small a picture is not worth more");
    run->report->workers_wanted = run->orders.workers;
}

/* How large a segment may be. The user's limit can only lower that of the host. */
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

    shape.small_pages = run->measure.small_pages;
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

/* Returns how workers can read the input. A file that says where its bands begin is not believed
 * when the output cannot be taken back: it may have to be read as a stream after all. */
static enum tl_input find_input(const struct tl_run *run, const struct telar_geometry *image)
{
    struct tl_decoder *decoder = run->orders.decoder;

    if (!decoder)
        return TL_INPUT_PIXELS;
    if (!tl_atomic_output_is_direct(run->output)
        && tl_decoder_find_bands(decoder, tl_encode_band_rows(image)))
        return TL_INPUT_BANDS;
    return TL_INPUT_STREAM;
}

static enum tl_output find_output(const struct tl_run *run)
{
    if (!run->output)
        return TL_OUTPUT_REGIONS;
    return run->options.keep_shm ? TL_OUTPUT_BOTH : TL_OUTPUT_FILE;
}

/* Makes the job. When there is no room for the gaps between huge pages, it is laid out without. */
static telar_status make_job(struct tl_run *run, const struct tl_wanted *wanted, uint64_t limit,
                             struct telar_error *error)
{
    bool spaced = run->orders.guarded && !run->measure.small_pages;
    telar_status status = tl_job_plan(&run->job, wanted, spaced ? TL_SPACED : TL_PACKED, error);

    if (status == TELAR_OK && spaced && run->job.table.segment_bytes > limit)
        tl_table_lay_out(&run->job.table, TL_PACKED); /* smaller than what has fitted */
    return status;
}

static telar_status make_segment(struct tl_run *run, const struct limit *limit,
                                 struct telar_error *error)
{
    telar_status status = tl_plugins_planned(&run->plugins, error);

    if (status == TELAR_OK)
        status = reserve(run, limit, error);
    if (status == TELAR_OK && run->sandbox)
        status = tl_segment_open_readonly(&run->segment, error);
    return status;
}

telar_status tl_run_plan(struct tl_run *run, const struct telar_geometry *image,
                         struct telar_error *error)
{
    struct tl_wanted wanted = {
        .image = *image,
        .pipeline = run->pipeline,
        .plan = run->options.plan,
        .roi = run->options.has_roi ? &run->options.roi : NULL,
        .light_workers = workers_worth(run, image),
        .input = find_input(run, image),
        .input_bytes = run->orders.decoder ? tl_decoder_file_bytes(run->decoder) : 0,
        .output = find_output(run),
        .heirs = run->sandbox ? TL_NO_HEIR : TL_ANY_HEIR,
        .compression = run->options.compression,
    };
    struct tl_groups groups;
    struct limit limit;
    telar_status status;

    tl_groups_read(&groups, "");
    limit = find_limit(run, &groups);
    choose_workers(run, &groups);
    wanted.workers = run->orders.workers;
    status = make_job(run, &wanted, limit.bytes, error);
    if (status != TELAR_OK)
        return status;
    take_workers(run);
    status = make_segment(run, &limit, error);
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

/* Loads the plug-ins in a worker process. The run was planned with what they read around a region.
 */
static bool load_plugins(const void *data, struct telar_pipeline *pipeline,
                         const struct tl_job *job)
{
    struct tl_pass pass = {.pipeline = pipeline, .image = job->image, .count = pipeline->length};
    uint32_t halo;

    return tl_plugins_load(data, pipeline) && tl_pipeline_halo(&pass, &halo) && halo == job->halo;
}

/* Completes the orders, when the run is planned. */
static void give_orders(struct tl_run *run)
{
    struct tl_orders *orders = &run->orders;

    orders->segment = &run->segment;
    orders->kinds = tl_kinds;
    orders->pipeline = run->pipeline;
    orders->pipeline_bytes = sizeof *run->pipeline;
    orders->collector = &run->collector;
    run->loading =
        (struct tl_loading){run->plugins.paths, run->plugins.count, load_plugins, &run->plugins};
    orders->input_fd = orders->decoder ? tl_decoder_descriptor(orders->decoder) : -1;
    orders->input_rereads = orders->decoder && tl_decoder_can_reread(orders->decoder);
}

uint64_t tl_run_elapsed_ns(const struct tl_run *run)
{
    return tl_now_ns() - run->orders.epoch_ns;
}

telar_status tl_run_keep_workers(struct tl_run *run, struct telar_error *error)
{
    give_orders(run);
    return tl_coordinator_new(&run->coordinator, &run->job, &run->orders, true, error);
}

telar_status tl_run_workers(struct tl_run *run, struct tl_outcome *outcome,
                            struct telar_error *error)
{
    telar_status status;

    give_orders(run);
    if (run->measure.warm)
        tl_segment_touch(&run->segment);
    run->report->transform_start_ns = tl_run_elapsed_ns(run);
    status = run->coordinator ? tl_coordinator_run(run->coordinator, run->report, outcome, error)
                              : tl_coordinate(&run->job, &run->orders, run->report, outcome, error);
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

/* Plug-ins run in a sandbox when workers are processes and the user asks for no other rung. */
static void choose_isolation(struct tl_run *run)
{
    const struct tl_engine *engine = tl_engine_find(run->options.engine);

    if (engine && engine->processes && run->options.isolation == TELAR_ISOLATION_DEFAULT)
        run->options.isolation = TELAR_SANDBOXED;
}

/* Opens the plug-ins. Afterwards the run has its own pipeline, with what they say of themselves. */
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
        run->orders.loading = &run->loading;
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
    run->orders.epoch_ns = tl_now_ns();
    run->report = calloc(1, sizeof *run->report);
    if (!run->report)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for the report", name);
    run->report->struct_size = sizeof *run->report;
    status = tl_options_copy(options, &run->options, &run->limits, &run->measure, error);
    if (status != TELAR_OK)
        return status;
    if (tl_plugins_any(pipeline))
        choose_isolation(run);
    status = tl_options_take(&run->options, &run->orders, error);
    if (status == TELAR_OK && run->options.isolation == TELAR_SANDBOXED)
        status = make_sandbox(run, error);
    return status == TELAR_OK && tl_plugins_any(pipeline) ? open_plugins(run, error) : status;
}

/* Returns whether a report is worth giving to the caller: the run had its segment, or lost a
 * worker in an earlier attempt. */
static bool has_begun(const telar_report *report)
{
    return report && (report->segment_bytes > 0 || report->n_losses > 0);
}

void tl_run_end(struct tl_run *run, telar_report **report)
{
    if (report && run->segment.base && run->measure.count_huge_pages)
        run->report->huge_bytes = tl_segment_huge_bytes(&run->segment);
    tl_coordinator_free(run->coordinator);
    free(run->row);
    tl_png_collector_free(&run->collector);
    tl_plugins_close(&run->plugins);
    tl_sandbox_free(run->sandbox);
    tl_segment_destroy(
        &run->segment); /* the kernel takes time to free small pages: it counts as the run's */
    if (run->report)
        run->report->total_ns = tl_run_elapsed_ns(run);
    if (report && has_begun(run->report))
        *report = run->report;
    else
        telar_report_free(run->report);
}

void tl_run_start_over(struct tl_run *run)
{
    telar_report *report = run->report;

    tl_atomic_output_abandon(run->output);
    tl_decoder_close(run->decoder);
    tl_segment_destroy(&run->segment);
    if (run->options.keep_shm)
        tl_segment_unlink(run->options.keep_shm);
    free(run->row);
    tl_png_collector_free(&run->collector);
    free(report->worker);
    free(report->task);
    *report = (telar_report){
        .struct_size = sizeof *report, .loss = report->loss, .n_losses = report->n_losses};
    if (run->sandbox)
        tl_sandbox_describe(run->sandbox, report->sandbox);
    run->output = NULL;
    run->decoder = NULL;
    run->row = NULL;
}

/* The text names the first region that was left out; the task list of the report has them all. */
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
