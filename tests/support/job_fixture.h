/* SPDX-License-Identifier: MIT */
/* job_fixture.h - for tests of jobs: transforms that ask for memory, and the pages of a segment
 * that a job uses. */
#ifndef TESTS_JOB_FIXTURE_H
#define TESTS_JOB_FIXTURE_H

#include "support/suite.h"

#include "engine/kind.h"
#include "run/job_plan.h"
#include "support/plane.h"

#include <telar/run.h>

/* Parameters of all these transforms: halo, bytes of state, bytes of a partial. */
static const struct telar_param sizes[] = {
    {"halo", "pixels", 0, 1e6, 0, true},
    {"state", "bytes", 0, 2e19, 0, true},
    {"partial", "bytes", 0, 2e19, 0, true},
    {NULL, NULL, 0, 0, 0, false},
};

static size_t to_size(double bytes)
{
    return bytes < 18446744073709551615.0 ? (size_t)bytes : SIZE_MAX;
}

static uint32_t halo(const struct telar_context *context)
{
    return (uint32_t)context->params[0];
}

static size_t state_bytes(const struct telar_context *context)
{
    return to_size(context->params[1]);
}

static size_t partial_bytes(const struct telar_context *context)
{
    return to_size(context->params[2]);
}

static void prepare(const struct telar_context *context, void *state) {}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
}

#define COMMON                                                                                     \
    .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform),                     \
    .summary = "for tests", .manual = "for tests", .params = sizes, .halo = halo,                  \
    .process = process

static const struct telar_transform local = {COMMON, .name = "local"};
static const struct telar_transform prepared = {COMMON, .name = "prepared",
                                                .state_bytes = state_bytes, .prepare = prepare};
static const struct telar_transform whole = {
    COMMON,           .name = "whole", .state_bytes = state_bytes, .partial_bytes = partial_bytes,
    .gather = gather, .merge = merge};

static inline void add(telar_pipeline *pipeline, const struct telar_transform *transform,
                       double pixels, double state, double partial)
{
    ck_assert_int_eq(
        telar_pipeline_add(pipeline, transform, (double[]){pixels, state, partial}, NULL),
        TELAR_OK);
}

/* Returns the first stage of a kind, or NULL. */
static inline const struct tl_stage *stage_of(const struct tl_job *job, enum tl_kind_number kind)
{
    for (uint32_t i = 0; i < job->table.n_stages; i++)
        if (job->table.stage[i].kind == kind)
            return &job->table.stage[i];
    return NULL;
}

/* Marks the pages of one part of the segment. Fails if a page is marked already. */
static inline void claim(unsigned char *pages, const struct tl_job *job, uint64_t offset,
                         uint64_t bytes)
{
    if (offset % TL_PAGE_BYTES || bytes % TL_PAGE_BYTES || bytes == 0
        || offset + bytes > job->table.segment_bytes)
        ck_abort_msg("%llu bytes at %llu of %llu", (unsigned long long)bytes,
                     (unsigned long long)offset, (unsigned long long)job->table.segment_bytes);
    for (uint64_t page = offset / TL_PAGE_BYTES; page < (offset + bytes) / TL_PAGE_BYTES; page++)
        if (pages[page]++)
            ck_abort_msg("two parts share page %llu", (unsigned long long)page);
}

#endif
