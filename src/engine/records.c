/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/records.h"

#include "base/host.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

/* A worker may tell any time. Returns the nearest one that can be true. */
static uint64_t plausible(uint64_t told_ns, uint64_t from_ns, uint64_t to_ns)
{
    return told_ns < from_ns ? from_ns : told_ns > to_ns ? to_ns : told_ns;
}

/* Notes a worker's counters. Those of lost workers in the same place are added. */
static void note_usage(struct tl_member *member, const struct tl_record *record)
{
    struct telar_worker_report *report = &member->report;
    const struct telar_worker_report *before = &member->before;

    if (!member->id)
        member->id = record->id;
    report->pid = member->id;
    report->user_ns = before->user_ns + record->user_ns;
    report->system_ns = before->system_ns + record->system_ns;
    report->minor_faults = before->minor_faults + record->minor_faults;
    report->major_faults = before->major_faults + record->major_faults;
    report->voluntary_switches = before->voluntary_switches + record->voluntary_switches;
    report->involuntary_switches = before->involuntary_switches + record->involuntary_switches;
}

/* The caller's thread, when it is the worker, has counters from before. They are subtracted
 * (modulo 2^64). */
static void forget_past(struct tl_member *member, const struct tl_record *hello)
{
    struct telar_worker_report *before = &member->before;

    before->user_ns -= hello->user_ns;
    before->system_ns -= hello->system_ns;
    before->minor_faults -= hello->minor_faults;
    before->major_faults -= hello->major_faults;
    before->voluntary_switches -= hello->voluntary_switches;
    before->involuntary_switches -= hello->involuntary_switches;
}

/* Returns the kind of the task that a member works on; NULL when it works on none. */
static const struct tl_kind *kind_at_work(const struct tl_coordinator *c,
                                          const struct tl_member *member)
{
    const struct tl_table *table = &c->crew->job.table;

    if (member->n_tickets == 0)
        return NULL;
    return c->orders->kinds[table->stage[tl_table_stage_of(table, member->ticket[0].task)].kind];
}

/* A task could not be done because of the input file. Only a kind that has to do with it is
 * believed. */
static void note_refusal(struct tl_coordinator *c, struct tl_member *member,
                         const struct tl_record *record)
{
    const struct tl_kind *kind = kind_at_work(c, member);

    if (!kind || !kind->refuse || record->task == TL_TASK_HELLO)
        tl_loss_handle(c, member, TELAR_WORKER, tl_cause_nonsense);
    else
        c->status = kind->refuse(c->orders->collector, record, c->error);
}

/* A task could not be done, or a worker could not begin. */
static void note_trouble(struct tl_coordinator *c, struct tl_member *member,
                         const struct tl_record *record)
{
    char why[TL_SANDBOX_VIOLATION_BYTES];

    switch (record->trouble) {
    case TL_TROUBLE_MEMORY:
        tl_loss_fail_run(c, member, TELAR_HOST, record->errnum,
                         "could not open its region for writing");
        break;
    case TL_TROUBLE_SANDBOX:
        tl_loss_fail_run(c, member, TELAR_HOST, record->errnum,
                         "could not be locked in; see telar doctor, or use -i guarded");
        break;
    case TL_TROUBLE_VIOLATION:
        tl_sandbox_violation_text(record->errnum, why);
        tl_loss_handle(c, member, TELAR_WORKER, why);
        break;
    case TL_TROUBLE_PLUGIN:
        tl_loss_fail_run(
            c, member, TELAR_WORKER, 0,
            "found another plug-in than the one that was planned with; do not change it "
            "during a run");
        break;
    case TL_TROUBLE_INPUT:
    case TL_TROUBLE_DOUBT:
        note_refusal(c, member, record);
        break;
    default:
        tl_loss_handle(c, member, TELAR_WORKER, tl_cause_nonsense);
    }
}

static void note_hello(struct tl_coordinator *c, struct tl_member *member,
                       const struct tl_record *record)
{
    uint64_t epoch_ns = c->orders->epoch_ns, now_ns = tl_now_ns();
    uint64_t born_ns = plausible(record->start_ns, member->report.spawn_ns + epoch_ns, now_ns);

    if (member->ready) { /* otherwise a worker could restart its time limit again and again */
        tl_loss_handle(c, member, TELAR_WORKER, "said twice that it is ready");
        return;
    }
    member->ready = true;
    member->since_ns = now_ns;
    if (!member->report.ready_ns) {
        member->report.born_ns = born_ns - epoch_ns;
        member->report.ready_ns = plausible(record->end_ns, born_ns, now_ns) - epoch_ns;
    }
    if (record->trouble == TL_TROUBLE_MEMORY)
        tl_loss_fail_run(c, member, TELAR_HOST, record->errnum, "could not map the image");
    else if (record->trouble)
        note_trouble(c, member, record);
}

/* Takes items out of the slots of their workers, in their order. The slots are then free for later
 * items. */
