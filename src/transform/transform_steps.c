/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "transform/transform_steps.h"

#include "transform/pipeline.h"

#include <string.h>

_Static_assert((int)TL_STEPS_MAX == (int)TELAR_PIPELINE_MAX, "a job has room for any pipeline");

static struct tl_pass pass_of(const struct tl_place *place, uint32_t count,
                              const void *const *states)
{
    return (struct tl_pass){
        .pipeline = place->pipeline, .image = place->job->image, .count = count, .states = states};
}

/* Finds the states of the first `count` transforms, as their callbacks expect them: NULL for a
 * transform that has none, and for the later ones. */
static void find_states(const struct tl_place *place, uint32_t count,
                        const void *states[TELAR_PIPELINE_MAX])
{
    for (uint32_t i = 0; i < TELAR_PIPELINE_MAX; i++)
        states[i] = i < count ? tl_job_buffer(place->job, place->base, place->job->state[i]) : NULL;
}

/* ---- rows of the source ---- */

struct telar_source tl_source_in_segment(const struct tl_place *place, uint32_t r0, uint32_t r1)
{
    return tl_job_source(place->job, place->base, r0, r1);
}

struct telar_source tl_source_in_scratch(const struct tl_place *place, uint32_t r0, uint32_t r1)
{
    const struct tl_job *job = place->job;

    return (struct telar_source){
        .data = place->scratch + job->private_source + r0 % job->band_rows * job->source_stride,
        .stride_bytes = job->source_stride,
        .region = {r0, r1, 0, job->image.columns},
    };
}

/* Returns what a region reads of the source: its rows and the halo, as far as the image goes. */
static struct telar_source source_around(const struct tl_place *place, tl_source_rows *rows,
                                         const struct telar_region *region)
{
    uint32_t halo = place->job->halo, below = place->job->image.rows - region->r1;

    return rows(place, region->r0 > halo ? region->r0 - halo : 0,
                region->r1 + (below < halo ? below : halo));
}

void tl_transform_touch(const struct tl_place *place, const struct tl_task *task)
{
    struct telar_source source = source_around(place, tl_source_in_segment, &task->region);
    size_t bytes = source.stride_bytes * telar_region_rows(&source.region);

    for (size_t i = 0; i < bytes; i += TL_PAGE_BYTES)
        (void)*(const volatile unsigned char *)(source.data + i);
}

/* ---- strips ---- */

/* Sets *strip to the next strip of a region; returns false when none is left. Begins after
 * before_first_strip. */
static bool next_strip(const struct tl_job *job, const struct telar_region *region,
                       struct telar_region *strip)
{
    uint32_t left = region->r1 - strip->r1;

    strip->r0 = strip->r1;
    strip->r1 += left < job->strip_rows ? left : job->strip_rows;
    return left > 0;
}

static struct telar_region before_first_strip(const struct telar_region *region)
{
    return (struct telar_region){region->r0, region->r0, region->c0, region->c1};
}

/* Puts a strip through the whole pipeline, to its place in `result`. */
static void process_strip(const struct tl_place *place, tl_source_rows *rows,
                          const struct telar_result *result, const struct telar_region *strip)
{
    struct telar_source source = source_around(place, rows, strip);
    struct telar_result part = *result;
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = pass_of(place, place->pipeline->length, states);

    find_states(place, place->pipeline->length, states);
    part.data =
        telar_result_at(result, telar_pixel_bytes(&place->job->image), strip->r0, strip->c0);
    part.region = *strip;
    tl_pipeline_run(&pass, &source, &part, place->scratch);
}

static void process_region(const struct tl_place *place, tl_source_rows *rows,
                           const struct telar_result *result, const struct telar_region *region)
{
    struct telar_region strip = before_first_strip(region);

    while (next_strip(place->job, region, &strip))
        process_strip(place, rows, result, &strip);
}

/* Copies a region of the source to its place in `result`. */
static void copy_region(const struct tl_place *place, tl_source_rows *rows,
                        const struct telar_result *result, const struct telar_region *region)
{
    size_t pixel_bytes = telar_pixel_bytes(&place->job->image);

    for (uint32_t row = region->r0; row < region->r1; row++) {
        struct telar_source source = rows(place, row, row + 1);

        memcpy(telar_result_at(result, pixel_bytes, row, region->c0),
               telar_source_at(&source, pixel_bytes, row, region->c0),
               telar_region_columns(region) * pixel_bytes);
    }
}

/* ---- bands for the encoder ---- */

