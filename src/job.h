/*
 * job.h - what a run has to do: stages of tasks, and where in the segment each task reads and writes.
 * Layer: over pipeline, plan and segment. A job is private memory, complete before the first worker lives and
 * never changed after: a forked worker has it as it was, whatever is written to the segment.
 *
 * The segment, from its first byte. Every part begins on a page; parts of more than 4 MiB begin at a multiple
 * of 2 MiB, so that protecting one does not break up a huge page of another.
 *
 *     0        +--------------------------------------------+
 *              | struct tl_header                           | written by the coordinator before any worker
 * lives
 *              +--------------------------------------------+
 *              | state of transform 0, 1, ...               | each by the one worker that prepares or merges
 * it
 *              +--------------------------------------------+
 *              | partial 0, 1, ... (gather_plan of them)    | each by the one worker that gathers that region
 *              +--------------------------------------------+
 *              | source plane: rows, source_stride apart    | by the decoder, before any worker lives
 *              +--------------------------------------------+
 *              | result of region 0, 1, ... (plan of them): | each by the one worker that processes that
 * region; | rows of the region, without gaps           | result_slot bytes apart bytes
 * +--------------------------------------------+
 */
#ifndef TL_JOB_H
#define TL_JOB_H

#include "pipeline.h"
#include "segment.h"

#include <telar/plan.h>
#include <telar/report.h>

enum { TL_STAGES_MAX = 2 * TELAR_PIPELINE_MAX + 1 };

/* More regions than anyone can want, and few enough that the ledger stays small. */
#define TL_REGIONS_MAX (UINT64_C(1) << 20)

/*
 * What stands at the beginning of a segment, for whoever maps it from outside (--keep-shm): telar itself
 * never reads it back. Fixed widths, offsets from the segment's first byte.
 */
struct tl_header {
    char magic[8]; /* "telar" and zeros */
    uint32_t version, header_bytes;
    uint32_t rows, columns, channels, depth;
    uint32_t roi_r0, roi_r1, roi_c0, roi_c1;
    uint32_t grid_rows, grid_columns;
    uint64_t segment_bytes;
    uint64_t source_offset, source_stride_bytes;
    uint64_t result_offset, result_slot_bytes;
};

/* Tasks of one kind that may run side by side. A stage may begin when the stage before it is done. */
struct tl_stage {
    telar_task_kind kind;
    uint32_t step;         /* prepare, gather, merge: which transform of the pipeline */
    uint64_t first, count; /* its tasks among all of the job */
};

struct tl_job {
    struct telar_geometry image;
    struct telar_region roi;       /* what is transformed; all of the image unless asked otherwise */
    struct telar_plan plan;        /* how roi is cut into results */
    struct telar_plan gather_plan; /* how the image is cut for a whole-image statistic: bands, one a worker */
    struct telar_pipeline pipeline; /* a copy: the caller may free theirs whatever becomes of a worker */

    struct tl_extent state[TELAR_PIPELINE_MAX]; /* 0 bytes: the transform has none */
    uint64_t partial_offset, partial_slot;
    uint64_t source_offset;
    size_t source_stride;
    uint64_t result_offset, result_slot;
    uint64_t segment_bytes;

    uint32_t strip_rows; /* a worker evaluates a region strip by strip, so that what it reads and writes stays
                            in its cache */
    size_t scratch_bytes; /* what a worker needs for any task */

    struct tl_stage stage[TL_STAGES_MAX];
    uint32_t n_stages;
    uint64_t n_tasks;
};

/* One task, looked up. */
struct tl_task {
    const struct tl_stage *stage;
    uint64_t index;             /* within the stage */
    struct telar_region region; /* empty for prepare and merge */
    struct tl_extent extent;    /* the only part of the segment that it writes */
};

/*
 * Works out a job. plan 0 x 0: chosen from the number of workers. roi NULL: the whole image. TELAR_USAGE: roi
 * empty or outside the image, more than TL_REGIONS_MAX regions, a halo over TELAR_HALO_MAX. TELAR_HOST: the
 * sizes do not fit into an address space.
 */
telar_status tl_job_init(struct tl_job *job, const struct telar_geometry *image,
                         const struct telar_pipeline *pipeline, struct telar_plan plan,
                         const struct telar_region *roi, uint32_t workers, struct telar_error *error);

/* The first `count` steps of the job's pipeline as a pass; states may be NULL while nothing is run. */
struct tl_pass tl_job_pass(const struct tl_job *job, uint32_t count, const void *const *states);

/* Task number `task` < n_tasks; the end of the stage that it belongs to. Async-signal-safe. */
struct tl_task tl_job_task(const struct tl_job *job, uint64_t task);
uint64_t tl_job_stage_end(const struct tl_job *job, uint64_t task);

/* Writes the header to where the segment is mapped. */
void tl_job_write_header(const struct tl_job *job, unsigned char *base);

/* The source plane of a mapped segment as a view; the result of region `index`. Async-signal-safe. */
struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base);
struct telar_result tl_job_result(const struct tl_job *job, unsigned char *base, uint64_t index);

/*
 * Row `row` of the finished image, from source and results, for the encoder. `buffer` holds telar_row_bytes()
 * and is used where the row is not in one piece; the row is returned, valid until buffer or segment change.
 */
const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer);

#endif
