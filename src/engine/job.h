/* SPDX-License-Identifier: MIT */
/*
 * job.h - what a run has to do: stages of tasks, and where in the segment each task reads and
 * writes. Layer: over pipeline, plan and segment. A job is private memory, complete before the
 * first worker lives and never changed after: a forked worker has it as it was, whatever is written
 * to the segment.
 *
 * The segment, from its first byte. Every part begins on a page; parts of 4 MiB and more begin at a
 * multiple of 2 MiB, and where workers open what they write (tl_request.apart) parts of 1 MiB and
 * shares of 256 KiB and more, so that protecting one does not break up a huge page of another.
 * Parts that a job does not need are empty.
 *
 *     0        +------------------------------------------------+
 *              | struct tl_header                               | the coordinator, before any
 * worker lives
 *              +------------------------------------------------+
 *              | tail: where the image data ended               | the worker that inflates, last of
 * all
 *              +------------------------------------------------+
 *              | state of transform 0, 1, ...                   | the worker that prepares or
 * merges it
 *              +------------------------------------------------+
 *              | partial 0, 1, ... (gather_plan of them)        | the worker that gathers that
 * region
 *              +------------------------------------------------+
 *              | result of region 0, 1, ... (plan of them):     | the worker that processes that
 * region | rows of the region without gaps                |
 *              +------------------------------------------------+
 *              | filtered: ring of bands as inflate gives them, | the worker that inflates
 *              | unless their pixels are made at once           |
 *              +------------------------------------------------+
 *              | encoded: slots for bands that go to the file   | the worker that owns that slot
 *              +------------------------------------------------+
 *              | source: ring of bands of pixels, row r of the  | the decoder, before any worker;
 * or | image at (r mod ring rows) x source_stride     | the worker that owns that slot
 *              +------------------------------------------------+
 *              : the source again, in every mapping, so that    :
 *              : rows are contiguous across the ring's end      :
 *
 * A **band** is a number of rows that the codec handles at once; it depends on the image's geometry
 * alone, and with it the bytes of the output. When the source ring has a slot for every band it is
 * the whole picture: the plane that stays resident for library callers, for grids, and for
 * transforms that see the whole image first. Otherwise it is a window that the picture passes
 * through, or, where a band's pixels are needed by the one task that makes and encodes them, one
 * slot in each worker's scratch.
 */
#ifndef TL_JOB_H
#define TL_JOB_H

#include "transform/pipeline.h"
#include "isolate/segment.h"

#include <telar/plan.h>
#include <telar/report.h>

enum { TL_STAGES_MAX = 2 * TELAR_PIPELINE_MAX + 4, TL_TAIL_BYTES = 68 << 10 };

/* More regions than anyone can want, and few enough that the ledger stays small. */
#define TL_REGIONS_MAX (UINT64_C(1) << 20)

/* For each worker where it maps its own one by one: the kernel gives a process 65530 mappings, and
 * each takes two. */
enum { TL_FIXED_REGIONS_MAX = 16384 };

/*
 * What stands at the beginning of a segment, for whoever maps it from outside (--keep-shm): telar
 * itself never reads it back. Fixed widths, offsets from the segment's first byte. A kept segment
 * has the whole source and a result for each region of the grid; telar(1) tells users the layout,
 * which changes with `version`.
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

/* Tasks of one kind. When one may run is said in ledger.c. */
struct tl_stage {
    telar_task_kind kind;
    uint32_t step;         /* prepare, gather, merge: which transform of the pipeline */
    uint64_t first, count; /* its tasks among all of the job */
};

/*
 * Slots of a ring. Band b of filtered and source has slot b mod slots. Of encoded, each worker has
 * a share of its own: as many slots, one behind the other; the others are one share. Shares have
 * equal parts of `whole`, in which there may be room beside the slots: see tl_request.apart.
 */
struct tl_ring {
    uint64_t offset, slot_bytes;
    uint32_t slots, shares; /* 0: the job has no such ring */
    struct tl_extent whole;
};

