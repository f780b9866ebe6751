/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/loss.h"

#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_BYTES = 256 };

void tl_loss_join(struct tl_coordinator *c, struct tl_member *member, bool gone)
{
    tl_channel_close(&member->end);
    tl_channel_close(&member->watch);
    if (!c->orders->engine->join(member, gone))
        c->crew->abandoned = true;
    member->living = false;
    member->report.end_ns = tl_now_ns() - c->orders->epoch_ns;
    if (gone && member->left_ns && member->report.left_ns)
        member->report.left_ns = member->left_ns - c->orders->epoch_ns;
    tl_exit_cause_text(&member->cause, member->report.cause, sizeof member->report.cause);
}

/* tl_fail() for a worker. `why` may end in "; " and a remedy. */
static telar_status fail_of_worker(struct tl_coordinator *c, const struct tl_member *member,
                                   telar_status status, int errnum, const char *where,
                                   const char *why)
{
    const char *what = c->orders->engine->processes ? "pid" : "thread", *remedy = strstr(why, "; ");

    if (!remedy)
        return tl_fail(c->error, status, errnum, "%s: worker %" PRIu32 " (%s %" PRId64 ")%s %s",
                       c->orders->name, member->index, what, member->id, where, why);
    return tl_fail(c->error, status, errnum, "%s: worker %" PRIu32 " (%s %" PRId64 ")%s %.*s; %s",
                   c->orders->name, member->index, what, member->id, where, (int)(remedy - why),
                   why, remedy + 2);
}

void tl_loss_fail_run(struct tl_coordinator *c, const struct tl_member *member, telar_status status,
                      int errnum, const char *why)
{
    char where[128] = "";
    struct telar_region region = {0};
    const char *task = "";
    bool busy = member->n_tickets > 0;

    if (c->status != TELAR_OK)
        return;
    if (busy) {
        const struct telar_task_report *report =
            tl_ledger_report(&c->ledger, member->ticket[0].task);

        task = telar_task_kind_name(report->kind);
        region = report->region;
    }
    if (busy && region.r0 < region.r1)
        snprintf(where, sizeof where, " on region %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32,
                 region.r0, region.r1, region.c0, region.c1);
    else if (busy)
        snprintf(where, sizeof where, " on the task %s", task);
    c->status = fail_of_worker(c, member, status, errnum, where, why);
    if (c->error && c->error->status == status) {
        c->error->worker = (int)member->index;
        c->error->pid = c->orders->engine->processes ? member->id : 0;
        c->error->has_region = region.r0 < region.r1;
        c->error->region = region;
    }
}

/* ---- going on ---- */

/* Adds a loss to the report. */
static void note(struct tl_coordinator *c, const struct tl_member *member, telar_status status,
                 const char *why)
{
    struct telar_report *report = c->report;
    struct telar_loss_report *losses =
                                 realloc(report->loss, (report->n_losses + 1) * sizeof *losses),
                             *loss;

    if (!losses) {
        c->status =
            tl_fail(c->error, TELAR_HOST, ENOMEM, "%s: no memory for the report", c->orders->name);
        return;
    }
    report->loss = losses;
    loss = &losses[report->n_losses++];
    *loss = (struct telar_loss_report){.worker = member->index,
                                       .pid = member->id,
                                       .status = status,
                                       .at_ns = tl_now_ns() - c->orders->epoch_ns,
                                       .busy = member->n_tickets > 0};
    if (loss->busy) {
        const struct telar_task_report *task = tl_ledger_report(&c->ledger, member->ticket[0].task);

        loss->kind = task->kind;
        loss->region = task->region;
        loss->attempt = member->ticket[0].attempt;
    }
    snprintf(loss->why, sizeof loss->why, "%s", why);
}

static bool can_be_skipped(const struct tl_coordinator *c, uint64_t task)
{
    const struct tl_table *table = &c->crew->job.table;

    return c->orders->kinds[table->stage[tl_table_stage_of(table, task)].kind]->skippable;
}

/* Returns whether the task may be tried once more, if need be without the transforms. If not, adds
 * to `why` how often it was tried. */
static bool try_again(struct tl_coordinator *c, uint64_t task, char why[WHY_BYTES])
{
    struct telar_task_report *report = tl_ledger_report(&c->ledger, task);
    uint32_t tries = c->orders->retries + 1;
    size_t used = strlen(why);

    if (report->attempts < (report->skipped ? 2 * tries : tries))
        return true;
    if (c->orders->on_crash == TELAR_ON_CRASH_SKIP && !report->skipped && can_be_skipped(c, task)) {
        report->skipped = true;
        c->outcome->skipped++;
        return true;
    }
    if (report->attempts > 1)
        snprintf(why + used, WHY_BYTES - used, "; this was attempt %" PRIu32 ", and the last",
                 report->attempts);
    return false;
}

/*
 * Returns whether the run goes on without a member; if not, may add to `why`. When workers can
 * write the whole segment, nothing in it can be trusted any more, and all must be done again.
 */
static bool go_on(struct tl_coordinator *c, const struct tl_member *member, char why[WHY_BYTES])
{
    size_t used = strlen(why);

    if (c->status != TELAR_OK || c->orders->on_crash == TELAR_ON_CRASH_FAIL)
        return false;
    if (!c->orders->guarded) {
        c->outcome->again = true;
        return false;
    }
    if (tl_ledger_needs_stream(&c->ledger, member->index) && !c->orders->input_rereads) {
        snprintf(why + used, WHY_BYTES - used, "; a pipe cannot be read again from its beginning");
        return false;
    }
    return member->n_tickets == 0 || try_again(c, member->ticket[0].task, why);
}

/* Makes the tasks of a member free again. */
static void give_back(struct tl_coordinator *c, struct tl_member *member)
{
    for (uint32_t i = 0; i < member->n_tickets; i++)
        tl_ledger_give_back(&c->ledger, member->ticket[i].task, i == 0);
    member->n_tickets = 0;
    tl_ledger_leave(&c->ledger, member->index, false);
}

void tl_loss_handle(struct tl_coordinator *c, struct tl_member *member, telar_status status,
                    const char *why)
{
    char text[WHY_BYTES];

    snprintf(text, sizeof text, "%s", why);
    note(c, member, status, why);
    if (!go_on(c, member, text)) {
        tl_loss_fail_run(c, member, status, 0, text);
        return;
    }
    if (member->living)
        tl_loss_join(c, member, false);
    give_back(c, member);
}

void tl_loss_not_replaced(struct tl_coordinator *c, struct tl_member *member,
                          const struct telar_error *refusal)
{
    tl_ledger_give_back(&c->ledger, member->ticket[0].task, false);
    member->n_tickets = 0;
    tl_ledger_leave(&c->ledger, member->index, true);
    member->closed = true;
    if (!tl_table_needs_worker(&c->crew->job.table, member->index))
        for (uint32_t i = 0; i < c->crew->size; i++)
            if (!c->crew->member[i].closed)
                return;
    c->status =
        tl_fail(c->error, TELAR_HOST, refusal->errnum,
                "%s: a worker is lost, and no other can be made in its place", c->orders->name);
}
