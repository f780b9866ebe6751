/*
 * The flow: decode, plan, run, encode, report. Layer: the highest of the library.
 */
#include <config.h>

#include "codec.h"
#include "coordinator.h"
#include "chunks.h"
#include "encode.h"
#include "restart.h"
#include "host.h"
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that a run holds; what is NULL or none needs no release. */
struct run {
    struct telar_options options; /* with every default decided */
    const telar_pipeline *pipeline;
    const char *name; /* of the image, for messages */
    struct tl_orders orders;
    struct tl_job job;
    struct tl_segment segment;
    telar_report *report;
    unsigned char *row; /* one row, where it has to be put together */

    /* Of a run from file to file. */
    struct tl_decoder *decoder;
    struct tl_output *output;
    uint32_t adler;     /* of what is written so far */
    bool abandoned;     /* see struct tl_outcome */
};

/* ---- plan ---- */

static telar_status check_options(struct run *run, struct telar_error *error)
{
    const struct telar_options *options = &run->options;

    run->orders.engine = tl_engine_find(options->engine);
    if (!run->orders.engine)
        return tl_fail(error, TELAR_USAGE, 0, "there is no engine %d", (int)options->engine);
    if ((unsigned)options->isolation > TELAR_GUARDED)
        return tl_fail(error, TELAR_USAGE, 0, "there is no isolation %d", (int)options->isolation);
    if (options->isolation == TELAR_GUARDED && !run->orders.engine->processes)
        return tl_fail(error, TELAR_USAGE, 0, "%s cannot be guarded, they share all memory; use processes",
                       telar_engine_name(options->engine));
    if ((unsigned)options->compression > TELAR_LIBPNG)
        return tl_fail(error, TELAR_USAGE, 0, "there is no compression %d", (int)options->compression);
    if (options->workers > TELAR_WORKERS_MAX)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%" PRIu32 " workers are more than the %d that one run can have", options->workers,
                       TELAR_WORKERS_MAX);
    if (options->keep_shm
        && (!*options->keep_shm || strchr(options->keep_shm, '/') || strlen(options->keep_shm) > 200))
        return tl_fail(error, TELAR_USAGE, 0,
                       "\"%s\" cannot be the name of a shared-memory object; use a short one without a slash",
                       options->keep_shm);
    return TELAR_OK;
}

/* How many workers, and why. Serial is one by definition. */
static void choose_workers(struct run *run)
{
    telar_report *report = run->report;

    if (run->orders.engine->direct) {
        run->orders.workers = 1;
        snprintf(report->workers_reason, sizeof report->workers_reason, "serial is one worker");
    } else if (run->options.workers) {
        run->orders.workers = run->options.workers;
        snprintf(report->workers_reason, sizeof report->workers_reason, "asked for");
    } else {
        run->orders.workers = telar_host_workers(report->workers_reason);
    }
    report->workers_wanted = run->orders.workers;
}

/* Workers that would find nothing to do are not made. */
static void limit_workers(struct run *run)
{
    char *reason = run->report->workers_reason;
    size_t used = strlen(reason);
    uint64_t most = 0;

    for (uint32_t i = 0; i < run->job.n_stages; i++)
        if (run->job.stage[i].kind != TELAR_TASK_INFLATE && run->job.stage[i].count > most)
            most = run->job.stage[i].count;
    if (run->orders.workers <= most)
        return;
    run->orders.workers = (uint32_t)most;
    snprintf(reason + used, sizeof run->report->workers_reason - used, "; there %s only %" PRIu64 " region%s",
             most == 1 ? "is" : "are", most, most == 1 ? "" : "s");
}

