/* SPDX-License-Identifier: MIT */
/* Jobs: where the bands of rings lie, and whose they are. */
#include <config.h>

#include "support/job_fixture.h"
#include "png/band_reader.h"
#include "png/decoder.h"

/* Tasks whose bands share a slot have the same extent, the others have pages of their own; pixels
 * lie in theirs. */
static void check_ring(unsigned char *pages, const struct tl_job *job, enum tl_kind_number kind,
                       uint8_t number)
{
    const struct tl_buffer *ring = &job->table.buffer[number];
    const struct tl_stage *stage = stage_of(job, kind);

    ck_assert_ptr_nonnull(stage);
    ck_assert_uint_eq(stage->count, job->n_bands);
    ck_assert_uint_ge(ring->slots, 1);
    for (uint64_t band = 0; band < job->n_bands; band++) {
        struct tl_task task = tl_job_task(job, stage->first + band, (uint32_t)(band % ring->slots));

        if (ring->parts == 1)
            ck_assert_uint_eq(task.extent.offset,
                              ring->offset + band % ring->slots * ring->slot_bytes);
        ck_assert_uint_ge(task.extent.offset, ring->offset);
        ck_assert_uint_le(task.extent.offset + task.extent.bytes,
                          ring->offset + ring->parts * ring->part_bytes);
        if (band < ring->slots)
            claim(pages, job, task.extent.offset, task.extent.bytes);
        ck_assert_uint_eq(task.region.r0, band * job->band_rows);
        if (number == job->source) {
            struct telar_source rows = tl_job_source(job, NULL, task.region.r0, task.region.r1);

            ck_assert_uint_eq((uintptr_t)rows.data, task.extent.offset);
            ck_assert_uint_le((task.region.r1 - task.region.r0) * job->source_stride,
                              task.extent.bytes);
        }
    }
}

/* No page has two owners; in a spaced table what a worker opens at its start begins and ends on a
 * huge page, unless it is small or dealt out in turn. */
static void check_owners(const struct tl_job *job, enum tl_spacing spacing)
{
    unsigned char *pages = calloc(1, job->table.segment_bytes / TL_PAGE_BYTES + 1);
    bool bands = stage_of(job, TL_DECODE_BAND) || stage_of(job, TL_ENCODE_FILE);
    struct tl_piece piece;

    ck_assert_ptr_nonnull(pages);
    claim(pages, job, 0, TL_PAGE_BYTES);
    for (uint32_t worker = 0; worker < job->table.workers; worker++)
        for (uint32_t i = 0; tl_table_piece(&job->table, worker, i, &piece); i++) {
            claim(pages, job, piece.extent.offset, piece.extent.bytes);
            if (spacing == TL_SPACED && piece.extent.bytes >= TL_HUGE_BYTES / 8
                && job->table.again_bytes && !bands) {
                ck_assert_uint_eq(piece.extent.offset % TL_HUGE_BYTES, 0);
                ck_assert_uint_eq(piece.extent.bytes % TL_HUGE_BYTES, 0);
            }
        }
    free(pages);
}

static void check_codec_layout(const struct telar_geometry *image, struct telar_plan plan,
                               uint32_t workers, uint64_t input_bytes, enum tl_spacing spacing)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_wanted wanted = {.image = *image,
                               .pipeline = pipeline,
                               .plan = plan,
                               .workers = workers,
                               .input = TL_INPUT_STREAM,
                               .input_bytes = input_bytes,
                               .output = TL_OUTPUT_FILE};
    unsigned char *pages;
    struct tl_job job;

    add(pipeline, &local, 5, 0, 0);
    ck_assert_int_eq(tl_job_plan(&job, &wanted, spacing, NULL), TELAR_OK);
    pages = calloc(1, job.table.segment_bytes / TL_PAGE_BYTES + 1);
    ck_assert_ptr_nonnull(pages);
    claim(pages, &job, 0, TL_PAGE_BYTES);
    claim(pages, &job, job.table.buffer[job.rest].offset,
          (TL_REST_BYTES + TL_PAGE_BYTES - 1) / TL_PAGE_BYTES * TL_PAGE_BYTES);
    if (stage_of(&job, TL_MAKE_PIXELS)) {
        check_ring(pages, &job, TL_READ_RAW, job.raw);
        check_ring(pages, &job, TL_MAKE_PIXELS, job.source);
        ck_assert_uint_gt(job.table.workers, 1);
    } else {
        check_ring(pages, &job, TL_READ_PIXELS, job.source);
        ck_assert_uint_eq(job.raw, TL_ABSENT);
        ck_assert_uint_le(job.table.workers, 2);
    }
    check_ring(pages, &job, plan.rows ? TL_ENCODE_RESULTS : TL_ENCODE_SOURCE, job.output);
    if (plan.rows)
        ck_assert_uint_eq(job.table.buffer[job.source].slots, job.n_bands);
    else
        ck_assert_uint_eq(job.table.again_bytes,
                          job.table.buffer[job.source].slots * job.source_stride * job.band_rows);
    check_owners(&job, spacing);
    wanted.input = TL_INPUT_BANDS;
    ck_assert_int_eq(tl_job_plan(&job, &wanted, spacing, NULL), TELAR_OK);
    check_owners(&job, spacing);
    free(pages);
    telar_pipeline_free(pipeline);
}

/* Regions of a grid: where workers open each for itself, those of 1 MiB and more begin and end on
 * huge pages. */
