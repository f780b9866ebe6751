/* SPDX-License-Identifier: MIT */
/* What the coordinator does with the records of PNG tasks. */
#include <config.h>

#include "png/png_steps.h"

#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

telar_status tl_png_collector_init(struct tl_png_collector *collector, const struct tl_job *job,
                                   const char *name, struct tl_atomic_output *output,
                                   bool suspicious, struct telar_error *error)
{
    *collector = (struct tl_png_collector){.job = job, .name = name, .output = output, .adler = 1};
    collector->encoded = calloc(job->n_bands, sizeof *collector->encoded);
    collector->decoded = calloc(job->n_bands, sizeof *collector->decoded);
    if (suspicious && job->output != TL_ABSENT)
        collector->copy = malloc(job->table.buffer[job->output].slot_bytes);
    if (collector->encoded && collector->decoded
        && (collector->copy || !suspicious || job->output == TL_ABSENT))
        return TELAR_OK;
    return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for its bands", name);
}

void tl_png_collector_free(struct tl_png_collector *collector)
{
    free(collector->encoded);
    free(collector->decoded);
    free(collector->copy);
    *collector = (struct tl_png_collector){0};
}

uint32_t tl_png_collector_decoded(const struct tl_png_collector *collector)
{
    const struct tl_job *job = collector->job;
    uint32_t adler = 1;

    for (uint32_t i = 0; i < job->n_bands; i++) {
        struct telar_region band = tl_job_band(job, i);

        adler = tl_encode_join(&job->image, adler, collector->decoded[i], telar_region_rows(&band));
    }
    return adler;
}

/* ---- records ---- */

telar_status tl_png_collect_rest(void *collector, const struct tl_task *task,
                                 const struct tl_record *record, struct telar_error *error)
{
    struct tl_png_collector *c = collector;

    (void)task, (void)error;
    c->rest_bytes = record->bytes;
    return TELAR_OK;
}

telar_status tl_png_collect_decoded(void *collector, const struct tl_task *task,
                                    const struct tl_record *record, struct telar_error *error)
{
    struct tl_png_collector *c = collector;

    (void)error;
    c->decoded[task->index] = record->input_sum;
    return TELAR_OK;
}

/* A band that went from file to file was decoded, too; of others the number means nothing. */
telar_status tl_png_collect_encoded(void *collector, const struct tl_task *task,
                                    const struct tl_record *record, struct telar_error *error)
{
    struct tl_png_collector *c = collector;

    (void)error;
    c->encoded[task->index] = (struct tl_encoded){record->bytes, record->output_sum};
    if (task->stage->kind == TL_ENCODE_FILE)
        c->decoded[task->index] = record->input_sum;
    return TELAR_OK;
}

telar_status tl_png_refuse(void *collector, const struct tl_record *record,
                           struct telar_error *error)
{
    struct tl_png_collector *c = collector;

    if (record->trouble == TL_TROUBLE_INPUT)
        return tl_fail(error, TELAR_INPUT, record->errnum, "%s: cannot be read", c->name);
    c->doubt = true;
    return tl_fail(error, TELAR_INPUT, 0,
                   "%s: is damaged, truncated, or not a valid PNG; get an undamaged copy", c->name);
}

/* ---- bytes ---- */

/*
 * Returns the bytes of a band as they may go to the file; NULL when they may not. The bytes of a
 * worker that is not trusted go there from a copy, which the worker cannot change any more, and
 * only if they are framed like image data. Such a worker can spoil the picture, and nothing else
 * of the file.
 */
static const unsigned char *check(struct tl_png_collector *c, uint64_t band,
                                  const unsigned char *bytes)
{
    const size_t n = c->encoded[band].bytes;

    if (!c->copy)
        return bytes;
    memcpy(c->copy, bytes, n);
    return tl_encode_is_framed(c->copy, n, band == 0) ? c->copy : NULL;
}

telar_status tl_png_deliver(void *collector, const struct tl_task *task, const unsigned char *bytes,
                            struct telar_error *error)
{
    struct tl_png_collector *c = collector;
    const struct tl_encoded *encoded = &c->encoded[task->index];
    telar_status status;
    uint64_t start_ns;

    bytes = check(c, task->index, bytes);
    if (!bytes)
        return tl_fail(error, TELAR_WORKER, 0,
                       "%s: a worker gave something else than image data for band %" PRIu64
                       "; what it ran is not to be trusted",
                       c->name, task->index);
    start_ns = tl_now_ns();
    status = tl_atomic_output_write(c->output, bytes, encoded->bytes, error);
    c->adler =
        tl_encode_join(&c->job->image, c->adler, encoded->adler, telar_region_rows(&task->region));
    c->write_ns += tl_now_ns() - start_ns;
    return status;
}
