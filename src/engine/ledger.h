/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the state of every task: who has it, since when, how often given out, done. Layer:
 * over job and channel.
 *
 * It is the coordinator's private memory: no worker can reach it, so nothing in it needs to be
 * doubted, and a worker's death leaves nothing to repair. Which task may run is derived from it
 * each time it is asked:
 *
 *     A task may run when what it reads is written, and what it overwrites has been read.
 *
 * "Is written" counts what the same worker has been given before, for it does its tasks in that
 * order. "Has been read" counts only what is done, and has been said to be: so whatever becomes of
 * a worker, what its tasks read is still there, and they can be given to another.
 */
#ifndef TL_LEDGER_H
#define TL_LEDGER_H

#include "isolate/channel.h"
#include "engine/job.h"

#include <telar/engine.h>

#define TL_NOBODY UINT32_MAX

enum tl_task_state { TL_TASK_FREE, TL_TASK_GIVEN, TL_TASK_DONE };

struct tl_ledger {
    const struct tl_job *job;
    unsigned char *state;               /* of each task, an enum tl_task_state */
    struct telar_task_report *task;     /* of each task: what the report will say */
    uint64_t first_free[TL_STAGES_MAX]; /* of each stage: no task of it before this one is free */
    uint64_t n_done;                    /* how many tasks are done */
    uint64_t n_written; /* how many encoded bands have left their slots for the file, from the first
                           on */
    uint32_t
        *slot; /* of each band: in which slot of the ring `encoded` it is, once it is given out */
    uint32_t workers; /* how many there are, or are still to come; the tasks of other owners are for
                         anybody */
    bool absent[TELAR_WORKERS_MAX]; /* nor will those be made again */
    uint32_t inflater; /* the worker that has the state of the stream, TL_NOBODY: none has */
    uint64_t catch_up; /* its first task: before that it inflates all bands that come before */
};

/* A ledger with every task free. TELAR_HOST: no memory. Release with tl_ledger_free, also after an
 * error. */
telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job,
                            struct telar_error *error);
void tl_ledger_free(struct tl_ledger *ledger);

/*
 * Gives a worker the next task that it may run, after those that it has: false when there is none,
 * now. What it has counts as written for it, since it does its tasks in the order in which it got
 * them.
 */
bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, struct tl_ticket *ticket);

/* The worker that has the task did it. */
void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns);

/* A worker that had the task is gone: another may have it. `begun`: this counts as an attempt. */
void tl_ledger_give_back(struct tl_ledger *ledger, uint64_t task, bool begun);

/*
 * The worker is gone, with all that was in its memory; it has no task any more. `for_good`: no
 * other comes in its place, and anybody may do the tasks that it would have owned.
 */
void tl_ledger_leave(struct tl_ledger *ledger, uint32_t worker, bool for_good);

/* How many tasks of its kind a task is worth: more than one where the worker has to begin the
 * stream again. */
uint64_t tl_ledger_worth(const struct tl_ledger *ledger, uint64_t task);

/* Whether losing that worker is losing the stream, which is still needed. */
bool tl_ledger_needs_stream(const struct tl_ledger *ledger, uint32_t worker);

/* Whether all tasks are done. */
bool tl_ledger_complete(const struct tl_ledger *ledger);

/*
 * Whether the next band for the file, number n_written, is encoded, and in which slot of the ring.
 * Once it is written, the caller counts it, and the slot is free.
 */
bool tl_ledger_next_encoded(const struct tl_ledger *ledger, uint32_t *slot);

#endif
