/* SPDX-License-Identifier: MIT */
/*
 * engine.h - how workers start and how they are joined. Layer: over worker.
 *
 * An engine is a record of functions; everything else is the same for all engines. To add one,
 * write a file engine_NAME.c with one record, and name it in engine.c.
 */
#ifndef TL_ENGINE_H
#define TL_ENGINE_H

#include "isolate/exit_cause.h"
#include "engine/worker.h"

#include <sys/types.h>
#include <telar/engine.h>

/* A worker holds the ticket that it works on and the next one, so that it does not wait for the
 * coordinator between two tasks. */
enum { TL_TICKETS_MAX = 2 };

/* A worker as the coordinator sees it. The coordinator writes all of it; an engine writes handle,
 * id, watch and cause; a thread writes left_ns. */
struct tl_member {
    uint32_t index;
    int end;        /* the coordinator's end of its channel; -1 when it is gone */
    int worker_end; /* the worker's; a process closes the coordinator's copy, a thread its own */
    int watch;      /* tl_child_watch of a worker process, else -1 */
    bool living;    /* started and not joined */
    bool ready;     /* it has said hello */
    bool closed;    /* lost, and the host has refused another in its place */
    void *handle;   /* the engine's own */
    int64_t id;     /* process or thread id, 0 until known */
    struct tl_ticket
        ticket[TL_TICKETS_MAX]; /* given and not yet answered; the first is the one it works on */
    uint32_t n_tickets;
    uint64_t since_ns; /* when it could begin with the first */
    uint64_t
        left_ns; /* a thread's last instruction, to be read once it is joined; 0: its bye must do */
    struct tl_worker worker;    /* for its loop */
    struct tl_exit_cause cause; /* how it ended, once joined */
    struct telar_worker_report report,
        before; /* of all workers in this place; of all but the last */
};

/*
 * All workers of a run, with what they use, in one piece of memory. The coordinator writes it. A
 * thread that hangs goes on using it after the run has failed: then it is never freed.
 */
struct tl_crew {
    struct tl_job job;
    struct telar_pipeline *pipeline; /* a copy, behind the members */
    void *engine_data;               /* the engine's own */
    uint32_t size;                   /* members made so far */
    bool abandoned;                  /* a member could not be ended */
    struct tl_member member[];
};

/* An engine. Each engine_NAME.c defines its own as constant data; nobody writes it. */
struct tl_engine {
    telar_engine id;
    bool processes; /* workers are processes: they can be guarded and killed */
    bool direct;    /* start runs the loop to its end in the caller's thread, over a port without a
                       channel */

    /* Before the first start, and after the last join: may be NULL. open fails with TELAR_HOST. */
    telar_status (*open)(struct tl_crew *crew, struct telar_error *error);
    void (*close)(struct tl_crew *crew);

    /* Starts a worker, which runs tl_worker_run(&member->worker). TELAR_HOST: the host refuses it.
     */
    telar_status (*start)(struct tl_crew *crew, struct tl_member *member,
                          struct telar_error *error);

    /*
     * Returns when a member began with the first of its tickets; 0: it waits for its turn, and that
     * time does not count. NULL: it began when it got the ticket.
     */
    uint64_t (*since)(const struct tl_crew *crew, const struct tl_member *member);

    /*
     * Ends a member, whatever it does, waits until it has ended, and sets its cause. `gone`: its
     * end of the channel is closed already. Returns false when it cannot be ended: a thread that
     * does not end by itself.
     */
    bool (*join)(struct tl_member *member, bool gone);
};

extern const struct tl_engine tl_engine_serial, tl_engine_threads, tl_engine_gil,
    tl_engine_processes;

/* Returns the engine of that number; NULL when there is none. TELAR_ENGINE_DEFAULT is one. */
const struct tl_engine *tl_engine_find(telar_engine id);

#endif
