/* SPDX-License-Identifier: MIT */
/*
 * faults.h - a transform that misbehaves in every way that we know, and what is promised of each by
 * rung. For telar demo-faults, and for the tests, which hold telar to the same list.
 */
#ifndef TOOLS_FAULTS_H
#define TOOLS_FAULTS_H

#include <telar/telar.h>

/* What a fault is done under. */
enum fault_rung { RUNG_THREADS, RUNG_SHARED, RUNG_GUARDED, RUNG_SANDBOXED, RUNGS };

/* What is promised. */
enum fault_promise {
    FINE,  /* the result is right, and nobody is lost */
    LOST,  /* the worker is lost: its region is done again (guarded, sandboxed), or the run fails
              with  TELAR_WORKER */
    HUNG,  /* the same after the time limit: TELAR_TIMEOUT */
    STRAY, /* not seen: pixels may be wrong, the run may say that all is well; but it ends */
    ENDS,  /* the whole program ends by it, or says that it has to */
    OPEN,  /* nothing is promised, and it is not tried: it would reach beyond the program */
};

struct fault {
    const char *name, *what;
    void (*act)(const struct telar_source *source, const struct telar_result *result,
                enum fault_rung rung);
    enum fault_promise promise[RUNGS];
};

/* All there are; the count is the index of the first whose name is NULL. */
extern const struct fault faults[];

/*
 * Inverts, and then does fault number `fault` in every region that has row `row`; with `once` only
 * in the first generation of workers, so that it does not happen again. Params: fault, row, rung,
 * once.
 */
extern const struct telar_transform fault_transform;

/* Call once, before any run, in the program that runs fault_transform over processes with `workers`
 * of them. */
void faults_begin(unsigned workers);

/* How large a record of a worker is: the tests compare it with the library's own. */
enum { FAULT_RECORD_BYTES = 136 };

#endif
