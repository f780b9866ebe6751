/* SPDX-License-Identifier: MIT */
/* Jobs: which stages there are, and that every task has a part of the segment to itself. */
#include <config.h>

#include "support/job_fixture.h"

/* Two whole-image transforms, two that only prepare, two without state. */
static telar_pipeline *mixed_pipeline(void)
{
    telar_pipeline *pipeline = telar_pipeline_new();

    add(pipeline, &local, 3, 0, 0);
    add(pipeline, &whole, 1, 5000, 9000);
    add(pipeline, &prepared, 0, 1, 0);
    add(pipeline, &whole, 0, 100, 3);
    add(pipeline, &prepared, 0, 0, 0); /* has no state after all, so nothing to prepare */
    add(pipeline, &local, 2, 0, 0);
    return pipeline;
}

/* A job without a codec, as telar_run has it. */
static telar_status init(struct tl_job *job, const struct telar_geometry *image,
                         const telar_pipeline *pipeline, struct telar_plan plan,
                         const struct telar_region *roi, uint32_t workers,
                         struct telar_error *error)
{
    const struct tl_wanted wanted = {
        .image = *image, .pipeline = pipeline, .plan = plan, .roi = roi, .workers = workers};

    return tl_job_plan(job, &wanted, TL_PACKED, error);
}

/* ---- layout ---- */
static void check_result(const struct tl_job *job, uint64_t number)
{
    struct tl_task task = tl_job_task(job, number, 0);
    struct telar_result result = tl_job_result(job, NULL, task.index);
    uint64_t row_bytes =
        (uint64_t)telar_region_columns(&result.region) * telar_pixel_bytes(&job->image);
    uint64_t begin = (uintptr_t)result.data;

    if (memcmp(&result.region, &task.region, sizeof task.region) != 0
        || result.stride_bytes < row_bytes || begin < task.extent.offset
        || begin + (telar_region_rows(&result.region) - 1) * result.stride_bytes + row_bytes
               > task.extent.offset + task.extent.bytes)
        ck_abort_msg("the result of task %llu is not inside its extent",
                     (unsigned long long)number);
}

/* Stages that gather use the same partials, one after the other. */
static void check_partial(const struct tl_job *job, const struct tl_stage *first,
                          const struct tl_task *task)
{
    struct tl_task same = tl_job_task(job, first->first + task->index, 0);

    if (memcmp(&task->extent, &same.extent, sizeof same.extent) != 0)
        ck_abort_msg("partial %llu lies elsewhere than in the stage before",
                     (unsigned long long)task->index);
}

static void check_layout(const struct tl_job *job)
{
    const struct tl_stage *first_gather =
        tl_job_task(job, 0, 0).stage; /* every pipeline here begins with one */
    unsigned char *pages = calloc(1, job->table.segment_bytes / TL_PAGE_BYTES);

    ck_assert_ptr_nonnull(pages);
    const struct tl_buffer *source = &job->table.buffer[job->source];

    ck_assert_uint_eq(job->table.segment_bytes % TL_PAGE_BYTES, 0);
    ck_assert_uint_ge(job->source_stride, telar_row_bytes(&job->image));
    claim(pages, job, 0, TL_PAGE_BYTES);
    ck_assert_uint_ge(source->slots * source->slot_bytes,
                      job->source_stride * (uint64_t)job->image.rows);
    claim(pages, job, source->offset, source->slots * source->slot_bytes);
    for (uint64_t i = 0; i < job->table.n_tasks; i++) {
        struct tl_task task = tl_job_task(job, i, 0);

        if (task.stage->kind != TL_GATHER || task.stage == first_gather)
            claim(pages, job, task.extent.offset, task.extent.bytes);
        else
            check_partial(job, first_gather, &task);
        if (task.stage->kind == TL_PROCESS)
            check_result(job, i);
    }
    free(pages);
}