/* A limit of the caller's own is one more limit: it makes no memory. */
static telar_status reserve(struct run *run, struct telar_error *error)
{
    struct tl_shape shape = tl_job_shape(&run->job);
    uint64_t needed = shape.bytes, host = tl_host_memory_bytes(), limit = run->options.max_memory;
    bool own_limit = limit && limit < host;
    uint64_t allowed = own_limit ? limit : host;

    shape.small_pages = run->options.small_pages;
    if (needed > allowed)
        return tl_fail(error, TELAR_HOST, 0,
                       "%s: needs %" PRIu64 " KiB of shared memory, %s %" PRIu64 " KiB; use a smaller image or %s",
                       run->name, needed >> 10, own_limit ? "the limit is" : "the host has", allowed >> 10,
                       own_limit ? "a higher limit" : "free some");
    return tl_segment_create(&run->segment, &shape, run->options.keep_shm, error);
}

static void describe(struct run *run)
{
    telar_report *report = run->report;

    report->image = run->job.image;
    snprintf(report->engine, sizeof report->engine, "%s", telar_engine_name(run->orders.engine->id));
    snprintf(report->isolation, sizeof report->isolation, "%s",
             run->orders.engine->processes ? telar_isolation_name(run->options.isolation) : "none");
    snprintf(report->backing, sizeof report->backing, "%s", run->segment.backing);
    report->segment_bytes = run->segment.shape.bytes;
    report->grid_rows = run->job.plan.rows;
    report->grid_columns = run->job.plan.columns;
}

/* From an image's geometry to a segment with room for everything, and a report that says so. */
static telar_status plan(struct run *run, const struct telar_geometry *image, bool decode, bool encode,
                         struct telar_error *error)
{
    struct tl_request request = {
        .image = *image,
        .pipeline = run->pipeline,
        .plan = run->options.plan,
        .roi = run->options.has_roi ? &run->options.roi : NULL,
        .decode = decode,
        .restart = decode && tl_decoder_find_bands(run->decoder, tl_encode_band_rows(image)),
        .encode = encode,
        .small = run->options.compression == TELAR_SMALL,
    };
    telar_status status;

    choose_workers(run);
    request.workers = run->orders.workers;
    status = tl_job_init(&run->job, &request, error);
    if (status == TELAR_OK)
        status = reserve(run, error);
    if (status != TELAR_OK)
        return status;
    run->row = malloc(telar_row_bytes(image));
    if (!run->row)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for a row", run->name);
    limit_workers(run);
    tl_job_write_header(&run->job, run->segment.base);
    describe(run);
    return TELAR_OK;
}

/* ---- run ---- */

static uint64_t elapsed_ns(const struct run *run)
{
    return tl_now_ns() - run->orders.epoch_ns;
}

static telar_status weave(struct run *run, struct tl_outcome *outcome, struct telar_error *error)
{
    telar_status status;

    run->orders.segment = &run->segment;
    run->orders.name = run->name;
    run->orders.guarded = run->orders.engine->processes && run->options.isolation != TELAR_SHARED;
    run->orders.touch_first = run->options.touch_first;
    run->orders.timeout_ms = run->options.timeout_ms;
    run->orders.progress = run->options.progress;
    run->orders.progress_data = run->options.progress_data;
    if (run->options.warm)
        tl_segment_touch(&run->segment);
    run->report->transform_start_ns = elapsed_ns(run);
    status = tl_coordinate(&run->job, &run->orders, run->report, outcome, error);
    run->report->transform_ns = elapsed_ns(run) - run->report->transform_start_ns;
    run->report->huge_bytes = tl_segment_huge_bytes(&run->segment);
    return status;
}

static const unsigned char *finished_row(void *data, uint32_t row)
{
    struct run *run = data;

    return tl_job_row(&run->job, run->segment.base, row, run->row);
}

/* ---- beginning and end ---- */

static telar_status begin(struct run *run, const char *name, const telar_pipeline *pipeline,
                          const struct telar_options *options, telar_report **report,
                          struct telar_error *error)
{
    *run = (struct run){.pipeline = pipeline, .name = name, .segment = TL_SEGMENT_NONE};
    tl_error_clear(error);
    if (report)
        *report = NULL;
    if (options)
        run->options = *options;
    run->orders.epoch_ns = tl_now_ns();
    run->report = calloc(1, sizeof *run->report);
    if (!run->report)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for the report", name);
    return check_options(run, error);
}

