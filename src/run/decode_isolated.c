/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/decode_isolated.h"

#include "isolate/child.h"
#include "png/decoder.h"
#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Chunks that are kept beyond this are too many for a sandbox. Only what is written takes memory.
 */
enum { FOUND_BYTES = 64 << 20 };

struct reading {
    struct tl_member member;
    struct tl_decoder *decoder;
    const struct tl_job *job; /* NULL: there is nothing to decode */
    struct tl_found *found;   /* shared with the process */
};

/* ---- in the process ---- */

static struct tl_worker *confined;

static void tell_violation(int number)
{
    struct tl_record record = {
        .task = TL_TASK_HELLO, .trouble = TL_TROUBLE_VIOLATION, .errnum = number};

    confined->port.report(confined->port.data, &record);
}

/* The source, and nothing else, for writing. */
static unsigned char *map_source(const struct reading *r, const struct tl_worker *worker)
{
    const struct tl_shape shape = tl_job_shape(r->job);
    const uint64_t begin = r->job->table.buffer[r->job->source].offset;
    const struct tl_extent source = {begin, shape.bytes - begin};
    unsigned char *base = tl_segment_map(worker->readonly_fd, &shape, false);

    if (!base || !tl_segment_map_extent(base, worker->segment_fd, &source)
        || !tl_segment_unprotect(base, &source))
        return NULL;
    return base + source.offset;
}

static void live(struct tl_worker *worker)
{
    struct reading *r = worker->life_data;
    struct tl_record record = {.task = TL_TASK_HELLO};
    unsigned char *data = r->job ? map_source(r, worker) : NULL;
    void *memory = tl_private_map(tl_decoder_memory_bytes(r->decoder));

    confined = worker;
    tl_decoder_move(r->decoder, worker->place.input_fd);
    close(worker->segment_fd);
    close(worker->readonly_fd);
    if ((r->job && !data) || !memory)
        record.trouble = TL_TROUBLE_MEMORY;
    else if (!tl_sandbox_enter(worker->sandbox, true, tell_violation))
        record.trouble = TL_TROUBLE_SANDBOX;
    record.errnum = record.trouble ? errno : 0;
    if (!record.trouble)
        tl_decoder_read_inside(r->decoder, memory, data, r->job ? r->job->source_stride : 0,
                               r->found, FOUND_BYTES);
    worker->port.report(worker->port.data, &record);
}

/* ---- in the coordinator ---- */

static telar_status failed(const struct reading *r, const struct tl_orders *orders,
                           telar_status status, int errnum, const char *why,
                           struct telar_error *error)
{
    status = tl_fail(error, status, errnum, "%s: the process that decodes it (pid %" PRId64 ") %s",
                     orders->name, r->member.id, why);
    if (error && error->status == status)
        error->pid = r->member.id;
    return status;
}

static telar_status judge(const struct reading *r, const struct tl_orders *orders,
                          const struct tl_record *record, struct telar_error *error)
{
    char call[TL_SANDBOX_NAME_BYTES], why[128];

    switch (record->trouble) {
    case TL_TROUBLE_NONE:
        return TELAR_OK;
    case TL_TROUBLE_MEMORY:
        return failed(r, orders, TELAR_HOST, record->errnum, "could not map its memory", error);
    case TL_TROUBLE_SANDBOX:
        return failed(r, orders, TELAR_HOST, record->errnum,
                      "could not be locked in; see telar doctor", error);
    case TL_TROUBLE_VIOLATION:
        tl_sandbox_call_name(record->errnum, call);
        snprintf(why, sizeof why, "tried the system call %s, which its sandbox forbids", call);
        return failed(r, orders, TELAR_WORKER, 0, why, error);
    default:
        return failed(r, orders, TELAR_WORKER, 0, "sent a message that makes no sense", error);
    }
}

/* Waits for the one message, the end, or the deadline. Then the process is gone, whatever it was
 * about. */
static telar_status await(struct reading *r, const struct tl_orders *orders, uint64_t deadline_ns,
                          struct telar_error *error)
{
    struct tl_record record;
    enum tl_received heard = TL_RECEIVED_NOTHING;
    char why[192];
    struct tl_poll_result seen;

    while (heard == TL_RECEIVED_NOTHING && tl_now_ns() < deadline_ns) {
        tl_channel_wait(&r->member.end, &r->member.watch, &seen, 1, deadline_ns);
        if (seen.word || seen.ended)
            heard = tl_channel_receive_record(r->member.end, &record);
        if (heard == TL_RECEIVED_NOTHING && seen.ended)
            heard = TL_RECEIVED_END;
    }
    tl_channel_close(&r->member.end);
    tl_channel_close(&r->member.watch);
    orders->engine->join(&r->member, heard == TL_RECEIVED_END);
    if (heard == TL_RECEIVED_RECORD)
        return judge(r, orders, &record, error);
    if (heard == TL_RECEIVED_NOTHING)
        return failed(r, orders, TELAR_TIMEOUT, 0,
                      "took longer than the time limit allows for all its bands", error);
    if (heard == TL_RECEIVED_INVALID)
        return failed(r, orders, TELAR_WORKER, 0, "sent a message that makes no sense", error);
    tl_exit_cause_text(&r->member.cause, why, 128);
    return failed(r, orders, TELAR_WORKER, 0, why, error);
}

static telar_status start(struct reading *r, const struct tl_orders *orders,
                          const struct tl_segment *segment, struct telar_error *error)
{
    int ends[2];
    telar_status status = orders->engine->open ? orders->engine->open(NULL, error) : TELAR_OK;

    if (status == TELAR_OK)
        status = tl_channel_open(ends, error);
    if (status != TELAR_OK)
        return status;
    r->member = (struct tl_member){.end = ends[0], .worker_end = ends[1], .watch = -1};
    r->member.worker = (struct tl_worker){.place.input_fd = tl_decoder_descriptor(r->decoder),
                                          .segment_fd = segment->fd,
                                          .readonly_fd = segment->readonly_fd,
                                          .sandbox = orders->sandbox,
                                          .life = live,
                                          .life_data = r};
    r->member.worker.port = tl_port_channel(&r->member.worker_end);
    status = orders->engine->start(NULL, &r->member, error);
    if (status != TELAR_OK) {
        tl_channel_close(&r->member.end);
        tl_channel_close(&r->member.worker_end);
    }
    return status;
}

telar_status tl_decode_isolated(struct tl_decoder *decoder, const struct tl_orders *orders,
                                const struct tl_job *job, const struct tl_segment *segment,
                                struct telar_error *error)
{
    struct reading r = {.decoder = decoder, .job = job, .found = tl_shared_map(FOUND_BYTES)};
    uint64_t bands = job ? job->n_bands : 1, deadline_ns = UINT64_MAX, allowed_ns;
    telar_status status;

    if (!r.found)
        return tl_fail(error, TELAR_HOST, errno, "%s: no memory to decode it in a sandbox",
                       orders->name);
    if (orders->timeout_ms
        && !__builtin_mul_overflow(bands, orders->timeout_ms * UINT64_C(1000000), &allowed_ns)
        && allowed_ns < UINT64_MAX / 2)
        deadline_ns = tl_now_ns() + allowed_ns;
    status = start(&r, orders, segment, error);
    if (status == TELAR_OK)
        status = await(&r, orders, deadline_ns, error);
    if (status == TELAR_OK)
        status = tl_decoder_take_found(decoder, r.found, FOUND_BYTES, error);
    tl_private_unmap(r.found, FOUND_BYTES);
    return status;
}
