/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/attempts.h"

#include "base/status.h"

/* Returns whether another attempt follows one that has failed. A doubt about the file is not
 * counted: it comes once, because libpng has none. */
static bool follows(struct tl_run *run, const struct tl_attempts *attempts,
                    const struct tl_outcome *outcome, struct telar_error *error)
{
    if (outcome->abandoned)
        return false;
    if (!run->collector.doubt && !(outcome->again && run->again < run->orders.retries))
        return false;
    run->again += outcome->again;
    return !attempts->can_repeat || attempts->can_repeat(run, outcome, error);
}

telar_status tl_attempts_make(struct tl_run *run, const struct tl_attempts *attempts, void *data,
                              struct telar_error *error)
{
    struct tl_outcome outcome = {0};
    struct telar_error failure;
    telar_status status;

    tl_error_clear(&failure);
    while ((status = attempts->make(run, data, &outcome, &failure)) != TELAR_OK
           && follows(run, attempts, &outcome, &failure)) {
        run->doubted |= run->collector.doubt;
        attempts->forget(run);
        outcome = (struct tl_outcome){0};
        tl_error_clear(&failure);
    }
    run->abandoned = outcome.abandoned;
    if (status != TELAR_OK && error)
        *error = failure;
    return status == TELAR_OK ? tl_run_partial(run, &outcome, error) : status;
}
