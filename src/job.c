#include <config.h>

#include "job.h"

#include "status.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

_Static_assert(sizeof(struct tl_header) == 8 + 12 * 4 + 5 * 8,
               "no padding: the header is read by other programs");

enum {
    STRIP_BYTES = 256 << 10, /* of source for one strip: with its result it stays in a private cache */
    LARGE_PART_BYTES = 2 * TL_HUGE_BYTES, /* from this size on, beginning on a huge page is worth the gap */
    BANDS_PER_WORKER = 4,
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

static void plan_stages(struct tl_job *job)
{
    const struct telar_pipeline *pipeline = &job->pipeline;

    for (uint32_t i = 0; i < pipeline->length; i++) {
        if (pipeline->step[i].transform->gather) {
            add_stage(job, TELAR_TASK_GATHER, i, telar_plan_count(job->gather_plan));
            add_stage(job, TELAR_TASK_MERGE, i, 1);
        } else if (job->state[i].bytes && pipeline->step[i].transform->prepare) {
            add_stage(job, TELAR_TASK_PREPARE, i, 1);
        }
    }
    add_stage(job, TELAR_TASK_PROCESS, 0, telar_plan_count(job->plan));
}

/* ---- layout ---- */

/* Adds up the parts of the segment; once a sum does not fit, all that follow do not either. */
struct layout {
    uint64_t bytes;
    bool overflow;
};

static uint64_t to_huge_page(uint64_t n)
{
    return (n + TL_HUGE_BYTES - 1) / TL_HUGE_BYTES * TL_HUGE_BYTES;
}

static uint64_t round_up(struct layout *layout, uint64_t n)
{
    uint64_t unit = n >= LARGE_PART_BYTES ? TL_HUGE_BYTES : TL_PAGE_BYTES;

    layout->overflow |= n > UINT64_MAX - unit;
    return (n + unit - 1) / unit * unit;
}

/* Appends `count` parts of `bytes` each; returns the offset of the first, and in *slot how far apart they
 * begin. */
static uint64_t append(struct layout *layout, uint64_t bytes, uint64_t count, uint64_t *slot)
{
    uint64_t offset, all;

    *slot = round_up(layout, bytes);
    if (*slot >= LARGE_PART_BYTES)
        layout->bytes = to_huge_page(layout->bytes);
    offset = layout->bytes;
    layout->overflow |= __builtin_mul_overflow(*slot, count, &all);
    layout->overflow |= __builtin_add_overflow(layout->bytes, all, &layout->bytes);
    layout->overflow |= layout->bytes > PTRDIFF_MAX; /* else the next part's rounding could wrap */
    return offset;
}

static void lay_out_states(struct tl_job *job, struct layout *layout)
{
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    uint64_t largest_partial = 0, slot;

    for (uint32_t i = 0; i < job->pipeline.length; i++) {
        const struct telar_transform *transform = job->pipeline.step[i].transform;
        struct telar_context context = tl_pipeline_context(&pass, i, NULL);
        uint64_t bytes = transform->state_bytes ? transform->state_bytes(&context) : 0;

        if (bytes) {
            job->state[i].offset = append(layout, bytes, 1, &slot);
            job->state[i].bytes = slot;
        }
        if (transform->partial_bytes && transform->partial_bytes(&context) > largest_partial)
            largest_partial = transform->partial_bytes(&context);
    }
    if (largest_partial)
        job->partial_offset =
            append(layout, largest_partial, telar_plan_count(job->gather_plan), &job->partial_slot);
}

/* Regions of a plan differ by a row and a column at most; no slot need be larger than for the largest. */
static uint64_t largest_region_bytes(const struct tl_job *job)
{
    uint64_t rows = telar_region_rows(&job->roi), columns = telar_region_columns(&job->roi);

    rows = (rows + job->plan.rows - 1) / job->plan.rows;
    columns = (columns + job->plan.columns - 1) / job->plan.columns;
    return rows * columns * telar_pixel_bytes(&job->image);
}

static bool lay_out(struct tl_job *job)
{
    struct layout layout = {0};
    uint64_t slot, plane;

    append(&layout, sizeof(struct tl_header), 1, &slot);
    lay_out_states(job, &layout);
    job->source_stride = (telar_row_bytes(&job->image) + 63) / 64 * 64;
    layout.overflow |= __builtin_mul_overflow((uint64_t)job->source_stride, job->image.rows, &plane);
    job->source_offset = append(&layout, plane, 1, &slot);
    job->result_offset =
        append(&layout, largest_region_bytes(job), telar_plan_count(job->plan), &job->result_slot);
    job->segment_bytes = layout.bytes >= TL_HUGE_BYTES ? to_huge_page(layout.bytes) : layout.bytes;
    return !layout.overflow && layout.bytes <= PTRDIFF_MAX - 2 * TL_HUGE_BYTES;
}

/* ---- the job ---- */

static telar_status choose_area(struct tl_job *job, const struct telar_region *roi, struct telar_error *error)
{
    job->roi = roi ? *roi : telar_region_all(&job->image);
    if (job->roi.r0 < job->roi.r1 && job->roi.r1 <= job->image.rows && job->roi.c0 < job->roi.c1
        && job->roi.c1 <= job->image.columns)
        return TELAR_OK;
    return tl_fail(error, TELAR_USAGE, 0,
                   "region of interest %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32
                   " is empty or outside the image, which has rows 0:%" PRIu32 " and columns 0:%" PRIu32,
                   job->roi.r0, job->roi.r1, job->roi.c0, job->roi.c1, job->image.rows, job->image.columns);
}

static telar_status choose_plan(struct tl_job *job, struct telar_plan plan, uint32_t workers,
                                struct telar_error *error)
{
    struct telar_region all = telar_region_all(&job->image);

