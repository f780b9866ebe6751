/* SPDX-License-Identifier: MIT */
/* dry_run.h - plays a job without workers: tells a table that would hang. For tests of tables. */
#ifndef TESTS_DRY_RUN_H
#define TESTS_DRY_RUN_H

#include "support/suite.h"

#include "engine/ledger.h"
#include "run/kinds.h"

/*
 * Gives all workers tasks in turn, each of which is done at once. Returns how many tasks were given
 * until nobody got one any more: fewer than the table has when it hangs. *trace is a number of what
 * was given to whom, in which slot.
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
