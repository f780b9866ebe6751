/*
 * ledger.h - the state of every task: who has it, since when, how often given out, done. Layer: over job.
 *
 * It is the coordinator's private memory: no worker can reach it, so nothing in it needs to be doubted, and a
 * worker's death leaves nothing to repair. Which task may run is derived from it each time it is asked.
 */
#ifndef TL_LEDGER_H
#define TL_LEDGER_H

#include "job.h"

#include <telar/report.h>

enum tl_task_state { TL_TASK_FREE, TL_TASK_GIVEN, TL_TASK_DONE };

struct tl_ledger {
    const struct tl_job *job;
    unsigned char *state;           /* of each task, an enum tl_task_state */
    struct telar_task_report *task; /* of each task: what the report will say */
    uint64_t first_open;            /* no task before it is anything but done */
    uint64_t first_free;            /* no task before it is free */
    uint64_t n_done;                /* how many are done */
};

/* A ledger with every task free. TELAR_HOST: no memory. Release with tl_ledger_free, also after an error. */
telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job, struct telar_error *error);
void tl_ledger_free(struct tl_ledger *ledger);

/* Gives the next task that may run to a worker: false when none may, now. */
bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, uint64_t *task, uint32_t *attempt);

/* The worker that has the task did it. */
void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns);

/* Whether all tasks are done. */
bool tl_ledger_complete(const struct tl_ledger *ledger);

#endif
