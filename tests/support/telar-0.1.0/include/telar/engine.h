/* SPDX-License-Identifier: MIT */
/*
 * engine.h - running a pipeline over an image: how workers exist, and what they are kept from.
 */
#ifndef TELAR_ENGINE_H
#define TELAR_ENGINE_H

#include <telar/codec.h>
#include <telar/plan.h>
#include <telar/report.h>
#include <telar/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How workers come to life. All give the same bytes. */
typedef enum telar_engine {
    TELAR_ENGINE_DEFAULT = 0, /* processes */
    TELAR_SERIAL,             /* a call in the caller's own thread */
    TELAR_THREADS,            /* POSIX threads */
    TELAR_GIL,                /* threads of which only one may compute at a time, like Python's */
    TELAR_PROCESSES,          /* forked processes over one shared-memory segment */
} telar_engine;

/* What a worker process is kept from. The other engines can write everything: TELAR_GUARDED with
 * them is TELAR_USAGE. */
typedef enum telar_isolation {
    TELAR_ISOLATION_DEFAULT = 0, /* guarded */
    TELAR_SHARED,                /* it can write the whole segment */
    TELAR_GUARDED,   /* it can write its own slots and the region it works on, nothing else of the
                        segment */
    TELAR_SANDBOXED, /* the same, and it has no files, no network, no other process and no new
                        memory: seccomp, Landlock, no_new_privs, limits. A host that cannot give all
                        of it is TELAR_HOST, never less */
} telar_isolation;

/*
 * What to do when a worker process dies, takes longer than timeout_ms or breaks its contract. The
 * other engines have no choice: a crash ends the program, and a thread cannot be ended, so
 * TELAR_ON_CRASH_RETRY and _SKIP with them is TELAR_USAGE.
 */
typedef enum telar_on_crash {
    TELAR_ON_CRASH_DEFAULT =
        0,                /* retry; fail with TELAR_SHARED and where workers are no processes */
    TELAR_ON_CRASH_FAIL,  /* the run ends with TELAR_WORKER or TELAR_TIMEOUT */
    TELAR_ON_CRASH_RETRY, /* another worker takes its place and does its region again; the bytes are
                             the same. With TELAR_SHARED, where it may have written anywhere, all is
                             done again from the start */
    TELAR_ON_CRASH_SKIP,  /* the same, but a region that has cost `retries` + 1 workers keeps the
                             source's pixels, and  the run ends with TELAR_PARTIAL; not with
                             TELAR_SHARED, TELAR_USAGE */
} telar_on_crash;

/* For struct telar_options: retries. */
enum { TELAR_RETRIES_MAX = 1000, TELAR_RETRIES_NONE = -1 };

/* How the output is compressed. The pixels are the same. */
typedef enum telar_compression {
    TELAR_FAST = 0, /* by telar's own encoder, in bands, by the workers */
    TELAR_SMALL,    /* the same, and by zlib's level 9 as well: of each band the smaller */
    TELAR_LIBPNG,   /* by libpng as it comes, level 6, by the coordinator: to compare with */
} telar_compression;

enum { TELAR_WORKERS_MAX = 256 };

enum { TELAR_TEMPORARY_BYTES = 232 };

/*
 * The file that a run writes beside its output, while it has a name: where the filesystem has files
 * without one (O_TMPFILE) for a moment at the end, elsewhere from the beginning. Begin with {0}.
 * The caller's own; the library writes it, in the thread that runs.
 */
struct telar_temporary {
    volatile int exists; /* whether there is a file of that name, or about to be */
    int directory;       /* a descriptor */
    char name[TELAR_TEMPORARY_BYTES];
};

/*
 * Removes that file, if there is one: for the handler of a signal that ends the program, in any
 * thread. Async-signal-safe. The run cannot be completed then.
 */
void telar_temporary_remove(const struct telar_temporary *temporary);

/*
 * How to run. {0} means the defaults.
 */
