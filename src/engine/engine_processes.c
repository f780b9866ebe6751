/* SPDX-License-Identifier: MIT */
/*
 * Processes: a forked worker has a copy of the coordinator's memory, in which it can break nothing
 * but its own, and maps the segment itself.
 */
#include <config.h>

#include "isolate/child.h"
#include "png/decoder.h"
#include "engine/engine.h"
#include "base/status.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* With SIGCHLD ignored the kernel reaps children by itself, and nobody can know how one ended. */
static telar_status open_processes(struct tl_crew *crew, struct telar_error *error)
{
    struct sigaction action;

    (void)crew;
    if (sigaction(SIGCHLD, NULL, &action) == 0
        && (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT)))
        return tl_fail(
            error, TELAR_HOST, 0,
            "this program ignores SIGCHLD, so the fate of worker processes would be unknown; "
            "set SIGCHLD to its default, or use threads");
    return TELAR_OK;
}

/* Beside the standard ones a worker keeps the segment, its own end, and the file when workers
 * decode. */
static void close_others(const struct tl_member *member)
{
    const struct tl_worker *worker = &member->worker;
    const int kept[] = {worker->segment_fd, member->worker_end,
                        worker->place.decoder ? tl_decoder_descriptor(worker->place.decoder) : -1};

    tl_child_close_others(kept, sizeof kept / sizeof *kept);
}

/*
 * A sandboxed worker has its descriptors where its sandbox expects them, and no standard ones. The
 * file is only for those who ever read it: in series that is the first worker.
 */
static bool arrange(struct tl_member *member)
{
    struct tl_worker *worker = &member->worker;
    struct tl_decoder *decoder = worker->place.decoder;
    int input = -1, *others[] = {&worker->segment_fd, &worker->readonly_fd};

    if (decoder && (worker->index == 0 || worker->place.job->restart))
        input = tl_decoder_descriptor(decoder);
    if (!tl_sandbox_arrange(&member->worker_end, &input, others, sizeof others / sizeof *others))
        return false;
    if (input < 0)
        worker->place.decoder = NULL;
    else
        tl_decoder_move(decoder, input);
    return true;
}

/*
 * The life of a worker process, in async-signal-safe calls only, but for plug-ins: see
 * tl_plugins_load. It dies with the thread that forked it, which joins it before it returns.
 */
static void live(void *data)
{
    struct tl_member *member = data;

    if (!member->worker.sandbox)
        close_others(member);
    else if (!arrange(member))
        _exit(1);
    if (member->worker.life)
        member->worker.life(&member->worker);
    else
        tl_worker_run(&member->worker);
}

static telar_status start(struct tl_crew *crew, struct tl_member *member, struct telar_error *error)
{
    pid_t pid;

    (void)crew;
    member->worker.usage_of = RUSAGE_SELF;
    pid = tl_child_start(live, member, &member->worker.born_ns);
    if (pid < 0)
        return tl_fail(error, TELAR_HOST, errno, "cannot make a worker process");
    member->id = pid;
    member->watch = tl_child_watch(pid);
    tl_channel_close(&member->worker_end);
    return TELAR_OK;
}

static bool join(struct tl_member *member, bool gone)
{
    member->cause = tl_child_end((pid_t)member->id, gone);
    return true;
}

const struct tl_engine tl_engine_processes = {
    .id = TELAR_PROCESSES,
    .processes = true,
    .open = open_processes,
    .start = start,
    .join = join,
};
