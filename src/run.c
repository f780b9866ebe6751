/*
 * The flow: decode, plan, run, encode, report. Layer: the highest of the library.
 */
#include <config.h>

#include "codec.h"
#include "coordinator.h"
#include "chunks.h"
#include "encode.h"
#include "reader.h"
#include "restart.h"
#include "sandbox.h"
#include "host.h"
#include "options.h"
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
    struct tl_sandbox *sandbox; /* NULL: none is asked for */
    struct tl_plugins plugins;
    telar_report *report;
    unsigned char *row; /* one row, where it has to be put together */

    /* Of a run from file to file. */
    struct tl_decoder *decoder;
    struct tl_output *output;
    uint32_t adler;     /* of what is written so far */
    bool abandoned;     /* see struct tl_outcome */
    uint32_t again;     /* how often all was done once more after a crash */
};

/* ---- plan ---- */

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

/* A job for no more workers than find something to do, where each must have its part of the image from the start. */
static telar_status lay_out(struct run *run, struct tl_request *request, struct telar_error *error)
{
    telar_status status;

    request->workers = run->orders.workers;
    status = tl_job_init(&run->job, request, error);
    if (status != TELAR_OK)
        return status;
    limit_workers(run);
    if (!request->fixed || run->orders.workers == request->workers)
        return TELAR_OK;
    request->workers = run->orders.workers;
    return tl_job_init(&run->job, request, error);
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
        .restart = decode && !tl_output_is_direct(run->output)
                   && tl_decoder_find_bands(run->decoder, tl_encode_band_rows(image)),
        .encode = encode,
        .small = run->options.compression == TELAR_SMALL,
        .fixed = run->options.isolation == TELAR_SANDBOXED,
        .resident = run->options.keep_shm != NULL,
    };
    telar_status status;

    choose_workers(run);
    status = lay_out(run, &request, error);
    if (status == TELAR_OK)
        status = tl_plugins_planned(&run->plugins, error);
    if (status == TELAR_OK)
        status = reserve(run, error);
    if (status == TELAR_OK && request.fixed)
        status = tl_segment_open_reader(&run->segment, error);
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

static uint64_t elapsed_ns(const struct run *run)
{
    return tl_now_ns() - run->orders.epoch_ns;
}

static telar_status weave(struct run *run, struct tl_outcome *outcome, struct telar_error *error)
{
    telar_status status;

    run->orders.segment = &run->segment;
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

static telar_status make_sandbox(struct run *run, struct telar_error *error)
{
    telar_status status = tl_sandbox_new(&run->sandbox, error);

    run->orders.sandbox = run->sandbox;
    if (status == TELAR_OK)
        tl_sandbox_describe(run->sandbox, run->report->sandbox);
    return status;
}

/* Code that came from elsewhere is locked in, where it can be and nothing else is asked for. */
static void choose_isolation(struct run *run)
{
    const struct tl_engine *engine = tl_engine_find(run->options.engine);

    if (engine && engine->processes && run->options.isolation == TELAR_ISOLATION_DEFAULT)
        run->options.isolation = TELAR_SANDBOXED;
}

/* From here on the pipeline is the run's own, with what the plug-ins say of themselves. */
static telar_status open_plugins(struct run *run, struct telar_error *error)
{
    bool processes = run->orders.engine->processes;
    telar_status status;

    if (!processes && !run->options.trust_plugins)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s would load a plug-in into the program itself, where nothing contains it; use processes, "
                       "or say that you trust it (--trust)",
                       telar_engine_name(run->options.engine));
    status = tl_plugins_open(&run->plugins, run->pipeline, !processes, run->sandbox, run->options.timeout_ms, error);
    run->pipeline = &run->plugins.pipeline;
    if (processes)
        run->orders.plugins = &run->plugins;
    return status;
}

static telar_status begin(struct run *run, const char *name, const telar_pipeline *pipeline,
                          const struct telar_options *options, telar_report **report,
                          struct telar_error *error)
{
    telar_status status;

