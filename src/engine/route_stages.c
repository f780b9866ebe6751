/* SPDX-License-Identifier: MIT */
/* Which stages a route has, and what they need. */
#include <config.h>

#include "engine/route_private.h"

#include <string.h>

/* The stages that others need; TL_ABSENT: the job has none. */
struct made {
    uint8_t pixels, results;
    uint8_t states[TL_STEPS_MAX];
};

/* Adds a need of the stage that was added last. */
static void needs(struct tl_job *job, uint8_t stage, enum tl_relation relation, uint32_t halo,
                  enum tl_use use)
{
    if (stage != TL_ABSENT)
        tl_table_add_need(&job->table, &(struct tl_table_need){.halo = halo,
                                                               .stage = stage,
                                                               .relation = (uint8_t)relation,
                                                               .use = (uint8_t)use});
}

static uint8_t add_bands(struct tl_job *job, enum tl_kind_number kind, uint8_t writes,
                         uint8_t stream)
{
    const struct tl_stage stage = {
        .count = job->n_bands,
        .cut = {telar_region_all(&job->image), job->n_bands, 1, job->band_rows},
        .kind = (uint8_t)kind,
        .writes = {writes, TL_ABSENT},
        .stream = stream};

    return tl_table_add_stage(&job->table, &stage);
}

/* Adds a stage of one task without a region. */
static uint8_t add_one(struct tl_job *job, enum tl_kind_number kind, uint32_t step, uint8_t writes,
                       uint8_t stream)
{
    const struct tl_stage stage = {.count = 1,
                                   .kind = (uint8_t)kind,
                                   .step = (uint8_t)step,
                                   .writes = {writes, TL_ABSENT},
                                   .stream = stream};

    return tl_table_add_stage(&job->table, &stage);
}

/* A stream is read band after band. Pixels of a band are made of the last row of the band before,
 * too. */
static void add_stream(struct tl_job *job, const struct tl_route *route, struct made *made)
{
    const bool rows = route->decoding == TL_STREAM_OF_ROWS;
    uint8_t read =
        add_bands(job, rows ? TL_READ_RAW : TL_READ_PIXELS, rows ? job->raw : job->source, 0);

    needs(job, read, TL_ABOVE, 0, rows ? TL_FOLLOWS : TL_READS);
    add_one(job, TL_READ_REST, 0, job->rest, 0);
    needs(job, read, TL_ALL, 0, TL_FOLLOWS);
    made->pixels = read;
    if (rows) {
        made->pixels = add_bands(job, TL_MAKE_PIXELS, job->source, TL_ABSENT);
        needs(job, read, TL_MEETS, 0, TL_READS);
        needs(job, made->pixels, TL_ABOVE, 0, TL_READS);
    }
}

static void add_decoding(struct tl_job *job, const struct tl_route *route, struct made *made)
{
    if (route->decoding == TL_STREAM_OF_ROWS || route->decoding == TL_STREAM_OF_PIXELS)
        add_stream(job, route, made);
    else if (route->decoding == TL_BANDS && route->source != TL_IN_SCRATCH)
        made->pixels = add_bands(job, TL_DECODE_BAND, job->source, TL_ABSENT);
}

/* The stage that was added last transforms: it reads pixels, and the states of the first `count`
 * steps. */
static void needs_transforms(struct tl_job *job, const struct made *made, uint32_t count)
{
    needs(job, made->pixels, TL_MEETS, job->halo, TL_READS);
    for (uint32_t i = 0; i < count; i++)
        needs(job, made->states[i], TL_ALL, 0, TL_READS);
}

/* Adds gather and merge. The items of a later statistic follow those of the statistic before, so
 * its partials overwrite them. */
static void add_statistic(struct tl_job *job, const struct tl_route *route, struct made *made,
                          uint32_t step, uint64_t first_item)
{
    const struct tl_stage stage = {
        .count = telar_plan_count(route->gathers),
        .first_item = first_item,
        .cut = {telar_region_all(&job->image), route->gathers.rows, route->gathers.columns, 0},
        .kind = TL_GATHER,
        .step = (uint8_t)step,
        .writes = {job->partial, TL_ABSENT},
        .stream = TL_ABSENT};
    uint8_t gather = tl_table_add_stage(&job->table, &stage);

    needs_transforms(job, made, step);
    made->states[step] = add_one(job, TL_MERGE, step, job->state[step], TL_ABSENT);
    needs(job, gather, TL_ALL, 0, TL_READS);
}

static void add_states(struct tl_job *job, const struct tl_route *route, struct made *made)
{
    const struct tl_request *request = route->request;
    uint64_t item = 0;

    for (uint32_t i = 0; i < request->n_steps; i++) {
        if (request->step[i].does == TL_STEP_GATHERS) {
            add_statistic(job, route, made, i, item);
            item += telar_plan_count(route->gathers);
        } else if (request->step[i].does == TL_STEP_PREPARES && job->state[i] != TL_ABSENT) {
            made->states[i] = add_one(job, TL_PREPARE, i, job->state[i], TL_ABSENT);
        }
    }
}

static void add_regions(struct tl_job *job, const struct tl_route *route, struct made *made)
{
    const struct tl_stage stage = {
        .count = telar_plan_count(route->regions),
        .cut = {job->roi, route->regions.rows, route->regions.columns, 0},
        .kind = TL_PROCESS,
        .writes = {job->result, TL_ABSENT},
        .stream = TL_ABSENT};

    made->results = tl_table_add_stage(&job->table, &stage);
    needs_transforms(job, made, route->request->n_steps);
}

static void add_encoding(struct tl_job *job, const struct tl_route *route, const struct made *made)
{
    if (route->results == TL_ENCODED) {
        add_bands(job, TL_ENCODE_RESULTS, job->output, TL_ABSENT);
        needs(job, made->pixels, TL_MEETS, 0, TL_READS);
        needs(job, made->results, TL_MEETS, 0, TL_READS);
    } else if (route->results == TL_FUSED) {
        add_bands(job, route->source == TL_IN_SCRATCH ? TL_ENCODE_FILE : TL_ENCODE_SOURCE,
                  job->output, TL_ABSENT);
        needs_transforms(job, made, route->request->n_steps);
    }
}

void tl_route_add_stages(struct tl_job *job, const struct tl_route *route)
{
    struct made made;

    memset(&made, TL_ABSENT, sizeof made);
    add_decoding(job, route, &made);
    add_states(job, route, &made);
    if (route->results != TL_FUSED)
        add_regions(job, route, &made);
    add_encoding(job, route, &made);
}