/* Any worker may do the task. */
#define TL_ANYBODY UINT32_MAX

/* What is asked of a job. */
struct tl_request {
    struct telar_geometry image;
    const struct telar_pipeline *pipeline;
    struct telar_plan plan;         /* 0 x 0: chosen */
    const struct telar_region *roi; /* NULL: the whole image */
    uint32_t workers;
    bool decode;   /* workers decode: bands of filtered rows from a stream */
    bool restart;  /* and each band can be decoded for itself */
    bool together; /* and the worker that inflates a band makes its pixels at once: see struct
                      tl_job */
    bool encode;   /* workers encode: bands of a PNG */
    bool small;    /* and take time to make them small */
    bool fixed;    /* see struct tl_job */
    bool apart;    /* workers open what they own, each in a mapping of its own: then it pays to give
                      huge pages to each */
    bool
        resident; /* source and result stay whole planes, for who looks at the segment afterwards */
};

struct tl_job {
    struct telar_geometry image;
    struct telar_region roi; /* what is transformed; all of the image unless asked otherwise */
    struct telar_plan plan;  /* how roi is cut into results */
    struct telar_plan gather_plan; /* how the image is cut for a whole-image statistic */
    struct telar_pipeline
        pipeline;  /* a copy: the caller may free theirs whatever becomes of a worker */
    uint32_t halo; /* of the whole pipeline */
    uint32_t band_rows, n_bands;
    uint32_t workers; /* for how many it is laid out */
    bool fixed;    /* every task has an owner: a worker can write nothing but what it may from the
                      start */
    bool foreign;  /* a transform is not built in: what a worker owns is opened for the task at hand
                      only */
    bool restart;  /* bands are decoded for themselves, not one after the other */
    bool together; /* a band is inflated and unfiltered in one task, TELAR_TASK_INFLATE unless the
                      job is straight: no filtered ring lies between */
    bool small;    /* bands are encoded with time taken for it */
    bool window;   /* the source in the segment holds fewer bands than there are */
    bool straight; /* a band goes from file to file in one task, TELAR_TASK_ENCODE: the source is
                      one slot, in the scratch of each worker, and no part of the segment. Only for
                      transforms that are built in: to the others the source must be read-only */
    bool fused;    /* encoding a band transforms it, straight from the source: there are no result
                      regions */

    struct tl_extent tail;
    struct tl_extent state[TELAR_PIPELINE_MAX]; /* 0 bytes: the transform has none */
    uint64_t partial_offset, partial_slot;
    uint64_t result_offset, result_slot;
    struct tl_ring filtered, encoded,
        source; /* source.offset: in the scratch where the job is straight */
    size_t source_stride;
    uint64_t segment_bytes;

    uint32_t strip_rows; /* a region is evaluated strip by strip, so that what is read and written
                            stays in a cache */
    size_t
        scratch_bytes; /* what a worker needs for any task; transforms use it from its beginning */
    size_t band_offset, codec_offset; /* where in it a band is put by those who need room for one,
                                         and what the codec needs */

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
    bool skip; /* without the transforms, as the source has it: see tl_job_can_skip */
};

/*
 * Works out a job. TELAR_USAGE: roi empty or outside the image, more than TL_REGIONS_MAX regions, a
 * halo over TELAR_HALO_MAX. TELAR_INPUT: a transform cannot work on such an image. TELAR_HOST: the
 * sizes do not fit into an address space.
 */
telar_status tl_job_init(struct tl_job *job, const struct tl_request *request,
                         struct telar_error *error);

/*
 * Part of tl_job_init, once plan and bands are chosen: where everything lies. False when it does
 * not fit into an address space.
 */
bool tl_job_lay_out(struct tl_job *job, const struct tl_request *request);

/* The first `count` steps of the job's pipeline as a pass; states may be NULL while nothing is run.
 */
struct tl_pass tl_job_pass(const struct tl_job *job, uint32_t count, const void *const *states);

/* Task number `task` < n_tasks; encoding writes slot `slot` of its ring, which others ignore.
 * Async-signal-safe. */
