/* SPDX-License-Identifier: MIT */
/* Where in the segment everything lies: the drawing in job.h, as arithmetic. */
#include <config.h>

#include "png/encode_bands.h"
#include "engine/job.h"

enum {
    ENCODED_SLOTS = 3, /* of each worker */
    LARGE_PART_BYTES =
        2 * TL_HUGE_BYTES, /* from this size on, beginning on a huge page is worth the gap ... */
    LARGE_OWN_BYTES =
        TL_HUGE_BYTES
        / 8, /* ... and where it would be mapped by small pages otherwise, from this, ... */
    LARGE_APART_BYTES = TL_HUGE_BYTES / 2, /* ... or from this where there are many */
};

/* Adds up the parts of the segment; once a sum does not fit, all that follow do not either. */
struct layout {
    uint64_t bytes;
    bool overflow;
    bool apart; /* what a worker owns is mapped for itself */
};

static uint64_t to_multiple(struct layout *layout, uint64_t n, uint64_t unit)
{
    layout->overflow |= n > UINT64_MAX - unit;
    return (n + unit - 1) / unit * unit;
}

static uint64_t product(struct layout *layout, uint64_t a, uint64_t b)
{
    uint64_t all;

    layout->overflow |= __builtin_mul_overflow(a, b, &all);
    return all;
}

/* Appends `count` parts of `bytes` each; returns the offset of the first, and in *slot how far
 * apart they begin. */
static uint64_t append(struct layout *layout, uint64_t bytes, uint64_t count, uint64_t *slot)
{
    bool large = bytes >= (layout->apart ? LARGE_APART_BYTES : LARGE_PART_BYTES);
    uint64_t offset;

    *slot = to_multiple(layout, bytes, large ? TL_HUGE_BYTES : TL_PAGE_BYTES);
    if (large)
        layout->bytes = to_multiple(layout, layout->bytes, TL_HUGE_BYTES);
    offset = layout->bytes;
    layout->overflow |=
        __builtin_add_overflow(layout->bytes, product(layout, *slot, count), &layout->bytes);
    layout->overflow |= layout->bytes > PTRDIFF_MAX; /* else the next part's rounding could wrap */
    return offset;
}

static void lay_out_states(struct tl_job *job, struct layout *layout)
{
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, NULL);
    uint64_t largest_partial = 0, slot;

    for (uint32_t i = 0; i < job->pipeline.length; i++) {
        uint64_t bytes = tl_step_need(&pass, i, TL_NEED_STATE_BYTES, 0, 0);
        uint64_t partial = tl_step_need(&pass, i, TL_NEED_PARTIAL_BYTES, 0, 0);

        if (bytes) {
            job->state[i].offset = append(layout, bytes, 1, &slot);
            job->state[i].bytes = slot;
        }
        if (partial > largest_partial)
            largest_partial = partial;
    }
    if (largest_partial)
        job->partial_offset =
            append(layout, largest_partial, telar_plan_count(job->gather_plan), &job->partial_slot);
}

/* Regions of a plan differ by a row and a column at most; no slot need be larger than for the
 * largest. */
static uint64_t largest_region_bytes(const struct tl_job *job)
{
    uint64_t rows = telar_region_rows(&job->roi), columns = telar_region_columns(&job->roi);

    rows = (rows + job->plan.rows - 1) / job->plan.rows;
    columns = (columns + job->plan.columns - 1) / job->plan.columns;
    return rows * columns * telar_pixel_bytes(&job->image);
}

/* What the size of a part that one worker owns must be a multiple of, and its offset. */
static uint64_t own_unit(const struct layout *layout, uint64_t bytes)
{
    return layout->apart && bytes >= LARGE_OWN_BYTES ? TL_HUGE_BYTES : TL_PAGE_BYTES;
}

