/* SPDX-License-Identifier: MIT */
/*
 * bench.h - the parts of `telar bench`. The order is: plan, measure (rounds), examine (parts of the
 * time), laws, faults, python, findings (sentences), outputs. One struct bench holds all data; each
 * part writes its own members. Times are milliseconds unless a name says ns.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "bench/bench_stats.h"
#include "cli/option.h"

#include <stdio.h>
#include <telar/telar.h>

enum {
    BENCH_ROWS_MAX = 96,
    BENCH_ROUNDS_MAX = STATS_MAX,
    BENCH_LIST_MAX = 16,  /* entries in the list of one option */
    BENCH_EXAMINED = 5,   /* runs of each row that are examined */
    BENCH_RUNGS_MAX = 16, /* engines and isolations together */
    BENCH_FINDINGS_MAX = 32,
};

/* ---- what is compared ---- */

/* What a row does: transform a picture in memory, or convert a PNG file. */
enum bench_job { BENCH_MEMORY, BENCH_FILE };

/* A picture, and a PNG file of it where a row needs one. */
struct bench_picture {
    telar_image *image;
    char path[256]; /* "": none */
};

/*
 * Parts of a worker's time. They add up to the time from the start of the first worker until the
 * last one is joined.
 */
enum bench_part {
    PART_SPAWN,   /* from the call that starts the worker to its first instruction */
    PART_MAP,     /* maps the segment and private memory */
    PART_TOUCH,   /* touches the pages of its tasks for the first time */
    PART_COMPUTE, /* the rest of its tasks */
    PART_WAIT,    /* waits: to be started, for tasks, for others to be joined */
    PART_JOIN,    /* from the end of the tasks until it is joined */
    N_PARTS
};

/* Steps of a run with a file, summed over all workers. The coordinator writes. */
enum bench_step { STEP_INFLATE, STEP_UNFILTER, STEP_TRANSFORM, STEP_ENCODE, STEP_WRITE, N_STEPS };

/* One examined run. bench_examine() writes it. */
struct bench_anatomy {
    double wall_ms;             /* around the call, by the clock of the bench */
    double setup_ms, finish_ms; /* before the first worker is made, after the last is joined */
    double part_ms[N_PARTS];    /* of a worker, on average over all of them */
    double step_ms[N_STEPS];
    double least_cover, most_cover; /* (set-up + parts of a worker + finish) / wall_ms: the least
                                       and the most of all workers */
    double spawn_join_us;           /* spawn + join, average over the workers */
};

/* One run of a row in one round. bench_measure.c writes it. */
struct bench_sample {
    double ms;
    uint32_t place; /* its place in the round, from 0 */
    uint64_t minor_faults, major_faults, voluntary, involuntary;
    double user_ms, system_ms;
};

/* One row of the table. bench_plan() writes the first half, the measuring functions the second. */
struct bench_row {
    char name[64];
    enum bench_job job;
    struct telar_options options;
    bool small_pages, warm; /* as in struct telar_measure */
    bool kept;              /* its workers stay from run to run */
    telar_pool *pool;       /* the pool of such a row, from its first run on */
    struct telar_options pool_options;
    uint32_t picture; /* index into bench.picture */
    const telar_pipeline *pipeline;
    uint32_t group;    /* index of its group; the rows of a group are compared */
    uint32_t baseline; /* the row that its ratio is taken to; a baseline has its own index */
    bool again;        /* the A/A row: the baseline once more */
    bool left_out;     /* the row could not run; a message has said why */

    struct bench_sample *sample; /* bench.rounds of them */
    double median, mad;
    size_t outliers;
    struct stats_interval ratio; /* to the baseline, paired by rounds */
    struct bench_anatomy anatomy[BENCH_EXAMINED];
    uint32_t examined;
    telar_report *specimen;        /* the report of the examined run with the median time */
    uint64_t rss_bytes, pss_bytes; /* of all processes together after the last task; 0: not known */
};

/* Rows that are compared: the same job on the same picture with the same pages. */
struct bench_group {
    char title[160];
    uint32_t baseline, again; /* rows */
    double resolution; /* the least |ln ratio| that counts as a difference: see bench_judge */
};

/* What the ratio of a row says. */
enum bench_verdict {
    VERDICT_BASELINE,
    VERDICT_AGAIN,
    VERDICT_SAME,
    VERDICT_FASTER,
    VERDICT_SLOWER,
    VERDICT_NONE
};

/* ---- what is found beside times ---- */

/* The outcome of a trial. */
enum bench_outcome { OUTCOME_UNKNOWN, OUTCOME_HELD, OUTCOME_FAILED };

/* What became of one trial. */
struct bench_trial {
    enum bench_outcome outcome;
    char text[200];
};

/* What isolation buys: trials that were made on this host in this run. */
struct bench_rung {
    telar_engine engine;
    telar_isolation isolation;
    struct bench_trial crash, stray, hostile;
};

