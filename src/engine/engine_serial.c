/* SPDX-License-Identifier: MIT */
/* serial: the worker's loop runs as a function call. Every other engine is compared with it. */
#include <config.h>

#include "engine/engine.h"

#include <sys/resource.h>

static telar_status start(struct tl_crew *crew, struct tl_member *member, struct telar_error *error)
{
    (void)crew, (void)error;
    member->worker.usage_of = RUSAGE_THREAD;
    tl_worker_run(&member->worker);
    return TELAR_OK;
}

static bool join(struct tl_member *member, bool gone)
{
    (void)gone;
    member->cause = tl_exit_cause_in_words("returned", true);
    return true;
}

const struct tl_engine tl_engine_serial = {
    .id = TELAR_SERIAL,
    .direct = true,
    .start = start,
    .join = join,
};
