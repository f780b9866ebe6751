/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/job.h"

#include "png/encode_bands.h"
#include "png/band_reader.h"
#include "base/status.h"
#include "transform/transform.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

_Static_assert(sizeof(struct tl_header) == 8 + 12 * 4 + 5 * 8,
               "no padding: the header is read by other programs");

enum {
    STRIP_BYTES =
        256 << 10,    /* of source for one strip: with its result it stays in a private cache */
    STRIDE_UNIT = 64, /* a cache line */
    BANDS_PER_WORKER = 4,
    GATHER_BANDS_MAX = 32,
};

struct tl_pass tl_job_pass(const struct tl_job *job, uint32_t count, const void *const *states)
{
    return (struct tl_pass){
        .pipeline = &job->pipeline, .image = job->image, .count = count, .states = states};
}

/* ---- stages ---- */

static void add_stage(struct tl_job *job, telar_task_kind kind, uint32_t step, uint64_t count)
{
    assert(job->n_stages < TL_STAGES_MAX);
    job->stage[job->n_stages++] = (struct tl_stage){kind, step, job->n_tasks, count};
    job->n_tasks += count;
}

static bool gathers(const struct tl_job *job)
{
    for (uint32_t i = 0; i < job->pipeline.length; i++)
        if (job->pipeline.step[i].transform->gather)
            return true;
    return false;
}

/* Transforms that come with telar write where they must. The others may yet have to learn it. */
static bool any_foreign(const struct telar_pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->length; i++)
        if (telar_transform_find(pipeline->step[i].transform->name) != pipeline->step[i].transform)
            return true;
    return false;
}

/* In the order in which a worker prefers them: what others wait for comes first. */
static void plan_stages(struct tl_job *job, const struct tl_request *request)
{
    if (request->decode && !job->straight) {
        add_stage(job, TELAR_TASK_INFLATE, 0,
                  (uint64_t)job->n_bands + 1); /* the last one reads what follows */
        if (!job->together)
            add_stage(job, TELAR_TASK_UNFILTER, 0, job->n_bands);
    }
    for (uint32_t i = 0; i < job->pipeline.length; i++) {
        const struct telar_transform *transform = job->pipeline.step[i].transform;

        if (transform->gather) {
            add_stage(job, TELAR_TASK_GATHER, i, telar_plan_count(job->gather_plan));
            add_stage(job, TELAR_TASK_MERGE, i, 1);
        } else if (job->state[i].bytes && transform->prepare) {
            add_stage(job, TELAR_TASK_PREPARE, i, 1);
        }
    }
    if (!job->fused)
        add_stage(job, TELAR_TASK_PROCESS, 0, telar_plan_count(job->plan));
    if (request->encode)
        add_stage(job, TELAR_TASK_ENCODE, 0, job->n_bands);
}

/* ---- the job ---- */

static telar_status choose_area(struct tl_job *job, const struct telar_region *roi,
                                struct telar_error *error)
{
    job->roi = roi ? *roi : telar_region_all(&job->image);
    if (job->roi.r0 < job->roi.r1 && job->roi.r1 <= job->image.rows && job->roi.c0 < job->roi.c1
        && job->roi.c1 <= job->image.columns)
        return TELAR_OK;
    return tl_fail(
        error, TELAR_USAGE, 0,
        "region of interest %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32
        " is empty or outside the image, which has rows 0:%" PRIu32 " and columns 0:%" PRIu32,
        job->roi.r0, job->roi.r1, job->roi.c0, job->roi.c1, job->image.rows, job->image.columns);
}

/*
 * A band is a power of two of rows; the stride is rounded so that it is whole pages, for
 * only then can slots of the source ring lie back to back and be protected one by one.
 */
static void choose_bands(struct tl_job *job)
{
    size_t row_bytes = telar_row_bytes(&job->image), unit;

    job->band_rows = tl_encode_band_rows(&job->image);
    job->n_bands = (uint32_t)(((uint64_t)job->image.rows + job->band_rows - 1) / job->band_rows);
    unit =
        job->band_rows < TL_PAGE_BYTES / STRIDE_UNIT ? TL_PAGE_BYTES / job->band_rows : STRIDE_UNIT;
    job->source_stride = (row_bytes + unit - 1) / unit * unit;
}

