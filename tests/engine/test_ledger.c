/* SPDX-License-Identifier: MIT */
/* Ledgers of small tables made by hand: each task is given once, when what it needs is there. */
#include <config.h>

#include "support/suite.h"

#include "engine/ledger.h"
#include "run/kinds.h"

/* A buffer for each stage, with so many slots; any worker may write them. */
static void add_stage(struct tl_job *job, enum tl_kind_number kind, uint32_t count, uint32_t slots)
{
    const struct tl_buffer buffer = {.item_bytes = 1, .slots = slots, .parts = slots};
    uint8_t number = tl_table_add_buffer(&job->table, &buffer);
    const struct tl_stage stage = {.count = count,
                                   .kind = (uint8_t)kind,
                                   .cut = {{0, count, 0, 30}, count, 1, 1},
                                   .writes = {number, TL_ABSENT},
                                   .stream = TL_ABSENT};

    tl_table_add_stage(&job->table, &stage);
}

static void add_need(struct tl_job *job, uint8_t stage, enum tl_relation relation, uint32_t halo,
                     enum tl_use use)
{
    tl_table_add_need(&job->table, &(struct tl_table_need){.halo = halo,
                                                           .stage = stage,
                                                           .relation = (uint8_t)relation,
                                                           .use = (uint8_t)use});
}

/* Six regions, before which a whole-image transform gathers from two bands and merges: tasks 0 and
 * 1, 2, and 3 to 8. */
static void make_statistic(struct tl_job *job)
{
    *job = (struct tl_job){0};
    tl_table_init(&job->table, 2);
    add_stage(job, TL_GATHER, 2, 2);
    add_stage(job, TL_MERGE, 1, 1);
    add_need(job, 0, TL_ALL, 0, TL_READS);
    add_stage(job, TL_PROCESS, 6, 6);
    add_need(job, 1, TL_ALL, 0, TL_READS);
    ck_assert(tl_table_lay_out(&job->table, TL_PACKED));
}

static void begin(struct tl_ledger *ledger, const struct tl_job *job)
{
    ck_assert_int_eq(tl_ledger_init(ledger, job, tl_kinds, NULL), TELAR_OK);
}

/* Takes for the worker, and says whether it got the task that it should, for the first time. */
static bool takes(struct tl_ledger *ledger, uint32_t worker, uint64_t expected)
{
    struct tl_ticket ticket;

    return tl_ledger_take(ledger, worker, &ticket) && ticket.task == expected && ticket.attempt == 1
           && tl_ledger_report(ledger, expected)->worker == worker
           && tl_ledger_report(ledger, expected)->attempts == 1;
}

static bool takes_nothing(struct tl_ledger *ledger, uint32_t worker)
{
    struct tl_ticket ticket;

    return !tl_ledger_take(ledger, worker, &ticket);
}

START_TEST(a_stage_waits_for_the_one_before)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_statistic(&job);
    begin(&ledger, &job);
    ck_assert(takes(&ledger, 0, 0));
    ck_assert(takes(&ledger, 1, 1));
    ck_assert(takes_nothing(&ledger, 2));
    tl_ledger_done(&ledger, 1, 10, 20); /* out of order */
    ck_assert(takes_nothing(&ledger, 2));
    tl_ledger_done(&ledger, 0, 10, 20);
    ck_assert(takes(&ledger, 1, 2));
    ck_assert(takes_nothing(&ledger, 2));
    tl_ledger_done(&ledger, 2, 30, 40);
    for (uint64_t task = 3; task < 9; task++)
        ck_assert(takes(&ledger, task % 2, task));
    ck_assert(takes_nothing(&ledger, 2));
    tl_ledger_free(&ledger);
}
END_TEST

