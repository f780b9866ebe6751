/* SPDX-License-Identifier: MIT */
/* pipeline_run.c - evaluates the steps of a pipeline together. See pipeline.h. */
#include <config.h>

#include "transform/pipeline.h"
#include "transform/transform.h"

#include <assert.h>

enum { ALIGNMENT = 64 };

struct telar_context tl_pipeline_context(const struct tl_pass *pass, uint32_t index, void *scratch)
{
    assert(index < pass->pipeline->length);
    return (struct telar_context){
        .image = pass->image,
        .params = pass->pipeline->step[index].params,
        .state = pass->states ? pass->states[index] : NULL,
        .scratch = scratch,
    };
}

uint64_t tl_need_of(const struct telar_transform *t, enum tl_need need,
                    const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    switch (need) {
    case TL_NEED_HALO:
        return t->halo ? t->halo(context) : 0;
    case TL_NEED_STATE_BYTES:
        return t->state_bytes ? t->state_bytes(context) : 0;
    case TL_NEED_PARTIAL_BYTES:
        return t->partial_bytes ? t->partial_bytes(context) : 0;
    case TL_NEED_SCRATCH_BYTES:
        return t->scratch_bytes ? t->scratch_bytes(context, rows, columns) : 0;
    }
    return 0;
}

uint64_t tl_step_need(const struct tl_pass *pass, uint32_t index, enum tl_need need, uint32_t rows,
                      uint32_t columns)
{
    const struct tl_step *step = &pass->pipeline->step[index];
    struct telar_context context = tl_pipeline_context(pass, index, NULL);

    return step->ask ? step->ask(step->asked, need, &context, rows, columns)
                     : tl_need_of(step->transform, need, &context, rows, columns);
}

static bool step_halo(const struct tl_pass *pass, uint32_t index, uint32_t *halo)
{
    uint64_t pixels = tl_step_need(pass, index, TL_NEED_HALO, 0, 0);

    *halo = (uint32_t)pixels;
    return pixels <= TELAR_HALO_MAX;
}

static size_t step_scratch_bytes(const struct tl_pass *pass, uint32_t index, uint32_t rows,
                                 uint32_t columns)
{
    return tl_step_need(pass, index, TL_NEED_SCRATCH_BYTES, rows, columns);
}

/*
 * Computes the margins: margin[i] is the sum of the halos of the pass's steps from i on. Step i
 * reads the region grown by margin[i] and writes it grown by margin[i + 1]. A margin is at most
 * 65,536. Returns false when a halo is too large.
 */
static bool margins(const struct tl_pass *pass, uint32_t margin[TELAR_PIPELINE_MAX + 1])
{
    uint32_t halo;

    margin[pass->count] = 0;
    for (uint32_t i = pass->count; i-- > 0;) {
        if (!step_halo(pass, pass->first + i, &halo))
            return false;
        margin[i] = margin[i + 1] + halo;
    }
    return true;
}

bool tl_pipeline_halo(const struct tl_pass *pass, uint32_t *halo)
{
    uint32_t margin[TELAR_PIPELINE_MAX + 1];

    if (!margins(pass, margin))
        return false;
    *halo = margin[0];
    return true;
}

/* Returns a length grown by a margin at both ends, at most the image's length. */
static uint32_t grown(uint32_t length, uint32_t margin, uint32_t limit)
{
    uint64_t n = (uint64_t)length + 2 * (uint64_t)margin;

    return n < limit ? (uint32_t)n : limit;
}

static bool round_up(size_t *bytes)
{
    if (__builtin_add_overflow(*bytes, (size_t)ALIGNMENT - 1, bytes))
        return false;
    *bytes -= *bytes % ALIGNMENT;
    return true;
}

