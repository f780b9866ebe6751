/* Jobs: which stages there are, and that every task has a part of the segment to itself. */
#include <config.h>

#include "suite.h"

#include "job.h"
#include "plane.h"
#include "restart.h"

#include <telar/engine.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- transforms that ask for memory ---- */

/* Parameters of all of them: halo, bytes of state, bytes of a partial. */
static const struct telar_param sizes[] = {
    {"halo", "pixels", 0, 1e6, 0, true},
    {"state", "bytes", 0, 2e19, 0, true},
    {"partial", "bytes", 0, 2e19, 0, true},
    {NULL, NULL, 0, 0, 0, false},
};

static size_t to_size(double bytes)
{
    return bytes < 18446744073709551615.0 ? (size_t)bytes : SIZE_MAX;
}

static uint32_t halo(const struct telar_context *context)
{
    return (uint32_t)context->params[0];
}

static size_t state_bytes(const struct telar_context *context)
{
    return to_size(context->params[1]);
}

static size_t partial_bytes(const struct telar_context *context)
{
    return to_size(context->params[2]);
}

static void prepare(const struct telar_context *context, void *state) {}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
}

#define COMMON                                                                                               \
    .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform), .summary = "for tests",       \
    .manual = "for tests", .params = sizes, .halo = halo, .process = process

static const struct telar_transform local = {COMMON, .name = "local"};
static const struct telar_transform prepared = {COMMON, .name = "prepared", .state_bytes = state_bytes,
                                                .prepare = prepare};
static const struct telar_transform whole = {
    COMMON,           .name = "whole", .state_bytes = state_bytes, .partial_bytes = partial_bytes,
    .gather = gather, .merge = merge};

static void add(telar_pipeline *pipeline, const struct telar_transform *transform, double pixels,
                double state, double partial)
{
    ck_assert_int_eq(telar_pipeline_add(pipeline, transform, (double[]){pixels, state, partial}, NULL),
                     TELAR_OK);
}

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
                         const struct telar_region *roi, uint32_t workers, struct telar_error *error)
{
    struct tl_request request = {
        .image = *image, .pipeline = pipeline, .plan = plan, .roi = roi, .workers = workers};

    return tl_job_init(job, &request, error);
}

/* ---- layout ---- */

/* Marks the pages of a part of the segment; none may have been marked before. */
static void claim(unsigned char *pages, const struct tl_job *job, uint64_t offset, uint64_t bytes)
{
    if (offset % TL_PAGE_BYTES || bytes % TL_PAGE_BYTES || bytes == 0 || offset + bytes > job->segment_bytes)
        ck_abort_msg("%llu bytes at %llu of %llu", (unsigned long long)bytes, (unsigned long long)offset,
                     (unsigned long long)job->segment_bytes);
    for (uint64_t page = offset / TL_PAGE_BYTES; page < (offset + bytes) / TL_PAGE_BYTES; page++)
        if (pages[page]++)
            ck_abort_msg("two parts share page %llu", (unsigned long long)page);
}

/* A region's result lies inside what its task may write, and rows follow each other without overlap. */
static void check_result(const struct tl_job *job, uint64_t number)
{
    struct tl_task task = tl_job_task(job, number, 0);
    struct telar_result result = tl_job_result(job, NULL, task.index);
    uint64_t row_bytes = (uint64_t)telar_region_columns(&result.region) * telar_pixel_bytes(&job->image);
    uint64_t begin = (uintptr_t)result.data;

    if (memcmp(&result.region, &task.region, sizeof task.region) != 0 || result.stride_bytes < row_bytes
        || begin < task.extent.offset
        || begin + (telar_region_rows(&result.region) - 1) * result.stride_bytes + row_bytes
               > task.extent.offset + task.extent.bytes)
        ck_abort_msg("the result of task %llu is not inside its extent", (unsigned long long)number);
}

