/* SPDX-License-Identifier: MIT */
/*
 * A plug-in for builds before telar 0.1.0, compiled with the headers of such a build beside it.
 * Uses every callback. Inverts 8-bit samples if every argument is as those headers promised.
 * Otherwise the pixels become 0.
 */
#include <string.h>
#include <telar/plugin.h>

enum { MAGIC = 0x5eed, HALO = 1 };

struct state {
    unsigned magic;
    unsigned least, most; /* samples of the whole image */
};

struct partial {
    bool any;
    unsigned least, most;
};

static const struct telar_param params[] = {
    {"white", "the sample that becomes 0", 0, 255, 255, true},
    {"unused", "nothing", -1, 1, 0.5, false},
    {.name = NULL},
};

static uint32_t halo(const struct telar_context *context)
{
    (void)context;
    return HALO;
}

static size_t state_bytes(const struct telar_context *context)
{
    (void)context;
    return sizeof(struct state);
}

static size_t partial_bytes(const struct telar_context *context)
{
    (void)context;
    return sizeof(struct partial);
}

static size_t scratch_bytes(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    (void)rows;
    return columns * telar_pixel_bytes(&context->image);
}

static void prepare(const struct telar_context *context, void *state)
{
    (void)context;
    ((struct state *)state)->magic = MAGIC;
}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
    size_t pixel_bytes = telar_pixel_bytes(&context->image);
    size_t n = telar_region_columns(region) * pixel_bytes;
    struct partial *p = partial;

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const unsigned char *row = telar_source_at(source, pixel_bytes, r, region->c0);

        for (size_t i = 0; i < n; i++) {
            p->least = !p->any || row[i] < p->least ? row[i] : p->least;
            p->most = !p->any || row[i] > p->most ? row[i] : p->most;
            p->any = true;
        }
    }
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
    struct state *s = state;

    (void)context;
    s->least = 255;
    for (uint32_t i = 0; i < count; i++) {
        const struct partial *p = (const void *)((const char *)partials + i * stride_bytes);

        s->least = p->any && p->least < s->least ? p->least : s->least;
        s->most = p->any && p->most > s->most ? p->most : s->most;
    }
}

/* Returns whether the view contains the halo, as far as the image does. */
static bool has_halo(const struct telar_context *context, const struct telar_region *view,
                     const struct telar_region *region)
{
    const struct telar_geometry *image = &context->image;

    return view->r0 <= (region->r0 > 0 ? region->r0 - HALO : 0)
           && view->c0 <= (region->c0 > 0 ? region->c0 - HALO : 0)
           && view->r1 >= (region->r1 < image->rows ? region->r1 + HALO : image->rows)
           && view->c1 >= (region->c1 < image->columns ? region->c1 + HALO : image->columns);
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    const struct state *state = context->state;
    size_t pixel_bytes = telar_pixel_bytes(&context->image);
    size_t n = telar_region_columns(region) * pixel_bytes;
    bool good = state->magic == MAGIC && has_halo(context, &source->region, region)
                && context->params[1] == 0.5;

    for (uint32_t r = region->r0; r < region->r1; r++) {
        unsigned char *out = telar_result_at(result, pixel_bytes, r, region->c0);
        unsigned char *row = context->scratch;

        memcpy(row, telar_source_at(source, pixel_bytes, r, region->c0), n);
        for (size_t i = 0; i < n; i++) {
            good = good && row[i] >= state->least && row[i] <= state->most;
            out[i] = good ? (unsigned char)(context->params[0] - row[i]) : 0;
        }
    }
}

const struct telar_transform telar_plugin = {
    TELAR_PLUGIN_HEAD,
    .name = "old",
    .summary = "inverts, as 0.1.0 did",
    .manual = "A sample s becomes white - s.\n",
    .params = params,
    .depths = TELAR_DEPTH_8,
    .halo = halo,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .partial_bytes = partial_bytes,
    .gather = gather,
    .merge = merge,
    .scratch_bytes = scratch_bytes,
    .process = process,
};