/* Releases what the run holds; the report goes to the caller who wants it. */
static void end(struct run *run, telar_report **report)
{
    free(run->row);
    tl_segment_destroy(&run->segment); /* giving back small pages takes a while, and that is time of the run too */
    if (run->report)
        run->report->total_ns = elapsed_ns(run);
    if (report)
        *report = run->report;
    else
        telar_report_free(run->report);
}

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* ---- from file to file ---- */

static telar_status write_band(void *data, uint32_t band, const unsigned char *bytes, size_t n,
                               uint32_t adler, struct telar_error *error)
{
    struct run *run = data;
    struct telar_region region = tl_job_band(&run->job, band);
    uint64_t start_ns = tl_now_ns();
    telar_status status = tl_output_write(run->output, bytes, n, error);

    run->adler = tl_encode_join(&run->job.image, run->adler, adler, telar_region_rows(&region));
    run->report->write_ns += tl_now_ns() - start_ns;
    return status;
}

/* In the place of bands: everything, by libpng. */
static telar_status write_by_libpng(struct run *run, struct telar_error *error)
{
    uint64_t start_ns = elapsed_ns(run);
    telar_status status =
        tl_encode(run->output, &run->job.image, tl_decoder_chunks(run->decoder), finished_row, run, error);

    run->report->write_ns = elapsed_ns(run) - start_ns;
    return status;
}

/* All that stands before the first band, which is known before any worker lives. */
static telar_status write_head(struct run *run, struct telar_error *error)
{
    struct tl_format format = {run->job.image, run->job.band_rows, !run->options.no_restart};

    run->adler = 1;
    run->orders.write_band = write_band;
    run->orders.write_data = run;
    return tl_encode_head(run->output, &format, tl_decoder_chunks(run->decoder), error);
}

static telar_status write_tail(struct run *run, struct telar_error *error)
{
    const struct tl_chunks *chunks = tl_decoder_chunks(run->decoder);

    return tl_encode_tail(run->output, run->adler, chunks->bytes + chunks->before_idat,
                          chunks->used - chunks->before_idat, error);
}

/* Decodes everything here and now, into a source that holds the whole picture. */
static telar_status decode_all(struct run *run, struct telar_error *error)
{
    uint64_t start_ns = elapsed_ns(run);
    telar_status status = tl_decoder_read(run->decoder, run->segment.base + run->job.source.offset,
                                          run->job.source_stride, error);

    run->report->decode_ns = elapsed_ns(run) - start_ns;
    return status;
}

/* What follows the image data, where workers decoded it; and whether all bands together are what the stream
 * says. */
static telar_status take_tail(struct run *run, struct tl_outcome *outcome, struct telar_error *error)
{
    if (run->job.restart && outcome->adler != tl_decoder_restart(run->decoder)->adler) {
        outcome->doubt = true;
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: its image data is damaged (checksum); get an undamaged copy", run->name);
    }
    return tl_decoder_take_tail(run->decoder, run->segment.base + run->job.tail.offset, outcome->tail_bytes,
                                &outcome->doubt, error);
}

/* Decode, plan, run, encode: with `in_bands` the decoder's work is the workers' too. */
static telar_status convert(struct run *run, const char *output, bool in_bands, struct tl_outcome *outcome,
                            struct telar_error *error)
{
    bool encode = run->options.compression != TELAR_LIBPNG;
    telar_status status = plan(run, tl_decoder_geometry(run->decoder), in_bands, encode, error);

    run->orders.decoder = in_bands ? run->decoder : NULL;
    if (status == TELAR_OK)
        status = tl_output_open(output, &run->output, error);
    if (status == TELAR_OK && !in_bands)
        status = decode_all(run, error);
    if (status == TELAR_OK && encode)
        status = write_head(run, error);
    if (status == TELAR_OK)
        status = weave(run, outcome, error);
    if (status == TELAR_OK && in_bands)
        status = take_tail(run, outcome, error);
    if (status == TELAR_OK)
        status = encode ? write_tail(run, error) : write_by_libpng(run, error);
    if (status == TELAR_OK) {
        status = tl_output_commit(run->output, error);
        run->output = NULL;
    }
    return status;
}

