/* SPDX-License-Identifier: MIT */
/*
 * Several steps of a pipeline evaluated as one give the bytes of one whole image after the other,
 * for any rectangle, from no more of the source than may be read.
 */
#include <config.h>

#include "support/suite.h"

#include "transform/pipeline.h"
#include "support/plane.h"
#include "transform/transform.h"

#include <telar/transform.h>

static const struct telar_param reach_param[] = {{"reach", "pixels", 0, 9, 1, true},
                                                 {NULL, NULL, 0, 0, 0, false}};

static uint32_t reach_halo(const struct telar_context *context)
{
    return (uint32_t)context->params[0];
}

static size_t reach_scratch(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    return (size_t)rows * columns + 1;
}

/* The pixel nearest to (r, c) inside the image, in a view. */
static const unsigned char *nearest(const struct telar_context *context,
                                    const struct telar_source *source, int64_t r, int64_t c)
{
    const struct telar_geometry *g = &context->image;

    r = r < 0 ? 0 : r >= g->rows ? g->rows - 1 : r;
    c = c < 0 ? 0 : c >= g->columns ? g->columns - 1 : c;
    QUICK_ASSERT(r >= source->region.r0 && r < source->region.r1);
    QUICK_ASSERT(c >= source->region.c0 && c < source->region.c1);
    return telar_source_at(source, telar_pixel_bytes(g), (uint32_t)r, (uint32_t)c);
}

/*
 * Each byte becomes a mixture of the pixel and the four corners of the square around it, and of
 * where it lies; then all of the scratch memory is spoilt, so that scratch and views that overlap
 * are found out.
 */
static void reach_process(const struct telar_context *context, const struct telar_source *source,
                          const struct telar_result *result)
{
    const struct telar_region *at = &result->region;
    int64_t d = (int64_t)context->params[0];
    size_t pixel_bytes = telar_pixel_bytes(&context->image);

    ck_assert_uint_eq((uintptr_t)context->scratch % 64, 0);
    memset(context->scratch, 0x5a, reach_scratch(context, at->r1 - at->r0, at->c1 - at->c0));
    for (int64_t r = at->r0; r < at->r1; r++)
        for (int64_t c = at->c0; c < at->c1; c++)
            for (size_t i = 0; i < pixel_bytes; i++)
                telar_result_at(result, pixel_bytes, (uint32_t)r, (uint32_t)c)[i] =
                    (unsigned char)(nearest(context, source, r, c)[i]
                                    + 3 * nearest(context, source, r - d, c - d)[i]
                                    + 5 * nearest(context, source, r - d, c + d)[i]
                                    + 7 * nearest(context, source, r + d, c - d)[i]
                                    + 11 * nearest(context, source, r + d, c + d)[i] + r + 3 * c);
    memset(context->scratch, 0x5a, reach_scratch(context, at->r1 - at->r0, at->c1 - at->c0));
}

static size_t sum_bytes(const struct telar_context *context)
{
    return sizeof(uint64_t);
}

/* The sum of the first bytes of all pixels that are `reach` above those of the region. */
static void sum_gather(const struct telar_context *context, const struct telar_source *source,
                       const struct telar_region *region, void *partial)
{
    memset(context->scratch, 0x5a,
           reach_scratch(context, region->r1 - region->r0, region->c1 - region->c0));
    for (int64_t r = region->r0; r < region->r1; r++)
        for (int64_t c = region->c0; c < region->c1; c++)
            *(uint64_t *)partial += *nearest(context, source, r - (int64_t)context->params[0], c);
}

static void sum_merge(const struct telar_context *context, const void *partials,
                      size_t stride_bytes, uint32_t count, void *state)
{
}

static const struct telar_transform reaching = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "reaching",
    .summary = "for this test",
    .manual = "Nothing.\n",
    .params = reach_param,
    .halo = reach_halo,
    .state_bytes = sum_bytes,
    .partial_bytes = sum_bytes,
    .gather = sum_gather,
    .merge = sum_merge,
    .scratch_bytes = reach_scratch,
    .process = reach_process,
};

static void *aligned(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);

    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Step `index` alone, from one whole plane to another. */
static struct plane one_step(const struct tl_pass *pass, uint32_t index, const struct plane *in)
{
    const struct telar_geometry *g = &in->geometry;
    const struct telar_transform *t = pass->pipeline->step[index].transform;
    struct telar_context context = tl_pipeline_context(pass, index, NULL);
    struct plane out = plane_new(*g);
    struct telar_source source = plane_source(in);
    struct telar_result result = plane_result(&out);

    context.scratch =
        aligned(t->scratch_bytes ? t->scratch_bytes(&context, g->rows, g->columns) : 0);
    t->process(&context, &source, &result);
    free(context.scratch);
    return out;
}

/* Steps of the pass one after the other over whole planes. */
static struct plane in_turn(const struct tl_pass *pass, const struct plane *in)
{
    struct plane now = plane_new(in->geometry);

    memcpy(now.bytes, in->bytes, in->stride_bytes * in->geometry.rows);
    for (uint32_t i = 0; i < pass->count; i++) {
        struct plane next = one_step(pass, pass->first + i, &now);

        plane_free(now);
        now = next;
    }
    return now;
}