struct tl_task tl_job_task(const struct tl_job *job, uint64_t task, uint32_t slot);

/*
 * Which worker does a task, because it alone has the stream, or because the slot is its own:
 * TL_ANYBODY when that does not matter.
 */
uint32_t tl_job_owner(const struct tl_job *job, const struct tl_task *task);

/*
 * Whether each worker owns tasks of the stage that follow one another; then number
 * tl_job_first_owned of the stage is its first. Otherwise they are dealt out in turn, and that is
 * 0.
 */
bool tl_job_in_shares(const struct tl_job *job, const struct tl_stage *stage);
uint64_t tl_job_first_owned(const struct tl_job *job, const struct tl_stage *stage,
                            uint32_t worker);

/* How many slots of the ring `encoded` each worker has: those of worker w begin at w times that. */
uint32_t tl_job_encoded_slots(const struct tl_job *job);

/*
 * What of the segment a worker may write all the time, because it is the only one that ever does:
 * piece number `piece`, from 0 until false. What it writes beside that is opened for each task.
 * Async-signal-safe.
 */
bool tl_job_own(const struct tl_job *job, uint32_t worker, uint32_t piece,
                struct tl_extent *extent);

/* In a job that is fixed: all that a worker ever writes, its own pieces first. Otherwise as
 * tl_job_own. */
bool tl_job_may(const struct tl_job *job, uint32_t worker, uint32_t piece,
                struct tl_extent *extent);

/* Whether the extent of a task is in one of the worker's own pieces. Async-signal-safe. */
bool tl_job_owns(const struct tl_job *job, uint32_t worker, const struct tl_task *task);

/* Whether a task can be done without the transforms: what it writes are pixels that they would have
 * changed. */
bool tl_job_can_skip(const struct tl_job *job, uint64_t task);

/* The stage of that kind (the first of several), or NULL. */
const struct tl_stage *tl_job_stage(const struct tl_job *job, telar_task_kind kind);

/*
 * The stage whose tasks 0 to n_bands - 1 write the bands of the source for others to read. NULL: it
 * is there before any worker, or each reads only what it wrote itself.
 */
const struct tl_stage *tl_job_decoding(const struct tl_job *job);

/* The rows of band `band`, over all columns. */
struct telar_region tl_job_band(const struct tl_job *job, uint64_t band);

/* Writes the header to where the segment is mapped. */
void tl_job_write_header(const struct tl_job *job, unsigned char *base);

/* How a segment is to be mapped. */
struct tl_shape tl_job_shape(const struct tl_job *job);

/* Where the slot of a band lies. */
static inline struct tl_extent tl_ring_slot(const struct tl_ring *ring, uint64_t band)
{
    uint64_t slot = band % ring->slots, each = ring->slots / ring->shares;
    uint64_t share = slot / each * (ring->whole.bytes / ring->shares);

    return (struct tl_extent){ring->offset + share + slot % each * ring->slot_bytes,
                              ring->slot_bytes};
}

/*
 * Rows r0 to r1 of the source as a view: at most as many as the ring has, and such as it holds now;
 * `base` is where the segment is mapped, or the worker's scratch where the job is straight. The
 * result of region `index`. Async-signal-safe.
 */
struct telar_source tl_job_source(const struct tl_job *job, const unsigned char *base, uint32_t r0,
                                  uint32_t r1);
struct telar_result tl_job_result(const struct tl_job *job, unsigned char *base, uint64_t index);

/* The regions of the plan that have row `row`, which is one of roi: [*first, *first +
 * plan.columns). */
uint64_t tl_job_regions_of_row(const struct tl_job *job, uint32_t row);

/*
 * Row `row` of the image, put together from source and results; of a fused job, which has no
 * results, from the source. `buffer` holds telar_row_bytes() and is used where the row is not in
 * one piece; the row is returned, valid until buffer or segment change.
 */
const unsigned char *tl_job_row(const struct tl_job *job, unsigned char *base, uint32_t row,
                                unsigned char *buffer);

#endif
