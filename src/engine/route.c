/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/route.h"

#include "engine/kind.h"

#include <string.h>

enum {
    REGIONS_PER_WORKER = 4,
    GATHER_BANDS_MAX = 32,
    OWN_SLOTS = 3, /* of a worker: one that it writes, and others that wait for the bands before */
    ALIGN = 64,    /* of what lies in scratch memory */
};

/* ---- the four choices ---- */

enum decoding { BEFORE, STREAM_OF_ROWS, STREAM_OF_PIXELS, BANDS };
enum source { PLANE, WINDOW, IN_SCRATCH };
enum results { KEPT, ENCODED, FUSED }; /* FUSED: no results, bands are transformed on the way */

/* The fourth choice, access to slots, is in the request. */
struct route {
    const struct tl_request *request;
    enum decoding decoding;
    enum source source;
    enum results results;
    uint32_t workers;
    struct telar_plan regions, gathers; /* how roi and the image are cut */
};

/*
 * Returns whether the worker that has the stream should also make the pixels, while the bands are
 * in its cache. Other workers would wait for it if the file were not much smaller than the pixels,
 * or if there were many of them.
 */
static bool inflates_quickly(const struct tl_request *request, uint32_t workers)
{
    enum { WORKERS_MAX = 2, SMALLER = 8 };
    uint64_t pixels = (uint64_t)request->image.rows * telar_row_bytes(&request->image);

    return workers == 1
           || (workers <= WORKERS_MAX && request->input_bytes > 0
               && request->input_bytes <= pixels / SMALLER);
}

static enum decoding choose_decoding(const struct tl_request *request, uint32_t workers)
{
    if (request->input == TL_INPUT_PIXELS)
        return BEFORE;
    if (request->input == TL_INPUT_BANDS)
        return BANDS;
    return inflates_quickly(request, workers) ? STREAM_OF_PIXELS : STREAM_OF_ROWS;
}

static enum results choose_results(const struct tl_request *request)
{
    if (request->output == TL_OUTPUT_REGIONS)
        return KEPT;
    if (request->plan.rows || request->plan.columns || request->output == TL_OUTPUT_BOTH)
        return ENCODED;
    return FUSED;
}

static bool gathers(const struct tl_request *request)
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
static enum source choose_source(const struct route *route)
{
    const struct tl_request *request = route->request;

    if (route->decoding == BEFORE || route->results != FUSED || gathers(request))
        return PLANE;
    if (route->decoding == BANDS && request->halo == 0 && request->access == TL_AT_START)
        return IN_SCRATCH;
    return WINDOW;
}

static uint32_t count_bands(const struct tl_request *request)
{
    return (uint32_t)(((uint64_t)request->image.rows + request->band_rows - 1)
                      / request->band_rows);
}

/* Cuts roi and the image for so many workers. Two partials a worker let it gather while others
 * decode; each takes memory, for a histogram of 16 bits 1 MiB. */
static void cut(struct route *route, uint32_t workers)
{
    const struct tl_request *request = route->request;
    struct telar_region all = telar_region_all(&request->image);
    uint32_t partials = 2 * workers < GATHER_BANDS_MAX ? 2 * workers : GATHER_BANDS_MAX;
    struct telar_plan plan = request->plan;

    if (route->results == FUSED)
        plan = (struct telar_plan){count_bands(request), 1};
    else if (!plan.rows)
        plan = (struct telar_plan){workers > 1 ? workers * REGIONS_PER_WORKER : 1, 1};
    route->regions = telar_plan_clip(plan, &request->roi);
    route->gathers = telar_plan_clip((struct telar_plan){workers == 1 ? 1 : partials, 1}, &all);
}

/* Returns how many tasks of one stage can run at the same time, at most. Those of a stream cannot.
 */
static uint64_t most_tasks(const struct route *route)
{
    const struct tl_request *request = route->request;
    bool bands = request->input != TL_INPUT_PIXELS || request->output != TL_OUTPUT_REGIONS;
    uint64_t most = bands ? count_bands(request) : 0;

    if (route->results != FUSED && telar_plan_count(route->regions) > most)
        most = telar_plan_count(route->regions);
    if (gathers(request) && telar_plan_count(route->gathers) > most)
        most = telar_plan_count(route->gathers);
    return most;
}

/* Workers that would find nothing to do, or are not worth their start, are left out. */
static struct route choose(const struct tl_request *request, uint64_t *most)
{
    struct route route = {
        .request = request, .results = choose_results(request), .workers = request->workers};

    cut(&route, route.workers);
    *most = most_tasks(&route);
    if (route.workers > *most)
        route.workers = (uint32_t)*most;
    if (route.results == FUSED && route.workers > request->worth)
        route.workers = request->worth;
    cut(&route, route.workers);
    route.decoding = choose_decoding(request, route.workers);
    route.source = choose_source(&route);
    return route;
}

