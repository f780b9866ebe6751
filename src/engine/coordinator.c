/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/coordinator_private.h"

#include "engine/loss.h"
#include "engine/wait.h"
#include "base/host.h"
#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tickets ---- */

/* Gives a member its next task, if one may run. A lost worker is replaced only when there is one.
 */
static void give(struct tl_coordinator *c, struct tl_member *member)
{
    struct tl_ticket ticket;

    if (!tl_coordinator_take(c, member, &ticket)
        || (!member->living && !tl_coordinator_replace(c, member)))
        return;
    /* When the worker is gone, wait.c finds that, and why. */
    if (!tl_channel_send_ticket(member->end, &ticket) && errno != EPIPE && errno != ECONNRESET)
        tl_loss_fail_run(c, member, TELAR_HOST, errno, "cannot be told what to do");
}

/* Gives another ticket to each member that has `held` of them. */
static void give_to_holders(struct tl_coordinator *c, uint32_t held)
{
    for (uint32_t i = 0; i < c->crew->size && c->status == TELAR_OK; i++)
        if (!c->crew->member[i].closed && c->crew->member[i].n_tickets == held)
            give(c, &c->crew->member[i]);
}

/*
 * Gives every worker a first ticket, then every worker a second. Returns false when the run is
 * over. If tasks remain but no worker holds one, no record will ever arrive, so this fails the run.
 * It happens only when a lost worker could not be replaced and it alone had a free slot for the
 * next band.
 */
static bool give_all(struct tl_coordinator *c)
{
    for (uint32_t held = 0; held < TL_TICKETS_MAX; held++)
        give_to_holders(c, held);
    if (c->status != TELAR_OK || tl_ledger_complete(&c->ledger))
        return false;
    for (uint32_t i = 0; i < c->crew->size; i++)
        if (c->crew->member[i].n_tickets > 0)
            return true;
    c->status =
        tl_fail(c->error, TELAR_HOST, 0, "%s: too few workers are left to go on", c->orders->name);
    return false;
}

/* ---- the beginning of a run ---- */

/*
 * Starts the workers. Each gets its first task at once, and workers that are done meanwhile get
 * another. When the host refuses a worker, the others do the work. The run fails when there is
 * none, or when the workers are sandboxed: then nobody else can write what the missing one would.
 */
static void start_all(struct tl_coordinator *c)
{
    struct telar_report *report = c->report;
    struct telar_error refusal;

    while (c->crew->size < c->orders->workers && c->status == TELAR_OK) {
        size_t used = strlen(report->workers_reason);

        tl_error_clear(&refusal);
        if (tl_coordinator_start_member(c, &refusal) == TELAR_OK) {
            if (!c->orders->engine->direct) {
                tl_wait_for_records(c, 0);
                give_to_holders(c, 0);
            }
            continue;
        }
        if (c->orders->sandbox)
            c->status =
                tl_fail(c->error, TELAR_HOST, refusal.errnum,
                        "%s: cannot make %" PRIu32
                        " sandboxed workers, each for its own part of the image; "
                        "use fewer: -j %" PRIu32,
                        c->orders->name, c->orders->workers, c->crew->size ? c->crew->size : 1);
        else if (c->crew->size == 0)
            c->status = tl_fail(c->error, TELAR_HOST, refusal.errnum,
                                "%s: cannot make even one worker", c->orders->name);
        else
            snprintf(report->workers_reason + used, sizeof report->workers_reason - used,
                     "; the host refused more than %" PRIu32 " (%s)", c->crew->size,
                     strerror(refusal.errnum));
        return;
    }
}

/* ---- workers that live from run to run ---- */

static bool all_living(const struct tl_coordinator *c)
{
    for (uint32_t i = 0; i < c->crew->size; i++)
        if (!c->crew->member[i].living)
            return false;
    return c->crew->size > 0;
}

/* Takes over the workers of the run before. Their report begins now, with all counters at zero. */
static void reuse_workers(struct tl_coordinator *c)
{
    uint64_t now_ns = tl_now_ns() - c->orders->epoch_ns;

    tl_ledger_limit_workers(&c->ledger, c->crew->size);
    for (uint32_t i = 0; i < c->crew->size; i++) {
        struct tl_member *member = &c->crew->member[i];
        const struct telar_worker_report last = member->report;

        member->before.user_ns -= last.user_ns;
        member->before.system_ns -= last.system_ns;
        member->before.minor_faults -= last.minor_faults;
        member->before.major_faults -= last.major_faults;
        member->before.voluntary_switches -= last.voluntary_switches;
        member->before.involuntary_switches -= last.involuntary_switches;
        member->report = (struct telar_worker_report){.pid = last.pid,
                                                      .processes = 1,
                                                      .spawn_ns = now_ns,
                                                      .born_ns = now_ns,
                                                      .ready_ns = now_ns};
    }
}

/* Ends the report of workers that live on. */
static void end_reports(struct tl_coordinator *c)
{
    for (uint32_t i = 0; i < c->crew->size; i++) {
        struct telar_worker_report *report = &c->crew->member[i].report;

        report->leave_ns = report->left_ns = report->end_ns = c->report->dismiss_ns;
        snprintf(report->cause, sizeof report->cause, "is kept for the next run");
    }
}

