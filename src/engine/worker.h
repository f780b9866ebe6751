/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the one loop: take a ticket, run its task, send the record, until there are no more.
 * Layer: over task, plugins and channel. Everything here is async-signal-safe, for it runs between
 * fork and _exit; but not loading plug-ins.
 */
#ifndef TL_WORKER_H
#define TL_WORKER_H

#include "plugin/plugins.h"
#include "isolate/sandbox.h"
#include "engine/task.h"

/* How a worker gets tickets and gives records. Both return false when the coordinator wants no
 * more. */
struct tl_port {
    bool (*take)(void *data, struct tl_ticket *ticket);
    bool (*report)(void *data, const struct tl_record *record);
    void *data;
};

/* A lock that is held while computing, or no functions: what makes `gil` of `threads`. */
struct tl_turn {
    void (*begin)(void *data);
    void (*end)(void *data);
    void *data;
};

struct tl_worker {
    struct tl_port port;
    struct tl_turn turn;
    int segment_fd,
        readonly_fd; /* of the segment; the second, for reading only, for a sandboxed worker */
    const struct tl_sandbox *sandbox; /* NULL: it is not sandboxed */
    const struct tl_plugins *plugins; /* to be loaded first, into *pipeline; NULL: none */
    struct telar_pipeline *pipeline;  /* of the job: a process has a copy of its own */
    uint32_t index;                   /* its number among the job's workers */
    uint64_t born_ns;                 /* when its process was; 0: when it begins to run */
    bool guarded; /* map read-only, and open only its own slots, and the extent of the task at hand
                   */
    bool touch_first; /* touch what a task reads and writes before it is run, and tell how long that
                         took */
    int usage_of;     /* whose resources a record tells: RUSAGE_SELF, RUSAGE_THREAD */
    struct tl_place place;                  /* job and stream are given; the rest is its own */
    struct tl_record record;                /* what it tells next */
    void (*life)(struct tl_worker *worker); /* NULL: tl_worker_run; otherwise what its process does
                                               in its place */
    void *life_data;
};

/* A port over the worker's end of a channel; *end stays the caller's. */
struct tl_port tl_port_channel(int *end);

/*
 * Maps the segment, locks itself in if that is asked for, says hello, and loops. When there are no
 * more tickets it unmaps everything, says bye, and returns.
 */
void tl_worker_run(struct tl_worker *worker);

#endif