/* Stages that gather use the same partials, one after the other. */
static void check_partial(const struct tl_job *job, const struct tl_stage *first, const struct tl_task *task)
{
    struct tl_task same = tl_job_task(job, first->first + task->index, 0);

    if (memcmp(&task->extent, &same.extent, sizeof same.extent) != 0)
        ck_abort_msg("partial %llu lies elsewhere than in the stage before", (unsigned long long)task->index);
}

static void check_layout(const struct tl_job *job)
{
    const struct tl_stage *first_gather =
        tl_job_task(job, 0, 0).stage; /* every pipeline here begins with one */
    unsigned char *pages = calloc(1, job->segment_bytes / TL_PAGE_BYTES);

    ck_assert_ptr_nonnull(pages);
    ck_assert_uint_eq(job->segment_bytes % TL_PAGE_BYTES, 0);
    ck_assert_uint_ge(job->source_stride, telar_row_bytes(&job->image));
    claim(pages, job, 0, TL_PAGE_BYTES);
    ck_assert_uint_ge(job->source.slots * job->source.slot_bytes,
                      job->source_stride * (uint64_t)job->image.rows);
    claim(pages, job, job->source.offset, job->source.slots * job->source.slot_bytes);
    for (uint64_t i = 0; i < job->n_tasks; i++) {
        struct tl_task task = tl_job_task(job, i, 0);

        if (task.stage->kind != TELAR_TASK_GATHER || task.stage == first_gather)
            claim(pages, job, task.extent.offset, task.extent.bytes);
        else
            check_partial(job, first_gather, &task);
        if (task.stage->kind == TELAR_TASK_PROCESS)
            check_result(job, i);
    }
    free(pages);
}

static void check_geometry(struct telar_geometry image, const struct telar_region *roi)
{
    const struct telar_plan plans[] = {{0, 0}, {1, 1}, {2, 2}, {3, 5}, {1, UINT32_MAX}, {UINT32_MAX, 1}};
    const uint32_t workers[] = {1, 2, 7, TELAR_WORKERS_MAX};
    telar_pipeline *pipeline = mixed_pipeline();
    struct tl_job job;

    for (size_t p = 0; p < LENGTH(plans); p++)
        for (size_t w = 0; w < LENGTH(workers); w++) {
            ck_assert_int_eq(init(&job, &image, pipeline, plans[p], roi, workers[w], NULL), TELAR_OK);
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
                check_geometry((struct telar_geometry){sides[i][0], sides[i][1], channels, depth}, NULL);
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

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){2, 2}, NULL, 4, NULL), TELAR_OK);
    check_layout(&job);
    ck_assert_uint_eq(job.source.offset % TL_HUGE_BYTES, 0);
    ck_assert_uint_eq(job.result_offset % TL_HUGE_BYTES, 0);
    ck_assert_uint_eq(job.result_slot % TL_HUGE_BYTES, 0);
    telar_pipeline_free(pipeline);
}
END_TEST

/* ---- rings ---- */

/* Tasks whose bands share a slot have the same extent, the others have pages of their own; pixels lie in theirs. */
static void check_ring(unsigned char *pages, const struct tl_job *job, telar_task_kind kind,
                       const struct tl_ring *ring)
{
    const struct tl_stage *stage = tl_job_stage(job, kind);

    ck_assert_ptr_nonnull(stage);
    ck_assert_uint_ge(ring->slots, 1);
    for (uint64_t band = 0; band < job->n_bands; band++) {
        struct tl_task task = tl_job_task(job, stage->first + band, (uint32_t)(band % ring->slots));

        if (ring->shares == 1)
            ck_assert_uint_eq(task.extent.offset, ring->offset + band % ring->slots * ring->slot_bytes);
        ck_assert_uint_ge(task.extent.offset, ring->whole.offset);
        ck_assert_uint_le(task.extent.offset + task.extent.bytes, ring->whole.offset + ring->whole.bytes);
        if (band < ring->slots)
            claim(pages, job, task.extent.offset, task.extent.bytes);
        ck_assert_uint_eq(task.region.r0, band * job->band_rows);
        if (ring == &job->source) {
            struct telar_source rows = tl_job_source(job, NULL, task.region.r0, task.region.r1);

            ck_assert_uint_eq((uintptr_t)rows.data, task.extent.offset);
            ck_assert_uint_le((task.region.r1 - task.region.r0) * job->source_stride, task.extent.bytes);
        }
    }
}