/*
 * Two a worker, so that the first can be gathered from while others are decoded; not too many,
 * because each has a partial of its own, which for a histogram of 16 bits is 1 MiB.
 */
static uint32_t gather_bands(uint32_t workers)
{
    if (workers == 1)
        return 1;
    return 2 * workers < GATHER_BANDS_MAX ? 2 * workers : GATHER_BANDS_MAX;
}

static telar_status choose_plan(struct tl_job *job, const struct tl_request *request,
                                struct telar_error *error)
{
    struct telar_region all = telar_region_all(&job->image);
    struct telar_plan plan = request->plan;
    uint32_t workers = request->workers;

    job->fused = request->encode && !plan.rows && !plan.columns && !request->resident;
    job->window = job->fused && request->decode && !gathers(job);
    if (job->fused)
        plan = (struct telar_plan){job->n_bands, 1};
    else if (!plan.rows && !plan.columns)
        plan = (struct telar_plan){workers > 1 ? workers * BANDS_PER_WORKER : 1, 1};
    if (!plan.rows || !plan.columns)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has no regions; use 1x1 or more",
                       plan.rows, plan.columns);
    job->plan = telar_plan_clip(plan, &job->roi);
    job->gather_plan = telar_plan_clip((struct telar_plan){gather_bands(workers), 1}, &all);
    if (job->fixed && telar_plan_count(job->plan) > (uint64_t)TL_FIXED_REGIONS_MAX * workers
        && !job->fused)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has more regions than %" PRIu32
                       " sandboxed workers can map; use a coarser one, or -i guarded",
                       job->plan.rows, job->plan.columns, workers);
    if (telar_plan_count(job->plan) > TL_REGIONS_MAX && !job->fused)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has more than %" PRIu64
                       " regions; use a coarser one",
                       job->plan.rows, job->plan.columns, TL_REGIONS_MAX);
    return TELAR_OK;
}

/* Scratch for the largest strip of any task: one of a gather stage spans the image, the others at
 * most as much. */
static bool choose_scratch(struct tl_job *job)
{
    uint32_t rows = job->strip_rows;
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    size_t bytes;

    if (!tl_pipeline_scratch_bytes(&pass, rows, job->image.columns, &job->scratch_bytes))
        return false;
    for (uint32_t i = 0; i < job->pipeline.length; i++) {
        pass = tl_job_pass(job, i, NULL);
        if (!job->pipeline.step[i].transform->gather)
            continue;
        if (!tl_pipeline_gather_scratch_bytes(&pass, rows, job->image.columns, &bytes))
            return false;
        if (bytes > job->scratch_bytes)
            job->scratch_bytes = bytes;
    }
    return true;
}

/*
 * Behind that, a band, of pixels or with its filters, and what the codec needs: first for decoding,
 * a row or what reading a band takes, and the pixels of the source where the job is straight; then,
 * over these, for encoding.
 */
static bool add_codec_scratch(struct tl_job *job)
{
    size_t row = telar_row_bytes(&job->image), band = (row + 1) * job->band_rows;
    size_t encoding = tl_encode_scratch_bytes(&job->image, job->band_rows, job->small);
    size_t decoding =
        ((row > tl_band_reader_work_bytes() ? row : tl_band_reader_work_bytes()) + 63) / 64 * 64;

    job->band_offset = (job->scratch_bytes + 63) / 64 * 64;
    job->codec_offset = job->band_offset + (band + 63) / 64 * 64;
    if (job->straight) {
        job->source = (struct tl_ring){
            job->codec_offset + decoding, job->source_stride * job->band_rows, 1, 1, {0, 0}};
        decoding += job->source.slot_bytes;
    }
    return job->scratch_bytes < SIZE_MAX / 4
           && !__builtin_add_overflow(job->codec_offset, encoding > decoding ? encoding : decoding,
                                      &job->scratch_bytes);
}

/* A strip is a few times as high as the halo that it reads again, and not higher than the cache
 * likes. */
static telar_status choose_strips(struct tl_job *job, const struct tl_request *request,
                                  struct telar_error *error)
{
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    uint64_t rows = STRIP_BYTES / telar_row_bytes(&job->image);

