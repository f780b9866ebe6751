/* SPDX-License-Identifier: MIT */
/* attempts.h - the one loop that does a run again when it has failed. Layer: over run. */
#ifndef TL_ATTEMPTS_H
#define TL_ATTEMPTS_H

#include "run/run.h"

/* How one kind of run makes an attempt. */
struct tl_attempts {
    /* Makes one attempt, from the input to the output. */
    telar_status (*make)(struct tl_run *run, void *data, struct tl_outcome *outcome,
                         struct telar_error *error);

    /* Returns whether another attempt is possible; if not, may add to the error why. NULL: always
     * possible. */
    bool (*can_repeat)(const struct tl_run *run, const struct tl_outcome *outcome,
                       struct telar_error *error);

    /* Forgets an attempt that has failed, so that the next can begin. */
    void (*forget)(struct tl_run *run);
};

/*
 * Makes attempts until one succeeds or no other follows, and returns the status of the last.
 * Another follows when a worker was lost that may have written anywhere, as often as retries are
 * allowed; and when a worker met something wrong in the input file, which libpng then has to judge.
 * TELAR_PARTIAL: regions are left as the source. error: that of the last attempt; NULL is allowed.
 */
telar_status tl_attempts_make(struct tl_run *run, const struct tl_attempts *attempts, void *data,
                              struct telar_error *error);

#endif