static struct telar_region intersection(const struct telar_region *a, const struct telar_region *b)
{
    struct telar_region both = {
        .r0 = a->r0 > b->r0 ? a->r0 : b->r0,
        .r1 = a->r1 < b->r1 ? a->r1 : b->r1,
        .c0 = a->c0 > b->c0 ? a->c0 : b->c0,
        .c1 = a->c1 < b->c1 ? a->c1 : b->c1,
    };

    return both.r0 < both.r1 && both.c0 < both.c1 ? both : (struct telar_region){0};
}

/* Copies the pixels of a band that lie outside `inside` from the source. */
static void copy_outside(const struct tl_place *place, tl_source_rows *rows,
                         const struct telar_result *band, const struct telar_region *inside)
{
    const struct telar_region all = band->region;

    for (uint32_t row = all.r0; row < all.r1; row++) {
        bool crosses = row >= inside->r0 && row < inside->r1;
        struct telar_region left = {row, row + 1, all.c0, crosses ? inside->c0 : all.c1};
        struct telar_region right = {row, row + 1, crosses ? inside->c1 : all.c1, all.c1};

        copy_region(place, rows, band, &left);
        copy_region(place, rows, band, &right);
    }
}

/* The transforms come first: what they may have written beside their region is then covered by the
 * source. */
void tl_transform_band(const struct tl_place *place, tl_source_rows *rows,
                       const struct telar_result *band, bool skip)
{
    struct telar_region inside =
        skip ? (struct telar_region){0} : intersection(&band->region, &place->job->roi);

    if (inside.r0 < inside.r1)
        process_region(place, rows, band, &inside);
    copy_outside(place, rows, band, &inside);
}

/* ---- kinds ---- */

/* What is written is set to zero first, so that a task that is done again begins as the first time.
 */
static void run_prepare(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record)
{
    uint32_t step = task->stage->step;
    struct tl_pass pass = pass_of(place, step, NULL);
    const struct telar_transform *transform = place->pipeline->step[step].transform;
    struct telar_context context = tl_pipeline_context(&pass, step, place->scratch);
    void *state = place->base + task->extent.offset;

    (void)record;
    memset(state, 0, task->extent.bytes);
    if (transform->prepare)
        transform->prepare(&context, state);
}

static void run_merge(const struct tl_place *place, const struct tl_task *task,
                      struct tl_record *record)
{
    const struct tl_buffer *partials = &place->job->table.buffer[place->job->partial];
    uint32_t step = task->stage->step;
    struct tl_pass pass = pass_of(place, step, NULL);
    struct telar_context context = tl_pipeline_context(&pass, step, place->scratch);

    run_prepare(place, task, record);
    place->pipeline->step[step].transform->merge(&context, place->base + partials->offset,
                                                 partials->slot_bytes, partials->slots,
                                                 place->base + task->extent.offset);
}

static void run_gather(const struct tl_place *place, const struct tl_task *task,
                       struct tl_record *record)
{
    struct telar_region strip = before_first_strip(&task->region);
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = pass_of(place, task->stage->step, states);
    void *partial = place->base + task->extent.offset;

    (void)record;
    find_states(place, task->stage->step, states);
    memset(partial, 0, task->extent.bytes);
    while (next_strip(place->job, &task->region, &strip)) {
        struct telar_source source = source_around(place, tl_source_in_segment, &strip);

        tl_pipeline_gather(&pass, &source, &strip, place->scratch, partial);
    }
}

static void run_process(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record)
{
    struct telar_result result = tl_job_result(place->job, place->base, task->index);

    if (task->skip)
        copy_region(place, tl_source_in_segment, &result, &task->region);
    else
        process_region(place, tl_source_in_segment, &result, &task->region);
    record->transform_ns = UINT64_MAX; /* all the time that the task took */
}

const struct tl_kind tl_kind_prepare = {
    .name = "prepare", .report = TELAR_TASK_PREPARE, .run = run_prepare};

const struct tl_kind tl_kind_gather = {
    .name = "gather", .report = TELAR_TASK_GATHER, .run = run_gather, .touch = tl_transform_touch};

const struct tl_kind tl_kind_merge = {
    .name = "merge", .report = TELAR_TASK_MERGE, .run = run_merge};

const struct tl_kind tl_kind_process = {.name = "process",
                                        .report = TELAR_TASK_PROCESS,
                                        .skippable = true,
                                        .run = run_process,
                                        .touch = tl_transform_touch};
