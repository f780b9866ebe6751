/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/worker.h"

#include "base/host.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <telar/worker.h>
#include <unistd.h>

/*
 * What telar_current_region returns. Its only other reader is a signal handler of the same thread,
 * so volatile is enough to keep the order of the writes.
 */
static _Thread_local volatile bool at_work;
static _Thread_local volatile struct telar_region current;

/* ---- the loop ---- */

static uint64_t nanoseconds(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * UINT64_C(1000000000) + (uint64_t)time->tv_usec * 1000;
}

static void add_usage(const struct tl_worker *worker, struct tl_record *record)
{
    struct rusage usage;

    if (getrusage(worker->usage_of, &usage) != 0)
        return;
    record->user_ns = nanoseconds(&usage.ru_utime);
    record->system_ns = nanoseconds(&usage.ru_stime);
    record->minor_faults = (uint64_t)usage.ru_minflt;
    record->major_faults = (uint64_t)usage.ru_majflt;
    record->voluntary_switches = (uint64_t)usage.ru_nvcsw;
    record->involuntary_switches = (uint64_t)usage.ru_nivcsw;
}

/* Notes a trouble with errno, unless one is noted already. */
static void note_errno(struct tl_record *record, enum tl_trouble trouble)
{
    if (record->trouble)
        return;
    record->trouble = trouble;
    record->errnum = errno;
}

/*
 * Runs the task of a ticket and fills the record. A guarded worker makes the task's extent writable
 * meanwhile, if it is not writable all the time.
 */
static void carry_out(struct tl_worker *worker, const struct tl_ticket *ticket)
{
    struct tl_record *record = &worker->record;
    struct tl_task task = tl_job_task(worker->place.job, ticket->task, ticket->slot);
    bool closed = worker->guarded && !tl_job_is_open(worker->place.job, worker->index, &task);
    unsigned char *base = worker->place.base;

    task.skip = ticket->skip;
    *record = (struct tl_record){.task = ticket->task, .attempt = ticket->attempt};
    if (worker->turn.begin)
        worker->turn.begin(worker->turn.data);
    current = task.region;
    at_work = true;
    record->start_ns = tl_now_ns();
    if (closed && !tl_segment_unprotect(base, &task.extent)) {
        note_errno(record, TL_TROUBLE_MEMORY);
    } else {
        if (worker->touch_first) {
            tl_task_touch(&worker->place, &task);
            record->touch_ns = tl_now_ns() - record->start_ns;
        }
        tl_task_run(&worker->place, &task, record);
    }
    if (closed && !tl_segment_protect(base, &task.extent))
        note_errno(record, TL_TROUBLE_MEMORY);
    record->end_ns = tl_now_ns();
    at_work = false;
    if (worker->turn.end)
        worker->turn.end(worker->turn.data);
}

static bool report(struct tl_worker *worker)
{
    add_usage(worker, &worker->record);
    return worker->port.report(worker->port.data, &worker->record);
}

/* ---- before the loop ---- */

/* Maps the segment for a sandboxed worker: it can make its own pieces writable, and nothing else,
 * ever. */
static unsigned char *map_pieces(const struct tl_worker *worker, const struct tl_shape *shape)
{
    const struct tl_table *table = &worker->place.job->table;
    unsigned char *base = tl_segment_map(worker->readonly_fd, shape, false);
    struct tl_piece piece;

    for (uint32_t i = 0; base && tl_table_piece(table, worker->index, i, &piece); i++)
        if (!tl_segment_map_extent(base, worker->segment_fd, &piece.extent))
            return NULL;
    return base;
}

/* Makes the pieces writable that a guarded worker may write at any time. */
static bool open_pieces(const struct tl_worker *worker)
{
    const struct tl_table *table = &worker->place.job->table;
    struct tl_piece piece;

    for (uint32_t i = 0; tl_table_piece(table, worker->index, i, &piece); i++)
        if (piece.access == TL_AT_START && !tl_segment_unprotect(worker->place.base, &piece.extent))
            return false;
    return true;
}

/*
 * Maps the segment and the scratch memory. Returns false on failure. A picture that only passes
 * through uses the same pages again and again, so a worker enters all of them at once. A guarded
 * worker does this only when the job has a window; without a source it writes only its own slots,
 * which open_pieces has entered.
 */
