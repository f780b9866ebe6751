/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/job.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(struct tl_header) == 8 + 12 * 4 + 5 * 8,
               "no padding: other programs read the header");

/* ---- tasks ---- */

struct tl_task tl_job_task(const struct tl_job *job, uint64_t number, uint32_t slot)
{
    const struct tl_stage *stage = &job->table.stage[tl_table_stage_of(&job->table, number)];
    const struct tl_buffer *buffer = &job->table.buffer[stage->writes[0]];
    uint64_t index = number - stage->first;

    if (buffer->writers != TL_OWN_SLOTS)
        slot = (uint32_t)(tl_table_item(stage, index, 0) % buffer->slots);
    return (struct tl_task){.stage = stage,
                            .index = index,
                            .region = tl_table_region(stage, index),
                            .extent = tl_table_slot(buffer, slot)};
}

bool tl_job_is_open(const struct tl_job *job, uint32_t worker, const struct tl_task *task)
{
    const struct tl_buffer *buffer = &job->table.buffer[task->stage->writes[0]];

    if (buffer->access != TL_AT_START)
        return false;
    return buffer->writers == TL_OWN_SLOTS
           || tl_table_owner(&job->table, task->stage, task->index, 0) == worker;
}

struct telar_region tl_job_band(const struct tl_job *job, uint64_t band)
{
    uint64_t r0 = band * job->band_rows, r1 = r0 + job->band_rows;

    return (struct telar_region){
        .r0 = (uint32_t)r0,
        .r1 = r1 < job->image.rows ? (uint32_t)r1 : job->image.rows,
        .c1 = job->image.columns,
    };
}

/* ---- the segment ---- */

bool tl_job_streams(const struct tl_job *job)
{
    return job->source == TL_ABSENT || job->table.again_bytes > 0;
}

struct tl_shape tl_job_shape(const struct tl_job *job)
{
    return (struct tl_shape){.bytes = job->table.segment_bytes,
                             .again_bytes = job->table.again_bytes};
}

static struct tl_buffer buffer_of(const struct tl_job *job, uint8_t number)
{
    return number == TL_ABSENT ? (struct tl_buffer){0} : job->table.buffer[number];
}

void tl_job_write_header(const struct tl_job *job, unsigned char *base)
{
    const struct tl_buffer result = buffer_of(job, job->result);
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
        .segment_bytes = job->table.segment_bytes,
        .source_offset = buffer_of(job, job->source).offset,
        .source_stride_bytes = job->source_stride,
        .result_offset = result.offset,
        .result_slot_bytes = result.slot_bytes,
    };

    memcpy(base, &header, sizeof header);
}

/* ---- views ---- */

struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base, uint32_t r0,
                                  uint32_t r1)
{
    const struct tl_buffer *source = &job->table.buffer[job->source];

    return (struct telar_source){
        .data = base + source->offset + r0 % (source->slots * job->band_rows) * job->source_stride,
        .stride_bytes = job->source_stride,
        .region = {r0, r1, 0, job->image.columns},
    };
}

struct telar_result tl_job_result(const struct tl_job *job, unsigned char *base, uint64_t index)
{
    struct telar_region region = telar_plan_region(job->plan, &job->roi, index);

    return (struct telar_result){
        .data = base + tl_table_slot(&job->table.buffer[job->result], index).offset,
        .stride_bytes = telar_region_columns(&region) * telar_pixel_bytes(&job->image),
        .region = region,
    };
}

/* Returns the first region of the plan that has row `row` of roi. */
static uint64_t first_region_of(const struct tl_job *job, uint32_t row)
{
    const struct tl_stage regions = {
        .cut = {.area = job->roi, .rows = job->plan.rows, .columns = job->plan.columns}};

    return tl_table_with_rows(&regions, row, (uint64_t)row + 1).from;
}

const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer)
{
    size_t pixel_bytes = telar_pixel_bytes(&job->image);
    struct telar_source source = tl_job_source(job, base, row, row + 1);
    const unsigned char *untouched = source.data;
    struct telar_result part;
    uint64_t first;

    if (job->result == TL_ABSENT || row < job->roi.r0 || row >= job->roi.r1)
        return untouched;
    first = first_region_of(job, row);
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