/* The steps' states, prepared, and gathered from what the steps before give. To be freed with
 * free_states. */
static void make_states(const struct telar_pipeline *pipeline, const struct plane *in,
                        const void **states)
{
    for (uint32_t i = 0; i < pipeline->length; i++) {
        const struct telar_transform *t = pipeline->step[i].transform;
        struct tl_pass before = {pipeline, in->geometry, 0, i, states};
        struct telar_context context = tl_pipeline_context(&before, i, NULL);
        void *state = calloc(1, t->state_bytes ? t->state_bytes(&context) : 1);

        ck_assert_ptr_nonnull(state);
        if (t->prepare)
            t->prepare(&context, state);
        if (t == &tl_transform_equalize) {
            struct plane prefix = in_turn(&before, in);
            struct telar_source source = plane_source(&prefix);
            void *partial = calloc(1, t->partial_bytes(&context));

            ck_assert_ptr_nonnull(partial);
            t->gather(&context, &source, &source.region, partial);
            t->merge(&context, partial, t->partial_bytes(&context), 1, state);
            free(partial);
            plane_free(prefix);
        }
        states[i] = state;
    }
}

static void free_states(const struct telar_pipeline *pipeline, const void **states)
{
    for (uint32_t i = 0; i < pipeline->length; i++)
        free((void *)states[i]);
}

/* All of the pass at once for one rectangle, from no more of the source than it may read. */
static void check_fused(const struct tl_pass *pass, const struct plane *in,
                        const struct plane *wanted, struct telar_region region)
{
    struct plane out = plane_new(in->geometry);
    struct telar_result result = plane_result(&out);
    struct telar_source source;
    uint32_t halo;
    size_t bytes;
    void *scratch;

    ck_assert(tl_pipeline_halo(pass, &halo));
    ck_assert(
        tl_pipeline_scratch_bytes(pass, region.r1 - region.r0, region.c1 - region.c0, &bytes));
    source = plane_cut(in, tl_region_grow(&region, halo, &in->geometry));
    scratch = aligned(bytes);
    result.data = telar_result_at(&result, telar_pixel_bytes(&in->geometry), region.r0, region.c0);
    result.region = region;
    tl_pipeline_run(pass, &source, &result, scratch);
    ck_assert_msg(!plane_differs(&out, wanted, region),
                  "%ux%ux%u, rows %u:%u, columns %u:%u, %u steps from %u, halo %u",
                  in->geometry.rows, in->geometry.columns, in->geometry.channels, region.r0,
                  region.r1, region.c0, region.c1, pass->count, pass->first, halo);
    free(scratch);
    free((void *)source.data);
    plane_free(out);
}

static void add_random_step(telar_pipeline *pipeline, uint32_t *random)
{
    const char *const texts[] = {"copy",
                                 "invert",
                                 "gray",
                                 "threshold:level=0.4",
                                 "gamma:gamma=1.7",
                                 "sobel",
                                 "blur:sigma=0.6",
                                 "blur:sigma=2.5",
                                 "equalize"};
    uint32_t which = next_random(random) % (2 * sizeof texts / sizeof *texts);

    if (which < sizeof texts / sizeof *texts)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, texts[which], NULL), TELAR_OK);
    else
        ck_assert_int_eq(
            telar_pipeline_add(pipeline, &reaching, (double[]){next_random(random) % 10}, NULL),
            TELAR_OK);
}

START_TEST(fused_is_one_after_the_other)
{
    uint32_t random = 77;

    for (int round = 0; round < 400; round++) {
        struct telar_geometry g = {next_random(&random) % 40 + 1, next_random(&random) % 40 + 1,
                                   next_random(&random) % 4 + 1, next_random(&random) % 2 ? 8 : 16};
        struct plane in = plane_picture(g, next_random(&random) % 4, next_random(&random)), wanted;
        telar_pipeline *pipeline = telar_pipeline_new();
        const void *states[TELAR_PIPELINE_MAX] = {NULL};
        struct tl_pass pass = {pipeline, g, 0, 0, states};

        for (uint32_t steps = next_random(&random) % 6; steps > 0; steps--)
            add_random_step(pipeline, &random);
        make_states(pipeline, &in, states);
        pass.first = next_random(&random) % (pipeline->length + 1);
        pass.count = pipeline->length - pass.first;
        wanted = in_turn(&pass, &in);
        check_fused(&pass, &in, &wanted, telar_region_all(&g));
        for (int i = 0; i < 4; i++)
            check_fused(&pass, &in, &wanted, random_region(&g, &random));
        plane_free(wanted);
        plane_free(in);
        free_states(pipeline, states);
        telar_pipeline_free(pipeline);
    }
}
END_TEST

/* What `reaching` gathers from a rectangle of the prefix's result, by the definition. */
static uint64_t gathered(const struct plane *prefix, struct telar_region region, uint32_t reach)
{
    uint64_t sum = 0;

    for (uint32_t r = region.r0; r < region.r1; r++)
        for (uint32_t c = region.c0; c < region.c1; c++) {
            uint32_t from = r > reach ? r - reach : 0;

            sum +=
                prefix
                    ->bytes[from * prefix->stride_bytes + c * telar_pixel_bytes(&prefix->geometry)];
        }
    return sum;
}

