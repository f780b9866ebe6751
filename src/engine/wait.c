/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/wait.h"

#include "engine/records.h"
#include "isolate/child.h"
#include "base/host.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <telar/plugin.h>

/*
 * How long workers that have nothing left to do may take to end, counted from the end of the last
 * one, because many of them take turns. A worker that takes longer is stopped or stuck, and is
 * killed.
 */
static const uint64_t grace_ns = UINT64_C(1000000000);

/* A worker has closed its end while there was work. That is a loss, whatever its exit status says.
 */
static void lose_worker(struct tl_coordinator *c, struct tl_member *member)
{
    bool violation;
    char why[192];

    tl_loss_join(c, member, true);
    violation = c->orders->sandbox && member->cause.signal == SIGSYS;
    snprintf(why, sizeof why, "%s%s%s", member->report.cause,
             member->cause.orderly ? " before its work was done" : "",
             violation ? ", for a system call that its sandbox forbids; to debug, use -i guarded"
                       : "");
    tl_loss_handle(c, member, TELAR_WORKER, why);
}

/*
 * Handles the next record of a worker. A worker that has `ended` may have left records: they come
 * first, and only then is it lost. Returns whether there was a record, so that there may be
 * another.
 */
static bool receive(struct tl_coordinator *c, struct tl_member *member, bool ended)
{
    struct tl_record record;

    if (c->status != TELAR_OK || !member->living)
        return false;
    switch (tl_channel_receive_record(member->end, &record)) {
    case TL_RECEIVED_RECORD:
        tl_records_handle(c, member, &record);
        return true;
    case TL_RECEIVED_INVALID:
        tl_loss_handle(c, member, TELAR_WORKER, tl_cause_nonsense);
        return false;
    case TL_RECEIVED_NOTHING:
        if (!ended)
            return false;
        break;
    case TL_RECEIVED_END:
        break;
    }
    if (!tl_ledger_complete(&c->ledger))
        lose_worker(c, member);
    return false;
}

/* Returns how long a member may take for a task; 0: there is no limit. Loading always has one. */
static uint32_t limit_ms(const struct tl_coordinator *c, const struct tl_member *member)
{
    if (!c->orders->timeout_ms && c->orders->loading && !member->ready)
        return TELAR_PLUGIN_LOAD_MS;
    return c->orders->timeout_ms;
}

/* Returns when a member must be done. For a thread that waits for its turn, which does not count,
 * it returns a later time than now. */
static uint64_t deadline_of(const struct tl_coordinator *c, const struct tl_member *member)
{
    const struct tl_engine *engine = c->orders->engine;
    uint64_t allowed_ns,
        since_ns = engine->since ? engine->since(c->crew, member) : member->since_ns;

    if (!limit_ms(c, member) || !member->living || member->n_tickets == 0
        || __builtin_mul_overflow(tl_ledger_worth(&c->ledger, member->ticket[0].task),
                                  limit_ms(c, member) * UINT64_C(1000000), &allowed_ns)
        || allowed_ns > UINT64_MAX / 2)
        return UINT64_MAX;
    return (since_ns ? since_ns : tl_now_ns()) + allowed_ns;
}

void tl_wait_check_deadlines(struct tl_coordinator *c)
{
    uint64_t now_ns = tl_now_ns();

    for (uint32_t i = 0; i < c->crew->size; i++) {
        struct tl_member *member = &c->crew->member[i];
        char why[96];

        if (deadline_of(c, member) > now_ns)
            continue;
        while (receive(c, member, tl_child_ended(member->watch)))
            ; /* a record may have come while the coordinator wrote to a slow output */
        if (c->status != TELAR_OK || deadline_of(c, member) > now_ns)
            continue;
        snprintf(why, sizeof why, "took longer than the time limit of %" PRIu32 ".%03" PRIu32 " s",
                 limit_ms(c, member) / 1000, limit_ms(c, member) % 1000);
        tl_loss_handle(c, member, TELAR_TIMEOUT, why);
    }
}

/* Waits until a worker sends a record or ends, or until until_ns. */
static void wait_for_any(const struct tl_coordinator *c,
                         struct tl_poll_result seen[TELAR_WORKERS_MAX], uint64_t until_ns)
{
    int ends[TELAR_WORKERS_MAX], watches[TELAR_WORKERS_MAX];

    for (uint32_t i = 0; i < c->crew->size; i++) {
        ends[i] = c->crew->member[i].end;
        watches[i] = c->crew->member[i].watch;
    }
    tl_channel_wait(ends, watches, seen, c->crew->size, until_ns);
}

void tl_wait_for_records(struct tl_coordinator *c, uint64_t until_ns)
{
    struct tl_poll_result seen[TELAR_WORKERS_MAX];

    for (uint32_t i = 0; i < c->crew->size; i++) {
        uint64_t deadline_ns = deadline_of(c, &c->crew->member[i]);

        until_ns = deadline_ns < until_ns ? deadline_ns : until_ns;
    }
    wait_for_any(c, seen, until_ns);
    for (uint32_t i = 0; i < c->crew->size; i++)
        if (seen[i].readable || seen[i].ended)
            receive(c, &c->crew->member[i], seen[i].ended);
}

static bool anybody_living(const struct tl_coordinator *c)
{
    for (uint32_t i = 0; i < c->crew->size; i++)
        if (c->crew->member[i].living)
            return true;
    return false;
}

/* Handles a record of a member that was told to end. Returns whether it has ended. */
static bool receive_late(struct tl_coordinator *c, struct tl_member *member, bool ended)
{
    struct tl_record record;

    switch (tl_channel_receive_record(member->end, &record)) {
    case TL_RECEIVED_RECORD:
        tl_records_handle_late(c, member, &record);
        break;
    case TL_RECEIVED_END:
        tl_loss_join(c, member, true);
        break;
    default:
        if (ended)
            tl_loss_join(c, member, true);
        break;
    }
    return !member->living;
}

void tl_wait_stop_workers(struct tl_coordinator *c)
{
    uint64_t until_ns = tl_now_ns() + grace_ns;
    bool patient =
        !c->orders->engine->direct && (c->status == TELAR_OK || !c->orders->engine->processes);
    struct tl_poll_result seen[TELAR_WORKERS_MAX];

    for (uint32_t i = 0; i < c->crew->size; i++)
        tl_channel_finish(c->crew->member[i].end);
    while (patient && anybody_living(c) && tl_now_ns() < until_ns) {
        wait_for_any(c, seen, until_ns);
        for (uint32_t i = 0; i < c->crew->size; i++)
            if ((seen[i].readable || seen[i].ended)
                && receive_late(c, &c->crew->member[i], seen[i].ended))
                until_ns = tl_now_ns() + grace_ns;
    }
    for (uint32_t i = 0; i < c->crew->size; i++)
        if (c->crew->member[i].living)
            tl_loss_join(c, &c->crew->member[i], false);
}
