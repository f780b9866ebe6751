/*
 * The built-in transforms against references written from their manual texts: two loops, one sample at a
 * time, nearest pixel at the borders. Every geometry; whole images, and rectangles that get exactly the
 * pixels they may read.
 */
#include <config.h>

#include "suite.h"

#include "pipeline.h"
#include "plane.h"
#include "transform.h"

#include <telar/transform.h>

/* Fills *out, every sample of it. */
typedef void reference(const struct plane *in, const double *params, struct plane *out);

static bool is_alpha(const struct plane *plane, uint32_t channel)
{
    return plane->geometry.channels % 2 == 0 && channel + 1 == plane->geometry.channels;
}

/* For every sample of a plane: r, c, i. */
#define EACH_SAMPLE(plane)                                                                                   \
    for (uint32_t r = 0; r < (plane)->geometry.rows; r++)                                                    \
        for (uint32_t c = 0; c < (plane)->geometry.columns; c++)                                             \
            for (uint32_t i = 0; i < (plane)->geometry.channels; i++)

static void copied(const struct plane *in, const double *params, struct plane *out)
{
    EACH_SAMPLE(in)
    plane_put(out, r, c, i, plane_get(in, r, c, i));
}

static void inverted(const struct plane *in, const double *params, struct plane *out)
{
    EACH_SAMPLE(in)
    plane_put(out, r, c, i,
              is_alpha(in, i) ? plane_get(in, r, c, i) : plane_max(in) - plane_get(in, r, c, i));
}

static const struct {
    const char *text;
    reference *reference;
} cases[] = {
    {"copy", copied},
    {"invert", inverted},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Memory at the alignment that callbacks are promised; to be freed. */
static void *aligned(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);

    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Gathers from the upper and the lower part, each cut out, and merges. */
static void gather(const struct tl_pass *pass, const struct plane *in, void *state)
{
    const struct telar_transform *t = pass->pipeline->step[0].transform;
    struct telar_context context = tl_pipeline_context(pass, 0, NULL);
    uint32_t rows = in->geometry.rows, columns = in->geometry.columns;
    const struct telar_region half[] = {{0, rows / 2, 0, columns}, {rows / 2, rows, 0, columns}};
    size_t stride_bytes = (t->partial_bytes(&context) + 63) / 64 * 64;
    unsigned char *partials = aligned(2 * stride_bytes);

    memset(partials, 0, 2 * stride_bytes);
    for (uint32_t i = 0; i < 2; i++) {
        struct telar_source source = plane_cut(in, half[i]);

        t->gather(&context, &source, &half[i], partials + i * stride_bytes);
        free((void *)source.data);
    }
    t->merge(&context, partials, stride_bytes, 2, state);
    free(partials);
}

static void *make_state(const struct tl_pass *pass, const struct plane *in)
{
    const struct telar_transform *t = pass->pipeline->step[0].transform;
    struct telar_context context = tl_pipeline_context(pass, 0, NULL);
    size_t bytes = t->state_bytes ? t->state_bytes(&context) : 0;
    void *state;

    if (bytes == 0)
        return NULL;
    state = aligned(bytes);
    memset(state, 0, bytes);
    if (t->prepare)
        t->prepare(&context, state);
    if (t->gather)
        gather(pass, in, state);
    return state;
}

/* Transforms one rectangle from a source cut to size, and looks at every byte of the result. */
static void check_region(const struct tl_pass *pass, const struct plane *in, const struct plane *wanted,
                         struct telar_region region)
{
    const struct telar_transform *t = pass->pipeline->step[0].transform;
    struct telar_context context = tl_pipeline_context(pass, 0, NULL);
    uint32_t halo = t->halo ? t->halo(&context) : 0;
    struct telar_source source = plane_cut(in, tl_region_grow(&region, halo, &in->geometry));
    struct plane out = plane_new(in->geometry);
    struct telar_result result = plane_result(&out);

    result.data = telar_result_at(&result, telar_pixel_bytes(&in->geometry), region.r0, region.c0);
    result.region = region;
    context.scratch = aligned(
        t->scratch_bytes ? t->scratch_bytes(&context, region.r1 - region.r0, region.c1 - region.c0) : 0);
    t->process(&context, &source, &result);
    ck_assert_msg(!plane_differs(&out, wanted, region), "%s, %ux%ux%u at %u bits, rows %u:%u, columns %u:%u",
                  t->name, in->geometry.rows, in->geometry.columns, in->geometry.channels, in->geometry.depth,
                  region.r0, region.r1, region.c0, region.c1);
    free(context.scratch);
    free((void *)source.data);
    plane_free(out);
}

static void check_picture(const char *text, reference *correct, const struct plane *in, uint32_t *random)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_pass pass = {pipeline, in->geometry, 0, 1, NULL};
    const void *states[1];
    struct plane wanted;
    void *state;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    state = make_state(&pass, in);
    states[0] = state;
    pass.states = states;
    wanted = plane_new(in->geometry);
    correct(in, pipeline->step[0].params, &wanted);
    check_region(&pass, in, &wanted, telar_region_all(&in->geometry));
    for (int i = 0; i < 4; i++)
        check_region(&pass, in, &wanted, random_region(&in->geometry, random));
    plane_free(wanted);
    free(state);
    telar_pipeline_free(pipeline);
}