/* No page has two owners; what is apart begins and ends on a huge page, unless it is small or dealt out in turn. */
static void check_owners(const struct tl_job *job, bool apart)
{
    unsigned char *pages = calloc(1, job->segment_bytes / TL_PAGE_BYTES + 1);
    struct tl_extent piece;

    ck_assert_ptr_nonnull(pages);
    claim(pages, job, 0, TL_PAGE_BYTES);
    if (job->tail.bytes)
        claim(pages, job, job->tail.offset, job->tail.bytes);
    for (uint32_t worker = 0; worker < job->workers; worker++)
        for (uint32_t i = 0; tl_job_own(job, worker, i, &piece); i++) {
            claim(pages, job, piece.offset, piece.bytes);
            if (apart && piece.bytes >= TL_HUGE_BYTES / 8 && job->window && !job->restart) {
                ck_assert_uint_eq(piece.offset % TL_HUGE_BYTES, 0);
                ck_assert_uint_eq(piece.bytes % TL_HUGE_BYTES, 0);
            }
        }
    free(pages);
}

/* How bands are decoded, and whether workers open what they own: two bits. */
enum { TOGETHER = 1, APART = 2, WAYS = 4 };

static void check_codec_layout(const struct telar_geometry *image, struct telar_plan plan, uint32_t workers,
                               unsigned way)
{
    const bool together = way & TOGETHER;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_request request = {.image = *image, .pipeline = pipeline, .plan = plan, .workers = workers};
    unsigned char *pages;
    struct tl_job job;

    request.decode = request.encode = true;
    request.together = together;
    request.apart = way & APART;
    add(pipeline, &local, 5, 0, 0);
    ck_assert_int_eq(tl_job_init(&job, &request, NULL), TELAR_OK);
    pages = calloc(1, job.segment_bytes / TL_PAGE_BYTES + 1);
    ck_assert_ptr_nonnull(pages);
    claim(pages, &job, 0, TL_PAGE_BYTES);
    claim(pages, &job, job.tail.offset, job.tail.bytes);
    ck_assert_int_eq(job.together, together || workers == 1);
    if (!job.together) {
        check_ring(pages, &job, TELAR_TASK_INFLATE, &job.filtered);
        check_ring(pages, &job, TELAR_TASK_UNFILTER, &job.source);
    } else {
        check_ring(pages, &job, TELAR_TASK_INFLATE, &job.source);
        ck_assert_ptr_null(tl_job_stage(&job, TELAR_TASK_UNFILTER));
        ck_assert_uint_eq(job.filtered.slots, 0);
    }
    check_ring(pages, &job, TELAR_TASK_ENCODE, &job.encoded);
    if (job.window)
        ck_assert_uint_eq(tl_job_shape(&job).again_bytes, job.source.slots * job.source.slot_bytes);
    else
        ck_assert_uint_eq(job.source.slots, job.n_bands);
    ck_assert_int_eq(job.fused, plan.rows == 0);
    check_owners(&job, request.apart);
    request.restart = true;
    ck_assert_int_eq(tl_job_init(&job, &request, NULL), TELAR_OK);
    check_owners(&job, request.apart);
    free(pages);
    telar_pipeline_free(pipeline);
}

