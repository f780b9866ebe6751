/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the state of every task: who has it, how often it was given, in which round it is.
 * Layer: over job and kind.
 *
 * The ledger is the coordinator's private memory. No worker can reach it, so nothing in it needs to
 * be doubted, and the death of a worker leaves nothing to repair. Each time the coordinator asks
 * for a task, the ledger derives from the table which one may run:
 *
 *     A task may run when what it reads is written, and what it overwrites has been read.
 *
 * "Is written" includes what the same worker was given before, because a worker does its tasks in
 * that order. "Has been read" includes only what is done: a record said so. Whatever becomes of a
 * worker, what its tasks read is therefore still there, and another worker can do them.
 */
#ifndef TL_LEDGER_H
#define TL_LEDGER_H

#include "engine/kind.h"

#include <telar/engine.h>

/* Instead of the number of a worker: none. */
#define TL_NOBODY UINT32_MAX

/* Only the files ledger*.c read the fields, and only ledger.c writes them. */
struct tl_ledger {
    const struct tl_table *table;
    uint32_t *rounds_done;              /* of each task */
    uint32_t *holder;                   /* of each task: the worker that has its next round */
    uint32_t *slot;                     /* of each task that writes one of its worker's own slots */
    struct telar_task_report *report;   /* of each task: for the report */
    uint64_t first_free[TL_STAGES_MAX]; /* of each stage: no task before this position is free */
    uint64_t all_done[TL_STAGES_MAX];   /* of each stage: the tasks before this one are done */
    uint64_t n_done;                    /* tasks of which all rounds are done */
    uint64_t n_delivered;           /* items that have left their own slots, from the first on */
    uint32_t workers;               /* that live or are still to come */
    bool absent[TELAR_WORKERS_MAX]; /* the worker is gone, and no other comes in its place */
    uint32_t stream_holder[TL_LOOPS_MAX]; /* of each stream: the worker that has it */
    uint64_t catch_up[TL_LOOPS_MAX]; /* of each stream: the first task of that worker, for which
                                        it reads everything before again */
};

/*
 * Makes a ledger with every task free. The job must live as long as the ledger. TELAR_HOST: no
 * memory. Release with tl_ledger_free, also after an error.
 */
telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job, tl_kind_list kinds,
                            struct telar_error *error);
void tl_ledger_free(struct tl_ledger *ledger);

/* Says that no more than so many workers live or are to come: others do the tasks of those. */
void tl_ledger_limit_workers(struct tl_ledger *ledger, uint32_t workers);

/*
 * Gives a worker the next task that it may run after those that it has. Returns false when there is
 * none now.
 */
bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, struct tl_ticket *ticket);

/* The worker that has the task did it. */
void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns);

/* The worker that had the task is gone; another may have it. `begun`: this counts as an attempt. */
void tl_ledger_give_back(struct tl_ledger *ledger, uint64_t task, bool begun);

/*
 * The worker is gone, with all that was in its memory, and has no task any more. `for_good`: no
 * other comes in its place, and any worker may do the tasks that it would have owned.
 */
void tl_ledger_leave(struct tl_ledger *ledger, uint32_t worker, bool for_good);

/*
 * Returns by how much to multiply the time limit of a task: a worker that takes over a stream reads
 * all tasks before again.
 */
uint64_t tl_ledger_worth(const struct tl_ledger *ledger, uint64_t task);

/* Returns whether a stream that is still needed is lost with the worker. */
bool tl_ledger_needs_stream(const struct tl_ledger *ledger, uint32_t worker);

/* Returns how many tasks are done, and whether all are. */
uint64_t tl_ledger_count_done(const struct tl_ledger *ledger);
bool tl_ledger_complete(const struct tl_ledger *ledger);

/*
 * Returns whether the next item for the coordinator is in one of its worker's own slots; sets the
 * task that wrote it and the slot. The coordinator takes it out and then calls tl_ledger_delivered,
 * which frees the slot.
 */
bool tl_ledger_next_item(const struct tl_ledger *ledger, uint64_t *task, uint32_t *slot);
void tl_ledger_delivered(struct tl_ledger *ledger);

/* Returns what the report says of a task. Kind, region, attempts and worker belong to the ledger;
 * the rest is the caller's to set. */
struct telar_task_report *tl_ledger_report(struct tl_ledger *ledger, uint64_t task);

/* Hands over the reports of all tasks, which the caller frees; NULL when there are none. */
struct telar_task_report *tl_ledger_hand_over(struct tl_ledger *ledger);

#endif
