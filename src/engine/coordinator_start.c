/* SPDX-License-Identifier: MIT */
/* How workers start, and how their first task reaches them. */
#include <config.h>

#include "engine/coordinator_private.h"

#include "engine/loss.h"
#include "engine/records.h"
#include "base/host.h"
#include "base/status.h"

bool tl_coordinator_take(struct tl_coordinator *c, struct tl_member *member,
                         struct tl_ticket *ticket)
{
    if (!tl_ledger_take(&c->ledger, member->index, ticket))
        return false;
    if (member->n_tickets == 0)
        member->since_ns = tl_now_ns();
    member->ticket[member->n_tickets++] = *ticket;
    return true;
}

/* The port of an engine without channels: the worker's loop takes tickets from the ledger itself,
 * and its records are handled as they come. */
static bool direct_take(void *data, struct tl_ticket *ticket)
{
    struct tl_coordinator *c = data;

    return c->status == TELAR_OK && tl_coordinator_take(c, &c->crew->member[0], ticket);
}

static bool direct_report(void *data, const struct tl_record *record)
{
    struct tl_coordinator *c = data;

    tl_records_handle(c, &c->crew->member[0], record);
    return c->status == TELAR_OK;
}

/* Starts a worker in a place that has none. TELAR_HOST: the host refuses it. */
static telar_status start(struct tl_coordinator *c, struct tl_member *member,
                          struct telar_error *error)
{
    const struct tl_engine *engine = c->orders->engine;
    int ends[2] = {-1, -1};
    telar_status status = engine->direct ? TELAR_OK : tl_channel_open(ends, error);

    member->end = ends[0];
    member->worker_end = ends[1];
    member->watch = -1;
    member->worker = (struct tl_worker){.index = member->index,
                                        .place = {.job = &c->crew->job,
                                                  .kinds = c->orders->kinds,
                                                  .pipeline = c->crew->pipeline,
                                                  .decoder = c->orders->decoder,
                                                  .input_fd = c->orders->input_fd},
                                        .segment_fd = c->orders->segment->fd,
                                        .readonly_fd = c->orders->segment->readonly_fd,
                                        .sandbox = c->orders->sandbox,
                                        .loading = c->orders->loading,
                                        .pipeline = c->crew->pipeline,
                                        .guarded = c->orders->guarded,
                                        .touch_first = c->orders->touch_first};
    member->worker.port = engine->direct ? (struct tl_port){direct_take, direct_report, c}
                                         : tl_port_channel(&member->worker_end);
    if (status != TELAR_OK)
        return status;
    member->living = true;
    if (!member->report.spawn_ns)
        member->report.spawn_ns = tl_now_ns() - c->orders->epoch_ns;
    status = engine->start(c->crew, member, error);
    member->report.pid = member->id;
    if (status != TELAR_OK) {
        tl_channel_close(&member->end);
        tl_channel_close(&member->worker_end);
        member->living = false;
    }
    return status;
}

telar_status tl_coordinator_start_member(struct tl_coordinator *c, struct telar_error *error)
{
    struct tl_member *member = &c->crew->member[c->crew->size];
    telar_status status;

    *member = (struct tl_member){.index = c->crew->size};
    member->report.processes = 1;
    c->crew->size++;
    status = start(c, member, error);
    if (status != TELAR_OK)
        c->crew->size--;
    return status;
}

bool tl_coordinator_replace(struct tl_coordinator *c, struct tl_member *member)
{
    struct telar_error refusal;

    tl_error_clear(&refusal);
    member->id = 0;
    member->ready = false;
    member->before = member->report;
    member->cause = (struct tl_exit_cause){0};
    if (start(c, member, &refusal) != TELAR_OK) {
        tl_loss_not_replaced(c, member, &refusal);
        return false;
    }
    member->report.processes++;
    return true;
}
