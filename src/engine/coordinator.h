/* SPDX-License-Identifier: MIT */
/*
 * coordinator.h - makes the workers, gives out the tasks of a job, and ends the workers. Layer:
 * over engine and ledger.
 */
#ifndef TL_COORDINATOR_H
#define TL_COORDINATOR_H

#include "engine/engine.h"
#include "engine/ledger.h"
#include "isolate/sandbox.h"

/*
 * Where encoded bands go, in the order of the image: called in the coordinator, with whole chunks.
 * `adler` is that of the band's filtered bytes. A status other than TELAR_OK ends the run with it.
 */
typedef telar_status tl_band_writer(void *data, uint32_t band, const unsigned char *bytes, size_t n,
                                    uint32_t adler, struct telar_error *error);

/* What a run is done with. All numbers are decided; nothing is a default any more. */
struct tl_orders {
    const struct tl_engine *engine;
    const struct tl_segment *segment;
    struct tl_decoder *decoder;       /* when workers decode; else NULL */
    const struct tl_plugins *plugins; /* that workers are to load; NULL: none */
    const char *name;                 /* of the image, for messages */
    uint32_t workers;                 /* 1 to TELAR_WORKERS_MAX */
    bool guarded, touch_first;
    const struct tl_sandbox
        *sandbox;        /* NULL: workers are not sandboxed; otherwise the job is fixed */
    uint32_t timeout_ms; /* for one task; 0: no limit */
    telar_on_crash on_crash;
    uint32_t retries;  /* how often a task is tried again */
    uint64_t epoch_ns; /* when the run began: zero of the report's times */
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data;
    tl_band_writer *write_band; /* when workers encode; else NULL */
    void *write_data;
};

/* What a run leaves beside pixels. */
struct tl_outcome {
    bool abandoned; /* a thread that could not be ended still uses the decoder: never close that */
    bool again;     /* a worker is lost, and all must be done again */
    uint64_t skipped; /* how many regions were left as the source */
    bool doubt; /* the status TELAR_INPUT is not the last word: the reference decoder has to judge
                   the file */
    uint32_t tail_bytes; /* of tl_decoder_end_image, in job->tail, when workers decoded */
    uint32_t adler;      /* of the decoded stream, when bands were decoded for themselves */
};

/*
 * Runs a job to its end. Afterwards no worker is left, whatever happened (but see TELAR_TIMEOUT in
 * telar_run_file). Fills the lists of *report, which the caller frees, on errors too.
 * TELAR_HOST: not even one worker could be made. TELAR_WORKER, TELAR_TIMEOUT: one died, broke its
 * contract, or took too long. TELAR_INPUT: see struct tl_outcome.
 */
telar_status tl_coordinate(const struct tl_job *job, const struct tl_orders *orders,
                           struct telar_report *report, struct tl_outcome *outcome,
                           struct telar_error *error);

/*
 * The same in three parts, so that a job can be run again. With `keep` its workers then live from
 * one run to the next, as long as all goes well; after a failure, or when one could not be
 * replaced, the next run makes them anew. job is copied; orders is not, and its epoch_ns may change
 * between runs. TELAR_HOST: no memory.
 */
struct tl_coordinator;
telar_status tl_coordinator_new(struct tl_coordinator **coordinator, const struct tl_job *job,
                                const struct tl_orders *orders, bool keep,
                                struct telar_error *error);
telar_status tl_coordinator_run(struct tl_coordinator *coordinator, struct telar_report *report,
                                struct tl_outcome *outcome, struct telar_error *error);
void tl_coordinator_free(struct tl_coordinator *coordinator); /* NULL is allowed */

#endif