static void deliver_items(struct tl_coordinator *c)
{
    const struct tl_job *job = &c->crew->job;
    uint64_t number;
    uint32_t slot;

    while (c->status == TELAR_OK && tl_ledger_next_item(&c->ledger, &number, &slot)) {
        struct tl_task task = tl_job_task(job, number, slot);
        const struct tl_kind *kind = c->orders->kinds[task.stage->kind];

        if (kind->deliver)
            c->status = kind->deliver(c->orders->collector, &task,
                                      c->orders->segment->base + task.extent.offset, c->error);
        tl_ledger_delivered(&c->ledger);
    }
}

/* Notes the parts of a task's time, as far as they can be true. */
static void note_parts(struct tl_coordinator *c, const struct tl_record *record)
{
    struct telar_task_report *task = tl_ledger_report(&c->ledger, record->task);
    uint64_t all_ns = task->end_ns - task->start_ns;

    task->touch_ns = plausible(record->touch_ns, 0, all_ns);
    all_ns -= task->touch_ns;
    task->inflate_ns = plausible(record->inflate_ns, 0, all_ns);
    task->unfilter_ns = plausible(record->unfilter_ns, 0, all_ns - task->inflate_ns);
    all_ns -= task->inflate_ns + task->unfilter_ns;
    task->transform_ns = plausible(record->transform_ns, 0, all_ns);
}

/* Notes in ledger and report that a task is done. The member may get another. */
static void note_done(struct tl_coordinator *c, struct tl_member *member,
                      const struct tl_record *record)
{
    uint64_t epoch_ns = c->orders->epoch_ns, now_ns = tl_now_ns();
    uint64_t start_ns = plausible(record->start_ns, member->report.spawn_ns + epoch_ns, now_ns);
    uint64_t end_ns = plausible(record->end_ns, start_ns, now_ns);

    tl_ledger_done(&c->ledger, record->task, start_ns - epoch_ns, end_ns - epoch_ns);
    note_parts(c, record);
    member->report.tasks++;
    member->report.busy_ns += end_ns - start_ns;
    member->n_tickets--;
    memmove(member->ticket, member->ticket + 1, member->n_tickets * sizeof *member->ticket);
    member->since_ns = now_ns;
    if (c->orders->progress)
        c->orders->progress(c->orders->progress_data, tl_ledger_count_done(&c->ledger),
                            c->crew->job.table.n_tasks);
}

/* Takes the record of a task that is done, within its slot. */
static void note_task(struct tl_coordinator *c, struct tl_member *member,
                      const struct tl_task *task, const struct tl_record *record)
{
    const struct tl_kind *kind = c->orders->kinds[task->stage->kind];

    if (kind->collect)
        c->status = kind->collect(c->orders->collector, task, record, c->error);
    note_done(c, member, record);
    deliver_items(c);
}

/* A record of a task must be of the ticket that this member works on, and stay within its slot. */
static void note_record(struct tl_coordinator *c, struct tl_member *member,
                        const struct tl_record *record)
{
    const struct tl_ticket *ticket = &member->ticket[0];
    struct tl_task task;

    if (member->n_tickets == 0 || record->task != ticket->task
        || record->attempt != ticket->attempt) {
        tl_loss_handle(c, member, TELAR_WORKER, "claims a task that it does not have");
        return;
    }
    task = tl_job_task(&c->crew->job, ticket->task, ticket->slot);
    if (record->trouble)
        note_trouble(c, member, record);
    else if (record->bytes > task.extent.bytes)
        tl_loss_handle(c, member, TELAR_WORKER, "claims to have written more than its slot holds");
    else
        note_task(c, member, &task, record);
}

/* A worker ends by itself, because there are no more tickets. */
static void note_bye(const struct tl_coordinator *c, struct tl_member *member,
                     const struct tl_record *record)
{
    uint64_t epoch_ns = c->orders->epoch_ns, now_ns = tl_now_ns();
    uint64_t leave_ns = plausible(record->start_ns, member->report.ready_ns + epoch_ns, now_ns);

    member->report.leave_ns = leave_ns - epoch_ns;
    member->report.left_ns = plausible(record->end_ns, leave_ns, now_ns) - epoch_ns;
}

void tl_records_handle(struct tl_coordinator *c, struct tl_member *member,
                       const struct tl_record *record)
{
    if (c->orders->engine->direct && record->task == TL_TASK_HELLO)
        forget_past(member, record);
    note_usage(member, record);
    if (record->task == TL_TASK_HELLO)
        note_hello(c, member, record);
    else if (record->task == TL_TASK_BYE && c->orders->engine->direct)
        note_bye(c, member, record);
    else
        note_record(c, member, record);
}

void tl_records_handle_late(struct tl_coordinator *c, struct tl_member *member,
                            const struct tl_record *record)
{
    note_usage(member, record);
    if (record->task == TL_TASK_HELLO && !member->ready && !record->trouble)
        note_hello(c, member, record);
    else if (record->task == TL_TASK_BYE)
        note_bye(c, member, record);
}