static void check_geometry(struct telar_geometry image, const struct telar_region *roi)
{
    const struct telar_plan plans[] = {{0, 0}, {1, 1},          {2, 2},
                                       {3, 5}, {1, UINT32_MAX}, {UINT32_MAX, 1}};
    const uint32_t workers[] = {1, 2, 7, TELAR_WORKERS_MAX};
    telar_pipeline *pipeline = mixed_pipeline();
    struct tl_job job;

    for (size_t p = 0; p < LENGTH(plans); p++)
        for (size_t w = 0; w < LENGTH(workers); w++) {
            ck_assert_int_eq(init(&job, &image, pipeline, plans[p], roi, workers[w], NULL),
                             TELAR_OK);
            check_layout(&job);
        }
    telar_pipeline_free(pipeline);
}

START_TEST(every_task_has_pages_of_its_own)
{
    const uint32_t sides[][2] = {{1, 1}, {1, 97}, {89, 1}, {89, 97}, {700, 300}, {3, 3000}};

    for (size_t i = 0; i < LENGTH(sides); i++)
        for (uint32_t channels = 1; channels <= 4; channels++)
            for (uint32_t depth = 8; depth <= 16; depth += 8)
                check_geometry((struct telar_geometry){sides[i][0], sides[i][1], channels, depth},
                               NULL);
    check_geometry((struct telar_geometry){89, 97, 3, 8}, &(struct telar_region){40, 41, 0, 97});
    check_geometry((struct telar_geometry){89, 97, 3, 8}, &(struct telar_region){7, 89, 13, 15});
}
END_TEST

/* More than 4 MiB a region: each begins on a huge page. */
START_TEST(large_regions_do_not_share_a_huge_page)
{
    const struct telar_geometry image = {4000, 6000, 3, 8};
    telar_pipeline *pipeline = mixed_pipeline();
    struct tl_job job;

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){2, 2}, NULL, 4, NULL),
                     TELAR_OK);
    check_layout(&job);
    ck_assert_uint_eq(job.table.buffer[job.source].offset % TL_HUGE_BYTES, 0);
    ck_assert_uint_eq(job.table.buffer[job.result].offset % TL_HUGE_BYTES, 0);
    ck_assert_uint_eq(job.table.buffer[job.result].slot_bytes % TL_HUGE_BYTES, 0);
    telar_pipeline_free(pipeline);
}
END_TEST

/* ---- stages ---- */

START_TEST(stages_follow_the_pipeline)
{
    const struct {
        enum tl_kind_number kind;
        uint32_t step;
        uint64_t count;
    } expected[] = {
        {TL_GATHER, 1, 8}, {TL_MERGE, 1, 1}, {TL_PREPARE, 2, 1},
        {TL_GATHER, 3, 8}, {TL_MERGE, 3, 1}, {TL_PROCESS, 0, 6},
    };
    const struct telar_geometry image = {20, 30, 1, 8};
    telar_pipeline *pipeline = mixed_pipeline();
    struct tl_job job;
    uint64_t task = 0;

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){2, 3}, NULL, 4, NULL),
                     TELAR_OK);
    ck_assert_uint_eq(job.table.n_stages, LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++)
        for (uint64_t index = 0; index < expected[i].count; index++, task++) {
            struct tl_task got = tl_job_task(&job, task, 0);

            ck_assert_int_eq(got.stage->kind, expected[i].kind);
            ck_assert_uint_eq(got.stage->step, expected[i].step);
            ck_assert_uint_eq(got.index, index);
            ck_assert_uint_eq(got.stage->count, expected[i].count);
        }
    ck_assert_uint_eq(job.table.n_tasks, task);
    telar_pipeline_free(pipeline);
}
END_TEST