/* ---- buffers ---- */

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/*
 * Adds slots that any worker may write. When nobody can get write access later, each slot needs a
 * worker from the start: then `writers` says which.
 */
static uint8_t add_shared(struct tl_job *job, const struct route *route, uint64_t bytes,
                          uint64_t slots, enum tl_writers writers)
{
    struct tl_buffer buffer = {.item_bytes = bytes ? bytes : 1,
                               .slots = (uint32_t)slots,
                               .parts = (uint32_t)slots,
                               .writers = TL_ANY_WORKER,
                               .heirs = (uint8_t)route->request->heirs,
                               .access = TL_FOR_TASK};

    if (buffer.heirs == TL_NO_HEIR)
        buffer.writers = (uint8_t)writers;
    return tl_table_add_buffer(&job->table, &buffer);
}

/* Adds a ring whose slots belong to workers. */
static uint8_t add_ring(struct tl_job *job, const struct route *route, struct tl_buffer ring)
{
    ring.heirs = (uint8_t)route->request->heirs;
    ring.access = (uint8_t)route->request->access;
    return tl_table_add_buffer(&job->table, &ring);
}

/* A state for each transform that has one, and partials, which all statistics use one after the
 * other. */
static void add_state_buffers(struct tl_job *job, const struct route *route)
{
    const struct tl_request *request = route->request;
    uint64_t partial = 0;

    for (uint32_t i = 0; i < request->n_steps; i++) {
        const struct tl_step_need *step = &request->step[i];

        if (step->state_bytes || step->does == TL_STEP_GATHERS)
            job->state[i] = add_shared(job, route, step->state_bytes, 1, TL_ONE_WORKER);
        if (step->partial_bytes > partial)
            partial = step->partial_bytes;
    }
    if (gathers(request))
        job->partial =
            add_shared(job, route, partial, telar_plan_count(route->gathers), TL_IN_TURN);
}

/* Returns the size of the largest region: regions differ by a row and a column at most. */
static uint64_t largest_region_bytes(const struct route *route)
{
    uint64_t rows = telar_region_rows(&route->request->roi),
             columns = telar_region_columns(&route->request->roi);

    rows = (rows + route->regions.rows - 1) / route->regions.rows;
    columns = (columns + route->regions.columns - 1) / route->regions.columns;
    return rows * columns * telar_pixel_bytes(&route->request->image);
}

/*
 * Adds the source. Worker 0 has the stream; worker 0 or the next makes the pixels. Bands that need
 * no stream are dealt out in turn in a window. Of a whole picture each worker has a share in one
 * piece, so that making it writable splits huge pages only at its ends. A window holds what one
 * band reads around itself, and two bands a worker and two more, so that nobody waits.
 */
static void add_source(struct tl_job *job, const struct route *route)
{
    const struct tl_request *request = route->request;
    struct tl_buffer source = {.item_bytes = request->source_stride * request->band_rows,
                               .slots = job->n_bands,
                               .parts = 1,
                               .writers = TL_ONE_WORKER};
    uint64_t around = 2 * (((uint64_t)request->halo + request->band_rows - 1) / request->band_rows);

    if (route->source == WINDOW) {
        source.slots = least(job->n_bands, around + 2 * (uint64_t)route->workers + 2);
        source.place = TL_AT_END;
    }
    if (route->decoding == BEFORE)
        source.writers = TL_COORDINATOR;
    if (route->decoding == STREAM_OF_ROWS)
        source.writer = 1 % route->workers;
    if (route->decoding == BANDS)
        source.writers = route->source == WINDOW ? TL_IN_TURN : TL_IN_SHARES;
    job->source = add_ring(job, route, source);
}

static void add_codec_rings(struct tl_job *job, const struct route *route)
{
    const struct tl_request *request = route->request;
    uint64_t filtered = (telar_row_bytes(&request->image) + 1) * request->band_rows;
    uint32_t own = least(OWN_SLOTS, (job->n_bands + route->workers - 1) / route->workers);

    if (route->decoding == STREAM_OF_ROWS)
        job->filtered =
            add_ring(job, route,
                     (struct tl_buffer){.item_bytes = filtered,
                                        .slots = least((uint64_t)route->workers + 2, job->n_bands),
                                        .parts = 1,
                                        .writers = TL_ONE_WORKER,
                                        .place = TL_APART});
    if (route->results != KEPT)
        job->encoded = add_ring(job, route,
                                (struct tl_buffer){.item_bytes = request->encoded_bytes,
                                                   .slots = own * route->workers,
                                                   .parts = route->workers,
                                                   .writers = TL_OWN_SLOTS,
                                                   .place = TL_APART});
}

