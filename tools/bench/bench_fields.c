/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "bench/bench_fields.h"

#include "bench/bench.h"

static const char *row_job(const void *object)
{
    const struct bench_row *row = object;

    return row->job == BENCH_FILE ? "file" : "memory";
}

static const char *row_engine(const void *object)
{
    const struct bench_row *row = object;

    return telar_engine_name(row->options.engine);
}

static const char *row_isolation(const void *object)
{
    const struct bench_row *row = object;

    return row->options.engine == TELAR_PROCESSES ? telar_isolation_name(row->options.isolation)
                                                  : NULL;
}

static const char *row_pages(const void *object)
{
    const struct bench_row *row = object;

    return row->small_pages ? "small" : "huge";
}

static const char *row_segment(const void *object)
{
    const struct bench_row *row = object;

    return row->warm ? "warm" : "cold";
}

static const char *row_start(const void *object)
{
    const struct bench_row *row = object;

    return row->kept ? "kept" : "made";
}

const struct field bench_condition_fields[] = {
    {.name = "job", .type = FIELD_WORD, .word = row_job},
    {.name = "engine", .type = FIELD_WORD, .word = row_engine},
    {.name = "isolation", .type = FIELD_WORD, .word = row_isolation},
    {FIELD_AS("workers", struct bench_row, options.workers)},
    {.name = "pages", .type = FIELD_WORD, .word = row_pages},
    {.name = "segment", .type = FIELD_WORD, .word = row_segment},
    {.name = "start", .type = FIELD_WORD, .word = row_start},
    {.name = NULL},
};

const struct field bench_count_fields[] = {
    {FIELD(struct bench_sample, minor_faults)},
    {FIELD(struct bench_sample, major_faults)},
    {FIELD_AS("voluntary_switches", struct bench_sample, voluntary)},
    {FIELD_AS("involuntary_switches", struct bench_sample, involuntary)},
    {FIELD(struct bench_sample, user_ms), .decimals = 3},
    {FIELD(struct bench_sample, system_ms), .decimals = 3},
    {.name = NULL},
};