/* A worker does its tasks in order, so what it has is done when it comes to the next. */
START_TEST(what_a_worker_has_counts_as_written_for_it)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_statistic(&job);
    begin(&ledger, &job);
    ck_assert(takes(&ledger, 0, 0));
    ck_assert(takes(&ledger, 0, 1));
    ck_assert(takes_nothing(&ledger, 1));
    ck_assert(takes(&ledger, 0, 2));
    ck_assert(takes_nothing(&ledger, 1));
    ck_assert(takes(&ledger, 0, 3));
    tl_ledger_free(&ledger);
}
END_TEST

START_TEST(it_is_complete_when_every_task_is_done)
{
    struct tl_ledger ledger;
    struct tl_job job;
    struct tl_ticket ticket;

    make_statistic(&job);
    begin(&ledger, &job);
    for (uint64_t done = 0; done < 9; done++) {
        ck_assert(!tl_ledger_complete(&ledger));
        ck_assert(tl_ledger_take(&ledger, 0, &ticket));
        ck_assert(!tl_ledger_complete(&ledger));
        tl_ledger_done(&ledger, ticket.task, 100 + done, 200 + done);
        ck_assert_uint_eq(tl_ledger_count_done(&ledger), done + 1);
        ck_assert_uint_eq(tl_ledger_report(&ledger, ticket.task)->start_ns, 100 + done);
        ck_assert_uint_eq(tl_ledger_report(&ledger, ticket.task)->end_ns, 200 + done);
    }
    ck_assert(tl_ledger_complete(&ledger));
    ck_assert(takes_nothing(&ledger, 0));
    tl_ledger_free(&ledger);
}
END_TEST

START_TEST(it_begins_as_what_the_report_will_say)
{
    static const telar_task_kind kinds[] = {TELAR_TASK_GATHER,  TELAR_TASK_GATHER,
                                            TELAR_TASK_MERGE,   TELAR_TASK_PROCESS,
                                            TELAR_TASK_PROCESS, TELAR_TASK_PROCESS};
    struct tl_ledger ledger;
    struct tl_job job;

    make_statistic(&job);
    begin(&ledger, &job);
    for (uint64_t i = 0; i < 6; i++) {
        const struct telar_task_report *report = tl_ledger_report(&ledger, i);

        ck_assert_int_eq(report->kind, kinds[i]);
        ck_assert_uint_eq(report->attempts, 0);
        ck_assert_uint_eq(report->end_ns, 0);
    }
    ck_assert_uint_eq(tl_ledger_report(&ledger, 4)->region.r0, 1);
    ck_assert_uint_eq(tl_ledger_report(&ledger, 4)->region.r1, 2);
    tl_ledger_free(&ledger);
    tl_ledger_free(&ledger); /* what is free already may be freed */
}
END_TEST

/* Four bands through a ring of two slots; each is read by the band of the same number. */
static void make_ring(struct tl_job *job, enum tl_use use)
{
    *job = (struct tl_job){0};
    tl_table_init(&job->table, 2);
    add_stage(job, TL_READ_RAW, 4, 2);
    add_stage(job, TL_PROCESS, 4, 4);
    add_need(job, 0, TL_MEETS, 0, use);
    ck_assert(tl_table_lay_out(&job->table, TL_PACKED));
}

/* That it was given is not enough: the worker may be lost, and another must find what it reads. */
START_TEST(a_slot_is_used_again_when_its_reader_is_done)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_ring(&job, TL_READS);
    begin(&ledger, &job);
    ck_assert(takes(&ledger, 0, 0));
    ck_assert(takes(&ledger, 0, 1));
    ck_assert(takes(&ledger, 0, 4));
    ck_assert(takes(&ledger, 0, 5));
    ck_assert(takes_nothing(&ledger, 0));
    tl_ledger_done(&ledger, 0, 0, 0);
    tl_ledger_done(&ledger, 1, 0, 0);
    ck_assert(takes_nothing(&ledger, 0));
    tl_ledger_done(&ledger, 4, 0, 0);
    ck_assert(takes(&ledger, 0, 2));
    ck_assert(takes_nothing(&ledger, 1));
    tl_ledger_free(&ledger);
}
END_TEST