    if (!tl_pipeline_halo(&pass, &job->halo))
        return tl_fail(
            error, TELAR_USAGE, 0,
            "a transform reads more than %d pixels around a region; use smaller parameters",
            TELAR_HALO_MAX);
    if (rows < 4 * (uint64_t)job->halo)
        rows = 4 * (uint64_t)job->halo;
    if (rows > job->image.rows)
        rows = job->image.rows;
    job->strip_rows = rows ? (uint32_t)rows : 1;
    job->straight = job->restart && job->window && job->halo == 0 && !job->foreign;
    job->window = job->window && !job->straight;
    if (choose_scratch(job) && (!(request->encode || request->decode) || add_codec_scratch(job)))
        return TELAR_OK;
    return tl_fail(error, TELAR_HOST, 0,
                   "the pipeline needs more memory than fits into an address space");
}

static telar_status check_transforms(const struct tl_job *job, struct telar_error *error)
{
    telar_status status = TELAR_OK;

    for (uint32_t i = 0; status == TELAR_OK && i < job->pipeline.length; i++)
        status = tl_transform_takes(job->pipeline.step[i].transform, &job->image, error);
    return status;
}

telar_status tl_job_init(struct tl_job *job, const struct tl_request *request,
                         struct telar_error *error)
{
    telar_status status;

    *job =
        (struct tl_job){.image = request->image,
                        .pipeline = *request->pipeline,
                        .workers = request->workers,
                        .fixed = request->fixed,
                        .foreign = any_foreign(request->pipeline),
                        .restart = request->restart,
                        .together = request->restart || request->together || request->workers == 1,
                        .small = request->small};
    choose_bands(job);
    status = check_transforms(job, error);
    if (status == TELAR_OK)
        status = choose_area(job, request->roi, error);
    if (status == TELAR_OK)
        status = choose_plan(job, request, error);
    if (status == TELAR_OK)
        status = choose_strips(job, request, error);
    if (status != TELAR_OK)
        return status;
    if (!tl_job_lay_out(job, request))
        return tl_fail(error, TELAR_HOST, 0,
                       "%" PRIu32 " x %" PRIu32 " pixels in %" PRIu64
                       " regions do not fit into an address space",
                       job->image.rows, job->image.columns, telar_plan_count(job->plan));
    plan_stages(job, request);
    return TELAR_OK;
}

const struct tl_stage *tl_job_stage(const struct tl_job *job, telar_task_kind kind)
{
    for (uint32_t i = 0; i < job->n_stages; i++)
        if (job->stage[i].kind == kind)
            return &job->stage[i];
    return NULL;
}

const struct tl_stage *tl_job_decoding(const struct tl_job *job)
{
    return tl_job_stage(job, job->together ? TELAR_TASK_INFLATE : TELAR_TASK_UNFILTER);
}

struct telar_region tl_job_band(const struct tl_job *job, uint64_t band)
{
    uint64_t r0 = band * job->band_rows, r1 = r0 + job->band_rows;

    if (r0 >= job->image.rows)
        return (struct telar_region){0};
    return (struct telar_region){
        .r0 = (uint32_t)r0,
        .r1 = r1 < job->image.rows ? (uint32_t)r1 : job->image.rows,
        .c1 = job->image.columns,
    };
}

static const struct tl_stage *stage_of(const struct tl_job *job, uint64_t task)
{
    const struct tl_stage *stage = job->stage;

    while (task >= stage->first + stage->count)
        stage++;
    return stage;
}

/* The region of a task, and the extent that it alone writes. */
static void locate(const struct tl_job *job, struct tl_task *task, uint32_t slot)
{
    struct telar_region all = telar_region_all(&job->image);

    switch (task->stage->kind) {
    case TELAR_TASK_INFLATE:
        task->region = tl_job_band(job, task->index);
        task->extent =
            task->index == job->n_bands
                ? job->tail
                : tl_ring_slot(job->together ? &job->source : &job->filtered, task->index);
        break;
    case TELAR_TASK_UNFILTER:
        task->region = tl_job_band(job, task->index);
        task->extent = tl_ring_slot(&job->source, task->index);
        break;
    case TELAR_TASK_PREPARE:
    case TELAR_TASK_MERGE:
        task->extent = job->state[task->stage->step];
        break;
    case TELAR_TASK_GATHER:
        task->region = telar_plan_region(job->gather_plan, &all, task->index);
        task->extent = (struct tl_extent){job->partial_offset + task->index * job->partial_slot,
                                          job->partial_slot};
        break;
    case TELAR_TASK_PROCESS:
        task->region = telar_plan_region(job->plan, &job->roi, task->index);
        task->extent = (struct tl_extent){job->result_offset + task->index * job->result_slot,
                                          job->result_slot};
        break;
    case TELAR_TASK_ENCODE:
        task->region = tl_job_band(job, task->index);
        task->extent = tl_ring_slot(&job->encoded, slot);
        break;
    }
}

