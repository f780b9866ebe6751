/* SPDX-License-Identifier: MIT */
/*
 * job.h - what a run has to do: a table, and the numbers that its tasks work with. Layer: over
 * table.
 *
 * The coordinator makes a job before it starts the first worker; nobody changes it later. A job has
 * no pointers: a forked worker has its own copy, and a copy of the bytes in any other process means
 * the same. Nothing that is written to the segment can change it.
 *
 * The segment, from its first byte. Every buffer begins on a page, large ones begin on a huge page
 * (tl_table_lay_out). A job has only the buffers that it needs.
 *
 *     0        +-----------------------------------------------+
 *              | struct tl_header                              | the coordinator writes it, before
 *              |                                               | it starts a worker
 *              +-----------------------------------------------+
 *              | rest: what a stream has behind its last band | the worker that has the stream,
 *              |                                               | last of all
 *              +-----------------------------------------------+
 *              | state of transform 0, 1, ...                  | the worker that prepares or merges
 *              +-----------------------------------------------+
 *              | partial 0, 1, ...                             | the worker that gathers from those
 *              |                                               | rows
 *              +-----------------------------------------------+
 *              | result of region 0, 1, ...: rows of the       | the worker that processes that
 *              | region without gaps                           | region
 *              +-----------------------------------------------+
 *              | raw: ring of bands as the stream has them     | the worker that has the stream
 *              +-----------------------------------------------+
 *              | output: slots for bands of the output file    | the worker that owns the slot
 *              +-----------------------------------------------+
 *              | source: ring of bands of pixels, row r of the | the coordinator, before it starts
 *              | image at (r mod ring rows) x source_stride    | a worker; or the worker that owns
 *              |                                               | the slot
 *              +-----------------------------------------------+
 *              : the source again, in every mapping, so that   :
 *              : rows are contiguous across the ring's end     :
 *
 * A **band** is a number of rows that the encoder handles at once. It depends on the image's
 * geometry alone, and with it the bytes of the output. A source with a slot for every band is the
 * whole picture. A source with fewer is a window that the picture passes through. A job has no
 * source in the segment when the task that encodes a band also decodes it: then the pixels lie in
 * the worker's scratch memory.
 */
#ifndef TL_JOB_H
#define TL_JOB_H

#include "engine/table.h"

#include <telar/plan.h>

enum { TL_STEPS_MAX = 16 };

/*
 * What stands at the beginning of a segment, for programs that map it from outside (--keep-shm).
 * telar itself never reads it. Widths are fixed, and offsets count from the segment's first byte. A
 * kept segment has the whole source and a result for each region of the grid. telar(1) documents
 * the layout, which changes with `version`.
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

/* A job. The files route*.c write all of it before the run. Constant during the run. */
struct tl_job {
    struct tl_table table;
    struct telar_geometry image;
    struct telar_region roi; /* the part that is transformed */
    struct telar_plan plan;  /* how roi is cut into regions; of a fused job, into bands */
    uint64_t most_tasks;     /* of one stage whose tasks can run at the same time */
    uint32_t halo;           /* of the whole pipeline, rows and columns */
    uint32_t band_rows, n_bands;
    uint32_t effort; /* of the encoder: a telar_compression */

    /* Numbers of buffers in the table; TL_ABSENT when the job has none. */
    uint8_t rest, state[TL_STEPS_MAX], partial, result, raw, output, source;

    size_t source_stride;  /* bytes from one row of the source to the next */
    uint32_t strip_rows;   /* a region is evaluated in strips of so many rows, which stay in a cache
                            */
    size_t scratch_bytes;  /* what a worker needs for any task; transforms use it from its start */
    size_t band_offset;    /* in scratch: room for a band as the stream has it */
    size_t codec_offset;   /* in scratch: memory for decoding or encoding one */
    size_t private_source; /* in scratch: a band of the source, when it is not in the segment */
};

/* One task, looked up. */
struct tl_task {
    const struct tl_stage *stage;
    uint64_t index;             /* within the stage */
    struct telar_region region; /* empty: it has none */
    struct tl_extent extent;    /* the only part of the segment that it writes */
    bool skip;                  /* leave the transforms out: the pixels stay those of the source */
};

/*
 * Looks task number `task` < n_tasks up. `slot` counts only where workers have slots of their own
 * (TL_OWN_SLOTS). Async-signal-safe.
 */
struct tl_task tl_job_task(const struct tl_job *job, uint64_t task, uint32_t slot);

/* Returns whether a task writes a slot that is writable for the worker all the time.
 * Async-signal-safe. */
bool tl_job_is_open(const struct tl_job *job, uint32_t worker, const struct tl_task *task);

/* Returns whether the picture passes through the segment, which then has no whole source. */
bool tl_job_streams(const struct tl_job *job);

/* Returns the rows of band `band`, over all columns. */
struct telar_region tl_job_band(const struct tl_job *job, uint64_t band);

/* Writes the header to the start of a mapping. */
void tl_job_write_header(const struct tl_job *job, unsigned char *base);

/* Returns how the segment is to be mapped. */
struct tl_shape tl_job_shape(const struct tl_job *job);

/* Returns where a buffer lies in a mapping; NULL for TL_ABSENT. Async-signal-safe. */
static inline unsigned char *tl_job_buffer(const struct tl_job *job, unsigned char *base,
                                           uint8_t buffer)
{
    return buffer == TL_ABSENT ? NULL : base + job->table.buffer[buffer].offset;
}

/*
 * Returns rows [r0, r1) of the source in a mapping as a view. They are at most as many as the ring
 * has, and the caller knows that the ring holds them now. Async-signal-safe.
 */
struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base, uint32_t r0,
                                  uint32_t r1);

/* Returns the result of region `index` in a mapping as a view. Async-signal-safe. */
struct telar_result tl_job_result(const struct tl_job *job, unsigned char *base, uint64_t index);

/*
 * Returns row `row` of the image, put together from results and source; from the source alone when
 * the job has no results. `buffer` has room for a row and is used when the row is not in one piece.
 * The row is valid until buffer or segment change. Async-signal-safe.
 */
const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer);

#endif