/* What a job is when its bands can be decoded for themselves and its pipeline is this one. */
static struct tl_job restart_job(struct telar_plan plan, const struct telar_transform *transform, const char *text)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_request request = {.image = {4000, 6000, 3, 8}, .pipeline = pipeline, .plan = plan, .workers = 2};
    struct tl_job job;

    request.decode = request.encode = request.restart = true;
    if (transform)
        add(pipeline, transform, 0, 0, 0);
    else
        ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    ck_assert_int_eq(tl_job_init(&job, &request, NULL), TELAR_OK);
    telar_pipeline_free(pipeline);
    return job;
}

/* The source of one band lies in scratch, beside the other things there, and nothing of it in the segment. */
START_TEST(a_band_that_nobody_else_needs_goes_straight)
{
    const struct telar_plan none = {0, 0};
    const struct tl_job job = restart_job(none, NULL, "invert"), around = restart_job(none, NULL, "sobel");
    const uint64_t band_bytes = (uint64_t)job.band_rows * 18001, pixels = (uint64_t)job.band_rows * job.source_stride;

    ck_assert(job.straight && !job.window && !tl_job_decoding(&job));
    ck_assert_uint_eq(job.n_tasks, job.n_bands);
    ck_assert_uint_eq(job.source.slots, 1);
    ck_assert_uint_ge(job.codec_offset, job.band_offset + band_bytes);
    ck_assert_uint_ge(job.source.offset, job.codec_offset + tl_restart_work_bytes());
    ck_assert_uint_ge(job.source.offset, job.codec_offset + 18000);
    ck_assert_uint_ge(job.scratch_bytes, job.source.offset + pixels);
    ck_assert_uint_ge(job.scratch_bytes, around.scratch_bytes - around.codec_offset + job.codec_offset);
    ck_assert_uint_eq(job.tail.bytes, 0);
    ck_assert_uint_le(job.segment_bytes + around.source.slots * pixels, around.segment_bytes + TL_HUGE_BYTES);
    ck_assert_uint_eq(tl_job_shape(&job).again_bytes, 0);
    check_owners(&job, false);
    ck_assert(!around.straight && around.window);
    ck_assert(!restart_job((struct telar_plan){2, 1}, NULL, "invert").straight);
    ck_assert(!restart_job(none, NULL, "equalize").straight);
    ck_assert(!restart_job(none, &local, NULL).straight); /* of somebody else's, and it may write where it must not */
}
END_TEST

START_TEST(slots_of_rings_have_pages_of_their_own)
{
    const struct telar_geometry images[] = {{1, 1, 1, 8},      {4000, 6000, 3, 8}, {700, 20000, 1, 8},
                                            {50000, 1, 4, 16}, {3, 700001, 2, 16}, {997, 1009, 4, 8}};

    for (size_t i = 0; i < LENGTH(images); i++)
        for (uint32_t workers = 1; workers < 20; workers += 6)
            for (unsigned way = 0; way < WAYS; way++) {
                check_codec_layout(&images[i], (struct telar_plan){0, 0}, workers, way);
                check_codec_layout(&images[i], (struct telar_plan){2, 1}, workers, way);
            }
}
END_TEST

/* ---- stages ---- */