    if (!plan.rows && !plan.columns)
        plan = (struct telar_plan){workers > 1 ? workers * BANDS_PER_WORKER : 1, 1};
    if (!plan.rows || !plan.columns)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has no regions; use 1x1 or more", plan.rows,
                       plan.columns);
    job->plan = telar_plan_clip(plan, &job->roi);
    job->gather_plan = telar_plan_clip((struct telar_plan){workers, 1}, &all);
    if (telar_plan_count(job->plan) > TL_REGIONS_MAX)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has more than %" PRIu64
                       " regions; use a coarser one",
                       job->plan.rows, job->plan.columns, TL_REGIONS_MAX);
    return TELAR_OK;
}

/* Scratch for the largest strip of any task: a strip of a gather stage spans the image, the others at most as
 * much. */
static bool choose_scratch(struct tl_job *job)
{
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    size_t bytes;

    if (!tl_pipeline_scratch_bytes(&pass, job->strip_rows, job->image.columns, &job->scratch_bytes))
        return false;
    for (uint32_t i = 0; i < job->pipeline.length; i++) {
        pass = tl_job_pass(job, i, NULL);
        if (!job->pipeline.step[i].transform->gather)
            continue;
        if (!tl_pipeline_gather_scratch_bytes(&pass, job->strip_rows, job->image.columns, &bytes))
            return false;
        if (bytes > job->scratch_bytes)
            job->scratch_bytes = bytes;
    }
    return true;
}

/* A strip is a few times as high as the halo that it reads again, and not higher than the cache likes. */
static telar_status choose_strips(struct tl_job *job, struct telar_error *error)
{
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    uint64_t rows = STRIP_BYTES / telar_row_bytes(&job->image);
    uint32_t halo;

    if (!tl_pipeline_halo(&pass, &halo))
        return tl_fail(error, TELAR_USAGE, 0,
                       "a transform reads more than %d pixels around a region; use smaller parameters",
                       TELAR_HALO_MAX);
    if (rows < 4 * (uint64_t)halo)
        rows = 4 * (uint64_t)halo;
    if (rows > job->image.rows)
        rows = job->image.rows;
    job->strip_rows = rows ? (uint32_t)rows : 1;
    if (choose_scratch(job))
        return TELAR_OK;
    return tl_fail(error, TELAR_HOST, 0, "the pipeline needs more memory than fits into an address space");
}