/* Forgets an attempt, but for its report's zero of time. */
static void start_over(struct run *run)
{
    telar_report *report = run->report;

    tl_output_abandon(run->output);
    tl_decoder_close(run->decoder);
    tl_segment_destroy(&run->segment);
    if (run->options.keep_shm)
        tl_segment_forget(run->options.keep_shm);
    free(run->row);
    free(report->worker);
    free(report->task);
    *report = (telar_report){0};
    run->output = NULL;
    run->decoder = NULL;
    run->row = NULL;
}

/*
 * Common files are decoded by the workers, in bands; the others, and those with which that came to a doubt, by libpng.
 * What was read from a pipe cannot be read again, nor what went down one be taken back: then the doubt is the answer.
 */
static telar_status attempt(struct run *run, const char *input, const char *output, struct telar_error *error)
{
    struct tl_outcome outcome = {0};
    struct telar_error doubt = {.worker = -1};
    telar_status status = tl_decoder_open(input, &run->options.limits, &run->decoder, error);

    if (status != TELAR_OK)
        return status;
    if (!tl_decoder_in_bands(run->decoder))
        return convert(run, output, false, &outcome, error);
    status = convert(run, output, true, &outcome, &doubt);
    run->abandoned = outcome.abandoned;
    if (status == TELAR_OK)
        return status;
    if (!outcome.doubt || outcome.abandoned || !tl_decoder_can_reopen(run->decoder)
        || tl_output_is_direct(run->output)) {
        if (error)
            *error = doubt;
        return status;
    }
    start_over(run);
    status = tl_decoder_open(input, &run->options.limits, &run->decoder, error);
    return status == TELAR_OK ? convert(run, output, false, &outcome, error) : status;
}

static void note_dropped(struct run *run)
{
    struct telar_info info;

    tl_decoder_info(run->decoder, &info);
    memcpy(run->report->dropped, info.dropped, sizeof run->report->dropped);
}

telar_status telar_run_file(const char *input, const char *output, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_report **report,
                            struct telar_error *error)
{
    struct run run;
    telar_status status = begin(&run, shown_name(input), pipeline, options, report, error);

    if (status == TELAR_OK)
        status = attempt(&run, input, output, error);
    if (status == TELAR_OK)
        note_dropped(&run);
    tl_output_abandon(run.output);
    if (!run.abandoned)
        tl_decoder_close(run.decoder);
    end(&run, report);
    return status;
}

/* ---- memory ---- */

static void copy_in(struct run *run, const telar_image *source)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    unsigned char *plane = run->segment.base + run->job.source.offset;

    for (uint32_t row = 0; row < run->job.image.rows; row++)
        memcpy(plane + row * run->job.source_stride,
               tl_image_pixels(source) + row * telar_image_stride(source), row_bytes);
}

static telar_status copy_out(struct run *run, const telar_image *source, telar_image **result,
                             struct telar_error *error)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    telar_status status = tl_image_new_like(source, &run->job.image, result, error);

    for (uint32_t row = 0; status == TELAR_OK && row < run->job.image.rows; row++)
        memcpy(telar_image_row(*result, row), finished_row(run, row), row_bytes);
    return status;
}

telar_status telar_run(const telar_image *source, telar_image **result, const telar_pipeline *pipeline,
                       const struct telar_options *options, telar_report **report, struct telar_error *error)
{
    struct run run;
    struct tl_outcome outcome;
    telar_status status = begin(&run, "image", pipeline, options, report, error);

    *result = NULL;
    if (status == TELAR_OK)
        status = plan(&run, telar_image_geometry(source), false, false, error);
    if (status == TELAR_OK) {
        copy_in(&run, source);
        status = weave(&run, &outcome, error);
    }
    if (status == TELAR_OK)
        status = copy_out(&run, source, result, error);
    end(&run, report);
    return status;
}