/* A whole-image statistic is of the whole image, whatever the region of interest. */
START_TEST(gathering_covers_the_image)
{
    const struct telar_geometry image = {20, 30, 1, 8};
    const struct telar_region roi = {3, 5, 7, 9};
    struct telar_region last;
    telar_pipeline *pipeline = mixed_pipeline();
    uint32_t next_row = 0;
    struct tl_job job;

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1, 1}, &roi, 3, NULL),
                     TELAR_OK);
    for (uint64_t i = 0; tl_job_task(&job, i, 0).stage->kind == TL_GATHER; i++) {
        struct telar_region region = tl_job_task(&job, i, 0).region;

        ck_assert_uint_eq(region.r0, next_row);
        ck_assert_uint_eq(region.c0, 0);
        ck_assert_uint_eq(region.c1, 30);
        next_row = region.r1;
    }
    ck_assert_uint_eq(next_row, 20);
    last = tl_job_task(&job, job.table.n_tasks - 1, 0).region;
    ck_assert_mem_eq(&last, &roi, sizeof roi);
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(stages_of_the_longest_pipeline_fit)
{
    const struct telar_geometry image = {20, 30, 4, 16};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    for (int i = 0; i < TELAR_PIPELINE_MAX; i++)
        add(pipeline, &whole, TELAR_HALO_MAX, 64, 64);
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){0, 0}, NULL, 9, NULL),
                     TELAR_OK);
    ck_assert_uint_eq(job.table.n_stages, 2 * TELAR_PIPELINE_MAX + 1);
    check_layout(&job);
    telar_pipeline_free(pipeline);
}
END_TEST

/* ---- what is refused ---- */

static void check_refused(const struct telar_transform *transform, const double *params,
                          struct telar_geometry image, struct telar_plan plan,
                          telar_status expected)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.worker = -1};
    struct tl_job job;

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(telar_pipeline_add(pipeline, transform, params, NULL), TELAR_OK);
    ck_assert_msg(init(&job, &image, pipeline, plan, NULL, 4, &error) == expected,
                  "%s %g %g %g, %u x %u: %llu bytes", transform->name, params[0], params[1],
                  params[2], image.rows, image.columns,
                  (unsigned long long)job.table.segment_bytes);
    ck_assert_int_eq(error.status, expected);
    ck_assert_str_ne(error.text, "");
    telar_pipeline_free(pipeline);
}

START_TEST(sizes_that_do_not_fit_are_refused)
{
    const double below_2_64[] = {18446744073709551615.0, 18446744073709549568.0,
                                 18446744073705357312.0, 18446744073703260160.0,
                                 18446744073701163008.0, 18446744073699065856.0,
                                 18446744073692774400.0, 9223372036854775808.0,
                                 9223372036850581504.0,  4611686018427387904.0};
    const struct telar_geometry small = {10, 10, 1, 8}, largest = {0x7fffffff, 0x7fffffff, 1, 8};
    const struct telar_plan one = {1, 1};

    for (size_t i = 0; i < LENGTH(below_2_64); i++) {
        check_refused(&prepared, (double[]){0, below_2_64[i], 0}, small, one, TELAR_HOST);
        check_refused(&whole, (double[]){0, 1, below_2_64[i]}, small, one, TELAR_HOST);
        check_refused(&whole, (double[]){0, below_2_64[i], below_2_64[i]}, small, one, TELAR_HOST);
    }
    check_refused(&prepared, (double[]){0, 8589934592.0, 0}, largest, one, TELAR_HOST);
}
END_TEST