/* The picture size from which on `row` is faster than serial, in pixels; NAN if none was found. */
struct bench_even {
    uint32_t row;
    struct stats_interval pixels; /* at low serial is still faster, at high no longer */
};

/* The speed-up of a row over serial, and the laws of Amdahl, and of Karp and Flatt. bench_laws.c
 * writes it. */
struct bench_law {
    uint32_t row, serial;
    struct stats_interval speedup;
    double efficiency, karp_flatt; /* karp_flatt: NAN for one worker */
};

/* A row of the experiment in Python. */
struct bench_python_row {
    char name[64];
    double ms[BENCH_ROUNDS_MAX];
    uint32_t n;
    struct stats_interval ratio; /* to the pixel loop in one thread */
};

/* The experiment in Python. bench_python.c writes it. */
struct bench_python {
    bool wanted, ran;
    char version[64], numpy[32], lock[96], why_not[160];
    uint32_t rows, columns, workers;
    uint32_t rounds;         /* complete ones */
    uint32_t picture, group; /* of telar's rows beside it */
    FILE *script, *pixels;   /* files without a name, which the interpreter inherits */
    uint32_t n;
    struct bench_python_row row[8];
};

/* CPU time of the whole host in ticks, and the part that the hypervisor took. */
struct bench_ticks {
    uint64_t all, stolen;
};

/* Facts of the host. bench_host.c writes them, the ticks and `steal` at the end of the rounds. */
struct bench_host {
    char kernel[160], cpu[96], workers_reason[TELAR_REASON_BYTES], governor[32], clock_source[32];
    char shmem_enabled[96], load[48], compiler[96];
    uint32_t workers;
    uint64_t memory_bytes;
    struct bench_ticks ticks;            /* when the bench began */
    double clock_step_ns, clock_cost_ns; /* the least step seen, the cost of one reading */
    bool clock_back;                     /* it was seen to go backwards */
    double
        steal; /* part of the CPU time that the hypervisor took during the bench; NAN: not known */
};

/* Why the rounds ended. */
enum bench_stop { STOP_PRECISE, STOP_TIME, STOP_ROUNDS, STOP_INTERRUPTED };

/* ---- all of it ---- */

/*
 * What the command line asks for. The setters of the options write it. Lists keep their order; n =
 * 0 means the default.
 */
struct bench_wishes {
    telar_engine engine[BENCH_LIST_MAX];
    uint32_t n_engines;
    telar_isolation isolation[BENCH_LIST_MAX];
    uint32_t n_isolations;
    uint32_t workers[BENCH_LIST_MAX], n_workers;
    enum bench_job job[2];
    uint32_t n_jobs;
    bool small_pages[2];
    uint32_t n_pages;
    bool warm[2];
    uint32_t n_segments;
    struct telar_geometry size[BENCH_LIST_MAX]; /* of synthetic pictures */
    uint32_t n_sizes;
    const char *transforms[TELAR_PIPELINE_MAX];
    uint32_t n_transforms;
    const char *input;       /* NULL: synthetic */
    bool starts, made, kept; /* whether --start was given, and which words */
    bool python;
    uint64_t rounds; /* number of rounds; 0: until precise or out of time */
    uint32_t budget_ms;
    double precision; /* half the width of an interval, as a part of the ratio */
    uint64_t seed;
    bool quiet;
    int progress; /* index into progress_words */
};

/* All data of one bench. Each part writes its own members, in the order of the parts. */
struct bench {
    struct bench_wishes wishes;
    char command[512];
    telar_pipeline *pipeline, *notebook; /* the transforms of the rows; invert, for Python's rows */
    char directory[128];                 /* where the files are; "": nowhere */
    struct bench_picture picture[BENCH_LIST_MAX];
    uint32_t n_pictures;
    struct bench_row row[BENCH_ROWS_MAX];
    uint32_t n_rows;
    struct bench_group group[BENCH_ROWS_MAX];
    uint32_t n_groups;
    uint32_t rounds; /* complete ones */
    enum bench_stop stop;
    double widest;  /* half the width of the widest interval, as a part of the ratio */
    double spent_s; /* in rounds */
    struct stats_random random;
    struct bench_host host;
    struct bench_rung rung[BENCH_RUNGS_MAX];
    uint32_t n_rungs;
    struct bench_law law[BENCH_ROWS_MAX];
    uint32_t n_laws;
    double amdahl_serial; /* the part of a whole-file job that only one worker can do; NAN: not
                             measured */
    struct bench_even even[BENCH_RUNGS_MAX];
    uint32_t n_evens;
    struct bench_python python;
    char finding[BENCH_FINDINGS_MAX][320];
    uint32_t n_findings;
};

