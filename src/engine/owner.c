/* SPDX-License-Identifier: MIT */
/*
 * Who writes what: which worker does a task, and which pieces of the segment a worker writes. The
 * ledger, which gives out tasks, and the workers, who map and open memory, both ask here.
 */
#include <config.h>

#include "engine/job.h"

uint32_t tl_job_encoded_slots(const struct tl_job *job)
{
    return job->encoded.slots / job->encoded.shares;
}

bool tl_job_in_shares(const struct tl_job *job, const struct tl_stage *stage)
{
    return stage->kind == TELAR_TASK_INFLATE && job->restart && !job->window;
}

/* The first band of a worker's share, and the end of that of the worker before it. */
static uint64_t share_begin(const struct tl_job *job, uint32_t worker)
{
    return (uint64_t)job->n_bands * worker / job->workers;
}

uint64_t tl_job_first_owned(const struct tl_job *job, const struct tl_stage *stage, uint32_t worker)
{
    return tl_job_in_shares(job, stage) ? share_begin(job, worker) : 0;
}

/*
 * Bands that are decoded one after the other: the first worker inflates them all, and makes the
 * pixels, too, or the next does that. Bands that are decoded for themselves: of a window the slots
 * are dealt out in turn, of a picture that stays each worker has a share, in one piece, so that
 * opening it breaks up huge pages at its ends only.
 */
static uint32_t owner_of_source(const struct tl_job *job, uint64_t band)
{
    if (!job->restart)
        return job->together ? 0 : 1 % job->workers;
    if (job->window)
        return (uint32_t)(band % job->source.slots) % job->workers;
    return (uint32_t)(((band + 1) * job->workers - 1) / job->n_bands);
}

uint32_t tl_job_owner(const struct tl_job *job, const struct tl_task *task)
{
    switch (task->stage->kind) {
    case TELAR_TASK_INFLATE:
        if (!job->restart)
            return 0;
        if (task->index < job->n_bands)
            return owner_of_source(job, task->index);
        break;
    case TELAR_TASK_UNFILTER:
        return owner_of_source(job, task->index);
    case TELAR_TASK_GATHER:
    case TELAR_TASK_PROCESS:
        return job->fixed ? (uint32_t)(task->index % job->workers) : TL_ANYBODY;
    case TELAR_TASK_ENCODE:
        return TL_ANYBODY;
    case TELAR_TASK_PREPARE:
    case TELAR_TASK_MERGE:
        break;
    }
    return job->fixed ? 0 : TL_ANYBODY;
}

/* ---- pieces; each of these takes off *piece what it has, when it has not so many ---- */

static bool has(uint32_t *piece, uint32_t count)
{
    if (*piece < count)
        return true;
    *piece -= count;
    return false;
}

/* The slots of a ring that are dealt out in turn. */
static bool slots_in_turn(const struct tl_job *job, const struct tl_ring *ring, uint32_t worker,
                          uint32_t *piece, struct tl_extent *extent)
{
    uint32_t count =
        worker < ring->slots ? (ring->slots - worker + job->workers - 1) / job->workers : 0;

    if (!has(piece, count))
        return false;
    *extent = tl_ring_slot(ring, worker + (uint64_t)*piece * job->workers);
    return true;
}

/* A share of a ring, as one piece. */
static bool share_of(const struct tl_ring *ring, uint32_t share, uint32_t *piece,
                     struct tl_extent *extent)
{
    uint64_t bytes = ring->slots ? ring->whole.bytes / ring->shares : 0;

    if (!bytes || !has(piece, 1))
        return false;
    *extent = (struct tl_extent){ring->whole.offset + share * bytes, bytes};
    return true;
}

/* A share of the picture that stays. */
static bool bands_of(const struct tl_job *job, uint32_t worker, uint32_t *piece,
                     struct tl_extent *extent)
{
    uint64_t begin = share_begin(job, worker), end = share_begin(job, worker + 1);

    if (begin == end || !has(piece, 1))
        return false;
    *extent = (struct tl_extent){tl_ring_slot(&job->source, begin).offset,
                                 (end - begin) * job->source.slot_bytes};
    return true;
}

static bool own_rings(const struct tl_job *job, uint32_t worker, uint32_t *piece,
                      struct tl_extent *extent)
{
    if (!tl_job_decoding(job))
        return false;
    if (job->restart)
        return job->window ? slots_in_turn(job, &job->source, worker, piece, extent)
                           : bands_of(job, worker, piece, extent);
    return (worker == 0 && share_of(&job->filtered, 0, piece, extent))
           || (worker == owner_of_source(job, 0) && share_of(&job->source, 0, piece, extent));
}

static bool own(const struct tl_job *job, uint32_t worker, uint32_t *piece,
                struct tl_extent *extent)
{
    return share_of(&job->encoded, worker, piece, extent) || own_rings(job, worker, piece, extent);
}

/* What the first worker alone writes, as no other has the stream or prepares a transform. */
static bool first_workers(const struct tl_job *job, uint32_t *piece, struct tl_extent *extent)
{
    if (job->tail.bytes && has(piece, 1)) {
        *extent = job->tail;
        return true;
    }
    for (uint32_t i = 0; i < job->pipeline.length; i++)
        if (job->state[i].bytes && has(piece, 1)) {
            *extent = job->state[i];
            return true;
        }
    return false;
}

/* Results and partials lie like the slots of a ring, in which each has one of its own. */
static bool regions_in_turn(const struct tl_job *job, uint32_t worker, uint32_t *piece,
                            struct tl_extent *extent)
{
    const struct tl_stage *process = tl_job_stage(job, TELAR_TASK_PROCESS),
                          *gather = tl_job_stage(job, TELAR_TASK_GATHER);
    struct tl_ring results = {
        job->result_offset, job->result_slot, process ? (uint32_t)process->count : 0, 1, {0, 0}};
    struct tl_ring partials = {
        job->partial_offset, job->partial_slot, gather ? (uint32_t)gather->count : 0, 1, {0, 0}};

    return slots_in_turn(job, &results, worker, piece, extent)
           || slots_in_turn(job, &partials, worker, piece, extent);
}

bool tl_job_own(const struct tl_job *job, uint32_t worker, uint32_t piece, struct tl_extent *extent)
{
    return own(job, worker, &piece, extent);
}

bool tl_job_may(const struct tl_job *job, uint32_t worker, uint32_t piece, struct tl_extent *extent)
{
    return own(job, worker, &piece, extent)
           || (job->fixed
               && ((worker == 0 && first_workers(job, &piece, extent))
                   || regions_in_turn(job, worker, &piece, extent)));
}

bool tl_job_owns(const struct tl_job *job, uint32_t worker, const struct tl_task *task)
{
    switch (task->stage->kind) {
    case TELAR_TASK_ENCODE:
        return true;
    case TELAR_TASK_INFLATE:
    case TELAR_TASK_UNFILTER:
        return task->index < job->n_bands && tl_job_owner(job, task) == worker;
    default:
        return false;
    }
}
