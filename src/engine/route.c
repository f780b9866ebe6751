/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/route_private.h"

#include <string.h>

enum {
    REGIONS_PER_WORKER = 4,
    GATHER_BANDS_MAX = 32,
    ALIGN = 64, /* of what lies in scratch memory */
};

/* ---- the four choices ---- */

/*
 * Returns whether the worker that has the stream should also make the pixels, while the bands are
 * in its cache. Other workers would wait for it if the file were not much smaller than the pixels,
 * or if there were many of them.
 */
static bool reads_quickly(const struct tl_request *request, uint32_t workers)
{
    enum { WORKERS_MAX = 2, SMALLER = 8 };
    uint64_t pixels = (uint64_t)request->image.rows * telar_row_bytes(&request->image);

    return workers == 1
           || (workers <= WORKERS_MAX && request->input_bytes > 0
               && request->input_bytes <= pixels / SMALLER);
}

static enum tl_decoding choose_decoding(const struct tl_request *request, uint32_t workers)
{
    if (request->input == TL_INPUT_PIXELS)
        return TL_DECODED_BEFORE;
    if (request->input == TL_INPUT_BANDS)
        return TL_BANDS;
    return reads_quickly(request, workers) ? TL_STREAM_OF_PIXELS : TL_STREAM_OF_ROWS;
}

static enum tl_results choose_results(const struct tl_request *request)
{
    if (request->output == TL_OUTPUT_REGIONS)
        return TL_KEPT;
    if (request->plan.rows || request->plan.columns || request->output == TL_OUTPUT_BOTH)
        return TL_ENCODED;
    return TL_FUSED;
}

bool tl_route_gathers(const struct tl_request *request)
{
    for (uint32_t i = 0; i < request->n_steps; i++)
        if (request->step[i].does == TL_STEP_GATHERS)
            return true;
    return false;
}

/*
 * Bands can be forgotten when each is needed only for the band that is encoded from it. No other
 * worker needs its pixels when the transforms read nothing around a pixel. Transforms that are not
 * built in get a source that they cannot write, so it must lie in the segment.
 */
static enum tl_source choose_source(const struct tl_route *route)
{
    const struct tl_request *request = route->request;

    if (route->decoding == TL_DECODED_BEFORE || route->results != TL_FUSED
        || tl_route_gathers(request))
        return TL_PLANE;
    if (route->decoding == TL_BANDS && request->halo == 0 && request->access == TL_AT_START)
        return TL_IN_SCRATCH;
    return TL_WINDOW;
}

static uint32_t count_bands(const struct tl_request *request)
{
    return (uint32_t)(((uint64_t)request->image.rows + request->band_rows - 1)
                      / request->band_rows);
}

/* Cuts roi and the image for so many workers. Two partials a worker let it gather while others
 * decode; each takes memory, for a histogram of 16 bits 1 MiB. */
static void cut(struct tl_route *route, uint32_t workers)
{
    const struct tl_request *request = route->request;
    struct telar_region all = telar_region_all(&request->image);
    uint32_t partials = 2 * workers < GATHER_BANDS_MAX ? 2 * workers : GATHER_BANDS_MAX;
    struct telar_plan plan = request->plan;

    if (route->results == TL_FUSED)
        plan = (struct telar_plan){count_bands(request), 1};
    else if (!plan.rows)
        plan = (struct telar_plan){workers > 1 ? workers * REGIONS_PER_WORKER : 1, 1};
    route->regions = telar_plan_clip(plan, &request->roi);
    route->gathers = telar_plan_clip((struct telar_plan){workers == 1 ? 1 : partials, 1}, &all);
}

/* Returns how many tasks of one stage can run at the same time, at most. Those of a stream cannot.
 */
static uint64_t most_tasks(const struct tl_route *route)
{
    const struct tl_request *request = route->request;
    bool bands = request->input != TL_INPUT_PIXELS || request->output != TL_OUTPUT_REGIONS;
    uint64_t most = bands ? count_bands(request) : 0;

    if (route->results != TL_FUSED && telar_plan_count(route->regions) > most)
        most = telar_plan_count(route->regions);
    if (tl_route_gathers(request) && telar_plan_count(route->gathers) > most)
        most = telar_plan_count(route->gathers);
    return most;
}

/* Workers that would find nothing to do, or are not worth their start, are left out. */
static struct tl_route choose(const struct tl_request *request, uint64_t *most)
{
    struct tl_route route = {
        .request = request, .results = choose_results(request), .workers = request->workers};

    cut(&route, route.workers);
    *most = most_tasks(&route);
    if (route.workers > *most)
        route.workers = (uint32_t)*most;
    if (route.results == TL_FUSED && route.workers > request->worth)
        route.workers = request->worth;
    cut(&route, route.workers);
    route.decoding = choose_decoding(request, route.workers);
    route.source = choose_source(&route);
    return route;
}

/* ---- the job ---- */

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/*
 * Lays scratch memory out: the transforms' part, a band as the stream has it, and what decoding
 * or encoding a band needs. Decoding ends before encoding begins, so the two share their part.
 */
static void lay_out_scratch(struct tl_job *job, const struct tl_route *route)
{
    const struct tl_request *request = route->request;
    uint64_t codec = aligned(request->decode_scratch);

    job->scratch_bytes = request->transform_scratch;
    if (!request->decode_scratch)
        return;
    job->band_offset = aligned(job->scratch_bytes);
    job->codec_offset = job->band_offset + aligned(request->raw_bytes);
    job->private_source = job->codec_offset + codec;
    if (route->source == TL_IN_SCRATCH)
        codec += job->source_stride * job->band_rows;
    if (request->encode_scratch > codec)
        codec = request->encode_scratch;
    job->scratch_bytes = job->codec_offset + codec;
}

/* What tasks need of a request; the table is made after that. */
static struct tl_job empty_job(const struct tl_route *route)
{
    const struct tl_request *request = route->request;
    struct tl_job job = {.image = request->image,
                         .roi = request->roi,
                         .plan = route->regions,
                         .halo = request->halo,
                         .band_rows = request->band_rows,
                         .n_bands = count_bands(request),
                         .effort = request->effort,
                         .rest = TL_ABSENT,
                         .partial = TL_ABSENT,
                         .result = TL_ABSENT,
                         .raw = TL_ABSENT,
                         .output = TL_ABSENT,
                         .source = TL_ABSENT,
                         .source_stride = request->source_stride,
                         .strip_rows = request->strip_rows};

    memset(job.state, TL_ABSENT, sizeof job.state);
    tl_table_init(&job.table, route->workers);
    return job;
}

bool tl_route_choose(struct tl_job *job, const struct tl_request *request, enum tl_spacing spacing)
{
    uint64_t most;
    const struct tl_route route = choose(request, &most);

    *job = empty_job(&route);
    job->most_tasks = most;
    tl_route_add_buffers(job, &route);
    tl_route_add_stages(job, &route);
    lay_out_scratch(job, &route);
    return tl_table_lay_out(&job->table, spacing);
}
