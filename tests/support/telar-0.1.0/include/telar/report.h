/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a run did, worker by worker and task by task.
 *
 * A report belongs to the caller, is read-only, and is freed with telar_report_free(). Times are
 * nanoseconds of CLOCK_MONOTONIC since the run began.
 */
#ifndef TELAR_REPORT_H
#define TELAR_REPORT_H

#include <telar/image.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a task was for. */
typedef enum telar_task_kind {
    TELAR_TASK_INFLATE,  /* a band of rows out of the compressed stream, and where there is nothing
                            to gain by giving that  to another, of pixels; the last one reads what
                            follows the stream */
    TELAR_TASK_UNFILTER, /* a band of pixels from those rows */
    TELAR_TASK_PREPARE,  /* a transform's state, before any pixel */
    TELAR_TASK_GATHER,   /* one region's part of a whole-image statistic */
    TELAR_TASK_MERGE,    /* the parts folded together */
    TELAR_TASK_PROCESS,  /* one region of the result */
    TELAR_TASK_ENCODE,   /* a band of the output, transformed on the way where the plan is left to
                            telar; and decoded before   that where telar wrote the file and no other
                            task needs the band's pixels */
} telar_task_kind;

struct telar_task_report {
    telar_task_kind kind;
    struct telar_region region; /* empty for prepare and merge */
    uint32_t worker;            /* who did it */
    uint32_t attempts;          /* how often it was begun */
    bool skipped; /* its pixels are those of the source: every worker that tried it was lost */
    uint64_t start_ns, end_ns; /* as its worker saw it; equal to 0 when it was never done */
    uint64_t touch_ns;         /* of that, for touching its memory; 0 without touch_first in struct
                                  telar_options */
    uint64_t inflate_ns,
        unfilter_ns; /* of that, with inflate or encode, where one task makes the pixels of a band:
                        for its rows, and for pixels from those; else 0 */
    uint64_t transform_ns; /* of that, for transforming: with encode only a part of it, with process
                              all the rest */
};

/* A place for a worker. Where one was lost another took its place: counters and sums are those of
 * all of them. */
struct telar_worker_report {
    int64_t pid;        /* process id, or thread id for threads; of the last */
    uint32_t processes; /* how many there were in this place, one after the other */
    uint32_t tasks;     /* how many it did */
    uint64_t spawn_ns;  /* when the coordinator began to make the first */
    uint64_t born_ns; /* when its own code began to run: a process's first instruction after fork */
    uint64_t ready_ns; /* when it had mapped the segment and began its loop; 0 when the run failed
                          before. For the last of many there may have been no work any more */
    uint64_t leave_ns, left_ns;  /* when it heard that there are no more tasks, and when its memory
                                    was unmapped: the  last that it did. 0: it was ended */
    uint64_t end_ns;             /* when it was joined */
    uint64_t busy_ns;            /* time inside tasks */
    uint64_t user_ns, system_ns; /* CPU time, as far as the kernel tells it for this worker */
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
    char cause[64]; /* "ended with exit status 0", "was killed by SIGSEGV (Segmentation fault)", ...
                     */
};

/* A worker that died, took too long or broke its contract. */
struct telar_loss_report {
    uint32_t worker;     /* its place */
    int64_t pid;         /* process id, or thread id for threads */
    telar_status status; /* TELAR_WORKER or TELAR_TIMEOUT */
    uint64_t at_ns;      /* when it was noticed */
    bool busy;           /* whether it had a task, which the next three tell */
    telar_task_kind kind;
    struct telar_region region;
    uint32_t attempt; /* 1: it was the first to try it */
    char why[128]; /* "was killed by SIGSEGV (Segmentation fault)", "took longer than ...", ... */
};

typedef struct telar_report {
    struct telar_geometry image;
    char engine[16], isolation[16], backing[16]; /* names; backing: "shm" or "memfd" */
    char sandbox[96]; /* what locks a sandboxed worker in: "seccomp, landlock abi 7, ..."; "" when
                         it is not */
    uint64_t segment_bytes;
    uint64_t huge_bytes; /* how much of the segment lies on huge pages */
    uint32_t grid_rows, grid_columns;
    uint32_t workers_wanted,
        workers;              /* fewer when there is no work for more, or the host refused more */
    char workers_reason[160]; /* why that many */
    char dropped[256];        /* names of ancillary chunks not carried over, "" when none */
    uint64_t decode_ns, transform_ns, write_ns,
        total_ns;                /* durations: decoding before the workers began, all work of
                                    workers, writing the file meanwhile, everything */
    uint64_t transform_start_ns; /* when the first worker was made */
    uint64_t dismiss_ns;         /* when the workers were told that there are no more tasks */
    uint32_t n_workers;
    uint64_t n_tasks;
    uint64_t n_losses;
    struct telar_worker_report *worker; /* n_workers of them */
    struct telar_task_report *task;     /* n_tasks of them, in the order of the plan */
    struct telar_loss_report *loss; /* n_losses of them, in the order in which they were noticed */
} telar_report;

/* Releases it. NULL is allowed. */
void telar_report_free(telar_report *report);

/* "inflate", "unfilter", "prepare", "gather", "merge", "process", "encode". Never NULL. */
const char *telar_task_kind_name(telar_task_kind kind);

#ifdef __cplusplus
}
#endif
#endif