START_TEST(stages_follow_the_pipeline)
{
    const struct {
        telar_task_kind kind;
        uint32_t step;
        uint64_t count;
    } expected[] = {
        {TELAR_TASK_GATHER, 1, 8}, {TELAR_TASK_MERGE, 1, 1}, {TELAR_TASK_PREPARE, 2, 1},
        {TELAR_TASK_GATHER, 3, 8}, {TELAR_TASK_MERGE, 3, 1}, {TELAR_TASK_PROCESS, 0, 6},
    };
    const struct telar_geometry image = {20, 30, 1, 8};
    telar_pipeline *pipeline = mixed_pipeline();
    struct tl_job job;
    uint64_t task = 0;

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){2, 3}, NULL, 4, NULL), TELAR_OK);
    ck_assert_uint_eq(job.n_stages, LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++)
        for (uint64_t index = 0; index < expected[i].count; index++, task++) {
            struct tl_task got = tl_job_task(&job, task, 0);

            ck_assert_int_eq(got.stage->kind, expected[i].kind);
            ck_assert_uint_eq(got.stage->step, expected[i].step);
            ck_assert_uint_eq(got.index, index);
            ck_assert_uint_eq(got.stage->count, expected[i].count);
        }
    ck_assert_uint_eq(job.n_tasks, task);
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

    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1, 1}, &roi, 3, NULL), TELAR_OK);
    for (uint64_t i = 0; tl_job_task(&job, i, 0).stage->kind == TELAR_TASK_GATHER; i++) {
        struct telar_region region = tl_job_task(&job, i, 0).region;

        ck_assert_uint_eq(region.r0, next_row);
        ck_assert_uint_eq(region.c0, 0);
        ck_assert_uint_eq(region.c1, 30);
        next_row = region.r1;
    }
    ck_assert_uint_eq(next_row, 20);
    last = tl_job_task(&job, job.n_tasks - 1, 0).region;
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
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){0, 0}, NULL, 9, NULL), TELAR_OK);
    ck_assert_uint_eq(job.n_stages, 2 * TELAR_PIPELINE_MAX + 1);
    check_layout(&job);
    telar_pipeline_free(pipeline);
}
END_TEST

/* ---- what is refused ---- */

static void check_refused(const struct telar_transform *transform, const double *params,
                          struct telar_geometry image, struct telar_plan plan, telar_status expected)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.worker = -1};
    struct tl_job job;

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(telar_pipeline_add(pipeline, transform, params, NULL), TELAR_OK);
    ck_assert_msg(init(&job, &image, pipeline, plan, NULL, 4, &error) == expected,
                  "%s %g %g %g, %u x %u: %llu bytes", transform->name, params[0], params[1], params[2],
                  image.rows, image.columns, (unsigned long long)job.segment_bytes);
    ck_assert_int_eq(error.status, expected);
    ck_assert_str_ne(error.text, "");
    telar_pipeline_free(pipeline);
}

START_TEST(sizes_that_do_not_fit_are_refused)
{
    const double below_2_64[] = {18446744073709551615.0, 18446744073709549568.0, 18446744073705357312.0,
                                 18446744073703260160.0, 18446744073701163008.0, 18446744073699065856.0,
                                 18446744073692774400.0, 9223372036854775808.0,  9223372036850581504.0,
                                 4611686018427387904.0};
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
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1, 1}, NULL, 4, NULL), TELAR_HOST);
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
    ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1024, 1024}, NULL, 4, NULL), TELAR_OK);
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

        ck_assert_int_eq(init(&job, &image, pipeline, (struct telar_plan){1, 1}, &wrong[i], 1, &error),
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
    const struct telar_region rois[] = {{0, 37, 0, 41}, {5, 6, 0, 41}, {0, 37, 40, 41}, {11, 30, 2, 39}};
    const struct telar_geometry image = {37, 41, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_job job;

    for (size_t i = 0; i < LENGTH(rois); i++)
        for (uint32_t rows = 1; rows <= 38; rows++)
            for (uint32_t columns = 1; columns <= 42; columns += 8) {
                unsigned char *base;

                ck_assert_int_eq(
                    init(&job, &image, pipeline, (struct telar_plan){rows, columns}, &rois[i], 2, NULL),
                    TELAR_OK);
                base = calloc(1, job.segment_bytes);
                ck_assert_ptr_nonnull(base);
                for (uint32_t r = 0; r < 37; r++)
                    for (uint32_t c = 0; c < 41; c++)
                        base[job.source.offset + r * job.source_stride + c] = before(r, c);
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
        a_band_that_nobody_else_needs_goes_straight,
        slots_of_rings_have_pages_of_their_own,
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
