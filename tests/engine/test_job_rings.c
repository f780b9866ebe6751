/* SPDX-License-Identifier: MIT */
/* Jobs: where the bands of rings lie, and whose they are. */
#include <config.h>

#include "support/job_fixture.h"
#include "png/band_reader.h"

/* Tasks whose bands share a slot have the same extent, the others have pages of their own; pixels
 * lie in theirs. */
static void check_ring(unsigned char *pages, const struct tl_job *job, telar_task_kind kind,
                       const struct tl_ring *ring)
{
    const struct tl_stage *stage = tl_job_stage(job, kind);

    ck_assert_ptr_nonnull(stage);
    ck_assert_uint_ge(ring->slots, 1);
    for (uint64_t band = 0; band < job->n_bands; band++) {
        struct tl_task task = tl_job_task(job, stage->first + band, (uint32_t)(band % ring->slots));

        if (ring->shares == 1)
            ck_assert_uint_eq(task.extent.offset,
                              ring->offset + band % ring->slots * ring->slot_bytes);
        ck_assert_uint_ge(task.extent.offset, ring->whole.offset);
        ck_assert_uint_le(task.extent.offset + task.extent.bytes,
                          ring->whole.offset + ring->whole.bytes);
        if (band < ring->slots)
            claim(pages, job, task.extent.offset, task.extent.bytes);
        ck_assert_uint_eq(task.region.r0, band * job->band_rows);
        if (ring == &job->source) {
            struct telar_source rows = tl_job_source(job, NULL, task.region.r0, task.region.r1);

            ck_assert_uint_eq((uintptr_t)rows.data, task.extent.offset);
            ck_assert_uint_le((task.region.r1 - task.region.r0) * job->source_stride,
                              task.extent.bytes);
        }
    }
}

/* No page has two owners; what is apart begins and ends on a huge page, unless it is small or dealt
 * out in turn. */
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

static void check_codec_layout(const struct telar_geometry *image, struct telar_plan plan,
                               uint32_t workers, unsigned way)
{
    const bool together = way & TOGETHER;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_request request = {
        .image = *image, .pipeline = pipeline, .plan = plan, .workers = workers};
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

/* Regions of a grid: where workers open each for itself, those of 1 MiB and more begin and end on
 * huge pages. */
START_TEST(large_regions_apart_lie_on_huge_pages)
{
    static const struct {
        uint32_t rows; /* of 1024 columns of a byte, of which half a region has 512 */
        bool apart, huge;
    } cases[] = {{4096, true, true},
                 {4000, true, false},
                 {4096, false, false},
                 {16384, false, true},
                 {16000, false, false}};
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct tl_request request = {.image = {cases[i].rows, 1024, 1, 8},
                                     .pipeline = pipeline,
                                     .plan = {2, 2},
                                     .workers = 3,
                                     .apart = cases[i].apart};
        struct tl_job job;

        ck_assert_int_eq(tl_job_init(&job, &request, NULL), TELAR_OK);
        ck_assert_int_eq(job.result_offset % TL_HUGE_BYTES == 0, cases[i].huge);
        ck_assert_int_eq(job.result_slot % TL_HUGE_BYTES == 0, cases[i].huge);
        ck_assert_uint_ge(job.result_slot, cases[i].rows / 2 * 512);
        if (!cases[i].huge)
            ck_assert_uint_lt(job.result_slot, cases[i].rows / 2 * 512 + TL_PAGE_BYTES);
    }
    telar_pipeline_free(pipeline);
}
END_TEST

/* What a job is when its bands can be decoded for themselves and its pipeline is this one. */
static struct tl_job restart_job(struct telar_plan plan, const struct telar_transform *transform,
                                 const char *text)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_request request = {
        .image = {4000, 6000, 3, 8}, .pipeline = pipeline, .plan = plan, .workers = 2};
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

/* The source of one band lies in scratch, beside the other things there, and nothing of it in the
 * segment. */
START_TEST(a_band_that_nobody_else_needs_goes_straight)
{
    const struct telar_plan none = {0, 0};
    const struct tl_job job = restart_job(none, NULL, "invert"),
                        around = restart_job(none, NULL, "sobel");
    const uint64_t band_bytes = (uint64_t)job.band_rows * 18001,
                   pixels = (uint64_t)job.band_rows * job.source_stride;

    ck_assert(job.straight && !job.window && !tl_job_decoding(&job));
    ck_assert_uint_eq(job.n_tasks, job.n_bands);
    ck_assert_uint_eq(job.source.slots, 1);
    ck_assert_uint_ge(job.codec_offset, job.band_offset + band_bytes);
    ck_assert_uint_ge(job.source.offset, job.codec_offset + tl_band_reader_work_bytes());
    ck_assert_uint_ge(job.source.offset, job.codec_offset + 18000);
    ck_assert_uint_ge(job.scratch_bytes, job.source.offset + pixels);
    ck_assert_uint_ge(job.scratch_bytes,
                      around.scratch_bytes - around.codec_offset + job.codec_offset);
    ck_assert_uint_eq(job.tail.bytes, 0);
    ck_assert_uint_le(job.segment_bytes + around.source.slots * pixels,
                      around.segment_bytes + TL_HUGE_BYTES);
    ck_assert_uint_eq(tl_job_shape(&job).again_bytes, 0);
    check_owners(&job, false);
    ck_assert(!around.straight && around.window);
    ck_assert(!restart_job((struct telar_plan){2, 1}, NULL, "invert").straight);
    ck_assert(!restart_job(none, NULL, "equalize").straight);
    ck_assert(!restart_job(none, &local, NULL)
                   .straight); /* of somebody else's, and it may write where it must not */
}
END_TEST

START_TEST(slots_of_rings_have_pages_of_their_own)
{
    const struct telar_geometry images[] = {{1, 1, 1, 8},       {4000, 6000, 3, 8},
                                            {700, 20000, 1, 8}, {50000, 1, 4, 16},
                                            {3, 700001, 2, 16}, {997, 1009, 4, 8}};

    for (size_t i = 0; i < LENGTH(images); i++)
        for (uint32_t workers = 1; workers < 20; workers += 6)
            for (unsigned way = 0; way < WAYS; way++) {
                check_codec_layout(&images[i], (struct telar_plan){0, 0}, workers, way);
                check_codec_layout(&images[i], (struct telar_plan){2, 1}, workers, way);
            }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        slots_of_rings_have_pages_of_their_own,
        a_band_that_nobody_else_needs_goes_straight,
        large_regions_apart_lie_on_huge_pages,
        NULL,
    };

    return run_suite("job_rings", tests);
}