static void check_gather(const struct tl_pass *pass, const struct plane *in,
                         struct telar_region region)
{
    struct tl_pass with_step = *pass;
    struct plane prefix = in_turn(pass, in);
    struct telar_source source;
    uint64_t sum = 1000;
    uint32_t halo;
    size_t bytes;
    void *scratch;

    with_step.count++;
    ck_assert(tl_pipeline_halo(&with_step, &halo));
    ck_assert(tl_pipeline_gather_scratch_bytes(pass, region.r1 - region.r0, region.c1 - region.c0,
                                               &bytes));
    source = plane_cut(in, tl_region_grow(&region, halo, &in->geometry));
    scratch = aligned(bytes);
    tl_pipeline_gather(pass, &source, &region, scratch, &sum);
    ck_assert_uint_eq(
        sum,
        1000 + gathered(&prefix, region, (uint32_t)pass->pipeline->step[pass->count].params[0]));
    free(scratch);
    free((void *)source.data);
    plane_free(prefix);
}

START_TEST(gathers_from_what_the_prefix_gives)
{
    uint32_t random = 99;

    for (int round = 0; round < 200; round++) {
        struct telar_geometry g = {next_random(&random) % 30 + 1, next_random(&random) % 30 + 1,
                                   next_random(&random) % 4 + 1, next_random(&random) % 2 ? 8 : 16};
        struct plane in = plane_picture(g, 0, next_random(&random));
        telar_pipeline *pipeline = telar_pipeline_new();
        const void *states[TELAR_PIPELINE_MAX] = {NULL};
        struct tl_pass pass = {pipeline, g, 0, next_random(&random) % 4, states};

        for (uint32_t i = 0; i < pass.count; i++)
            add_random_step(pipeline, &random);
        ck_assert_int_eq(
            telar_pipeline_add(pipeline, &reaching, (double[]){next_random(&random) % 10}, NULL),
            TELAR_OK);
        make_states(pipeline, &in, states);
        check_gather(&pass, &in, random_region(&g, &random));
        plane_free(in);
        free_states(pipeline, states);
        telar_pipeline_free(pipeline);
    }
}
END_TEST

static uint32_t vast_halo(const struct telar_context *context)
{
    return TELAR_HALO_MAX + 1;
}

static size_t vast_scratch(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    return SIZE_MAX - 8;
}

/* Transforms that ask for more than there is are found out while planning. */
START_TEST(refuses_sizes_that_overflow)
{
    struct telar_transform far = reaching, hungry = reaching;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_pass pass = {pipeline, {100, 100, 4, 16}, 0, 1, NULL};
    uint32_t halo;
    size_t bytes;

    far.halo = vast_halo;
    hungry.scratch_bytes = vast_scratch;
    ck_assert_int_eq(telar_pipeline_add(pipeline, &far, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &hungry, NULL, NULL), TELAR_OK);
    ck_assert(!tl_pipeline_halo(&pass, &halo));
    ck_assert(!tl_pipeline_scratch_bytes(&pass, 10, 10, &bytes));
    pass.first = 1;
    ck_assert(tl_pipeline_halo(&pass, &halo));
    ck_assert(!tl_pipeline_scratch_bytes(&pass, 10, 10, &bytes));
    telar_pipeline_free(pipeline);
}
END_TEST

/* By hand: halos 2 and 3; the view between the steps is the region grown by 3, in rows of a
 * multiple of 64 bytes. */
START_TEST(halo_and_scratch_by_hand)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_pass pass = {pipeline, {100, 100, 3, 8}, 0, 2, NULL};
    uint32_t halo;
    size_t bytes;

    ck_assert_int_eq(telar_pipeline_add(pipeline, &reaching, (double[]){2}, NULL), TELAR_OK);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &reaching, (double[]){3}, NULL), TELAR_OK);
    ck_assert(tl_pipeline_halo(&pass, &halo));
    ck_assert_uint_eq(halo, 5);
    ck_assert(tl_pipeline_scratch_bytes(&pass, 10, 20, &bytes));
    ck_assert_uint_eq(bytes, 16 * 128 + 448); /* 16 rows of 26 x 3 bytes; scratch for 16 x 26 + 1 */
    ck_assert(tl_pipeline_scratch_bytes(&pass, 2000, 99, &bytes));
    ck_assert_uint_eq(bytes, 100 * 320 + 10048); /* the image cuts off */
    pass.count = 0;
    ck_assert(tl_pipeline_scratch_bytes(&pass, 10, 20, &bytes));
    ck_assert_uint_eq(bytes, 0);
    telar_pipeline_free(pipeline);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        fused_is_one_after_the_other,
        gathers_from_what_the_prefix_gives,
        refuses_sizes_that_overflow,
        halo_and_scratch_by_hand,
        NULL,
    };

    return run_suite("fused", tests);
}