/* Rows of scratch views begin at multiples of 64 bytes: the longest vector register. */
static size_t stride_of(const struct telar_geometry *image, uint32_t columns)
{
    size_t row_bytes = columns * telar_pixel_bytes(image); /* below 2^31 in a valid geometry */

    return (row_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool view_bytes(const struct telar_geometry *image, uint32_t rows, uint32_t columns,
                       size_t *bytes)
{
    return !__builtin_mul_overflow((size_t)rows, stride_of(image, columns), bytes);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The parts of a pass's scratch memory, in bytes. */
struct layout {
    /* one step writes a view that the next one reads; steps alternate between the two */
    size_t view[2];
    size_t step; /* the current step's own scratch memory */
};

static bool lay_out(const struct tl_pass *pass, const uint32_t margin[TELAR_PIPELINE_MAX + 1],
                    uint32_t rows, uint32_t columns, struct layout *layout)
{
    *layout = (struct layout){{0, 0}, 0};
    for (uint32_t i = 0; i < pass->count; i++) {
        uint32_t high = grown(rows, margin[i + 1], pass->image.rows);
        uint32_t wide = grown(columns, margin[i + 1], pass->image.columns);
        size_t bytes = 0;

        if (i + 1 < pass->count && !view_bytes(&pass->image, high, wide, &bytes))
            return false;
        layout->view[i % 2] = larger(layout->view[i % 2], bytes);
        layout->step = larger(layout->step, step_scratch_bytes(pass, pass->first + i, high, wide));
    }
    return round_up(&layout->step);
}

bool tl_pipeline_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                               size_t *bytes)
{
    uint32_t margin[TELAR_PIPELINE_MAX + 1];
    struct layout layout;

    return margins(pass, margin) && lay_out(pass, margin, rows, columns, &layout)
           && !__builtin_add_overflow(layout.view[0], layout.view[1], bytes)
           && !__builtin_add_overflow(*bytes, layout.step, bytes);
}

void tl_pipeline_run(const struct tl_pass *pass, const struct telar_source *source,
                     const struct telar_result *result, void *scratch)
{
    uint32_t margin[TELAR_PIPELINE_MAX + 1];
    struct telar_source in = *source;
    struct layout layout;
    bool ok = margins(pass, margin)
              && lay_out(pass, margin, telar_region_rows(&result->region),
                         telar_region_columns(&result->region), &layout);

    assert(ok); /* tl_pipeline_scratch_bytes said yes when the memory was reserved */
    if (!ok)
        return;
    if (pass->count == 0)
        tl_transform_copy.process(&(struct telar_context){.image = pass->image}, source, result);
    for (uint32_t i = 0; i < pass->count; i++) {
        unsigned char *view = (unsigned char *)scratch + (i % 2 ? layout.view[0] : 0);
        struct telar_context context = tl_pipeline_context(
            pass, pass->first + i, (unsigned char *)scratch + layout.view[0] + layout.view[1]);
        struct telar_region region = tl_region_grow(&result->region, margin[i + 1], &pass->image);
        struct telar_result out = {view, stride_of(&pass->image, telar_region_columns(&region)),
                                   region};

        if (i + 1 == pass->count)
            out = *result;
        pass->pipeline->step[pass->first + i].transform->process(&context, &in, &out);
        in = (struct telar_source){out.data, out.stride_bytes, out.region};
    }
}

/*
 * Computes the size of the view from which the step after the pass gathers. The size is 0 when that
 * step gathers from the source itself.
 */
static bool gathered_bytes(const struct tl_pass *pass, uint32_t halo, uint32_t rows,
                           uint32_t columns, size_t *bytes)
{
    *bytes = 0;
    return pass->count == 0
           || view_bytes(&pass->image, grown(rows, halo, pass->image.rows),
                         grown(columns, halo, pass->image.columns), bytes);
}

bool tl_pipeline_gather_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                                      size_t *bytes)
{
    uint32_t step = pass->first + pass->count, halo;
    size_t view, rest, own = step_scratch_bytes(pass, step, rows, columns);

    if (!step_halo(pass, step, &halo) || !gathered_bytes(pass, halo, rows, columns, &view))
        return false;
    if (!tl_pipeline_scratch_bytes(pass, grown(rows, halo, pass->image.rows),
                                   grown(columns, halo, pass->image.columns), &rest))
        return false;
    return !__builtin_add_overflow(view, larger(rest, own), bytes);
}

void tl_pipeline_gather(const struct tl_pass *pass, const struct telar_source *source,
                        const struct telar_region *region, void *scratch, void *partial)
{
    uint32_t step = pass->first + pass->count, halo;
    struct telar_source in = *source;
    struct telar_context context;
    size_t view;
    bool ok = step_halo(pass, step, &halo)
              && gathered_bytes(pass, halo, telar_region_rows(region), telar_region_columns(region),
                                &view);

    assert(ok); /* tl_pipeline_gather_scratch_bytes said yes when the memory was reserved */
    if (!ok)
        return;
    context = tl_pipeline_context(pass, step, (unsigned char *)scratch + view);
    if (pass->count > 0) {
        struct telar_region wanted = tl_region_grow(region, halo, &pass->image);
        struct telar_result out = {scratch, stride_of(&pass->image, telar_region_columns(&wanted)),
                                   wanted};

        tl_pipeline_run(pass, source, &out, (unsigned char *)scratch + view);
        in = (struct telar_source){out.data, out.stride_bytes, out.region};
    }
    pass->pipeline->step[step].transform->gather(&context, &in, region, partial);
}
