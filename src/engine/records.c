/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/records.h"

#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Times that a worker tells may be anything; reported are only those that can be true. */
static uint64_t plausible(uint64_t told_ns, uint64_t from_ns, uint64_t to_ns)
{
    return told_ns < from_ns ? from_ns : told_ns > to_ns ? to_ns : told_ns;
}

/* Counters are those of all workers that were in this place, one after the other. */
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

/* The caller's thread, when it becomes the worker, has counted before: that much is to be taken
 * away (modulo 2^64). */
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

/* A task could not be done. Damaged image data is nobody's fault but the file's. */
static void note_trouble(struct tl_coordinator *c, struct tl_member *member,
                         const struct tl_record *record)
{
    char call[TL_SANDBOX_NAME_BYTES], why[128];

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
        tl_sandbox_call_name(record->errnum, call);
        snprintf(why, sizeof why, "tried the system call %s, which its sandbox forbids", call);
        tl_loss_handle(c, member, TELAR_WORKER, why);
        break;
    case TL_TROUBLE_INPUT:
        c->status =
            tl_fail(c->error, TELAR_INPUT, record->errnum, "%s: cannot be read", c->orders->name);
        break;
    case TL_TROUBLE_PLUGIN:
        tl_loss_fail_run(
            c, member, TELAR_WORKER, 0,
            "found another plug-in than the one that was planned with; do not change it "
            "during a run");
        break;
    case TL_TROUBLE_DOUBT:
        c->outcome->doubt = true;
        c->status = tl_fail(c->error, TELAR_INPUT, 0,
                            "%s: is damaged, truncated, or not a valid PNG; get an undamaged copy",
                            c->orders->name);
        break;
    default:
        tl_loss_handle(c, member, TELAR_WORKER, "sent a message that makes no sense");
    }
}

static void note_hello(struct tl_coordinator *c, struct tl_member *member,
                       const struct tl_record *record)
{
    uint64_t epoch_ns = c->orders->epoch_ns, now_ns = tl_now_ns();
    uint64_t born_ns = plausible(record->start_ns, member->report.spawn_ns + epoch_ns, now_ns);

    if (member->ready) { /* else a worker could begin its time limit again and again */
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

/*
 * What a sandboxed worker has encoded goes to the file from a copy, which it cannot change any
 * more, and only if it is framed like image data: a hostile one can spoil the picture, and nothing
 * else of the file. NULL: the run has failed.
 */
static const unsigned char *believe(struct tl_coordinator *c, const unsigned char *bytes,
                                    uint32_t band)
{
    const size_t n = c->encoded[band].bytes;

    if (!c->orders->sandbox)
        return bytes;
    if (!c->copy)
        c->copy = malloc(c->crew->job.encoded.slot_bytes);
    if (!c->copy) {
        c->status =
            tl_fail(c->error, TELAR_HOST, ENOMEM, "%s: no memory for a band", c->orders->name);
        return NULL;
    }
    memcpy(c->copy, bytes, n);
    if (tl_encode_is_framed(c->copy, n, band == 0))
        return c->copy;
    c->status = tl_fail(c->error, TELAR_WORKER, 0,
                        "%s: a worker gave something else than image data for band %" PRIu32
                        "; what it ran is not to be "
                        "trusted",
                        c->orders->name, band);
    return NULL;
}

/* Writes to the file what has become next in the order of bands. Slots are then free for bands
 * farther on. */
static void write_encoded(struct tl_coordinator *c)
{
    const struct tl_job *job = &c->crew->job;
    uint32_t slot;

    while (c->status == TELAR_OK && tl_ledger_next_encoded(&c->ledger, &slot)) {
        uint32_t band = (uint32_t)c->ledger.n_written;
        const struct tl_encoded *encoded = &c->encoded[band];
        const unsigned char *bytes =
            believe(c, c->orders->segment->base + tl_ring_slot(&job->encoded, slot).offset, band);

        if (bytes)
            c->status = c->orders->write_band(c->orders->write_data, band, bytes, encoded->bytes,
                                              encoded->adler, c->error);
        c->ledger.n_written++;
    }
}

/* Parts of a task's time. What a region's task does beside touching is transforming. */
static void note_parts(struct tl_coordinator *c, const struct tl_record *record)
{
    struct telar_task_report *task = &c->ledger.task[record->task];
    uint64_t all_ns = task->end_ns - task->start_ns;

    task->touch_ns = plausible(record->touch_ns, 0, all_ns);
    all_ns -= task->touch_ns;
    task->inflate_ns = plausible(record->inflate_ns, 0, all_ns);
    task->unfilter_ns = plausible(record->unfilter_ns, 0, all_ns - task->inflate_ns);
    all_ns -= task->inflate_ns + task->unfilter_ns;
    task->transform_ns =
        task->kind == TELAR_TASK_PROCESS ? all_ns : plausible(record->transform_ns, 0, all_ns);
}

/* A task is done: the ledger is told, and the member may have another. */
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
        c->orders->progress(c->orders->progress_data, c->ledger.n_done, c->ledger.job->n_tasks);
}

/* The answer to a ticket. It must be the one that this member works on, and stay within its slot.
 */
static void note_answer(struct tl_coordinator *c, struct tl_member *member,
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
    if (record->trouble) {
        note_trouble(c, member, record);
    } else if (record->bytes > task.extent.bytes) {
        tl_loss_handle(c, member, TELAR_WORKER, "claims to have written more than its slot holds");
    } else {
        if (task.stage->kind == TELAR_TASK_ENCODE)
            c->encoded[task.index] = (struct tl_encoded){record->bytes, record->adler};
        if (task.stage->kind == TELAR_TASK_ENCODE && c->crew->job.straight)
            c->inflated[task.index] = record->inflated;
        if (task.stage->kind == TELAR_TASK_INFLATE && task.index < c->crew->job.n_bands)
            c->inflated[task.index] = record->inflated;
        else if (task.stage->kind == TELAR_TASK_INFLATE)
            c->outcome->tail_bytes = record->bytes;
        note_done(c, member, record);
        write_encoded(c);
    }
}

/* Goes by itself, when there are no more tickets. */
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
        note_answer(c, member, record);
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
