/*
 * Pipelines: what the text may say; and several steps evaluated as one give the bytes of one whole image
 * after the other, for any rectangle and any rectangle of sources that is just large enough.
 */
#include <config.h>

#include "suite.h"

#include "pipeline.h"
#include "plane.h"
#include "transform.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <telar/transform.h>

static const struct telar_param tuned_params[] = {
    {"sigma", "a length in pixels", 0.25, 100, 2, false},
    {"times", "a count", 1, 9, 3, true},
    {NULL, NULL, 0, 0, 0, false},
};

static void process_nothing(const struct telar_context *context, const struct telar_source *source,
                            const struct telar_result *result)
{
}

/* A sound transform; the tests spoil copies of it. */
static const struct telar_transform tuned = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "tuned",
    .summary = "for this test",
    .manual = "Nothing.\n",
    .params = tuned_params,
    .process = process_nothing,
};

static size_t some_bytes(const struct telar_context *context)
{
    return 64;
}

static void gather_nothing(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_region *region, void *partial)
{
}

static void merge_nothing(const struct telar_context *context, const void *partials, size_t stride_bytes,
                          uint32_t count, void *state)
{
}

static void prepare_nothing(const struct telar_context *context, void *state) {}

static void check_refused(const struct telar_transform *transform, const double *params, const char *says)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_add(pipeline, transform, params, &error), TELAR_USAGE);
    ck_assert_msg(strstr(error.text, says) != NULL, "\"%s\" does not say \"%s\"", error.text, says);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 0);
    telar_pipeline_free(pipeline);
}

START_TEST(adds_a_sound_transform)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.status = TELAR_HOST};
    struct telar_transform whole = tuned;

    whole.state_bytes = whole.partial_bytes = some_bytes;
    whole.gather = gather_nothing;
    whole.merge = merge_nothing;
    whole.prepare = prepare_nothing;
    ck_assert_int_eq(telar_pipeline_add(pipeline, &tuned, NULL, &error), TELAR_OK);
    ck_assert_int_eq(error.status, TELAR_OK);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &whole, (double[]){0.25, 9}, NULL), TELAR_OK);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 2);
    ck_assert_ptr_eq(pipeline->step[0].transform, &tuned);
    ck_assert_double_eq(pipeline->step[0].params[0], 2);
    ck_assert_double_eq(pipeline->step[0].params[1], 3);
    ck_assert_double_eq(pipeline->step[1].params[0], 0.25);
    ck_assert_double_eq(pipeline->step[1].params[1], 9);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(NULL);
}
END_TEST

#define SPOILT(...) (&(struct telar_transform){__VA_ARGS__})
#define HEAD                                                                                                 \
    .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform), .summary = "s", .manual = "m\n"

START_TEST(refuses_a_transform_that_is_not_sound)
{
    const struct telar_param nameless_summary[] = {{"a", NULL, 0, 1, 0, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param twins[] = {
        {"a", "s", 0, 1, 0, false}, {"a", "s", 0, 1, 0, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param outside[] = {{"a", "s", 0, 1, 2, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param endless[] = {{"a", "s", 0, INFINITY, 2, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param broken[] = {{"a", "s", 0, 1, 0.5, true}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param nine[] = {
        {"a", "s", 0, 1, 0, false},   {"b", "s", 0, 1, 0, false}, {"c", "s", 0, 1, 0, false},
        {"d", "s", 0, 1, 0, false},   {"e", "s", 0, 1, 0, false}, {"f", "s", 0, 1, 0, false},
        {"g", "s", 0, 1, 0, false},   {"h", "s", 0, 1, 0, false}, {"i", "s", 0, 1, 0, false},
        {NULL, NULL, 0, 0, 0, false},
    };

    check_refused(SPOILT(.abi = 99, .struct_size = sizeof(struct telar_transform)), NULL, "another version");
    check_refused(SPOILT(.abi = TELAR_TRANSFORM_ABI, .struct_size = 8), NULL, "another version");
    check_refused(SPOILT(HEAD, .process = process_nothing), NULL, "name must be");
    check_refused(SPOILT(HEAD, .name = "", .process = process_nothing), NULL, "name must be");
    check_refused(SPOILT(HEAD, .name = "Blur", .process = process_nothing), NULL, "name must be");
    check_refused(SPOILT(HEAD, .name = "abcdefghijklmnopqrstuvwxyz-012345", .process = process_nothing), NULL,
                  "name must be");
    check_refused(SPOILT(.abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform),
                         .name = "x", .process = process_nothing),
                  NULL, "summary or manual");
    check_refused(SPOILT(HEAD, .name = "x"), NULL, "process is missing");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .gather = gather_nothing), NULL,
                  "together");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .partial_bytes = some_bytes), NULL,
                  "together");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .gather = gather_nothing,
                         .merge = merge_nothing, .partial_bytes = some_bytes),
                  NULL, "need state_bytes");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .prepare = prepare_nothing), NULL,
                  "state_bytes");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = nameless_summary), NULL,
                  "malformed");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = twins), NULL, "same name");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = outside), NULL,
                  "its range");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = endless), NULL,
                  "its range");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = broken), NULL, "not whole");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = nine), NULL,
                  "TELAR_PARAMS_MAX");
}
END_TEST

