/* SPDX-License-Identifier: MIT */
/* From an image in memory to another: plan, copy in, run, copy out, report. */
#include <config.h>

#include "run/run.h"

#include "base/status.h"

#include <string.h>

void tl_run_copy_in(struct tl_run *run, const telar_image *source)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    unsigned char *plane = tl_job_buffer(&run->job, run->segment.base, run->job.source);

    for (uint32_t row = 0; row < run->job.image.rows; row++)
        memcpy(plane + row * run->job.source_stride,
               tl_image_pixels(source) + row * telar_image_stride(source), row_bytes);
}

telar_status tl_run_copy_out(struct tl_run *run, const telar_image *source, telar_image **result,
                             struct telar_error *error)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    telar_status status = tl_image_new_like(source, &run->job.image, result, error);

    for (uint32_t row = 0; status == TELAR_OK && row < run->job.image.rows; row++)
        memcpy(telar_image_row(*result, row),
               tl_job_row(&run->job, run->segment.base, row, run->row), row_bytes);
    return status;
}

/* Once, from the source to a result. */
static telar_status attempt_in_memory(struct tl_run *run, const telar_image *source,
                                      telar_image **result, struct tl_outcome *outcome,
                                      struct telar_error *error)
{
    telar_status status = tl_run_plan(run, telar_image_geometry(source), false, false, error);

    if (status != TELAR_OK)
        return status;
    tl_run_copy_in(run, source);
    status = tl_run_workers(run, outcome, error);
    return status == TELAR_OK ? tl_run_copy_out(run, source, result, error) : status;
}

telar_status telar_run(const telar_image *source, telar_image **result,
                       const telar_pipeline *pipeline, const struct telar_options *options,
                       telar_report **report, struct telar_error *error)
{
    struct tl_run run;
    struct tl_outcome outcome = {0};
    telar_status status = tl_run_begin(&run, "image", pipeline, options, report, error);

    *result = NULL;
    if (status == TELAR_OK)
        status = attempt_in_memory(&run, source, result, &outcome, error);
    while (status != TELAR_OK && outcome.again && run.again < run.orders.retries) {
        run.again++;
        tl_run_start_over(&run);
        tl_error_clear(error);
        status = attempt_in_memory(&run, source, result, &outcome, error);
    }
    if (status == TELAR_OK)
        status = tl_run_partial(&run, &outcome, error);
    tl_run_end(&run, report);
    return status;
}