static void close_engine(struct tl_coordinator *c)
{
    if (c->orders->engine->close && !c->crew->abandoned)
        c->orders->engine->close(c->crew);
}

/* Ends all workers; the next run starts new ones. */
static void end_workers(struct tl_coordinator *c)
{
    tl_wait_stop_workers(c);
    close_engine(c);
}

/* ---- a run ---- */

/* Hands the lists of workers and tasks over to the report, whose owner frees them. */
static void hand_over(struct tl_coordinator *c, struct telar_report *report)
{
    report->worker = calloc(c->crew->size ? c->crew->size : 1, sizeof *report->worker);
    if (!report->worker) {
        if (c->status == TELAR_OK)
            c->status = tl_fail(c->error, TELAR_HOST, ENOMEM, "%s: no memory for the report",
                                c->orders->name);
        return;
    }
    report->workers = report->n_workers = c->crew->size;
    for (uint32_t i = 0; i < c->crew->size; i++)
        report->worker[i] = c->crew->member[i].report;
    report->n_tasks = c->crew->job.table.n_tasks;
    report->task = tl_ledger_hand_over(&c->ledger);
}

/* Starts the workers, or takes over those of the run before. */
static void get_workers(struct tl_coordinator *c)
{
    const struct tl_engine *engine = c->orders->engine;

    if (c->crew->size > 0) {
        reuse_workers(c);
        return;
    }
    if (engine->open)
        c->status = engine->open(c->crew, c->error);
    if (c->status != TELAR_OK)
        return;
    start_all(c);
    tl_ledger_limit_workers(&c->ledger, c->crew->size); /* the others do not come any more */
    if (c->crew->size == 0)                             /* there is nobody to end */
        close_engine(c);
}

/* Gives out all tasks and handles all records, from the first worker to the last. */
static void run_tasks(struct tl_coordinator *c)
{
    get_workers(c);
    while (c->crew->size > 0 && give_all(c)) {
        tl_wait_for_records(c, UINT64_MAX);
        tl_wait_check_deadlines(c);
    }
    c->report->dismiss_ns = tl_now_ns() - c->orders->epoch_ns;
    if (c->keep && c->status == TELAR_OK && !c->orders->engine->direct && all_living(c))
        end_reports(c);
    else if (c->crew->size > 0)
        end_workers(c);
}

/* Returns whether every task runs once and writes one extent. A ticket names no round, and a
 * guarded worker makes one extent writable for a task. */
static bool workers_can_run(const struct tl_table *table)
{
    for (uint32_t i = 0; i < table->n_stages; i++)
        if (table->rounds[table->stage[i].loop] != 1 || table->stage[i].writes[1] != TL_ABSENT)
            return false;
    return true;
}

telar_status tl_coordinator_new(struct tl_coordinator **coordinator, const struct tl_job *job,
                                const struct tl_orders *orders, bool keep,
                                struct telar_error *error)
{
    struct tl_coordinator *c = calloc(1, sizeof *c);

    assert(workers_can_run(&job->table));
    *coordinator = NULL;
    if (c)
        c->crew = calloc(1, sizeof *c->crew + orders->workers * sizeof c->crew->member[0]
                                + orders->pipeline_bytes);
    if (!c || !c->crew) {
        free(c);
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory for %" PRIu32 " workers",
                       orders->name, orders->workers);
    }
    c->orders = orders;
    c->keep = keep;
    c->crew->job = *job;
    c->crew->pipeline = (void *)&c->crew->member[orders->workers];
    memcpy(c->crew->pipeline, orders->pipeline, orders->pipeline_bytes);
    *coordinator = c;
    return TELAR_OK;
}

telar_status tl_coordinator_run(struct tl_coordinator *c, struct telar_report *report,
                                struct tl_outcome *outcome, struct telar_error *error)
{
    *outcome = (struct tl_outcome){0};
    c->report = report;
    c->outcome = outcome;
    c->error = error;
    c->status = tl_ledger_init(&c->ledger, &c->crew->job, c->orders->kinds, error);
    if (c->status == TELAR_OK) {
        run_tasks(c);
        hand_over(c, report);
    }
    tl_ledger_free(&c->ledger);
    outcome->abandoned = c->crew->abandoned;
    if (!all_living(c))
        c->crew->size = 0;
    return c->status;
}

/* A thread that hangs goes on using the crew, which is then never freed. */
void tl_coordinator_free(struct tl_coordinator *c)
{
    if (!c)
        return;
    c->status = TELAR_OK;
    if (c->crew->size > 0)
        end_workers(c);
    if (!c->crew->abandoned)
        free(c->crew);
    free(c);
}

telar_status tl_coordinate(const struct tl_job *job, const struct tl_orders *orders,
                           struct telar_report *report, struct tl_outcome *outcome,
                           struct telar_error *error)
{
    struct tl_coordinator *c;
    telar_status status = tl_coordinator_new(&c, job, orders, false, error);

    *outcome = (struct tl_outcome){0};
    if (status == TELAR_OK)
        status = tl_coordinator_run(c, report, outcome, error);
    tl_coordinator_free(c);
    return status;
}
