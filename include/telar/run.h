/* SPDX-License-Identifier: MIT */
/*
 * run.h - one run: a pipeline over an image, from file to file or in memory.
 */
#ifndef TELAR_RUN_H
#define TELAR_RUN_H

#include <telar/engine.h>
#include <telar/geometry.h>
#include <telar/image.h>
#include <telar/output.h>
#include <telar/pipeline.h>
#include <telar/plan.h>
#include <telar/png.h>
#include <telar/report.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For `retries` in struct telar_options. */
enum { TELAR_RETRIES_MAX = 1000, TELAR_RETRIES_NONE = -1 };

/*
 * Settings for measurements of telar itself: each changes what a run costs, none changes its
 * result. The caller owns the struct and fills it; the library copies it during the call.
 */
struct telar_measure {
    uint32_t struct_size; /* TELAR_MEASURE_INIT sets it; 0: the struct of version 0.1 */
    bool small_pages;     /* do not ask for huge pages */
    bool warm;            /* touch the segment before the first worker is made, as if an earlier run
                             had used it */
    bool touch_first;     /* let each task touch its memory before it computes; touch_ns in the
                             report is the time of that */
    bool count_huge_pages; /* read /proc/self/smaps for huge_bytes in the report. This takes
                              0.7 ms in a small program, and 11 ms with 2,000 mappings */
};

/*
 * How to run. The caller owns the struct and what it points to. A run copies what it needs during
 * the call; a pool copies it in telar_pool_new(). All zeros mean the defaults, so {0} is right.
 *
 * Begin an initializer with TELAR_OPTIONS_INIT and name the other members:
 *
 *     struct telar_options options = {TELAR_OPTIONS_INIT, .workers = 4};
 *
 * struct_size tells the library which members the program knows, so a later version can add members
 * at the end. Three rules hold for all structs with such a member that the caller fills. 0 means
 * the members of version 0.1; later ones are then not read. A size that no version had is
 * TELAR_USAGE. A program may be newer than the library: a member that the library does not know is
 * TELAR_USAGE unless all its bytes are 0.
 *
 * Builds before 0.1.0 had no struct_size. A program that was built with their headers must be
 * rebuilt once. A plug-in that was built with their headers keeps loading.
 */
struct telar_options {
    uint32_t struct_size;
    telar_engine engine;
    telar_isolation isolation;
    uint32_t workers; /* 1 to TELAR_WORKERS_MAX; 0: as telar_host_workers() says, fewer for a small
                         file */
    struct telar_plan plan;  /* how to cut the image; 0 x 0: telar chooses */
    bool has_roi;            /* whether roi is set */
    bool no_restart;         /* do not write the chunk teLR, with which telar can decode the
                                output in parallel */
    bool trust_plugins;      /* let an engine other than processes load plug-ins into this
                                program; see plugin.h */
    struct telar_region roi; /* the region to transform; the rest is copied. The transform still
                                reads pixels around it */
    uint32_t timeout_ms;     /* the longest time for one task; 0: no limit. TELAR_SERIAL has no
                                limit */
    telar_on_crash on_crash;
    int32_t retries;               /* how often a region is tried again, 1 to TELAR_RETRIES_MAX; 0:
                                      twice; TELAR_RETRIES_NONE: never */
    telar_compression compression; /* of the output of telar_run_file() */
    uint64_t max_memory; /* the largest segment, in bytes; 0: what the host has available. telar
                            never takes more than that */
    const struct telar_limits *limits;   /* for the input of telar_run_file(); NULL: the defaults */
    const struct telar_measure *measure; /* NULL: no settings for measurements */
    const char *keep_shm; /* a name without a slash: the segment stays in /dev/shm under this name
                             after the run, with the whole source and result. NULL: it does not.
                             telar(1), section SEGMENT, has the layout */

    /* Where the library keeps the temporary file's name for a signal handler. For one run at a
     * time. Must live until the run ends. NULL: the library keeps it to itself. */
    struct telar_temporary *temporary;

    /* Called in the thread that runs, after some of the tasks, with the number of tasks that are
     * done and of all. Must not change or free what the run uses. NULL: not called. */
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data; /* handed to progress; may be NULL */

    /* For telar_run_file(). Version 0.1 does not have them. */
    bool no_clobber; /* refuse an output that exists: TELAR_OUTPUT */
    bool preserve;   /* give the output the modification time and the permission bits of the input.
                        Both must be named files: else TELAR_USAGE */
};

/* The first initializer of such a struct: sets struct_size. */
#define TELAR_OPTIONS_INIT .struct_size = (uint32_t)sizeof(struct telar_options)
#define TELAR_MEASURE_INIT .struct_size = (uint32_t)sizeof(struct telar_measure)

/*
 * Reads a PNG file, transforms it by regions, and writes a PNG file. The path "-" is standard input
 * or output. input and output may be the same file. Ancillary chunks that stay true are carried
 * over.
 *
 * input, output and pipeline must not be NULL. options may be NULL (the defaults), report and error
 * may be NULL. *report becomes NULL, or a report that the caller frees with telar_report_free().
 * There is a report after an error too, if the run had its segment or lost a worker.
 *
 * Several threads may call it at the same time. A worker process calls only async-signal-safe
 * functions until it ends, so other threads of the program do no harm; a plug-in in the pipeline is
 * the exception (plugin.h). A worker process dies with the thread that made it. SIGCHLD must not be
 * ignored (TELAR_HOST). The library installs no signal handler.
 *
 * After the call no worker process, no name in /dev/shm (but keep_shm), no temporary file and no
 * descriptor is left, whatever the status. The output is complete or as it was. The exception is a
 * thread that hangs, see TELAR_TIMEOUT.
 *
 * Errors: all of telar_status, TELAR_USAGE before a worker is made. With TELAR_PARTIAL the output
 * is written.
 */
telar_status telar_run_file(const char *input, const char *output, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_report **report,
                            struct telar_error *error);

/*
 * Does the same with images in memory. *result becomes a new image that the caller frees, with
 * copies of the source's chunks. *result is NULL after an error, but not after TELAR_PARTIAL.
 * source, result and pipeline must not be NULL; the others are as for telar_run_file(), and so are
 * threads and errors, but that no file is read or written: TELAR_OUTPUT does not occur.
 */
telar_status telar_run(const telar_image *source, telar_image **result,
                       const telar_pipeline *pipeline, const struct telar_options *options,
                       telar_report **report, struct telar_error *error);

#ifdef __cplusplus
}
#endif
#endif