static bool map(struct tl_worker *worker, const struct tl_shape *shape)
{
    struct tl_place *place = &worker->place;

    place->base = worker->sandbox ? map_pieces(worker, shape)
                                  : tl_segment_map(worker->segment_fd, shape, !worker->guarded);
    place->scratch = place->base ? tl_private_map(place->job->scratch_bytes) : NULL;
    if (!place->scratch || (worker->guarded && !open_pieces(worker)))
        return false;
    if (tl_job_streams(place->job) && (!worker->guarded || shape->again_bytes > 0))
        tl_segment_prefault(place->base, shape);
    return true;
}

/* The sandboxed worker that this process is. */
static struct tl_worker *confined;

static void tell_violation(int number)
{
    confined->record.trouble = TL_TROUBLE_VIOLATION;
    confined->record.errnum = number;
    report(confined);
}

static bool load(const struct tl_worker *worker)
{
    const struct tl_loading *loading = worker->loading;

    return loading->load(loading->data, worker->pipeline, worker->place.job);
}

/* Afterwards a sandboxed worker has its memory and its descriptors, and never gets others. */
static enum tl_trouble settle(struct tl_worker *worker)
{
    const struct tl_loading *loading = worker->loading;

    if (worker->sandbox) {
        confined = worker;
        close(worker->segment_fd);
        close(worker->readonly_fd);
        if (loading
            && !tl_sandbox_enter_loading(worker->sandbox, loading->paths, loading->n_paths,
                                         tell_violation))
            return TL_TROUBLE_SANDBOX;
    }
    if (loading && !load(worker))
        return TL_TROUBLE_PLUGIN;
    if (worker->sandbox
        && !tl_sandbox_enter(worker->sandbox, worker->place.input_fd >= 0, tell_violation))
        return TL_TROUBLE_SANDBOX;
    return TL_TROUBLE_NONE;
}

void tl_worker_run(struct tl_worker *worker)
{
    struct tl_place *place = &worker->place;
    const struct tl_shape shape = tl_job_shape(place->job);
    enum tl_trouble trouble;
    struct tl_ticket ticket;

    worker->record = (struct tl_record){
        .task = TL_TASK_HELLO,
        .start_ns = worker->born_ns ? worker->born_ns : tl_now_ns(),
        .id = (int64_t)syscall(SYS_gettid),
    };
    if (!map(worker, &shape))
        note_errno(&worker->record, TL_TROUBLE_MEMORY);
    else if ((trouble = settle(worker)) != TL_TROUBLE_NONE)
        note_errno(&worker->record, trouble);
    worker->record.end_ns = tl_now_ns();
    if (report(worker) && !worker->record.trouble)
        while (worker->port.take(worker->port.data, &ticket)) {
            carry_out(worker, &ticket);
            if (!report(worker))
                break;
        }
    worker->record = (struct tl_record){.task = TL_TASK_BYE, .start_ns = tl_now_ns()};
    tl_private_unmap(place->scratch, place->job->scratch_bytes);
    tl_segment_unmap(place->base, &shape);
    worker->record.end_ns = tl_now_ns();
    report(worker);
}

/* ---- the port of a channel ---- */

static bool channel_take(void *data, struct tl_ticket *ticket)
{
    return tl_channel_receive_ticket(*(int *)data, ticket);
}

static bool channel_report(void *data, const struct tl_record *record)
{
    return tl_channel_send_record(*(int *)data, record);
}

struct tl_port tl_port_channel(int *end)
{
    return (struct tl_port){channel_take, channel_report, end};
}

/* ---- for a signal handler ---- */

/* Appends a number in decimal; snprintf is not async-signal-safe. Returns where the next goes. */
static char *put_number(char *at, char *end, uint32_t number, char after)
{
    char digits[12];
    int n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0 && at < end)
        *at++ = digits[--n];
    if (after && at < end)
        *at++ = after;
    return at;
}

bool telar_current_region(char *text, size_t size)
{
    char *at = text, *end;

    if (!at_work || size == 0)
        return false;
    end = text + size - 1;
    at = put_number(at, end, current.r0, ':');
    at = put_number(at, end, current.r1, ',');
    at = put_number(at, end, current.c0, ':');
    at = put_number(at, end, current.c1, 0);
    *at = 0;
    return true;
}
