/*
 * coordinator.h - makes the workers, gives out the tasks of a job, and ends the workers. Layer: over engine
 * and ledger.
 */
#ifndef TL_COORDINATOR_H
#define TL_COORDINATOR_H

#include "engine.h"
#include "ledger.h"

/* What a run is done with. All numbers are decided; nothing is a default any more. */
struct tl_orders {
    const struct tl_engine *engine;
    const struct tl_segment *segment;
    const char *name; /* of the image, for messages */
    uint32_t workers; /* 1 to TELAR_WORKERS_MAX */
    bool guarded;
    uint32_t timeout_ms; /* for one task; 0: no limit */
    uint64_t epoch_ns;   /* when the run began: zero of the report's times */
    void (*progress)(void *data, uint64_t done, uint64_t total);
    void *progress_data;
};

/*
 * Runs a job to its end. Afterwards no worker is left, whatever happened (but see TELAR_TIMEOUT in
 * telar_run_file). Fills the worker and task lists of *report, which the caller frees, on errors too.
 * TELAR_HOST: not even one worker could be made. TELAR_WORKER, TELAR_TIMEOUT: one died, broke its contract,
 * or took too long.
 */
telar_status tl_coordinate(const struct tl_job *job, const struct tl_orders *orders,
                           struct telar_report *report, struct telar_error *error);

#endif