struct telar_options {
    telar_engine engine;
    telar_isolation isolation;
    uint32_t workers; /* 1 to TELAR_WORKERS_MAX; 0: as many as telar_host_workers() says, or fewer
                         for a small file */
    struct telar_plan plan;  /* 0 x 0: chosen */
    bool has_roi;            /* whether roi is meant */
    struct telar_region roi; /* transform only this rectangle; the rest is copied. Inside it the
                                result is what it would be without */
    uint32_t timeout_ms;     /* how long one region may take; 0: no limit. Serial has none */
    telar_on_crash on_crash;
    int32_t retries;    /* how often a region is tried again, to TELAR_RETRIES_MAX; 0: twice;
                           TELAR_RETRIES_NONE */
    bool trust_plugins; /* with an engine that is not processes: load plug-ins into this program
                           (plugin.h) */
    uint64_t
        max_memory; /* bytes the segment may have, at most what the host has available; 0: that */
    struct telar_limits limits;
    telar_compression compression; /* of the output of telar_run_file */
    bool no_restart;  /* leave out the chunk that lets telar decode the output in parallel */
    bool small_pages; /* do not ask for huge pages: what they are worth can then be measured */
    bool
        warm; /* touch the segment before the first worker is made, as if it had been used before */
    bool touch_first; /* each task touches its memory before it computes, so that the report tells
                         the one from the other */
    const char *keep_shm; /* NULL, or the name under which the segment is to stay visible in
                             /dev/shm, without a slash: with all of source and result, which takes
                             their memory; telar(1), SEGMENT, has its layout */

    struct telar_temporary *temporary; /* NULL, or where to tell a signal handler which file to
                                          remove; one run at a time */

    /* Called in the coordinator, now and then, with how many of the run's tasks are done. NULL: not
     * called. */
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data;
};

/*
 * PNG file in, PNG file out: decode, transform by regions, encode. "-" is standard input or output.
 * input and output may be the same file. Ancillary chunks that stay true are carried over.
 *
 * *report (report may be NULL) is NULL or a report to be freed with telar_report_free(), also after
 * an error if the run had begun. Whatever happens, no child, no shared-memory name (but keep_shm),
 * no temporary file and no descriptor stays.
 *
 * From a program with several threads it may be called from any one of them, also several at a
 * time: a worker process uses only async-signal-safe calls. SIGCHLD must not be ignored (TELAR_HOST
 * says so); no signal handler is installed. After an error with threads a thread that hangs still
 * runs, for a thread cannot be ended: its segment stays mapped, and the process should end.
 *
 * Errors: any status; TELAR_USAGE before anything is started. TELAR_PARTIAL: see
 * TELAR_ON_CRASH_SKIP; the output is written.
 */
telar_status telar_run_file(const char *input, const char *output, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_report **report,
                            struct telar_error *error);

/*
 * The same on images in memory. *result is a new image that the caller frees, NULL on error
 * (TELAR_PARTIAL is none); it carries over source's chunks. options may be NULL.
 */
telar_status telar_run(const telar_image *source, telar_image **result,
                       const telar_pipeline *pipeline, const struct telar_options *options,
                       telar_report **report, struct telar_error *error);

/* "serial", "threads", ...; "shared", "guarded", "sandboxed". Never NULL. */
const char *telar_engine_name(telar_engine engine);
const char *telar_isolation_name(telar_isolation isolation);

enum { TELAR_REASON_BYTES = 160 };

/* How many workers the host allows: CPU affinity, then cgroup quota (v1, v2), rounded up. *reason
 * says which decided. */
uint32_t telar_host_workers(char reason[TELAR_REASON_BYTES]);

/*
 * The region that the calling thread is working on, as text for a signal handler:
 * async-signal-safe. Writes at most `size` bytes with the final zero and returns false when the
 * thread is not working on any.
 */
bool telar_current_region(char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
