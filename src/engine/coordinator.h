/* SPDX-License-Identifier: MIT */
/*
 * coordinator.h - starts the workers, gives out the tasks of a job, and ends the workers. Layer:
 * over engine and ledger.
 */
#ifndef TL_COORDINATOR_H
#define TL_COORDINATOR_H

#include "engine/engine.h"
#include "engine/kind.h"
#include "isolate/sandbox.h"

/* What a run is done with. All numbers are decided: nothing is a default any more. The caller sets
 * it before the run and keeps it until the coordinator is freed. */
struct tl_orders {
    const struct tl_engine *engine;
    const struct tl_segment *segment;
    tl_kind_list kinds;
    const struct telar_pipeline *pipeline;
    size_t pipeline_bytes;            /* its size: the coordinator makes a copy */
    struct tl_decoder *decoder;       /* when workers decode; else NULL */
    int input_fd;                     /* the file that it reads; -1: workers read none */
    bool input_rereads;               /* the file can be read again from its beginning */
    const struct tl_loading *loading; /* NULL: workers load nothing */
    const char *name;                 /* of the image, for messages */
    uint32_t workers;                 /* 1 to TELAR_WORKERS_MAX */
    bool guarded, touch_first;
    const struct tl_sandbox *sandbox; /* NULL: workers are not sandboxed */
    uint32_t timeout_ms;              /* for one task; 0: no limit */
    telar_on_crash on_crash;
    uint32_t retries;  /* how often a task is tried again */
    uint64_t epoch_ns; /* when the run began: zero of the report's times */
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data;
    void *collector; /* for the functions of the kinds that the coordinator calls */
};

/* What a run leaves beside pixels and the collector. */
struct tl_outcome {
    bool abandoned; /* a thread that could not be ended still uses the decoder: never close that */
    bool again;     /* a worker that could write anywhere is lost: all must be done again */
    uint64_t skipped; /* how many regions were left as the source */
};

/*
 * Runs a job to its end. Afterwards no worker is left, whatever happened (but see TELAR_TIMEOUT in
 * telar_run_file). Fills the lists of *report, which the caller frees, on errors too.
 * TELAR_HOST: not even one worker could be started. TELAR_WORKER, TELAR_TIMEOUT: one died, broke
 * its contract, or took too long. Any status of a kind's function.
 */
telar_status tl_coordinate(const struct tl_job *job, const struct tl_orders *orders,
                           struct telar_report *report, struct tl_outcome *outcome,
                           struct telar_error *error);

/*
 * The same in three parts, so that a job can be run again. With `keep` its workers live from one
 * run to the next, as long as all goes well. After a failure, or when a worker could not be
 * replaced, the next run starts new ones. The job is copied; orders are not, and their epoch_ns may
 * change between runs. TELAR_HOST: no memory.
 */
struct tl_coordinator;
telar_status tl_coordinator_new(struct tl_coordinator **coordinator, const struct tl_job *job,
                                const struct tl_orders *orders, bool keep,
                                struct telar_error *error);
telar_status tl_coordinator_run(struct tl_coordinator *coordinator, struct telar_report *report,
                                struct tl_outcome *outcome, struct telar_error *error);
void tl_coordinator_free(struct tl_coordinator *coordinator); /* NULL is allowed */

#endif
