/* SPDX-License-Identifier: MIT */
/* Ledgers: each task is given once, stage after stage, and nobody else's words change that. */
#include <config.h>

#include "support/suite.h"

#include "engine/ledger.h"

#include <string.h>

/* Six regions, before which a whole-image transform gathers from two bands and merges. */
static void make_job(struct tl_job *job)
{
    static const struct tl_stage stages[] = {
        {TELAR_TASK_GATHER, 0, 0, 2}, {TELAR_TASK_MERGE, 0, 2, 1}, {TELAR_TASK_PROCESS, 0, 3, 6}};
    const struct telar_geometry image = {20, 30, 1, 8};
    telar_pipeline *pipeline = telar_pipeline_new();

    struct tl_request request = {
        .image = image, .pipeline = pipeline, .plan = {2, 3}, .workers = 2};

    ck_assert_int_eq(tl_job_init(job, &request, NULL), TELAR_OK);
    memcpy(job->stage, stages, sizeof stages);
    job->n_stages = 3;
    job->n_tasks = 9;
    telar_pipeline_free(pipeline);
}

/* Takes for the worker, and says whether it got the task that it should, for the first time. */
static bool takes(struct tl_ledger *ledger, uint32_t worker, uint64_t expected)
{
    struct tl_ticket ticket;

    return tl_ledger_take(ledger, worker, &ticket) && ticket.task == expected && ticket.attempt == 1
           && ledger->task[ticket.task].worker == worker && ledger->task[ticket.task].attempts == 1;
}

/* A worker that has no task yet. */
static bool takes_nothing(struct tl_ledger *ledger)
{
    struct tl_ticket ticket;

    return !tl_ledger_take(ledger, 2, &ticket);
}

START_TEST(a_stage_waits_for_the_one_before)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_job(&job);
    ck_assert_int_eq(tl_ledger_init(&ledger, &job, NULL), TELAR_OK);
    ck_assert(takes(&ledger, 0, 0));
    ck_assert(takes(&ledger, 1, 1));
    ck_assert(takes_nothing(&ledger));
    tl_ledger_done(&ledger, 1, 10, 20); /* out of order */
    ck_assert(takes_nothing(&ledger));
    tl_ledger_done(&ledger, 0, 10, 20);
    ck_assert(takes(&ledger, 1, 2));
    ck_assert(takes_nothing(&ledger));
    tl_ledger_done(&ledger, 2, 30, 40);
    for (uint64_t task = 3; task < 9; task++)
        ck_assert(takes(&ledger, task % 2, task));
    ck_assert(takes_nothing(&ledger));
    tl_ledger_free(&ledger);
}
END_TEST

/* A worker does its tasks in order, so what it has is done when it comes to the next. */
START_TEST(what_a_worker_has_counts_as_written_for_it)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_job(&job);
    ck_assert_int_eq(tl_ledger_init(&ledger, &job, NULL), TELAR_OK);
    ck_assert(takes(&ledger, 0, 0));
    ck_assert(takes(&ledger, 0, 1));
    ck_assert(takes_nothing(&ledger));
    ck_assert(takes(&ledger, 0, 2));
    ck_assert(takes_nothing(&ledger));
    ck_assert(takes(&ledger, 0, 3));
    tl_ledger_free(&ledger);
}
END_TEST

START_TEST(it_is_complete_when_every_task_is_done)
{
    struct tl_ledger ledger;
    struct tl_job job;
    struct tl_ticket ticket;

    make_job(&job);
    ck_assert_int_eq(tl_ledger_init(&ledger, &job, NULL), TELAR_OK);
    for (uint64_t done = 0; done < 9; done++) {
        ck_assert(!tl_ledger_complete(&ledger));
        ck_assert(tl_ledger_take(&ledger, 0, &ticket));
        ck_assert(!tl_ledger_complete(&ledger));
        tl_ledger_done(&ledger, ticket.task, 100 + done, 200 + done);
        ck_assert_uint_eq(ledger.n_done, done + 1);
        ck_assert_uint_eq(ledger.task[ticket.task].start_ns, 100 + done);
        ck_assert_uint_eq(ledger.task[ticket.task].end_ns, 200 + done);
    }
    ck_assert(tl_ledger_complete(&ledger));
    ck_assert(takes_nothing(&ledger));
    tl_ledger_free(&ledger);
}
END_TEST

START_TEST(it_begins_as_what_the_report_will_say)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_job(&job);
    ck_assert_int_eq(tl_ledger_init(&ledger, &job, NULL), TELAR_OK);
    for (uint64_t i = 0; i < 9; i++) {
        struct tl_task task = tl_job_task(&job, i, 0);

        ck_assert_int_eq(ledger.task[i].kind, task.stage->kind);
        ck_assert_mem_eq(&ledger.task[i].region, &task.region, sizeof task.region);
        ck_assert_uint_eq(ledger.task[i].attempts, 0);
        ck_assert_uint_eq(ledger.task[i].end_ns, 0);
    }
    tl_ledger_free(&ledger);
    tl_ledger_free(&ledger); /* what is free already may be freed */
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_stage_waits_for_the_one_before,
        what_a_worker_has_counts_as_written_for_it,
        it_is_complete_when_every_task_is_done,
        it_begins_as_what_the_report_will_say,
        NULL,
    };

    return run_suite("ledger", tests);
}