static void check_case(const char *text, reference *correct)
{
    const uint32_t sizes[][2] = {{1, 1}, {1, 83}, {67, 1}, {2, 3}, {13, 7}, {31, 41}, {5, 149}};
    uint32_t random = 12345;

    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes * 4 * 2 * 4; i++) {
        const uint32_t *size = sizes[i / 32], channels = i / 8 % 4 + 1, depth = i / 4 % 2 ? 16 : 8,
                       kind = i % 4;
        struct plane in =
            plane_picture((struct telar_geometry){size[0], size[1], channels, depth}, kind, i + 1);

        check_picture(text, correct, &in, &random);
        plane_free(in);
    }
}

START_TEST(each_equals_its_reference)
{
    for (size_t i = 0; i < CASES; i++)
        check_case(cases[i].text, cases[i].reference);
}
END_TEST

START_TEST(built_in_ones_pass_the_check)
{
    for (size_t i = 0; telar_transform_at(i); i++) {
        const struct telar_transform *t = telar_transform_at(i);

        ck_assert_int_eq(tl_transform_check(t, NULL), TELAR_OK);
        ck_assert_ptr_eq(telar_transform_find(t->name), t);
        for (const char *line = t->manual; *line; line += strcspn(line, "\n") + 1)
            ck_assert_msg(strcspn(line, "\n") <= 79, "%s: %.79s", t->name, line);
    }
    ck_assert_ptr_null(telar_transform_find("no-such-name"));
}
END_TEST

START_TEST(every_built_in_has_a_reference)
{
    for (size_t i = 0; telar_transform_at(i); i++) {
        const char *name = telar_transform_at(i)->name;
        size_t length = strlen(name), j = 0;

        while (j < CASES
               && (strncmp(cases[j].text, name, length) != 0 || !strchr(":", cases[j].text[length])))
            j++;
        ck_assert_msg(j < CASES, "%s", name);
    }
}
END_TEST

/* By hand: one RGB pixel with alpha, at both depths. */
START_TEST(invert_by_hand)
{
    const unsigned char narrow[4] = {0, 255, 100, 77};
    const uint16_t wide[4] = {0, 65535, 1000, 777};
    unsigned char narrow_out[4];
    uint16_t wide_out[4];
    const struct telar_region one = {0, 1, 0, 1};
    struct telar_context context = {.image = {1, 1, 4, 8}};

    tl_transform_invert.process(&context, &(struct telar_source){narrow, 4, one},
                                &(struct telar_result){narrow_out, 4, one});
    ck_assert_mem_eq(narrow_out, ((unsigned char[]){255, 0, 155, 77}), 4);
    context.image.depth = 16;
    tl_transform_invert.process(&context, &(struct telar_source){(const unsigned char *)wide, 8, one},
                                &(struct telar_result){(unsigned char *)wide_out, 8, one});
    ck_assert_mem_eq(wide_out, ((uint16_t[]){65535, 0, 64535, 777}), 8);
}
END_TEST

START_TEST(suggests_the_nearest_name)
{
    ck_assert_str_eq(telar_transform_suggest("invret"), "invert");
    ck_assert_str_eq(telar_transform_suggest("coppy"), "copy");
    ck_assert_str_eq(telar_transform_suggest("Copy"), "copy");
    ck_assert_str_eq(telar_transform_suggest("cop"), "copy");
    ck_assert_ptr_null(telar_transform_suggest(""));
    ck_assert_ptr_null(telar_transform_suggest("xyzzy"));
    ck_assert_ptr_null(telar_transform_suggest("invertinvertinvertinvertinvertinvert"));
}
END_TEST

START_TEST(distance_counts_single_edits)
{
    ck_assert_uint_eq(tl_name_distance("sigma", "sigma"), 0);
    ck_assert_uint_eq(tl_name_distance("sgma", "sigma"), 1);
    ck_assert_uint_eq(tl_name_distance("sigmaa", "sigma"), 1);
    ck_assert_uint_eq(tl_name_distance("sogma", "sigma"), 1);
    ck_assert_uint_eq(tl_name_distance("isgma", "sigma"), 1);
    ck_assert_uint_eq(tl_name_distance("isgam", "sigma"), 2);
    ck_assert_uint_eq(tl_name_distance("kitten", "sitting"), 3);
    ck_assert_uint_eq(tl_name_distance("sigma", "level"), SIZE_MAX);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        built_in_ones_pass_the_check,
        every_built_in_has_a_reference,
        each_equals_its_reference,
        invert_by_hand,
        suggests_the_nearest_name,
        distance_counts_single_edits,
        NULL,
    };

    return run_suite("transform", tests);
}
