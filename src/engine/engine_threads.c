/* SPDX-License-Identifier: MIT */
/*
 * threads: workers share everything with the coordinator. A crash in one thread ends the program. A
 * thread that hangs cannot be ended. gil: the same under one lock, like Python's interpreter lock:
 * threads that compute take turns, and more of them are no faster.
 */
#include <config.h>

#include "engine/engine.h"
#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/*
 * Runs however the thread ends, also by pthread_exit in a transform. It gives the lock back, for
 * which others would wait for ever, and closes the worker's end, which tells the coordinator.
 */
static void leave(void *data)
{
    struct tl_member *member = data;

    if (member->worker.turn.end)
        member->worker.turn.end(member->worker.turn.data);
    tl_channel_close(&member->worker_end);
}

static void *body(void *data)
{
    struct tl_member *member = data;

    pthread_cleanup_push(leave, member);
    tl_worker_run(&member->worker);
    pthread_cleanup_pop(1);
    member->left_ns = tl_now_ns(); /* later than its bye, which takes time to be sent */
    return NULL;
}

/*
 * Blocks the signals that are meant for the program, so that its handlers run in its own threads.
 * Signals that an instruction raises stay unblocked: blocked, they would end the program without
 * its handler.
 */
static void block_asynchronous_signals(sigset_t *before)
{
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
        sigdelset(&set, synchronous[i]);
    pthread_sigmask(SIG_BLOCK, &set, before);
}

static telar_status start(struct tl_crew *crew, struct tl_member *member, struct telar_error *error)
{
    pthread_t *thread = malloc(sizeof *thread);
    sigset_t before;
    int failure;

    (void)crew;
    if (!thread)
        return tl_fail(error, TELAR_HOST, ENOMEM, "cannot make a worker thread");
    member->worker.usage_of = RUSAGE_THREAD;
    block_asynchronous_signals(&before);
    failure = pthread_create(thread, NULL, body, member);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure) {
        free(thread);
        return tl_fail(error, TELAR_HOST, failure, "cannot make a worker thread");
    }
    member->handle = thread;
    return TELAR_OK;
}

static bool join(struct tl_member *member, bool gone)
{
    pthread_t *thread = member->handle;

    if (gone)
        pthread_join(*thread, NULL);
    else
        pthread_detach(*thread);
    free(thread);
    member->handle = NULL;
    member->cause = gone ? tl_exit_cause_in_words("ended", true)
                         : tl_exit_cause_in_words("could not be ended, and goes on", false);
    return gone;
}

const struct tl_engine tl_engine_threads = {
    .id = TELAR_THREADS,
    .start = start,
    .join = join,
};

/* ---- gil ---- */

/* The lock, and since when each thread has it. The coordinator reads that time, because a time
 * limit counts computing and not waiting. */
struct gil {
    pthread_mutex_t lock;
    struct seat {
        struct gil *gil;
        atomic_uint_least64_t since_ns; /* 0: it does not have the lock */
    } seat[TELAR_WORKERS_MAX];
};

static void take_turn(void *data)
{
    struct seat *seat = data;

    pthread_mutex_lock(&seat->gil->lock);
    atomic_store(&seat->since_ns, tl_now_ns());
}

/* Ends a turn; does nothing without one. */
static void end_turn(void *data)
{
    struct seat *seat = data;

    if (atomic_exchange(&seat->since_ns, 0))
        pthread_mutex_unlock(&seat->gil->lock);
}

static uint64_t since_gil(const struct tl_crew *crew, const struct tl_member *member)
{
    struct gil *gil = crew->engine_data;

    return atomic_load(&gil->seat[member->index].since_ns);
}

static telar_status open_gil(struct tl_crew *crew, struct telar_error *error)
{
    struct gil *gil = calloc(1, sizeof *gil);

    if (!gil)
        return tl_fail(error, TELAR_HOST, ENOMEM, "cannot make the lock of the workers");
    pthread_mutex_init(&gil->lock, NULL);
    crew->engine_data = gil;
    return TELAR_OK;
}

static void close_gil(struct tl_crew *crew)
{
    struct gil *gil = crew->engine_data;

    pthread_mutex_destroy(&gil->lock);
    free(gil);
    crew->engine_data = NULL;
}

static telar_status start_gil(struct tl_crew *crew, struct tl_member *member,
                              struct telar_error *error)
{
    struct gil *gil = crew->engine_data;
    struct seat *seat = &gil->seat[member->index];

    seat->gil = gil;
    member->worker.turn = (struct tl_turn){take_turn, end_turn, seat};
    return start(crew, member, error);
}

const struct tl_engine tl_engine_gil = {
    .id = TELAR_GIL,
    .open = open_gil,
    .close = close_gil,
    .start = start_gil,
    .since = since_gil,
    .join = join,
};