/* A sum that ends just below 2^64, and is then rounded up to a huge page. */
START_TEST(a_sum_that_wraps_is_refused)
{
    const struct telar_geometry image = {4000, 4000, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    add(pipeline, &prepared, 0, 18446744073705357312.0, 0);
    add(pipeline, &prepared, 0, 1, 0);
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1, 1}, NULL, 4, NULL),
                     TELAR_HOST);
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(plans_and_halos_have_limits)
{
    const struct telar_geometry image = {2000, 2000, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    check_refused(&local, (double[]){TELAR_HALO_MAX + 1, 0, 0}, image, (struct telar_plan){1, 1},
                  TELAR_USAGE);
    check_refused(&local, (double[]){0, 0, 0}, image, (struct telar_plan){0, 2}, TELAR_USAGE);
    check_refused(&local, (double[]){0, 0, 0}, image, (struct telar_plan){2, 0}, TELAR_USAGE);
    check_refused(&local, (double[]){0, 0, 0}, image, (struct telar_plan){1025, 1024}, TELAR_USAGE);
    check_refused(&local, (double[]){0, 0, 0}, image, (struct telar_plan){UINT32_MAX, UINT32_MAX},
                  TELAR_USAGE);
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1024, 1024}, NULL, 4, NULL),
                     TELAR_OK);
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(a_region_of_interest_lies_inside)
{
    const struct telar_region wrong[] = {{0, 0, 0, 5},   {3, 3, 0, 5},         {5, 3, 0, 5},
                                         {0, 11, 0, 5},  {0, 5, 0, 21},        {0, 5, 20, 21},
                                         {10, 11, 0, 5}, {0, UINT32_MAX, 0, 5}};
    const struct telar_geometry image = {10, 20, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    for (size_t i = 0; i < LENGTH(wrong); i++) {
        struct telar_error error = {.worker = -1};

        ck_assert_int_eq(
            init(&job, &image, pipeline, (struct telar_plan){1, 1}, &wrong[i], 1, &error),
            TELAR_USAGE);
        ck_assert_ptr_nonnull(strstr(error.text, "0:10 and columns 0:20"));
    }
    telar_pipeline_free(pipeline);
}
END_TEST

/* ---- rows of the finished image ---- */

/* Sample (r, c) of the pictures below: what stands in the source, and what the tasks write. */
static unsigned char before(uint32_t r, uint32_t c)
{
    return (unsigned char)(r * 7 + c);
}

static unsigned char after(uint32_t r, uint32_t c)
{
    return (unsigned char)(r * 5 + c * 3 + 1);
}

static void write_results(const struct tl_job *job, unsigned char *base)
{
    for (uint64_t i = 0; i < telar_plan_count(job->plan); i++) {
        struct telar_result result = tl_job_result(job, base, i);

        for (uint32_t r = result.region.r0; r < result.region.r1; r++)
            for (uint32_t c = result.region.c0; c < result.region.c1; c++)
                *telar_result_at(&result, 1, r, c) = after(r, c);
    }
}

static void check_rows(const struct tl_job *job, unsigned char *base)
{
    const struct telar_region *roi = &job->roi;
    unsigned char buffer[64];

    for (uint32_t r = 0; r < job->image.rows; r++) {
        const unsigned char *row = tl_job_row(job, base, r, buffer);

        for (uint32_t c = 0; c < job->image.columns; c++) {
            bool inside = r >= roi->r0 && r < roi->r1 && c >= roi->c0 && c < roi->c1;

            if (row[c] != (inside ? after(r, c) : before(r, c)))
                ck_abort_msg("grid %ux%u: (%u, %u)", job->plan.rows, job->plan.columns, r, c);
        }
    }
}

START_TEST(rows_are_put_together_from_regions)
{
    const struct telar_region rois[] = {
        {0, 37, 0, 41}, {5, 6, 0, 41}, {0, 37, 40, 41}, {11, 30, 2, 39}};
    const struct telar_geometry image = {37, 41, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    for (size_t i = 0; i < LENGTH(rois); i++)
        for (uint32_t rows = 1; rows <= 38; rows++)
            for (uint32_t columns = 1; columns <= 42; columns += 8) {
                unsigned char *base;

                ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){rows, columns},
                                      &rois[i], 2, NULL),
                                 TELAR_OK);
                base = calloc(1, job.table.segment_bytes);
                ck_assert_ptr_nonnull(base);
                for (uint32_t r = 0; r < 37; r++)
                    for (uint32_t c = 0; c < 41; c++)
                        tl_job_buffer(&job, base, job.source)[r * job.source_stride + c] =
                            before(r, c);
                write_results(&job, base);
                check_rows(&job, base);
                free(base);
            }
    telar_pipeline_free(pipeline);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_task_has_pages_of_its_own,
        large_regions_do_not_share_a_huge_page,
        stages_follow_the_pipeline,
        gathering_covers_the_image,
        stages_of_the_longest_pipeline_fit,
        sizes_that_do_not_fit_are_refused,
        a_sum_that_wraps_is_refused,
        plans_and_halos_have_limits,
        a_region_of_interest_lies_inside,
        rows_are_put_together_from_regions,
        NULL,
    };

    return run_suite("job", tests);
}