START_TEST(refuses_values_out_of_range)
{
    check_refused(&tuned, (double[]){0, 3}, "from 0.25 to 100");
    check_refused(&tuned, (double[]){101, 3}, "from 0.25 to 100");
    check_refused(&tuned, (double[]){NAN, 3}, "out of range");
    check_refused(&tuned, (double[]){INFINITY, 3}, "out of range");
    check_refused(&tuned, (double[]){2, 3.5}, "whole number");
}
END_TEST

START_TEST(has_room_for_sixteen)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    for (int i = 0; i < TELAR_PIPELINE_MAX; i++)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, "copy", &error), TELAR_OK);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "copy", &error), TELAR_USAGE);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &tuned, NULL, &error), TELAR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "16"));
    ck_assert_uint_eq(telar_pipeline_length(pipeline), TELAR_PIPELINE_MAX);
    telar_pipeline_free(pipeline);
}
END_TEST

static void check_text(const char *text, const char *says)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", &error), TELAR_OK);
    ck_assert_msg(telar_pipeline_parse(pipeline, text, &error) == TELAR_USAGE, "%s", text);
    ck_assert_int_eq(error.status, TELAR_USAGE);
    ck_assert_msg(strstr(error.text, says) != NULL, "\"%s\" gives \"%s\", not \"%s\"", text, error.text,
                  says);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 1);
    telar_pipeline_free(pipeline);
}

START_TEST(says_what_is_wrong_with_a_text)
{
    check_text("", "no name");
    check_text(":", "no name");
    check_text(":sigma=2", "no name");
    check_text("invret", "unknown transform \"invret\"; did you mean \"invert\"?");
    check_text("zzz", "there are copy, invert");
    check_text(" copy", "did you mean \"copy\"?");
    check_text("invert:", "invert has no parameters");
    check_text("invert:x=1", "invert has no parameters");
    check_text("a-name-that-is-much-longer-than-any-name-may-be-and-goes-on-and-on",
               "unknown transform \"a-name");
}
END_TEST

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
static const unsigned char *nearest(const struct telar_context *context, const struct telar_source *source,
                                    int64_t r, int64_t c)
{
    const struct telar_geometry *g = &context->image;

    r = r < 0 ? 0 : r >= g->rows ? g->rows - 1 : r;
    c = c < 0 ? 0 : c >= g->columns ? g->columns - 1 : c;
    QUICK_ASSERT(r >= source->region.r0 && r < source->region.r1);
    QUICK_ASSERT(c >= source->region.c0 && c < source->region.c1);
    return telar_source_at(source, telar_pixel_bytes(g), (uint32_t)r, (uint32_t)c);
}

/*
 * Each byte becomes a mixture of the pixel and the four corners of the square around it, and of where it
 * lies; then all of the scratch memory is spoilt, so that scratch and views that overlap are found out.
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
    memset(context->scratch, 0x5a, reach_scratch(context, region->r1 - region->r0, region->c1 - region->c0));
    for (int64_t r = region->r0; r < region->r1; r++)
        for (int64_t c = region->c0; c < region->c1; c++)
            *(uint64_t *)partial += *nearest(context, source, r - (int64_t)context->params[0], c);
}

static void sum_merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                      uint32_t count, void *state)
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

    context.scratch = aligned(t->scratch_bytes ? t->scratch_bytes(&context, g->rows, g->columns) : 0);
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

/* All of the pass at once for one rectangle, from no more of the source than it may read. */
static void check_fused(const struct tl_pass *pass, const struct plane *in, const struct plane *wanted,
                        struct telar_region region)
{
    struct plane out = plane_new(in->geometry);
    struct telar_result result = plane_result(&out);
    struct telar_source source;
    uint32_t halo;
    size_t bytes;
    void *scratch;

