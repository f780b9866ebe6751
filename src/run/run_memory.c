/* SPDX-License-Identifier: MIT */
/* From an image in memory to another: plan, copy in, run, copy out, report. */
#include <config.h>

#include "run/attempts.h"
#include "run/image.h"

#include "base/status.h"

#include <string.h>

static void copy_in(struct tl_run *run, const telar_image *source)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    unsigned char *plane = tl_job_buffer(&run->job, run->segment.base, run->job.source);

    for (uint32_t row = 0; row < run->job.image.rows; row++)
        memcpy(plane + row * run->job.source_stride,
               tl_image_pixels(source) + row * telar_image_stride(source), row_bytes);
}

static telar_status copy_out(struct tl_run *run, const telar_image *source, telar_image **result,
                             struct telar_error *error)
{
    size_t row_bytes = telar_row_bytes(&run->job.image);
    telar_status status = tl_image_new_like(source, &run->job.image, result, error);

    for (uint32_t row = 0; status == TELAR_OK && row < run->job.image.rows; row++)
        memcpy(telar_image_row(*result, row),
               tl_job_row(&run->job, run->segment.base, row, run->row), row_bytes);
    return status;
}

telar_status tl_run_transform(struct tl_run *run, void *data, struct tl_outcome *outcome,
                              struct telar_error *error)
{
    const struct tl_images *images = data;
    telar_status status;

    copy_in(run, images->source);
    status = tl_run_workers(run, outcome, error);
    return status == TELAR_OK ? copy_out(run, images->source, images->result, error) : status;
}

static telar_status plan_and_transform(struct tl_run *run, void *data, struct tl_outcome *outcome,
                                       struct telar_error *error)
{
    const struct tl_images *images = data;
    telar_status status = tl_run_plan(run, telar_image_geometry(images->source), error);

    return status == TELAR_OK ? tl_run_transform(run, data, outcome, error) : status;
}

telar_status telar_run(const telar_image *source, telar_image **result,
                       const telar_pipeline *pipeline, const struct telar_options *options,
                       telar_report **report, struct telar_error *error)
{
    static const struct tl_attempts attempts = {plan_and_transform, NULL, tl_run_start_over};
    struct tl_images images = {source, result};
    struct tl_run run;
    telar_status status = tl_run_begin(&run, "image", pipeline, options, report, error);

    *result = NULL;
    if (status == TELAR_OK)
        status = tl_attempts_make(&run, &attempts, &images, error);
    tl_run_end(&run, report);
    return status;
}
