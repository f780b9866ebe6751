/* SPDX-License-Identifier: MIT */
/*
 * transform_steps.h - the tasks that run transforms. Layer: over task and pipeline.
 */
#ifndef TL_TRANSFORM_STEPS_H
#define TL_TRANSFORM_STEPS_H

#include "engine/task.h"

extern const struct tl_kind tl_kind_prepare, tl_kind_gather, tl_kind_merge, tl_kind_process;

/* Returns rows [r0, r1) of the source as a view: from the segment, or from the worker's scratch
 * memory, which holds the band that they are in. Async-signal-safe. */
typedef struct telar_source tl_source_rows(const struct tl_place *place, uint32_t r0, uint32_t r1);
tl_source_rows tl_source_in_segment, tl_source_in_scratch;

/*
 * Fills a band with what the encoder is to get: rows of the source, with the whole pipeline applied
 * to those pixels that lie in the job's region of interest. `skip`: applied to none. `band` covers
 * all columns. Async-signal-safe as far as the transforms are.
 */
void tl_transform_band(const struct tl_place *place, tl_source_rows *rows,
                       const struct telar_result *band, bool skip);

/* Reads one byte of each page of the source that transforming the task's region reads.
 * Async-signal-safe. */
void tl_transform_touch(const struct tl_place *place, const struct tl_task *task);

#endif