/* A task that only follows does not keep the slot. */
START_TEST(what_only_follows_reads_nothing)
{
    struct tl_ledger ledger;
    struct tl_job job;

    make_ring(&job, TL_FOLLOWS);
    begin(&ledger, &job);
    for (uint64_t task = 0; task < 4; task++)
        ck_assert(takes(&ledger, 0, task));
    ck_assert(takes_nothing(&ledger, 1));
    tl_ledger_free(&ledger);
}
END_TEST

/* Two rounds over three bands: each reads its neighbours in the round before, from the other of two
 * planes. */
START_TEST(rounds_follow_one_another_without_a_barrier)
{
    struct tl_ledger ledger;
    struct tl_job job = {0};

    tl_table_init(&job.table, 2);
    add_stage(&job, TL_PROCESS, 3, 6);
    job.table.stage[0].loop = 1;
    job.table.rounds[1] = 2;
    tl_table_add_need(
        &job.table,
        &(struct tl_table_need){
            .halo = 1, .stage = 0, .relation = TL_MEETS, .when = TL_ROUND_BEFORE, .use = TL_READS});
    ck_assert(tl_table_lay_out(&job.table, TL_PACKED));
    begin(&ledger, &job);
    for (uint64_t task = 0; task < 3; task++)
        ck_assert(takes(&ledger, 0, task));
    tl_ledger_done(&ledger, 0, 0, 0);
    ck_assert(takes_nothing(&ledger, 1)); /* the second neighbour is missing */
    tl_ledger_done(&ledger, 1, 0, 0);
    ck_assert(tl_ledger_take(&ledger, 1, &(struct tl_ticket){0}));
    ck_assert_uint_eq(tl_ledger_report(&ledger, 0)->worker, 1);
    ck_assert(takes_nothing(&ledger, 1));
    tl_ledger_done(&ledger, 0, 0, 0);
    ck_assert_uint_eq(tl_ledger_count_done(&ledger), 1);
    tl_ledger_free(&ledger);
}
END_TEST

/* The worker that has the stream does all of it; the next one begins again. */
START_TEST(a_stream_is_lost_with_its_worker)
{
    struct tl_ledger ledger;
    struct tl_job job = {0};

    tl_table_init(&job.table, 2);
    add_stage(&job, TL_READ_RAW, 3, 3);
    job.table.stage[0].stream = 0;
    add_need(&job, 0, TL_ABOVE, 0, TL_FOLLOWS);
    ck_assert(tl_table_lay_out(&job.table, TL_PACKED));
    begin(&ledger, &job);
    ck_assert(takes(&ledger, 1, 0));
    ck_assert(takes_nothing(&ledger, 0));
    ck_assert(takes(&ledger, 1, 1));
    ck_assert_uint_eq(tl_ledger_worth(&ledger, 1), 1);
    tl_ledger_done(&ledger, 0, 0, 0);
    ck_assert(tl_ledger_needs_stream(&ledger, 1));
    ck_assert(!tl_ledger_needs_stream(&ledger, 0));
    tl_ledger_give_back(&ledger, 1, false);
    tl_ledger_leave(&ledger, 1, false);
    ck_assert(takes(&ledger, 0, 1));
    ck_assert_uint_eq(tl_ledger_worth(&ledger, 1), 2); /* it reads task 0 again */
    tl_ledger_free(&ledger);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_stage_waits_for_the_one_before,
        what_a_worker_has_counts_as_written_for_it,
        it_is_complete_when_every_task_is_done,
        it_begins_as_what_the_report_will_say,
        a_slot_is_used_again_when_its_reader_is_done,
        what_only_follows_reads_nothing,
        rounds_follow_one_another_without_a_barrier,
        a_stream_is_lost_with_its_worker,
        NULL,
    };

    return run_suite("ledger", tests);
}
