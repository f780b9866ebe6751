/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the choices of a run: what a worker is, what it may write, and what follows its loss.
 */
#ifndef TELAR_ENGINE_H
#define TELAR_ENGINE_H

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of worker. All engines give the same bytes. */
typedef enum telar_engine {
    TELAR_ENGINE_DEFAULT = 0, /* TELAR_PROCESSES */
    TELAR_SERIAL,             /* the calling thread itself: one worker */
    TELAR_THREADS,            /* POSIX threads */
    TELAR_GIL,                /* threads under one lock: only one computes at a time, as with
                                 Python's global interpreter lock */
    TELAR_PROCESSES,          /* forked processes over one shared-memory segment */
} telar_engine;

/*
 * The memory that a worker process may write. A worker of another engine can write all memory of
 * the program, so TELAR_GUARDED and TELAR_SANDBOXED are TELAR_USAGE there.
 */
typedef enum telar_isolation {
    TELAR_ISOLATION_DEFAULT = 0, /* TELAR_GUARDED; TELAR_SANDBOXED when the pipeline has a
                                    plug-in */
    TELAR_SHARED,                /* the whole segment */
    TELAR_GUARDED,               /* of the segment its own slots and the region of its task only */
    TELAR_SANDBOXED,             /* as guarded, and no files, network, other processes or new
                                    memory: seccomp, Landlock, no_new_privs and resource limits. A
                                    host that cannot give all of these is TELAR_HOST */
} telar_isolation;

/*
 * The ways to go on when a worker process dies, takes longer than timeout_ms or breaks its
 * contract. A crash with another engine ends the program, and a thread cannot be killed, so
 * TELAR_ON_CRASH_RETRY and TELAR_ON_CRASH_SKIP are TELAR_USAGE there.
 */
typedef enum telar_on_crash {
    TELAR_ON_CRASH_DEFAULT = 0, /* retry for guarded and sandboxed workers, else fail */
    TELAR_ON_CRASH_FAIL,        /* the run ends with TELAR_WORKER or TELAR_TIMEOUT */
    TELAR_ON_CRASH_RETRY,       /* another worker takes over, and the bytes are the same. A worker
                                   at TELAR_SHARED may have written anywhere, so the run then
                                   begins again from its start */
    TELAR_ON_CRASH_SKIP,        /* as retry, but a region that cost `retries` + 1 workers keeps the
                                   source's pixels, and the run ends with TELAR_PARTIAL.
                                   TELAR_USAGE with TELAR_SHARED */
} telar_on_crash;

/* The most workers of one run. */
enum { TELAR_WORKERS_MAX = 256 };

/*
 * Return the name of an engine ("serial", "threads", "gil", "processes") or isolation ("shared",
 * "guarded", "sandboxed"); the default's name for the default, and "unknown" for other numbers. The
 * strings are constant and never NULL. May be called from any thread and from a signal handler.
 */
const char *telar_engine_name(telar_engine engine);
const char *telar_isolation_name(telar_isolation isolation);

#ifdef __cplusplus
}
#endif
#endif
