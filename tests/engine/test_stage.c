/* SPDX-License-Identifier: MIT */
/* A job made in a test, run by the coordinator on every engine. */
#include <config.h>

#include "support/suite.h"

#include "base/host.h"
#include "engine/coordinator.h"
#include "run/job_plan.h"
#include "run/kinds.h"

static const struct tl_kind *kinds[TL_KINDS + 1];

/* A picture of which each byte is another than its neighbours. */
static const struct telar_geometry image = {500, 300, 3, 8};

static void fill_source(const struct tl_job *job, unsigned char *base)
{
    unsigned char *source = tl_job_buffer(job, base, job->source);

    for (uint32_t row = 0; row < image.rows; row++)
        for (uint32_t i = 0; i < telar_row_bytes(&image); i++)
            source[row * job->source_stride + i] = (unsigned char)(row * 7 + i * 5);
}

static struct tl_job make_job(const telar_pipeline *pipeline, uint32_t workers)
{
    const struct tl_wanted wanted = {
        .image = image, .pipeline = pipeline, .plan = {3, 2}, .workers = workers};
    struct tl_job job;

    ck_assert_int_eq(tl_job_plan(&job, &wanted, TL_PACKED, NULL), TELAR_OK);
    memcpy(kinds, tl_kinds, sizeof tl_kinds);
    return job;
}

static void check_results(const struct tl_job *job, unsigned char *base)
{
    unsigned char buffer[900];

    for (uint32_t row = 0; row < image.rows; row++) {
        const unsigned char *result = tl_job_row(job, base, row, buffer);

        for (uint32_t i = 0; i < telar_row_bytes(&image); i++)
            QUICK_ASSERT(result[i] == (unsigned char)~(row * 7 + i * 5));
    }
}

static void run_on(telar_engine engine, bool guarded)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_segment segment;
    struct tl_outcome outcome;
    struct tl_orders orders = {.engine = tl_engine_find(engine),
                               .segment = &segment,
                               .kinds = kinds,
                               .pipeline = pipeline,
                               .pipeline_bytes = sizeof *pipeline,
                               .input_fd = -1,
                               .name = "image",
                               .workers = engine == TELAR_SERIAL ? 1 : 3,
                               .guarded = guarded,
                               .epoch_ns = tl_now_ns()};
    telar_report *report = calloc(1, sizeof *report);
    struct tl_shape shape;
    struct tl_job job;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    job = make_job(pipeline, orders.workers);
    shape = tl_job_shape(&job);
    ck_assert_int_eq(tl_segment_create(&segment, &shape, NULL, NULL), TELAR_OK);
    fill_source(&job, segment.base);
    ck_assert_int_eq(tl_coordinate(&job, &orders, report, &outcome, NULL), TELAR_OK);
    ck_assert_uint_eq(report->n_tasks, job.table.n_tasks);
    check_results(&job, segment.base);
    tl_segment_destroy(&segment);
    telar_report_free(report);
    telar_pipeline_free(pipeline);
}

START_TEST(a_job_runs_on_every_engine)
{
    run_on(TELAR_SERIAL, false);
    run_on(TELAR_THREADS, false);
    run_on(TELAR_GIL, false);
    if (PROCESSES) {
        run_on(TELAR_PROCESSES, false);
        run_on(TELAR_PROCESSES, true);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_job_runs_on_every_engine, NULL};

    return run_suite("stage", tests);
}
