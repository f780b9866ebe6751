/* SPDX-License-Identifier: MIT */
/* Workers that stay: one planned job, run for image after image. */
#include <config.h>

#include "base/host.h"
#include "base/status.h"
#include "run/attempts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <telar/pool.h>

/* telar_pool_new fills it; each run changes only run.report, run.again and run.abandoned. */
struct telar_pool {
    struct tl_run run; /* planned once; its report has what is the same in all runs */
};

telar_status telar_pool_new(const struct telar_geometry *geometry, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_pool **pool,
                            struct telar_error *error)
{
    telar_pool *p = calloc(1, sizeof *p);
    telar_status status;

    *pool = NULL;
    if (!p)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory for a pool");
    status = tl_run_begin(&p->run, "image", pipeline, options, NULL, error);
    if (status == TELAR_OK)
        status = tl_run_plan(&p->run, geometry, error);
    if (status == TELAR_OK)
        status = tl_run_keep_workers(&p->run, error);
    if (status == TELAR_OK)
        *pool = p;
    else
        telar_pool_free(p);
    return status;
}

/* Forgets an attempt but for the losses. The plan, the segment and the workers stay. */
static void forget_lists(struct tl_run *run)
{
    telar_report *report = run->report;

    free(report->worker);
    free(report->task);
    report->worker = NULL;
    report->task = NULL;
    report->n_workers = 0;
    report->n_tasks = 0;
}

telar_status telar_pool_run(telar_pool *pool, const telar_image *source, telar_image **result,
                            telar_report **report, struct telar_error *error)
{
    static const struct tl_attempts attempts = {tl_run_transform, NULL, forget_lists};
    struct tl_images images = {source, result};
    struct tl_run *run = &pool->run;
    telar_report *common = run->report;
    telar_status status;

    *result = NULL;
    if (report)
        *report = NULL;
    tl_error_clear(error);
    if (memcmp(telar_image_geometry(source), &run->job.image, sizeof run->job.image) != 0)
        return tl_fail(error, TELAR_USAGE, 0,
                       "the image is not of the geometry that the pool was made for");
    if (run->abandoned)
        return tl_fail(error, TELAR_HOST, 0,
                       "a thread of the pool could not be ended; the program should end");
    run->report = malloc(sizeof *run->report);
    if (!run->report) {
        run->report = common;
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory for the report");
    }
    *run->report = *common;
    run->orders.epoch_ns = tl_now_ns();
    run->again = 0;
    status = tl_attempts_make(run, &attempts, &images, error);
    if (report && run->measure.count_huge_pages)
        run->report->huge_bytes = tl_segment_huge_bytes(&run->segment);
    run->report->total_ns = tl_run_elapsed_ns(run);
    if (report)
        *report = run->report;
    else
        telar_report_free(run->report);
    run->report = common;
    return status;
}

void telar_pool_free(telar_pool *pool)
{
    if (!pool)
        return;
    tl_run_end(&pool->run, NULL);
    free(pool);
}
