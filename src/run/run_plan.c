/* SPDX-License-Identifier: MIT */
/* How a run is planned: its workers, its job, its segment. */
#include <config.h>

#include "run/run.h"

#include "base/host.h"
#include "base/status.h"
#include "png/encode_bands.h"
#include "run/job_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
