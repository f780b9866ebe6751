#include <config.h>

#include "answer.h"

#include "host.h"
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tl_answer_fail(struct tl_coordinator *c, const struct tl_member *member, telar_status status, int errnum,
                    const char *why)
{
    char where[128] = "";
    struct telar_region region = {0};
    telar_task_kind kind = TELAR_TASK_PROCESS;
    bool busy = member->n_tickets > 0;

    if (c->status != TELAR_OK)
        return;
    if (busy) {
        struct tl_task task = tl_job_task(&c->crew->job, member->ticket[0].task, 0);

        kind = task.stage->kind;
        region = task.region;
    }
    if (busy && region.r0 < region.r1)
        snprintf(where, sizeof where, " on region %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32, region.r0,
                 region.r1, region.c0, region.c1);
    else if (busy)
        snprintf(where, sizeof where, " on the task %s", telar_task_kind_name(kind));
    c->status =
        tl_fail(c->error, status, errnum, "%s: worker %" PRIu32 " (%s %" PRId64 ")%s %s", c->orders->name,
                member->index, c->orders->engine->processes ? "pid" : "thread", member->id, where, why);
    if (c->error && c->error->status == status) {
        c->error->worker = (int)member->index;
        c->error->pid = c->orders->engine->processes ? member->id : 0;
        c->error->has_region = region.r0 < region.r1;
        c->error->region = region;
    }
}

/* ---- what workers say ---- */

/* Times that a worker tells may be anything; reported are only those that can be true. */
static uint64_t plausible(uint64_t told_ns, uint64_t from_ns, uint64_t to_ns)
{
    return told_ns < from_ns ? from_ns : told_ns > to_ns ? to_ns : told_ns;
}

static void note_usage(struct tl_member *member, const struct tl_record *record)
{
    struct telar_worker_report *report = &member->report;
    const struct tl_record *before = &member->before;

    if (!member->id)
        member->id = record->id;
    report->pid = member->id;
    report->user_ns = record->user_ns - before->user_ns;
    report->system_ns = record->system_ns - before->system_ns;
    report->minor_faults = record->minor_faults - before->minor_faults;
    report->major_faults = record->major_faults - before->major_faults;
    report->voluntary_switches = record->voluntary_switches - before->voluntary_switches;
    report->involuntary_switches = record->involuntary_switches - before->involuntary_switches;
}

static void note_hello(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record)
{
    uint64_t epoch_ns = c->orders->epoch_ns, now_ns = tl_now_ns();
    uint64_t born_ns = plausible(record->start_ns, member->report.spawn_ns + epoch_ns, now_ns);

    if (member->report.ready_ns) { /* else a worker could begin its time limit again and again */
        tl_answer_fail(c, member, TELAR_WORKER, 0, "said twice that it is ready");
        return;
    }
    member->since_ns = now_ns;
    member->report.born_ns = born_ns - epoch_ns;
    member->report.ready_ns = plausible(record->end_ns, born_ns, now_ns) - epoch_ns;
    if (record->trouble)
        tl_answer_fail(c, member, TELAR_HOST, record->errnum, "could not map the image");
}

/* A task could not be done. Damaged image data is nobody's fault but the file's. */
static void note_trouble(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record)
{
    switch (record->trouble) {
    case TL_TROUBLE_MEMORY:
        tl_answer_fail(c, member, TELAR_HOST, record->errnum, "could not open its region for writing");
        break;
    case TL_TROUBLE_DOUBT:
        c->outcome->doubt = true;
        c->status =
            tl_fail(c->error, TELAR_INPUT, 0,
                    "%s: is damaged, truncated, or not a valid PNG; get an undamaged copy", c->orders->name);
        break;
    default:
        tl_answer_fail(c, member, TELAR_WORKER, 0, "sent a message that makes no sense");
    }
}

/* Writes to the file what has become next in the order of bands. Slots are then free for bands farther on. */
static void write_encoded(struct tl_coordinator *c)
{
    const struct tl_job *job = &c->crew->job;
    uint32_t slot;

    while (c->status == TELAR_OK && tl_ledger_next_encoded(&c->ledger, &slot)) {
        uint32_t band = (uint32_t)c->ledger.n_written;
        const struct tl_encoded *encoded = &c->encoded[band];

        c->status = c->orders->write_band(c->orders->write_data, band,
                                          c->orders->segment->base + tl_ring_slot(&job->encoded, slot).offset,
                                          encoded->bytes, encoded->adler, c->error);
        c->ledger.n_written++;
    }
}

/* Parts of a task's time. What a region's task does beside touching is transforming. */
static void note_parts(struct tl_coordinator *c, const struct tl_record *record)
{
    struct telar_task_report *task = &c->ledger.task[record->task];
    uint64_t all_ns = task->end_ns - task->start_ns;

    task->touch_ns = plausible(record->touch_ns, 0, all_ns);
    task->transform_ns = task->kind == TELAR_TASK_PROCESS
                             ? all_ns - task->touch_ns
                             : plausible(record->transform_ns, 0, all_ns - task->touch_ns);
}

/* A task is done: the ledger is told, and the member may have another. */
static void note_done(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record)
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
        c->orders->progress(c->orders->progress_data, c->ledger.n_done, c->ledger.job->n_tasks);
}

/* The answer to a ticket. It must be the one that this member works on, and stay within its slot. */
static void note_answer(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record)
{
    const struct tl_ticket *ticket = &member->ticket[0];
    struct tl_task task;

    if (member->n_tickets == 0 || record->task != ticket->task || record->attempt != ticket->attempt) {
        tl_answer_fail(c, member, TELAR_WORKER, 0, "claims a task that it does not have");
        return;
    }
    task = tl_job_task(&c->crew->job, ticket->task, ticket->slot);
    if (record->trouble) {
        note_trouble(c, member, record);
    } else if (record->bytes > task.extent.bytes) {
        tl_answer_fail(c, member, TELAR_WORKER, 0, "claims to have written more than its slot holds");
    } else {
        if (task.stage->kind == TELAR_TASK_ENCODE)
            c->encoded[task.index] = (struct tl_encoded){record->bytes, record->adler};
        if (task.stage->kind == TELAR_TASK_INFLATE && task.index < c->crew->job.n_bands)
            c->inflated[task.index] = record->adler;
        else if (task.stage->kind == TELAR_TASK_INFLATE)
            c->outcome->tail_bytes = record->bytes;
        note_done(c, member, record);
        write_encoded(c);
    }
}

void tl_answer_note(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record)
{
    if (c->orders->engine->direct && record->task == TL_TASK_HELLO)
        member->before = *record; /* a thread that was there before has a past */
    note_usage(member, record);
    if (record->task == TL_TASK_HELLO)
        note_hello(c, member, record);
    else
        note_answer(c, member, record);
}
