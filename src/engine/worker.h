/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the one loop: take a ticket, run its task, send the record, until there are no more.
 * Layer: over task, channel and sandbox. Everything here is async-signal-safe, because it runs
 * between fork and _exit. The one exception is loading code (struct tl_loading).
 */
#ifndef TL_WORKER_H
#define TL_WORKER_H

#include "isolate/sandbox.h"
#include "engine/task.h"

/* How a worker gets tickets and sends records. Both functions return false when the coordinator
 * wants no more. */
struct tl_port {
    bool (*take)(void *data, struct tl_ticket *ticket);
    bool (*report)(void *data, const struct tl_record *record);
    void *data;
};

/* A lock that a worker holds while it runs a task; NULL functions: none. The engine gil has one. */
struct tl_turn {
    void (*begin)(void *data);
    void (*end)(void *data);
    void *data;
};

/*
 * Code that a worker loads before its first task. Loading takes locks and memory, of which another
 * thread may have held one at the moment of the fork. The coordinator therefore always sets a time
 * limit for it.
 */
struct tl_loading {
    const char *const *paths; /* the files that are loaded, for the sandbox */
    size_t n_paths;
    /* Puts what it loads into the pipeline of this process. False when that is not what the run was
     * planned with. */
    bool (*load)(const void *data, struct telar_pipeline *pipeline, const struct tl_job *job);
    const void *data;
};

/* What a worker needs. The coordinator and the engine set it before the worker starts; then only
 * the worker writes it. */
struct tl_worker {
    struct tl_port port;
    struct tl_turn turn;
    int segment_fd,
        readonly_fd; /* of the segment; the second, for reading only, for a sandboxed worker */
    const struct tl_sandbox *sandbox; /* NULL: it is not sandboxed */
    const struct tl_loading *loading; /* NULL: nothing is loaded */
    struct telar_pipeline *pipeline;  /* of the run: a process has its own copy */
    uint32_t index;                   /* its number among the job's workers */
    uint64_t born_ns; /* when its process began; 0: take the time when it begins to run */
    bool guarded; /* map read-only, and make only its own slots and the extent of the task at hand
                     writable */
    bool touch_first; /* touch what a task reads and writes before it is run, and tell how long that
                         took */
    int usage_of;     /* whose resources a record tells: RUSAGE_SELF, RUSAGE_THREAD */
    struct tl_place place;
    struct tl_record record; /* what it sends next */
};

/* Returns a port over the worker's end of a channel; *end stays the caller's. */
struct tl_port tl_port_channel(int *end);

/*
 * The life of a worker: maps the segment, enters the sandbox if there is one, sends a hello, and
 * loops. When there are no more tickets it unmaps everything, sends a bye, and returns.
 */
void tl_worker_run(struct tl_worker *worker);

#endif
