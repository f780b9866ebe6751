/* SPDX-License-Identifier: MIT */
/*
 * From file to file: decode, plan, run, encode, report.
 */
#include <config.h>

#include "run/attempts.h"

#include "png/kept_chunks.h"
#include "png/encode_bands.h"
#include "base/host.h"
#include "run/decode_isolated.h"
#include "png/band_reader.h"
#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* Writes all that stands before the first band. It is known before any worker starts. */
static telar_status write_head(struct tl_run *run, struct telar_error *error)
{
    struct tl_format format = {run->job.image, run->job.band_rows,
                               run->options.compression == TELAR_SMALL, !run->options.no_restart};

    return tl_encode_head(run->output, &format, tl_decoder_chunks(run->decoder), error);
}

static telar_status write_tail(struct tl_run *run, struct telar_error *error)
{
    const struct tl_chunks *chunks = tl_decoder_chunks(run->decoder);

    return tl_encode_tail(run->output, run->collector.adler, chunks->bytes + chunks->before_idat,
                          chunks->used - chunks->before_idat, error);
}

/* Decodes the whole picture into the source, before any worker starts. */
static telar_status decode_all(struct tl_run *run, struct telar_error *error)
{
    uint64_t start_ns = tl_run_elapsed_ns(run);
    telar_status status =
        run->sandbox
            ? tl_decode_isolated(run->decoder, &run->orders, &run->job, &run->segment, error)
            : tl_decoder_read(run->decoder,
                              tl_job_buffer(&run->job, run->segment.base, run->job.source),
                              run->job.source_stride, error);

    run->report->decode_ns = tl_run_elapsed_ns(run) - start_ns;
    return status;
}

/* Reads what follows the image data, when workers decoded it. Bands that were decoded without the
 * others must be together what the stream says. */
static telar_status read_tail(struct tl_run *run, struct telar_error *error)
{
    const struct tl_bands *bands = tl_decoder_bands(run->decoder);
    struct tl_png_collector *collector = &run->collector;

    if (run->job.rest == TL_ABSENT && tl_png_collector_decoded(collector) != bands->adler) {
        collector->doubt = true;
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: its image data is damaged (checksum); get an undamaged copy",
                       run->name);
    }
    return tl_decoder_read_tail(run->decoder,
                                tl_job_buffer(&run->job, run->segment.base, run->job.rest),
                                collector->rest_bytes, &collector->doubt, error);
}

struct paths {
    const char *input, *output;
};

/* Reports which chunks were left out, and the faults of the input. */
static telar_status report_chunks(struct tl_run *run, struct telar_error *error)
{
    struct telar_info info;
    struct telar_warnings warnings;

    tl_decoder_info(run->decoder, &info);
    memcpy(run->report->dropped, info.dropped, sizeof run->report->dropped);
    tl_decoder_warnings(run->decoder, &warnings);
    free(run->report->warning); /* of an attempt that failed at its end */
    run->report->warning = NULL;
    run->report->n_warnings = 0;
    if (warnings.n == 0)
        return TELAR_OK;
    run->report->warning = calloc(warnings.n, sizeof *warnings.warning);
    if (!run->report->warning)
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for its warnings", run->name);
    memcpy(run->report->warning, warnings.warning, warnings.n * sizeof *warnings.warning);
    run->report->n_warnings = warnings.n;
    return TELAR_OK;
}

/*
 * Decodes, plans, runs and encodes; the workers decode when `in_bands`. The output is opened first:
 * when it cannot be taken back, the file is read as a stream, even if it says where its bands
 * begin.
 */
static telar_status convert(struct tl_run *run, const struct paths *paths, bool in_bands,
                            struct tl_outcome *outcome, struct telar_error *error)
{
    const struct tl_output_wishes wishes = {run->options.temporary, run->options.no_clobber,
                                            run->options.preserve ? paths->input : NULL};
    telar_status status = tl_atomic_output_open(paths->output, &wishes, &run->output, error);

    run->orders.decoder = in_bands ? run->decoder : NULL;
    if (status == TELAR_OK)
        status = tl_run_plan(run, tl_decoder_geometry(run->decoder), error);
    if (status == TELAR_OK)
        status = tl_png_collector_init(&run->collector, &run->job, run->name, run->output,
                                       run->sandbox != NULL, error);
    if (status == TELAR_OK && !in_bands)
        status = decode_all(run, error);
    if (status == TELAR_OK)
        status = write_head(run, error);
    if (status == TELAR_OK)
        status = tl_run_workers(run, outcome, error);
    if (status == TELAR_OK && in_bands)
        status = read_tail(run, error);
    if (status == TELAR_OK)
        status = report_chunks(run, error);
    if (status == TELAR_OK)
        status = write_tail(run, error);
    run->report->write_ns = run->collector.write_ns;
    if (status == TELAR_OK) {
        snprintf(run->report->lost, sizeof run->report->lost, "%s",
                 tl_atomic_output_lost(run->output));
        status = tl_atomic_output_commit(run->output, error);
        run->output = NULL;
    }
    return status;
}

/* Workers decode common files in bands. libpng decodes all others, and files that workers had a
 * doubt about. */
static telar_status make_attempt(struct tl_run *run, void *data, struct tl_outcome *outcome,
                                 struct telar_error *error)
{
    const struct paths *paths = data;
    telar_status status = tl_decoder_open(paths->input, &run->limits, &run->decoder, error);

    if (status != TELAR_OK)
        return status;
    return convert(run, paths, !run->doubted && tl_decoder_in_bands(run->decoder), outcome, error);
}

/* What was read from a pipe cannot be read again, and what went into one cannot be taken back. */
static bool can_repeat(const struct tl_run *run, const struct tl_outcome *outcome,
                       struct telar_error *error)
{
    size_t used = strlen(error->text);
    bool possible = tl_decoder_can_reopen(run->decoder) && !tl_atomic_output_is_direct(run->output);

    if (!possible && outcome->again)
        snprintf(error->text + used, sizeof error->text - used,
                 "; all must be done again, but what went through a pipe cannot");
    return possible;
}

/* A standard stream has no time and no permissions of its own. */
static telar_status check_preserve(const struct tl_run *run, const struct paths *paths,
                                   struct telar_error *error)
{
    if (run->options.preserve
        && (strcmp(paths->input, "-") == 0 || strcmp(paths->output, "-") == 0))
        return tl_fail(error, TELAR_USAGE, 0,
                       "preserve needs two files; a standard stream has no time and no "
                       "permissions to keep");
    return TELAR_OK;
}

telar_status telar_run_file(const char *input, const char *output, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_report **report,
                            struct telar_error *error)
{
    static const struct tl_attempts attempts = {make_attempt, can_repeat, tl_run_start_over};
    struct paths paths = {input, output};
    struct tl_run run;
    telar_status status = tl_run_begin(&run, shown_name(input), pipeline, options, report, error);

    if (status == TELAR_OK)
        status = check_preserve(&run, &paths, error);
    if (status == TELAR_OK)
        status = tl_attempts_make(&run, &attempts, &paths, error);
    tl_atomic_output_abandon(run.output);
    if (!run.abandoned)
        tl_decoder_close(run.decoder);
    tl_run_end(&run, report);
    return status;
}