static void add_buffers(struct tl_job *job, const struct route *route)
{
    const struct tl_request *request = route->request;

    tl_table_add_buffer(&job->table, &(struct tl_buffer){.item_bytes = sizeof(struct tl_header),
                                                         .slots = 1,
                                                         .parts = 1,
                                                         .writers = TL_COORDINATOR});
    if (route->decoding == STREAM_OF_ROWS || route->decoding == STREAM_OF_PIXELS) {
        job->tail = add_shared(job, route, request->tail_bytes, 1, TL_ONE_WORKER);
        job->table.buffer[job->tail].writers = TL_ONE_WORKER; /* worker 0 has the stream */
    }
    add_state_buffers(job, route);
    if (route->results != FUSED)
        job->result = add_shared(job, route, largest_region_bytes(route),
                                 telar_plan_count(route->regions), TL_IN_TURN);
    add_codec_rings(job, route);
    if (route->source != IN_SCRATCH)
        add_source(job, route);
}

/* ---- stages ---- */

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
static void add_stream(struct tl_job *job, const struct route *route, struct made *made)
{
    const bool rows = route->decoding == STREAM_OF_ROWS;
    uint8_t inflate = add_bands(job, rows ? TL_INFLATE_ROWS : TL_INFLATE_PIXELS,
                                rows ? job->filtered : job->source, 0);

    needs(job, inflate, TL_ABOVE, 0, rows ? TL_FOLLOWS : TL_READS);
    add_one(job, TL_INFLATE_REST, 0, job->tail, 0);
    needs(job, inflate, TL_ALL, 0, TL_FOLLOWS);
    made->pixels = inflate;
    if (rows) {
        made->pixels = add_bands(job, TL_UNFILTER, job->source, TL_ABSENT);
        needs(job, inflate, TL_MEETS, 0, TL_READS);
        needs(job, made->pixels, TL_ABOVE, 0, TL_READS);
    }
}

static void add_decoding(struct tl_job *job, const struct route *route, struct made *made)
{
    if (route->decoding == STREAM_OF_ROWS || route->decoding == STREAM_OF_PIXELS)
        add_stream(job, route, made);
    else if (route->decoding == BANDS && route->source != IN_SCRATCH)
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
static void add_statistic(struct tl_job *job, const struct route *route, struct made *made,
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

static void add_states(struct tl_job *job, const struct route *route, struct made *made)
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

static void add_regions(struct tl_job *job, const struct route *route, struct made *made)
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

static void add_encoding(struct tl_job *job, const struct route *route, const struct made *made)
{
    if (route->results == ENCODED) {
        add_bands(job, TL_ENCODE_RESULTS, job->encoded, TL_ABSENT);
        needs(job, made->pixels, TL_MEETS, 0, TL_READS);
        needs(job, made->results, TL_MEETS, 0, TL_READS);
    } else if (route->results == FUSED) {
        add_bands(job, route->source == IN_SCRATCH ? TL_ENCODE_FILE : TL_ENCODE_SOURCE,
                  job->encoded, TL_ABSENT);
        needs_transforms(job, made, route->request->n_steps);
    }
}

/* ---- the job ---- */

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/*
 * Lays scratch memory out: the transforms' part, a band with its filters, and what decoding or
 * encoding a band needs. Decoding ends before encoding begins, so the two share their part.
 */
static void lay_out_scratch(struct tl_job *job, const struct route *route)
{
    const struct tl_request *request = route->request;
    uint64_t band = (telar_row_bytes(&job->image) + 1) * job->band_rows;
    uint64_t codec = aligned(request->decode_scratch);

    job->scratch_bytes = request->transform_scratch;
    if (!request->decode_scratch)
        return;
    job->band_offset = aligned(job->scratch_bytes);
    job->codec_offset = job->band_offset + aligned(band);
    job->private_source = job->codec_offset + codec;
    if (route->source == IN_SCRATCH)
        codec += job->source_stride * job->band_rows;
    if (request->encode_scratch > codec)
        codec = request->encode_scratch;
    job->scratch_bytes = job->codec_offset + codec;
}

/* What tasks need of a request; the table is made after that. */
static struct tl_job empty_job(const struct route *route)
{
    const struct tl_request *request = route->request;
    struct tl_job job = {.image = request->image,
                         .roi = request->roi,
                         .plan = route->regions,
                         .halo = request->halo,
                         .band_rows = request->band_rows,
                         .n_bands = count_bands(request),
                         .effort = request->effort,
                         .tail = TL_ABSENT,
                         .partial = TL_ABSENT,
                         .result = TL_ABSENT,
                         .filtered = TL_ABSENT,
                         .encoded = TL_ABSENT,
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
    const struct route route = choose(request, &most);
    struct made made;

    memset(&made, TL_ABSENT, sizeof made);
    *job = empty_job(&route);
    job->most_tasks = most;
    add_buffers(job, &route);
    add_decoding(job, &route, &made);
    add_states(job, &route, &made);
    if (route.results != FUSED)
        add_regions(job, &route, &made);
    add_encoding(job, &route, &made);
    lay_out_scratch(job, &route);
    return tl_table_lay_out(&job->table, spacing);
}
