/* SPDX-License-Identifier: MIT */
/*
 * report.h - the report of a run, worker by worker and task by task.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC since the run began. Durations and CPU times are
 * nanoseconds, too.
 */
#ifndef TELAR_REPORT_H
#define TELAR_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <telar/geometry.h>
#include <telar/png.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of task. */
typedef enum telar_task_kind {
    TELAR_TASK_INFLATE,  /* the filtered rows of one band, out of the compressed stream. Undoes the
                            row filters too when unfilter_ns > 0; then there are no unfilter tasks.
                            The last one also reads the chunks behind the stream */
    TELAR_TASK_UNFILTER, /* the pixels of one band, from its filtered rows */
    TELAR_TASK_PREPARE,  /* the state of a transform, before any pixel */
    TELAR_TASK_GATHER,   /* one region's part of a statistic of the whole image */
    TELAR_TASK_MERGE,    /* the statistic, from all its parts */
    TELAR_TASK_PROCESS,  /* one region of the result */
    TELAR_TASK_ENCODE,   /* one band of the output. Transforms the band too, unless there are
                            process tasks. Decodes the band first when telar wrote the input and no
                            other task needs the band's pixels */
} telar_task_kind;

/*
 * One task. The coordinator fills it from the worker's record. This struct and the next two never
 * grow, because a program steps through lists of them: what later versions add to a task, worker or
 * loss stands in a new list of struct telar_report.
 */
struct telar_task_report {
    telar_task_kind kind;
    struct telar_region region; /* empty for prepare and merge */
    uint32_t worker;            /* index of the worker that completed it */
    uint32_t attempts;          /* how many workers began it */
    bool skipped;               /* its pixels are the source's: each worker that tried was lost */
    uint64_t start_ns, end_ns;  /* on the worker's clock; equal when no worker completed it */
    uint64_t touch_ns;          /* part of it: touching its memory; 0 without touch_first in struct
                                   telar_measure */
    uint64_t inflate_ns, unfilter_ns; /* parts of an inflate or encode task that makes pixels:
                                         inflating, and undoing the row filters; else 0 */
    uint64_t transform_ns;            /* part of it: transforming */
};

/* One place for a worker. After a loss another worker takes the place: the counters and sums are
 * those of all workers that had it. */
struct telar_worker_report {
    int64_t pid;        /* process id, or thread id for threads; of the last worker */
    uint32_t processes; /* how many workers had this place, one after the other */
    uint32_t tasks;     /* how many tasks they completed */
    uint64_t spawn_ns;  /* when the coordinator began to make the first */
    uint64_t born_ns;   /* when the worker's own code began to run, for a process after fork */
    uint64_t ready_ns;  /* when the worker had mapped the segment and began its loop; 0: never, for
                           the run failed before or no work was left */
    uint64_t leave_ns;  /* when the worker learned that no tasks are left; 0: it was killed */
    uint64_t left_ns;   /* when the worker had unmapped the segment, its last act; 0: killed */
    uint64_t end_ns;    /* when the coordinator joined the worker */
    uint64_t busy_ns;   /* time inside tasks */
    uint64_t user_ns, system_ns; /* CPU time, as far as the kernel tells it for this worker */
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
    char cause[64]; /* how it ended: "ended with exit status 0", "was killed by SIGSEGV
                       (Segmentation fault)", ... */
};

/* One lost worker: it died, took too long or broke its contract. */
struct telar_loss_report {
    uint32_t worker;     /* index of its place */
    int64_t pid;         /* process id, or thread id for threads */
    telar_status status; /* TELAR_WORKER or TELAR_TIMEOUT */
    uint64_t at_ns;      /* when the coordinator noticed */
    bool busy;           /* whether it had a task; kind, region and attempt are of this */
    telar_task_kind kind;
    struct telar_region region;
    uint32_t attempt; /* 1: the first to try this task */
    char why[128];    /* "was killed by SIGSEGV (Segmentation fault)", ... */
};

/*
 * The report of a run. The library makes and fills it during the run; the caller then owns it, only
 * reads it, and ends its life with telar_report_free(). Several threads may read one at a time.
 */
typedef struct telar_report {
    uint32_t struct_size; /* the bytes that the library filled. Later versions add members at the
                             end; a member is there if its end is not beyond this size */
    struct telar_geometry image;
    char engine[16];        /* its name, see telar_engine_name() */
    char isolation[16];     /* its name, see telar_isolation_name(); "none" without processes */
    char backing[16];       /* what the segment is: "shm" or "memfd" */
    char sandbox[96];       /* what locks in a sandboxed worker: "seccomp, landlock abi 7, ...";
                               else "" */
    uint64_t segment_bytes; /* size of the segment */
    uint64_t huge_bytes;    /* bytes of it on huge pages; 0 without count_huge_pages in
                               struct telar_measure */
    uint32_t grid_rows, grid_columns; /* the plan of the run */
    uint32_t workers_wanted;          /* how many were asked for or chosen */
    uint32_t workers;         /* how many there were: fewer when there was no work for more, or the
                                 host refused more */
    char workers_reason[160]; /* why this many */
    char dropped[256];        /* names of the ancillary chunks not carried over, "" when none */
    uint64_t decode_ns;       /* duration of decoding before the workers began */
    uint64_t transform_ns;    /* duration from making the first worker to the end of the last */
    uint64_t write_ns;        /* time spent writing the output, most of it meanwhile */
    uint64_t total_ns;        /* duration of the run */
    uint64_t transform_start_ns; /* when the coordinator began to make the first worker */
    uint64_t dismiss_ns;         /* when it told the workers that no tasks are left */
    uint32_t n_workers;
    uint64_t n_tasks;
    uint64_t n_losses;
    struct telar_worker_report *worker; /* n_workers places; NULL when 0 */
    struct telar_task_report *task;     /* n_tasks tasks in the order of the plan; NULL when 0 */
    struct telar_loss_report *loss;     /* n_losses losses in their order; NULL when 0 */
    char lost[128]; /* what the output could not keep of the file that it replaced, such as "access
                       control list"; "" when nothing */
    uint32_t n_warnings;
    struct telar_warning *warning; /* n_warnings faults of the input that leave every pixel certain;
                                      NULL when 0. Only after TELAR_OK and TELAR_PARTIAL */
} telar_report;

/* Frees a report with its lists. NULL is allowed and does nothing. */
void telar_report_free(telar_report *report);

/*
 * Returns the name of a kind of task: "inflate", "unfilter", "prepare", "gather", "merge",
 * "process", "encode", and "unknown" for other numbers. A constant string, never NULL. May be
 * called from any thread.
 */
const char *telar_task_kind_name(telar_task_kind kind);

#ifdef __cplusplus
}
#endif
#endif
