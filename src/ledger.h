/*
 * ledger.h - the state of every task: who has it, since when, how often given out, done. Layer: over job and
 * channel.
 *
 * It is the coordinator's private memory: no worker can reach it, so nothing in it needs to be doubted, and a
 * worker's death leaves nothing to repair. Which task may run is derived from it each time it is asked:
 *
 *     A task may run when what it reads is written, and what it overwrites has been read.
 */
#ifndef TL_LEDGER_H
#define TL_LEDGER_H

#include "channel.h"
#include "job.h"

#include <telar/report.h>

enum tl_task_state { TL_TASK_FREE, TL_TASK_GIVEN, TL_TASK_DONE };

struct tl_ledger {
    const struct tl_job *job;
    unsigned char *state;               /* of each task, an enum tl_task_state */
    struct telar_task_report *task;     /* of each task: what the report will say */
    uint64_t first_free[TL_STAGES_MAX]; /* of each stage: no task of it before this one is free */
    uint64_t n_done;                    /* how many tasks are done */
    uint64_t n_written; /* how many encoded bands have left their slots for the file, from the first on */
    uint32_t *slot;     /* of each band: in which slot of the ring `encoded` it is, once it is given out */
    uint32_t workers;   /* how many there are; the tasks of owners that could not be made are for anybody */
};

/* A ledger with every task free. TELAR_HOST: no memory. Release with tl_ledger_free, also after an error. */
telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job, struct telar_error *error);
void tl_ledger_free(struct tl_ledger *ledger);

/*
 * Gives a worker the next task that it may run, after those that it has: false when there is none, now. What
 * it has counts as written for it, since it does its tasks in the order in which it got them.
 */
bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, struct tl_ticket *ticket);

/* The worker that has the task did it. */
void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns);

/* Whether all tasks are done. */
bool tl_ledger_complete(const struct tl_ledger *ledger);

/*
 * Whether the next band for the file, number n_written, is encoded, and in which slot of the ring. Once it is
 * written, the caller counts it, and the slot is free.
 */
bool tl_ledger_next_encoded(const struct tl_ledger *ledger, uint32_t *slot);

#endif
