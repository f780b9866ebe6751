/* SPDX-License-Identifier: MIT */
/* Which buffers a route has, and who writes them. */
#include <config.h>

#include "engine/route_private.h"

/* Slots of a worker for bands of the output: one that it writes, and others that wait for the bands
 * before. */
enum { OWN_SLOTS = 3 };

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/*
 * Adds slots that any worker may write. When nobody can get write access later, each slot needs a
 * worker from the start: then `writers` says which.
 */
static uint8_t add_shared(struct tl_job *job, const struct tl_route *route, uint64_t bytes,
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
static uint8_t add_ring(struct tl_job *job, const struct tl_route *route, struct tl_buffer ring)
{
    ring.heirs = (uint8_t)route->request->heirs;
    ring.access = (uint8_t)route->request->access;
    return tl_table_add_buffer(&job->table, &ring);
}

/* A state for each transform that has one, and partials, which all statistics use one after the
 * other. */
static void add_state_buffers(struct tl_job *job, const struct tl_route *route)
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
    if (tl_route_gathers(request))
        job->partial =
            add_shared(job, route, partial, telar_plan_count(route->gathers), TL_IN_TURN);
}

/* Returns the size of the largest region: regions differ by a row and a column at most. */
static uint64_t largest_region_bytes(const struct tl_route *route)
{
    uint64_t rows = telar_region_rows(&route->request->roi),
             columns = telar_region_columns(&route->request->roi);

    rows = (rows + route->regions.rows - 1) / route->regions.rows;
    columns = (columns + route->regions.columns - 1) / route->regions.columns;
    return rows * columns * telar_pixel_bytes(&route->request->image);
}

/*
 * Adds the source. Worker 0 has the stream; worker 0 or the next makes the pixels. Bands that need
 * no stream are dealt out in turn in a window. A source with a slot for every band is divided: each
 * worker has one share of neighbouring slots. mprotect then splits huge pages only at the two ends
 * of a share. A window has slots for a band and its halo, two bands for each worker, and two more,
 * so that nobody waits.
 */
static void add_source(struct tl_job *job, const struct tl_route *route)
{
    const struct tl_request *request = route->request;
    struct tl_buffer source = {.item_bytes = request->source_stride * request->band_rows,
                               .slots = job->n_bands,
                               .parts = 1,
                               .writers = TL_ONE_WORKER};
    uint64_t around = 2 * (((uint64_t)request->halo + request->band_rows - 1) / request->band_rows);

    if (route->source == TL_WINDOW) {
        source.slots = least(job->n_bands, around + 2 * (uint64_t)route->workers + 2);
        source.place = TL_AT_END;
    }
    if (route->decoding == TL_DECODED_BEFORE)
        source.writers = TL_COORDINATOR;
    if (route->decoding == TL_STREAM_OF_ROWS)
        source.writer = 1 % route->workers;
    if (route->decoding == TL_BANDS)
        source.writers = route->source == TL_WINDOW ? TL_IN_TURN : TL_IN_SHARES;
    job->source = add_ring(job, route, source);
}

static void add_codec_rings(struct tl_job *job, const struct tl_route *route)
{
    const struct tl_request *request = route->request;
    uint32_t own = least(OWN_SLOTS, (job->n_bands + route->workers - 1) / route->workers);

    if (route->decoding == TL_STREAM_OF_ROWS)
        job->raw =
            add_ring(job, route,
                     (struct tl_buffer){.item_bytes = request->raw_bytes,
                                        .slots = least((uint64_t)route->workers + 2, job->n_bands),
                                        .parts = 1,
                                        .writers = TL_ONE_WORKER,
                                        .place = TL_APART});
    if (route->results != TL_KEPT)
        job->output = add_ring(job, route,
                               (struct tl_buffer){.item_bytes = request->output_bytes,
                                                  .slots = own * route->workers,
                                                  .parts = route->workers,
                                                  .writers = TL_OWN_SLOTS,
                                                  .place = TL_APART});
}

void tl_route_add_buffers(struct tl_job *job, const struct tl_route *route)
{
    const struct tl_request *request = route->request;

    tl_table_add_buffer(&job->table, &(struct tl_buffer){.item_bytes = sizeof(struct tl_header),
                                                         .slots = 1,
                                                         .parts = 1,
                                                         .writers = TL_COORDINATOR});
    if (route->decoding == TL_STREAM_OF_ROWS || route->decoding == TL_STREAM_OF_PIXELS) {
        job->rest = add_shared(job, route, request->rest_bytes, 1, TL_ONE_WORKER);
        job->table.buffer[job->rest].writers = TL_ONE_WORKER; /* worker 0 has the stream */
    }
    add_state_buffers(job, route);
    if (route->results != TL_FUSED)
        job->result = add_shared(job, route, largest_region_bytes(route),
                                 telar_plan_count(route->regions), TL_IN_TURN);
    add_codec_rings(job, route);
    if (route->source != TL_IN_SCRATCH)
        add_source(job, route);
}
