/*
 * From an image in memory to another: plan, copy in, run, copy out, report.
 */
#include <config.h>

#include "run.h"

#include "status.h"

#include <string.h>

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
        memcpy(telar_image_row(*result, row), tl_run_row(run, row), row_bytes);
    return status;
}

/* Once, from the source to a result. */
static telar_status attempt_in_memory(struct run *run, const telar_image *source, telar_image **result,
                                      struct tl_outcome *outcome, struct telar_error *error)
{
    telar_status status = tl_run_plan(run, telar_image_geometry(source), false, false, error);

    if (status != TELAR_OK)
        return status;
    copy_in(run, source);
    status = tl_run_weave(run, outcome, error);
    return status == TELAR_OK ? copy_out(run, source, result, error) : status;
}

telar_status telar_run(const telar_image *source, telar_image **result, const telar_pipeline *pipeline,
                       const struct telar_options *options, telar_report **report, struct telar_error *error)
{
    struct run run;
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