struct tl_task tl_job_task(const struct tl_job *job, uint64_t number, uint32_t slot)
{
    struct tl_task task = {.stage = stage_of(job, number)};

    task.index = number - task.stage->first;
    locate(job, &task, slot);
    return task;
}

bool tl_job_can_skip(const struct tl_job *job, uint64_t task)
{
    telar_task_kind kind = stage_of(job, task)->kind;

    return kind == TELAR_TASK_PROCESS || (kind == TELAR_TASK_ENCODE && job->fused);
}

void tl_job_write_header(const struct tl_job *job, unsigned char *base)
{
    struct tl_header header = {
        .magic = "telar",
        .version = 1,
        .header_bytes = sizeof header,
        .rows = job->image.rows,
        .columns = job->image.columns,
        .channels = job->image.channels,
        .depth = job->image.depth,
        .roi_r0 = job->roi.r0,
        .roi_r1 = job->roi.r1,
        .roi_c0 = job->roi.c0,
        .roi_c1 = job->roi.c1,
        .grid_rows = job->plan.rows,
        .grid_columns = job->plan.columns,
        .segment_bytes = job->segment_bytes,
        .source_offset = job->straight ? 0 : job->source.offset,
        .source_stride_bytes = job->source_stride,
        .result_offset = job->result_offset,
        .result_slot_bytes = job->result_slot,
    };

    memcpy(base, &header, sizeof header);
}

/* ---- views ---- */

struct tl_shape tl_job_shape(const struct tl_job *job)
{
    return (struct tl_shape){
        .bytes = job->segment_bytes,
        .again_bytes = job->window ? job->segment_bytes - job->source.offset : 0,
    };
}

struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base, uint32_t r0,
                                  uint32_t r1)
{
    uint32_t ring_rows = job->source.slots * job->band_rows;

    return (struct telar_source){
        .data = base + job->source.offset + (r0 % ring_rows) * job->source_stride,
        .stride_bytes = job->source_stride,
        .region = {r0, r1, 0, job->image.columns},
    };
}

struct telar_result tl_job_result(const struct tl_job *job, unsigned char *base, uint64_t index)
{
    struct telar_region region = telar_plan_region(job->plan, &job->roi, index);

    return (struct telar_result){
        .data = base + job->result_offset + index * job->result_slot,
        .stride_bytes = telar_region_columns(&region) * telar_pixel_bytes(&job->image),
        .region = region,
    };
}

/* The division is an estimate that the rounding of the cuts can miss by one. */
uint64_t tl_job_regions_of_row(const struct tl_job *job, uint32_t row)
{
    uint64_t grid_row =
        (uint64_t)(row - job->roi.r0) * job->plan.rows / telar_region_rows(&job->roi);

    while (telar_plan_region(job->plan, &job->roi, grid_row * job->plan.columns).r1 <= row)
        grid_row++;
    return grid_row * job->plan.columns;
}

const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer)
{
    size_t pixel_bytes = telar_pixel_bytes(&job->image);
    struct telar_source source = tl_job_source(job, base, row, row + 1);
    const unsigned char *untouched = telar_source_at(&source, pixel_bytes, row, 0);
    struct telar_result part;
    uint64_t first;

    assert(!job->straight);
    if (job->fused || row < job->roi.r0 || row >= job->roi.r1)
        return untouched;
    first = tl_job_regions_of_row(job, row);
    part = tl_job_result(job, base, first);
    if (telar_region_columns(&part.region) == job->image.columns)
        return telar_result_at(&part, pixel_bytes, row, 0);
    memcpy(buffer, untouched, telar_row_bytes(&job->image));
    for (uint32_t i = 0; i < job->plan.columns; i++) {
        part = tl_job_result(job, base, first + i);
        memcpy(buffer + part.region.c0 * pixel_bytes,
               telar_result_at(&part, pixel_bytes, row, part.region.c0),
               telar_region_columns(&part.region) * pixel_bytes);
    }
    return buffer;
}