    ck_assert(tl_pipeline_halo(pass, &halo));
    ck_assert(tl_pipeline_scratch_bytes(pass, region.r1 - region.r0, region.c1 - region.c0, &bytes));
    source = plane_cut(in, tl_region_grow(&region, halo, &in->geometry));
    scratch = aligned(bytes);
    result.data = telar_result_at(&result, telar_pixel_bytes(&in->geometry), region.r0, region.c0);
    result.region = region;
    tl_pipeline_run(pass, &source, &result, scratch);
    ck_assert_msg(!plane_differs(&out, wanted, region),
                  "%ux%ux%u, rows %u:%u, columns %u:%u, %u steps from %u, halo %u", in->geometry.rows,
                  in->geometry.columns, in->geometry.channels, region.r0, region.r1, region.c0, region.c1,
                  pass->count, pass->first, halo);
    free(scratch);
    free((void *)source.data);
    plane_free(out);
}

static void add_random_step(telar_pipeline *pipeline, uint32_t *random)
{
    const char *const texts[] = {"copy", "invert"};
    uint32_t which = next_random(random) % (2 * sizeof texts / sizeof *texts);

    if (which < sizeof texts / sizeof *texts)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, texts[which], NULL), TELAR_OK);
    else
        ck_assert_int_eq(telar_pipeline_add(pipeline, &reaching, (double[]){next_random(random) % 10}, NULL),
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
        struct tl_pass pass = {pipeline, g, 0, 0, NULL};

        for (uint32_t steps = next_random(&random) % 6; steps > 0; steps--)
            add_random_step(pipeline, &random);
        pass.first = next_random(&random) % (pipeline->length + 1);
        pass.count = pipeline->length - pass.first;
        wanted = in_turn(&pass, &in);
        check_fused(&pass, &in, &wanted, telar_region_all(&g));
        for (int i = 0; i < 4; i++)
            check_fused(&pass, &in, &wanted, random_region(&g, &random));
        plane_free(wanted);
        plane_free(in);
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

            sum += prefix->bytes[from * prefix->stride_bytes + c * telar_pixel_bytes(&prefix->geometry)];
        }
    return sum;
}

static void check_gather(const struct tl_pass *pass, const struct plane *in, struct telar_region region)
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
    ck_assert(tl_pipeline_gather_scratch_bytes(pass, region.r1 - region.r0, region.c1 - region.c0, &bytes));
    source = plane_cut(in, tl_region_grow(&region, halo, &in->geometry));
    scratch = aligned(bytes);
    tl_pipeline_gather(pass, &source, &region, scratch, &sum);
    ck_assert_uint_eq(
        sum, 1000 + gathered(&prefix, region, (uint32_t)pass->pipeline->step[pass->count].params[0]));
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
        struct tl_pass pass = {pipeline, g, 0, next_random(&random) % 4, NULL};

        for (uint32_t i = 0; i < pass.count; i++)
            add_random_step(pipeline, &random);
        ck_assert_int_eq(telar_pipeline_add(pipeline, &reaching, (double[]){next_random(&random) % 10}, NULL),
                         TELAR_OK);
        check_gather(&pass, &in, random_region(&g, &random));
        plane_free(in);
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
    struct telar_transform far = tuned, hungry = tuned;
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

/* By hand: halos 2 and 3; the view between the steps is the region grown by 3, in rows of a multiple of 64
 * bytes. */
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
        adds_a_sound_transform,
        refuses_a_transform_that_is_not_sound,
        refuses_values_out_of_range,
        has_room_for_sixteen,
        says_what_is_wrong_with_a_text,
        fused_is_one_after_the_other,
        gathers_from_what_the_prefix_gives,
        refuses_sizes_that_overflow,
        halo_and_scratch_by_hand,
        NULL,
    };

    return run_suite("pipeline", tests);
}