/*
 * SIGINT, SIGTERM and SIGHUP set this after bench_catch_signals(). All loops of the bench check it
 * and end early.
 */
extern volatile int bench_interrupted;

/* ---- functions, by file. A status other than TELAR_OK has been said. ---- */

/* bench_lists.c: setters of the options that are lists; the field is a struct bench_wishes. */
option_setter bench_set_engines, bench_set_isolations, bench_set_workers, bench_set_jobs,
    bench_set_pages, bench_set_segment, bench_set_start, bench_set_sizes;

/*
 * bench_plan.c: makes rows and groups from the wishes. A row that is not possible is left out with
 * a message.
 */
telar_status bench_plan(struct bench *bench);

/*
 * bench_picture.c: makes the pictures of the rows, and their files in a new directory; removes
 * both.
 */
telar_status bench_pictures_make(struct bench *bench);
void bench_pictures_free(struct bench *bench);
/*
 * Returns a picture of rows x columns from the middle of another, which the caller frees, or NULL
 * without memory.
 */
telar_image *bench_picture_crop(telar_image *image, uint32_t rows, uint32_t columns);

/* Returns settings for a run of a row. Constant data. */
const struct telar_measure *bench_settings(const struct bench_row *row, bool touch_first);

/*
 * bench_run.c: runs a row once and fills *sample. *wall_ms is the time around the call. The caller
 * frees *report and *result; each pointer may be NULL.
 */
telar_status bench_run(const struct bench *bench, struct bench_row *row,
                       const struct telar_options *options, struct bench_sample *sample,
                       double *wall_ms, telar_report **report, telar_image **result,
                       struct telar_error *error);

/* Ends the workers that rows keep. The next run of such a row starts new ones. */
void bench_end_pools(struct bench *bench);
void bench_catch_signals(void);

/*
 * bench_measure.c: bench_warm_up() runs each row once and leaves out rows that fail or give other
 * bytes. bench_measure() does the rounds.
 */
telar_status bench_warm_up(struct bench *bench);
void bench_measure(struct bench *bench);
/* Returns the median of the ratios of two rows, round by round, with its interval. */
struct stats_interval bench_ratio(struct bench *bench, const struct bench_row *row,
                                  const struct bench_row *to, uint32_t resamples);
/* Fills in what is derived from the samples: medians, ratios, resolutions. */
void bench_summarize(struct bench *bench);
/*
 * Judges a row. Its ratio counts if the interval excludes 1 and the ratio is farther from 1 than
 * the resolution of the group.
 */
enum bench_verdict bench_judge(const struct bench *bench, const struct bench_row *row);
const char *bench_verdict_name(enum bench_verdict verdict);

/* bench_examine.c: finds the parts of the time of each row, and the memory of its processes. */
void bench_examine(struct bench *bench);
double bench_part_median(const struct bench_row *row, enum bench_part part);
double bench_step_median(const struct bench_row *row, enum bench_step step);
const char *bench_part_name(enum bench_part part);
const char *bench_step_name(enum bench_step step);

/*
 * bench_memory.c: resident and proportional set size of this process and its children. Returns
 * false if the kernel does not tell them.
 */
bool bench_memory_now(uint64_t *rss_bytes, uint64_t *pss_bytes);

/*
 * bench_laws.c: speed-up and its laws, from rounds and examined runs. bench_break_even.c: the
 * break-even sizes.
 */
void bench_laws(struct bench *bench);
void bench_find_even(struct bench *bench);

/*
 * bench_faults.c: bench_faults() tries every rung that the rows have. bench_try() does one trial in
 * this process, which may end by it, and returns the exit code.
 */
void bench_faults(struct bench *bench);
int bench_try(const char *what);
/* "not known", "held" or "failed". */
const char *bench_outcome_name(enum bench_outcome outcome);
const struct bench_rung *bench_rung_of(const struct bench *bench, const struct bench_row *row);

/*
 * bench_python.c: finds python3 and makes its files; runs one round, number bench->rounds; computes
 * the ratios; closes the files.
 */
void bench_python_begin(struct bench *bench);
void bench_python_round(struct bench *bench);
void bench_python_summarize(struct bench *bench);
void bench_python_end(struct bench *bench);

/*
 * bench_child.c: runs a shell command and calls `take` for each line of its output. Its standard
 * error is discarded. Returns false when the command could not start. Names in the command must be
 * quoted by bench_quote().
 */
bool bench_child(const char *command, void (*take)(void *data, char *line), void *data);
bool bench_quote(char *quoted, size_t size, const char *text);

/* bench_host.c: describes the host, before and after the bench. */
void bench_host_begin(struct bench_host *host);
void bench_host_end(struct bench_host *host);

/* bench_findings.c: writes the findings, which are sentences. */
void bench_conclude(struct bench *bench);
const char *bench_stop_text(const struct bench *bench, char text[160]);

#endif
