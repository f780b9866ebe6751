/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/options.h"

#include "base/status.h"
#include "base/struct_size.h"

#include <inttypes.h>
#include <string.h>

enum { RETRIES = 2, NAME_MAX_BYTES = 200 };

/* The last members in version 0.1, the first release. Structs of builds before it had no
 * struct_size, so programs built with those must be rebuilt. */
static const struct tl_struct_shape options_shape = TL_STRUCT_SHAPE(telar_options, progress_data,
                                                                    TELAR_OPTIONS_INIT),
                                    limits_shape = TL_STRUCT_SHAPE(telar_limits, max_chunks_bytes,
                                                                   TELAR_LIMITS_INIT),
                                    measure_shape = TL_STRUCT_SHAPE(telar_measure, count_huge_pages,
                                                                    TELAR_MEASURE_INIT);

telar_status tl_options_copy_limits(const struct telar_limits *given, struct telar_limits *limits,
                                    struct telar_error *error)
{
    return tl_struct_size_take(&limits_shape, given, limits, error);
}

telar_status tl_options_copy(const struct telar_options *given, struct telar_options *options,
                             struct telar_limits *limits, struct telar_measure *measure,
                             struct telar_error *error)
{
    telar_status status = tl_struct_size_take(&options_shape, given, options, error);

    if (status == TELAR_OK)
        status = tl_options_copy_limits(options->limits, limits, error);
    if (status == TELAR_OK)
        status = tl_struct_size_take(&measure_shape, options->measure, measure, error);
    options->limits = limits;
    options->measure = measure;
    return status;
}

/* Checks the values that need no other decision. */
static telar_status check(const struct telar_options *options, const struct tl_engine *engine,
                          struct telar_error *error)
{
    if ((unsigned)options->isolation > TELAR_SANDBOXED)
        return tl_fail(error, TELAR_USAGE, 0, "there is no isolation %d", (int)options->isolation);
    if (options->isolation >= TELAR_GUARDED && !engine->processes)
        return tl_fail(
            error, TELAR_USAGE, 0, "%s cannot be %s, they share all memory; use processes",
            telar_engine_name(options->engine), telar_isolation_name(options->isolation));
    if ((unsigned)options->compression > TELAR_SMALL)
        return tl_fail(error, TELAR_USAGE, 0, "there is no compression %d",
                       (int)options->compression);
    if (options->workers > TELAR_WORKERS_MAX)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%" PRIu32 " workers are more than the %d that one run can have",
                       options->workers, TELAR_WORKERS_MAX);
    if (options->keep_shm
        && (!*options->keep_shm || strchr(options->keep_shm, '/')
            || strlen(options->keep_shm) > NAME_MAX_BYTES))
        return tl_fail(
            error, TELAR_USAGE, 0,
            "\"%s\" cannot be the name of a shared-memory object; use a short one without a slash",
            options->keep_shm);
    return TELAR_OK;
}

/* Decides what follows the loss of a worker; engine.h describes enum telar_on_crash. */
static telar_status take_on_crash(const struct telar_options *options, struct tl_orders *orders,
                                  struct telar_error *error)
{
    telar_on_crash on_crash = options->on_crash;

    if ((unsigned)on_crash > TELAR_ON_CRASH_SKIP)
        return tl_fail(error, TELAR_USAGE, 0, "there is no policy %d for crashes", (int)on_crash);
    if (options->retries < TELAR_RETRIES_NONE || options->retries > TELAR_RETRIES_MAX)
        return tl_fail(error, TELAR_USAGE, 0, "%" PRId32 " retries are not possible; give 0 to %d",
                       options->retries, TELAR_RETRIES_MAX);
    if (on_crash > TELAR_ON_CRASH_FAIL && !orders->engine->processes)
        return tl_fail(
            error, TELAR_USAGE, 0,
            "a crash with %s cannot be followed by anything: it ends the program; use processes",
            telar_engine_name(options->engine));
    if (on_crash == TELAR_ON_CRASH_SKIP && !orders->guarded)
        return tl_fail(
            error, TELAR_USAGE, 0,
            "a shared worker that crashes may have written anywhere, so no region can be skipped; "
            "use guarded");
    if (on_crash == TELAR_ON_CRASH_DEFAULT)
        on_crash = orders->guarded ? TELAR_ON_CRASH_RETRY : TELAR_ON_CRASH_FAIL;
    orders->on_crash = on_crash;
    orders->retries = options->retries == 0                    ? RETRIES
                      : options->retries == TELAR_RETRIES_NONE ? 0
                                                               : (uint32_t)options->retries;
    return TELAR_OK;
}

telar_status tl_options_take(const struct telar_options *options, struct tl_orders *orders,
                             struct telar_error *error)
{
    telar_status status;

    orders->engine = tl_engine_find(options->engine);
    if (!orders->engine)
        return tl_fail(error, TELAR_USAGE, 0, "there is no engine %d", (int)options->engine);
    orders->guarded = orders->engine->processes && options->isolation != TELAR_SHARED;
    orders->touch_first = options->measure->touch_first;
    orders->timeout_ms = options->timeout_ms;
    orders->progress = options->progress;
    orders->progress_data = options->progress_data;
    status = check(options, orders->engine, error);
    return status == TELAR_OK ? take_on_crash(options, orders, error) : status;
}
