/* SPDX-License-Identifier: MIT */
/* A job made in a test, run by the coordinator on every engine. */
#include <config.h>

#include "support/suite.h"

#include "base/host.h"
#include "engine/coordinator.h"
#include "run/job_plan.h"
#include "run/kinds.h"

static const struct tl_kind *kinds[TL_KINDS + 1];
static uint8_t copied; /* the buffer that the stage of this test writes */

/* A picture of which each byte is another than its neighbours. */
static const struct telar_geometry image = {500, 300, 3, 8};

static void fill_source(const struct tl_job *job, unsigned char *base)
{
    unsigned char *source = tl_job_buffer(job, base, job->source);

    for (uint32_t row = 0; row < image.rows; row++)
        for (uint32_t i = 0; i < telar_row_bytes(&image); i++)
            source[row * job->source_stride + i] = (unsigned char)(row * 7 + i * 5);
}

/* A stage that telar does not have: it copies the plane, band by band. */
static void run_copy(const struct tl_place *place, const struct tl_task *task,
                     struct tl_record *record)
{
    struct telar_source rows =
        tl_job_source(place->job, place->base, task->region.r0, task->region.r1);

    (void)record;
    memcpy(place->base + task->extent.offset, rows.data,
           telar_region_rows(&rows.region) * rows.stride_bytes);
}

static const struct tl_kind kind_copy = {
    .name = "copy", .report = TELAR_TASK_PROCESS, .run = run_copy};

/* Its entry in the table; returns the number of its buffer. */
static uint8_t add_copy(struct tl_job *job)
{
    const struct tl_buffer plane = {.item_bytes = job->source_stride * job->band_rows,
                                    .slots = job->n_bands,
                                    .parts = 1,
                                    .writers = TL_IN_SHARES,
                                    .access = TL_AT_START};
    const struct tl_stage stage = {
        .count = job->n_bands,
        .cut = {telar_region_all(&image), job->n_bands, 1, job->band_rows},
        .kind = TL_KINDS,
        .writes = {tl_table_add_buffer(&job->table, &plane), TL_ABSENT},
        .stream = TL_ABSENT};

    tl_table_add_stage(&job->table, &stage);
    return stage.writes[0];
}

static struct tl_job make_job(const telar_pipeline *pipeline, uint32_t workers)
{
    const struct tl_wanted wanted = {
        .image = image, .pipeline = pipeline, .plan = {3, 2}, .workers = workers};
    struct tl_job job;

    ck_assert_int_eq(tl_job_plan(&job, &wanted, TL_PACKED, NULL), TELAR_OK);
    memcpy(kinds, tl_kinds, sizeof tl_kinds);
    kinds[TL_KINDS] = &kind_copy;
    copied = add_copy(&job);
    ck_assert(tl_table_lay_out(&job.table, TL_PACKED));
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
    ck_assert_mem_eq(tl_job_buffer(job, base, copied), tl_job_buffer(job, base, job->source),
                     image.rows * job->source_stride);
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