telar_status tl_job_init(struct tl_job *job, const struct telar_geometry *image,
                         const struct telar_pipeline *pipeline, struct telar_plan plan,
                         const struct telar_region *roi, uint32_t workers, struct telar_error *error)
{
    telar_status status;

    *job = (struct tl_job){.image = *image, .pipeline = *pipeline};
    status = choose_area(job, roi, error);
    if (status == TELAR_OK)
        status = choose_plan(job, plan, workers, error);
    if (status == TELAR_OK)
        status = choose_strips(job, error);
    if (status != TELAR_OK)
        return status;
    if (!lay_out(job))
        return tl_fail(error, TELAR_HOST, 0,
                       "%" PRIu32 " x %" PRIu32 " pixels in %" PRIu64
                       " regions do not fit into an address space",
                       image->rows, image->columns, telar_plan_count(job->plan));
    plan_stages(job);
    return TELAR_OK;
}

static const struct tl_stage *stage_of(const struct tl_job *job, uint64_t task)
{
    const struct tl_stage *stage = job->stage;

    while (task >= stage->first + stage->count)
        stage++;
    return stage;
}

uint64_t tl_job_stage_end(const struct tl_job *job, uint64_t task)
{
    const struct tl_stage *stage = stage_of(job, task);

    return stage->first + stage->count;
}

struct tl_task tl_job_task(const struct tl_job *job, uint64_t number)
{
    struct tl_task task = {.stage = stage_of(job, number)};
    struct telar_region all = telar_region_all(&job->image);

    task.index = number - task.stage->first;
    switch (task.stage->kind) {
    case TELAR_TASK_PREPARE:
    case TELAR_TASK_MERGE:
        task.extent = job->state[task.stage->step];
        break;
    case TELAR_TASK_GATHER:
        task.region = telar_plan_region(job->gather_plan, &all, task.index);
        task.extent =
            (struct tl_extent){job->partial_offset + task.index * job->partial_slot, job->partial_slot};
        break;
    case TELAR_TASK_PROCESS:
        task.region = telar_plan_region(job->plan, &job->roi, task.index);
        task.extent =
            (struct tl_extent){job->result_offset + task.index * job->result_slot, job->result_slot};
        break;
    }
    return task;
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
        .source_offset = job->source_offset,
        .source_stride_bytes = job->source_stride,
        .result_offset = job->result_offset,
        .result_slot_bytes = job->result_slot,
    };

    memcpy(base, &header, sizeof header);
}

/* ---- views ---- */

struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base)
{
    return (struct telar_source){base + job->source_offset, job->source_stride,
                                 telar_region_all(&job->image)};
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

/* The first region of the grid's row that holds image row `row`: an estimate that the cuts' rounding can miss
 * by one. */
static uint64_t first_region_of_row(const struct tl_job *job, uint32_t row)
{
    uint64_t grid_row = (uint64_t)(row - job->roi.r0) * job->plan.rows / telar_region_rows(&job->roi);

    while (telar_plan_region(job->plan, &job->roi, grid_row * job->plan.columns).r1 <= row)
        grid_row++;
    return grid_row * job->plan.columns;
}

const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer)
{
    size_t pixel_bytes = telar_pixel_bytes(&job->image);
    struct telar_source source = tl_job_source(job, base);
    const unsigned char *untouched = telar_source_at(&source, pixel_bytes, row, 0);
    struct telar_result part;
    uint64_t first;

    if (row < job->roi.r0 || row >= job->roi.r1)
        return untouched;
    first = first_region_of_row(job, row);
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
