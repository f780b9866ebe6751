/* SPDX-License-Identifier: MIT */
/*
 * processes: a forked worker has a copy of the coordinator's memory. It can break only its own
 * copy, and maps the segment itself.
 */
#include <config.h>

#include "isolate/child.h"
#include "engine/engine.h"
#include "base/status.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

static telar_status open_processes(struct tl_crew *crew, struct telar_error *error)
{
    (void)crew;
    return tl_child_check_reaping(error);
}

/* Closes all descriptors but the standard ones, the segment, the worker's own end, and the input
 * file. */
static void close_others(const struct tl_member *member)
{
    const struct tl_worker *worker = &member->worker;
    const int kept[] = {worker->segment_fd, member->worker_end, worker->place.input_fd};

    tl_child_close_others(kept, sizeof kept / sizeof *kept);
}

/* Returns whether a worker ever gets a task that reads the input file. */
static bool reads_input(const struct tl_worker *worker)
{
    const struct tl_place *place = &worker->place;

    for (uint32_t i = 0; i < place->job->table.n_stages; i++) {
        const struct tl_stage *stage = &place->job->table.stage[i];

        if (place->kinds[stage->kind]->reads_input
            && tl_table_serves(&place->job->table, stage, worker->index))
            return true;
    }
    return false;
}

/*
 * A sandboxed worker has its descriptors where its sandbox expects them, and no standard ones. Only
 * a worker that reads the input file gets it.
 */
static bool arrange(struct tl_member *member)
{
    struct tl_worker *worker = &member->worker;
    int *others[] = {&worker->segment_fd, &worker->readonly_fd};

    if (!reads_input(worker))
        worker->place.input_fd = -1;
    return tl_sandbox_arrange(&member->worker_end, &worker->place.input_fd, others,
                              sizeof others / sizeof *others);
}

/*
 * The life of a worker process. It makes only async-signal-safe calls, except to load code (struct
 * tl_loading). The kernel kills it when the thread ends that forked it.
 */
static void live(void *data)
{
    struct tl_member *member = data;

    if (!member->worker.sandbox)
        close_others(member);
    else if (!arrange(member))
        _exit(1);
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
