/* SPDX-License-Identifier: MIT */
/*
 * faults.h - a transform that misbehaves in every known way, and telar's promise for each way at
 * each rung. telar demo-faults shows them, and the tests check the promises.
 */
#ifndef TOOLS_FAULTS_H
#define TOOLS_FAULTS_H

#include <telar/telar.h>

/* The rung of isolation at which a fault happens. */
enum fault_rung { RUNG_THREADS, RUNG_SHARED, RUNG_GUARDED, RUNG_SANDBOXED, RUNGS };

/* The promise of telar about a fault. */
enum fault_promise {
    FINE, /* the result is right, and no worker is lost */
    /*
     * The worker is lost. Its region is done again (guarded, sandboxed), or the run fails with
     * TELAR_WORKER.
     */
    LOST,
    HUNG,  /* the same after the time limit, with TELAR_TIMEOUT */
    STRAY, /* not noticed: pixels may be wrong although the run reports success; but the run ends */
    ENDS,  /* the whole program ends, or reports that it must end */
    OPEN,  /* no promise, and not tried: the fault would reach beyond the program */
};

/*
 * One way to misbehave. `what` is the text for people. `act` runs in the worker. All entries are
 * constant.
 */
struct fault {
    const char *name, *what;
    void (*act)(const struct telar_source *source, const struct telar_result *result,
                enum fault_rung rung);
    enum fault_promise promise[RUNGS];
};

/* The list. Its last entry has the name NULL. */
extern const struct fault faults[];

/*
 * Inverts, then does fault number `fault` in each region that contains row `row`. With `once`, only
 * the first generation of workers does it, so the fault does not happen again. Parameters: fault,
 * row, rung, once.
 */
extern const struct telar_transform fault_transform;

/* Call once, before any run, in the program that runs fault_transform with `workers` processes. */
void faults_begin(unsigned workers);

/* The size of a worker's record in bytes. A test compares it with the library's. */
enum { FAULT_RECORD_BYTES = 136 };

#endif