START_TEST(large_regions_apart_lie_on_huge_pages)
{
    static const struct {
        uint32_t rows; /* of 1024 columns of a byte, of which half a region has 512 */
        enum tl_spacing spacing;
        bool huge;
    } cases[] = {{4096, TL_SPACED, true},
                 {4000, TL_SPACED, false},
                 {4096, TL_PACKED, false},
                 {16384, TL_PACKED, true},
                 {16000, TL_PACKED, false}};
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct tl_wanted wanted = {.image = {cases[i].rows, 1024, 1, 8},
                                         .pipeline = pipeline,
                                         .plan = {2, 2},
                                         .workers = 3};
        const struct tl_buffer *result;
        struct tl_job job;

        ck_assert_int_eq(tl_job_plan(&job, &wanted, cases[i].spacing, NULL), TELAR_OK);
        result = &job.table.buffer[job.result];
        ck_assert_int_eq(result->offset % TL_HUGE_BYTES == 0, cases[i].huge);
        ck_assert_int_eq(result->slot_bytes % TL_HUGE_BYTES == 0, cases[i].huge);
        ck_assert_uint_ge(result->slot_bytes, cases[i].rows / 2 * 512);
        if (!cases[i].huge)
            ck_assert_uint_lt(result->slot_bytes, cases[i].rows / 2 * 512 + TL_PAGE_BYTES);
    }
    telar_pipeline_free(pipeline);
}
END_TEST

/* What a job is when its bands can be decoded without one another and its pipeline is this one. */
static struct tl_job bands_job(struct telar_plan plan, const struct telar_transform *transform,
                               const char *text)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    const struct tl_wanted wanted = {.image = {4000, 6000, 3, 8},
                                     .pipeline = pipeline,
                                     .plan = plan,
                                     .workers = 2,
                                     .input = TL_INPUT_BANDS,
                                     .output = TL_OUTPUT_FILE};
    struct tl_job job;

    if (transform)
        add(pipeline, transform, 0, 0, 0);
    else
        ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    ck_assert_int_eq(tl_job_plan(&job, &wanted, TL_PACKED, NULL), TELAR_OK);
    telar_pipeline_free(pipeline);
    return job;
}

/* The source of one band lies in scratch, beside the other things there, and nothing of it in the
 * segment. */
START_TEST(a_band_that_nobody_else_needs_goes_from_file_to_file)
{
    const struct telar_plan none = {0, 0};
    const struct tl_job job = bands_job(none, NULL, "invert"),
                        around = bands_job(none, NULL, "sobel"),
                        regions = bands_job((struct telar_plan){2, 1}, NULL, "invert"),
                        statistic = bands_job(none, NULL, "equalize"),
                        foreign = bands_job(none, &local, NULL);
    const uint64_t band_bytes = (uint64_t)job.band_rows * 18001,
                   pixels = (uint64_t)job.band_rows * job.source_stride;

    ck_assert_ptr_nonnull(stage_of(&job, TL_ENCODE_FILE));
    ck_assert_uint_eq(job.table.n_tasks, job.n_bands);
    ck_assert_uint_eq(job.source, TL_ABSENT);
    ck_assert_uint_ge(job.codec_offset, job.band_offset + band_bytes);
    ck_assert_uint_ge(job.private_source, job.codec_offset + tl_band_reader_work_bytes());
    ck_assert_uint_ge(job.private_source, job.codec_offset + 18000);
    ck_assert_uint_ge(job.scratch_bytes, job.private_source + pixels);
    ck_assert_uint_ge(job.scratch_bytes,
                      around.scratch_bytes - around.codec_offset + job.codec_offset);
    ck_assert_uint_eq(job.rest, TL_ABSENT);
    ck_assert_uint_le(job.table.segment_bytes + around.table.buffer[around.source].slots * pixels,
                      around.table.segment_bytes + TL_HUGE_BYTES);
    ck_assert_uint_eq(job.table.again_bytes, 0);
    check_owners(&job, TL_PACKED);
    ck_assert(stage_of(&around, TL_ENCODE_SOURCE) && around.table.again_bytes > 0);
    ck_assert_ptr_null(stage_of(&regions, TL_ENCODE_FILE));
    ck_assert_ptr_null(stage_of(&statistic, TL_ENCODE_FILE));
    ck_assert_ptr_null(stage_of(&foreign, TL_ENCODE_FILE)); /* it may write where it must not */
}
END_TEST

START_TEST(slots_of_rings_have_pages_of_their_own)
{
    const struct telar_geometry images[] = {{1, 1, 1, 8},       {4000, 6000, 3, 8},
                                            {700, 20000, 1, 8}, {50000, 1, 4, 16},
                                            {3, 700001, 2, 16}, {997, 1009, 4, 8}};

    for (size_t i = 0; i < LENGTH(images); i++)
        for (uint32_t workers = 1; workers < 20; workers += 6)
            for (uint64_t bytes = 0; bytes < 2; bytes++)
                for (int spacing = TL_PACKED; spacing <= TL_SPACED; spacing++) {
                    check_codec_layout(&images[i], (struct telar_plan){0, 0}, workers, bytes,
                                       (enum tl_spacing)spacing);
                    check_codec_layout(&images[i], (struct telar_plan){2, 1}, workers, bytes,
                                       (enum tl_spacing)spacing);
                }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        slots_of_rings_have_pages_of_their_own,
        a_band_that_nobody_else_needs_goes_from_file_to_file,
        large_regions_apart_lie_on_huge_pages,
        NULL,
    };

    return run_suite("job_rings", tests);
}
