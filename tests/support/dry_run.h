/* SPDX-License-Identifier: MIT */
/* dry_run.h - for tests of tables: runs a job without workers, and so detects a table that would
 * hang. */
#ifndef TESTS_DRY_RUN_H
#define TESTS_DRY_RUN_H

#include "support/suite.h"

#include "engine/ledger.h"
#include "run/kinds.h"

/*
 * Gives tasks to all workers in turn; each task is done at once. Returns the number of given tasks.
 * The number is smaller than that of the table if the table hangs. *trace is a number that depends
 * on each task, its worker and its slot.
 */
static inline uint64_t dry_run(const struct tl_job *job, tl_kind_list kinds, uint64_t *trace)
{
    struct tl_ledger ledger;
    uint64_t given = 0, before, task;
    uint32_t slot;

    *trace = 0;
    ck_assert_int_eq(tl_ledger_init(&ledger, job, kinds, NULL), TELAR_OK);
    do {
        before = given;
        for (uint32_t worker = 0; worker < job->table.workers; worker++) {
            struct tl_ticket ticket;

            if (!tl_ledger_take(&ledger, worker, &ticket))
                continue;
            given++;
            *trace = *trace * 31 + ticket.task * 7 + ticket.slot * 3 + worker;
            tl_ledger_done(&ledger, ticket.task, 0, 0);
            while (tl_ledger_next_item(&ledger, &task, &slot))
                tl_ledger_delivered(&ledger);
        }
    } while (given > before);
    ck_assert_int_eq(tl_ledger_complete(&ledger), given == job->table.n_tasks);
    tl_ledger_free(&ledger);
    return given;
}

#endif