    *run = (struct run){.pipeline = pipeline, .name = name, .segment = TL_SEGMENT_NONE, .orders.name = name};
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

/* Releases what the run holds; the report goes to the caller who wants it. */
static void end(struct run *run, telar_report **report)
{
    free(run->row);
    tl_plugins_close(&run->plugins);
    tl_sandbox_free(run->sandbox);
    tl_segment_destroy(&run->segment); /* giving back small pages takes a while, and that is time of the run too */
    if (run->report)
        run->report->total_ns = elapsed_ns(run);
    if (report)
        *report = run->report;
    else
        telar_report_free(run->report);
}

/* Forgets an attempt, but for its report's zero of time and its losses. */
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
    *report = (telar_report){.loss = report->loss, .n_losses = report->n_losses};
    if (run->sandbox)
        tl_sandbox_describe(run->sandbox, report->sandbox);
    run->output = NULL;
    run->decoder = NULL;
    run->row = NULL;
}

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* Done, but not all of it: says what is missing, which the task list of the report tells in full. */
static telar_status partial(const struct run *run, const struct tl_outcome *outcome, struct telar_error *error)
{
    const telar_report *report = run->report;
    uint64_t i = 0;

    if (outcome->skipped == 0)
        return TELAR_OK;
    while (i < report->n_tasks && !report->task[i].skipped)
        i++;
    return tl_fail(error, TELAR_PARTIAL, 0,
                   "%s: %" PRIu64 " region%s left as the source, the first %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32
                   ": each worker that tried was lost",
                   run->name, outcome->skipped, outcome->skipped == 1 ? " is" : "s are", report->task[i].region.r0,
                   report->task[i].region.r1, report->task[i].region.c0, report->task[i].region.c1);
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
    struct tl_format format = {run->job.image, run->job.band_rows, run->job.small, !run->options.no_restart};

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

/* Opens the input. At the sandboxed rung libpng comes near it only in a process of its own, also if only to say why not. */
static telar_status open_input(struct run *run, const char *input, struct telar_error *error)
{
    telar_status status;

    if (!run->sandbox)
        return tl_decoder_open(input, &run->options.limits, &run->decoder, error);
    status = tl_decoder_scan(input, &run->options.limits, &run->decoder, error);
    if (status != TELAR_OK || tl_decoder_geometry(run->decoder)->rows > 0)
        return status;
    status = tl_reader_run(run->decoder, &run->orders, NULL, &run->segment, error);
    return status == TELAR_OK ? tl_fail(error, TELAR_INPUT, 0, "%s: has no good header", run->name) : status;
}

/* Decodes everything here and now, into a source that holds the whole picture. */
static telar_status decode_all(struct run *run, struct telar_error *error)
{
    uint64_t start_ns = elapsed_ns(run);
    telar_status status =
        run->sandbox ? tl_reader_run(run->decoder, &run->orders, &run->job, &run->segment, error)
                     : tl_decoder_read(run->decoder, run->segment.base + run->job.source.offset,
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
    return tl_decoder_read_tail(run->decoder, run->segment.base + run->job.tail.offset, outcome->tail_bytes,
                                &outcome->doubt, error);
}

/*
 * Decode, plan, run, encode: with `in_bands` the decoder's work is the workers' too. The output comes first: where it cannot
 * be taken back, a file that says where its bands begin is not believed, for it may have to be read in series after all.
 */
static telar_status convert(struct run *run, const char *output, bool in_bands, struct tl_outcome *outcome,
                            struct telar_error *error)
{
    bool encode = run->options.compression != TELAR_LIBPNG;
    telar_status status = tl_output_open(output, run->options.temporary, &run->output, error);

    if (status == TELAR_OK)
        status = plan(run, tl_decoder_geometry(run->decoder), in_bands, encode, error);
    run->orders.decoder = in_bands ? run->decoder : NULL;
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


/*
 * Whether another attempt follows one that has failed: by libpng, where workers came to a doubt about the file, or all of it
 * once more, where a worker was lost that may have written anywhere. What was read from a pipe cannot be read again, nor
 * what went down one be taken back: then the failure is the answer, and says so if `error` is its own.
 */
static bool follows(struct run *run, const struct tl_outcome *outcome, struct telar_error *error)
{
    size_t used = strlen(error->text);
    bool possible;

    if (outcome->abandoned || !(outcome->doubt || (outcome->again && run->again < run->orders.retries)))
        return false;
    run->again += outcome->again;
    possible = tl_decoder_can_reopen(run->decoder) && !tl_output_is_direct(run->output);
    if (!possible && outcome->again)
        snprintf(error->text + used, sizeof error->text - used,
                 "; all must be done again, but what went through a pipe cannot");
    return possible;
}

/* Common files are decoded by the workers, in bands; the others, and those with which that came to a doubt, by libpng. */
static telar_status attempt(struct run *run, const char *input, const char *output, struct telar_error *error)
{
    struct telar_error refusal = {.worker = -1};
    struct tl_outcome outcome;
    bool doubt = false, once_more;
    telar_status status;

    do {
        outcome = (struct tl_outcome){0};
        status = open_input(run, input, error);
        if (status != TELAR_OK)
            return status;
        tl_error_clear(&refusal);
        status = convert(run, output, !doubt && tl_decoder_in_bands(run->decoder), &outcome, &refusal);
        run->abandoned = outcome.abandoned;
        doubt |= outcome.doubt;
        once_more = status != TELAR_OK && follows(run, &outcome, &refusal);
        if (once_more)
            start_over(run);
    } while (once_more);
    if (status != TELAR_OK && error)
        *error = refusal;
    return status == TELAR_OK ? partial(run, &outcome, error) : status;
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
    if (status == TELAR_OK || status == TELAR_PARTIAL)
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

/* Once, from the source to a result. */
static telar_status attempt_in_memory(struct run *run, const telar_image *source, telar_image **result,
                                      struct tl_outcome *outcome, struct telar_error *error)
{
    telar_status status = plan(run, telar_image_geometry(source), false, false, error);

    if (status != TELAR_OK)
        return status;
    copy_in(run, source);
    status = weave(run, outcome, error);
    return status == TELAR_OK ? copy_out(run, source, result, error) : status;
}

telar_status telar_run(const telar_image *source, telar_image **result, const telar_pipeline *pipeline,
                       const struct telar_options *options, telar_report **report, struct telar_error *error)
{
    struct run run;
    struct tl_outcome outcome = {0};
    telar_status status = begin(&run, "image", pipeline, options, report, error);

    *result = NULL;
    if (status == TELAR_OK)
        status = attempt_in_memory(&run, source, result, &outcome, error);
    while (status != TELAR_OK && outcome.again && run.again < run.orders.retries) {
        run.again++;
        start_over(&run);
        tl_error_clear(error);
        status = attempt_in_memory(&run, source, result, &outcome, error);
    }
    if (status == TELAR_OK)
        status = partial(&run, &outcome, error);
    end(&run, report);
    return status;
}
