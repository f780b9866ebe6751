/* SPDX-License-Identifier: MIT */
/*
 * The beginning, the middle and the end that all runs have in common. run_plan.c makes the job and
 * its segment; run_file.c and run_memory.c are the flows.
 */
#include <config.h>

#include "run/run.h"

#include "run/kinds.h"
#include "base/host.h"
#include "run/options.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

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