/* `shares` times as many slots of `bytes`; each share has an owner. */
static void append_ring(struct layout *layout, struct tl_ring *ring, uint64_t bytes, uint32_t slots,
                        uint32_t shares)
{
    uint64_t unit;

    ring->slots = slots * shares;
    ring->shares = shares;
    ring->slot_bytes = to_multiple(layout, bytes, TL_PAGE_BYTES);
    bytes = product(layout, ring->slot_bytes, slots);
    unit = own_unit(layout, bytes);
    layout->bytes = to_multiple(layout, layout->bytes, unit);
    ring->offset = append(layout, to_multiple(layout, bytes, unit), shares, &bytes);
    ring->whole = (struct tl_extent){ring->offset, layout->bytes - ring->offset};
}

/* A window must hold what one band reads around itself, and as much more as keeps everybody busy.
 */
static uint64_t window_slots(const struct tl_job *job, uint32_t workers)
{
    uint64_t around = 2 * (((uint64_t)job->halo + job->band_rows - 1) / job->band_rows);

    return around + 2 * (uint64_t)workers + 2;
}

/*
 * The source comes last. A window ends exactly where its last slot does, for there its second
 * mapping begins, and where a huge page does, for those are reserved sooner; the whole picture
 * begins and ends on a huge page if it is large. A job that is straight has no source here.
 */
static void lay_out_source(struct tl_job *job, const struct tl_request *request,
                           struct layout *layout)
{
    uint64_t slots = job->window ? window_slots(job, request->workers) : job->n_bands, plane, begin;
    struct tl_ring *source = &job->source;

    source->slots = (uint32_t)(slots < job->n_bands ? slots : job->n_bands);
    source->shares = 1;
    source->slot_bytes = product(layout, job->source_stride, job->band_rows);
    plane = product(layout, source->slot_bytes, source->slots);
    if (!job->window) {
        source->offset = append(layout, plane, 1, &plane);
        source->whole = (struct tl_extent){source->offset, plane};
        return;
    }
    begin = to_multiple(layout, layout->bytes, own_unit(layout, plane));
    layout->overflow |= __builtin_add_overflow(begin, plane, &layout->bytes);
    if (layout->bytes >= TL_HUGE_BYTES)
        layout->bytes = to_multiple(layout, layout->bytes, TL_HUGE_BYTES);
    source->offset = layout->bytes - plane;
    source->whole = (struct tl_extent){begin, layout->bytes - begin};
}

/* Of each worker. One that it writes, and others that wait for a band before them to be written to
 * the file. */
static uint32_t encoded_slots(const struct tl_job *job)
{
    uint32_t needed = (job->n_bands + job->workers - 1) / job->workers;

    return needed < ENCODED_SLOTS ? needed : ENCODED_SLOTS;
}

static void lay_out_rings(struct tl_job *job, const struct tl_request *request,
                          struct layout *layout)
{
    uint64_t filtered = product(layout, telar_row_bytes(&job->image) + 1, job->band_rows);
    uint64_t encoded = tl_encode_slot_bytes(&job->image, job->band_rows);
    uint64_t ahead = (uint64_t)request->workers + 2;

    if (request->decode && !job->together)
        append_ring(layout, &job->filtered, filtered,
                    (uint32_t)(ahead < job->n_bands ? ahead : job->n_bands), 1);
    if (request->encode)
        append_ring(layout, &job->encoded, encoded, encoded_slots(job), job->workers);
    layout->overflow |= encoded == SIZE_MAX;
}

bool tl_job_lay_out(struct tl_job *job, const struct tl_request *request)
{
    struct layout layout = {.apart = request->apart};
    uint64_t slot;

    append(&layout, sizeof(struct tl_header), 1, &slot);
    if (request->decode && !job->straight)
        job->tail = (struct tl_extent){append(&layout, TL_TAIL_BYTES, 1, &slot), TL_TAIL_BYTES};
    lay_out_states(job, &layout);
    if (!job->fused)
        job->result_offset = append(&layout, largest_region_bytes(job), telar_plan_count(job->plan),
                                    &job->result_slot);
    lay_out_rings(job, request, &layout);
    if (!job->straight)
        lay_out_source(job, request, &layout);
    if (!job->window && layout.bytes >= TL_HUGE_BYTES)
        layout.bytes = to_multiple(&layout, layout.bytes, TL_HUGE_BYTES);
    job->segment_bytes = layout.bytes;
    return !layout.overflow && layout.bytes <= PTRDIFF_MAX / 4;
}
