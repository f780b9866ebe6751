/* SPDX-License-Identifier: MIT */
/*
 * Compares the built-in transforms with references that follow their manual texts. A reference is
 * two loops that compute one sample at a time, with the nearest pixel at the borders. The test
 * covers every geometry, whole images, and rectangles. The source of a rectangle holds only the
 * pixels that the transform may read.
 */
#include <config.h>

#include "support/suite.h"

#include "transform/pipeline.h"
#include "support/plane.h"
#include "support/reference.h"
#include "base/name.h"
#include "transform/transform.h"

#include <telar/transform.h>

static const struct {
    const char *text;
    reference *reference;
} cases[] = {
    {"copy", copied},
    {"invert", inverted},
    {"gray", grayed},
    {"threshold", thresholded},
    {"threshold:level=0", thresholded},
    {"threshold:level=0.3", thresholded},
    {"threshold:level=1", thresholded},
    {"gamma", brightened},
    {"gamma:gamma=0.4", brightened},
    {"blur", blurred},
    {"blur:sigma=0.3", blurred},
    {"blur:sigma=1.7", blurred},
    {"blur:sigma=8", blurred},
    {"sobel", steepened},
    {"equalize", equalized},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Allocates memory with the alignment that callbacks are promised. The caller frees it. */
static void *aligned(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);

    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Gathers partials of the upper and the lower half, each from its own copy, and merges them. */
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

/* Transforms one rectangle from a source of exactly that size. Checks every byte of the result. */
static void check_region(const struct tl_pass *pass, const struct plane *in,
                         const struct plane *wanted, struct telar_region region)
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
        t->scratch_bytes ? t->scratch_bytes(&context, region.r1 - region.r0, region.c1 - region.c0)
                         : 0);
    t->process(&context, &source, &result);
    ck_assert_msg(!plane_differs(&out, wanted, region),
                  "%s, %ux%ux%u at %u bits, rows %u:%u, columns %u:%u", t->name, in->geometry.rows,
                  in->geometry.columns, in->geometry.channels, in->geometry.depth, region.r0,
                  region.r1, region.c0, region.c1);
    free(context.scratch);
    free((void *)source.data);
    plane_free(out);
}

static void check_picture(const char *text, reference *correct, const struct plane *in,
                          uint32_t *random)
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
    const uint32_t sizes[][2] = {{1, 1}, {1, 83}, {67, 1}, {2, 3}, {13, 7}, {31, 41}, {5, 127}};
    uint32_t random = 12345;

    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes * 4 * 2 * 2; i++) {
        const uint32_t *size = sizes[i / 16], channels = i / 4 % 4 + 1, depth = i / 2 % 2 ? 16 : 8;
        uint32_t kind = (i / 16 + 2 * i)
                        % 4; /* each size gets two of the four kinds, the next size the other two */
        struct plane in =
            plane_picture((struct telar_geometry){size[0], size[1], channels, depth}, kind, i + 1);

        check_picture(text, correct, &in, &random);
        for (enum veil veil = 0; channels % 2 == 0 && veil < VEILS; veil++) {
            plane_veil(&in, veil, &random);
            check_picture(text, correct, &in, &random);
        }
        plane_free(in);
    }
}

START_TEST(each_equals_its_reference)
{
    for (size_t i = 0; i < CASES; i++)
        check_case(cases[i].text, cases[i].reference);
}
END_TEST

START_TEST(built_in_transforms_are_valid)
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

        while (
            j < CASES
            && (strncmp(cases[j].text, name, length) != 0 || !strchr(":", cases[j].text[length])))
            j++;
        ck_assert_msg(j < CASES, "%s", name);
    }
}
END_TEST

/* One RGB pixel with alpha, at both depths. The expected values are worked out by hand. */
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
    tl_transform_invert.process(&context,
                                &(struct telar_source){(const unsigned char *)wide, 8, one},
                                &(struct telar_result){(unsigned char *)wide_out, 8, one});
    ck_assert_mem_eq(wide_out, ((uint16_t[]){65535, 0, 64535, 777}), 8);
}
END_TEST

/* Transforms a whole grey image of one row, or of three equal rows. */
static void check_grey(const char *text, uint32_t depth, uint32_t rows, uint32_t columns,
                       const uint32_t *values, const uint32_t *wanted)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct plane in = plane_new((struct telar_geometry){rows, columns, 1, depth}),
                 out = plane_new(in.geometry);
    struct tl_pass pass = {pipeline, in.geometry, 0, 1, NULL};
    const void *states[1];
    void *state;

    EACH_SAMPLE(&in)
    {
        plane_put(&in, r, c, i, values[c]);
        plane_put(&out, r, c, i, wanted[c]);
    }
    ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    state = make_state(&pass, &in);
    states[0] = state;
    pass.states = states;
    check_region(&pass, &in, &out, telar_region_all(&in.geometry));
    free(state);
    plane_free(in);
    plane_free(out);
    telar_pipeline_free(pipeline);
}

#define LIST(...) ((const uint32_t[]){__VA_ARGS__})

START_TEST(grey_values_by_hand)
{
    check_grey("threshold", 8, 1, 4, LIST(0, 127, 128, 255), LIST(0, 0, 255, 255));
    check_grey("threshold", 16, 1, 4, LIST(0, 32767, 32768, 65535), LIST(0, 0, 65535, 65535));
    check_grey("threshold:level=1", 8, 1, 2, LIST(254, 255), LIST(0, 255));
    check_grey("threshold:level=0", 8, 1, 2, LIST(0, 255), LIST(255, 255));
    check_grey("gamma:gamma=2", 8, 1, 4, LIST(0, 1, 64, 255),
               LIST(0, 16, 128, 255)); /* 255 sqrt(64/255) = 127.7 */
    check_grey("gamma:gamma=0.5", 8, 1, 2, LIST(16, 255), LIST(1, 255));
    check_grey("gamma:gamma=2", 16, 1, 3, LIST(0, 256, 65535), LIST(0, 4096, 65535));
    check_grey("blur:sigma=0.3", 8, 1, 3, LIST(0, 255, 0),
               LIST(1, 253, 1)); /* weights 251, 65034, 251 */
    check_grey("blur:sigma=0.3", 16, 3, 3, LIST(0, 65535, 0), LIST(251, 65033, 251));
    check_grey("blur:sigma=9", 8, 3, 3, LIST(200, 200, 200), LIST(200, 200, 200));
    check_grey("blur:sigma=300", 16, 1, 2, LIST(65535, 65535), LIST(65535, 65535));
    check_grey("sobel", 8, 3, 3, LIST(0, 0, 10), LIST(0, 20, 20));
    check_grey("sobel", 8, 3, 3, LIST(0, 0, 255), LIST(0, 255, 255));
    check_grey("sobel", 16, 3, 3, LIST(65535, 0, 0), LIST(65535, 65535, 0));
    check_grey("equalize", 8, 1, 4, LIST(10, 10, 20, 30),
               LIST(0, 0, 128, 255)); /* half of 255, rounded up */
    check_grey("equalize", 16, 1, 4, LIST(7, 9, 9, 1000), LIST(0, 43690, 43690, 65535));
    check_grey("equalize", 8, 3, 2, LIST(9, 9), LIST(9, 9));
}
END_TEST

START_TEST(gray_by_hand)
{
    const unsigned char narrow[16] = {255, 0, 0, 1, 0, 255, 0, 2, 0, 0, 255, 3, 255, 255, 255, 4};
    const unsigned char wanted[16] = {76, 76, 76, 1, 150, 150, 150, 2,
                                      29, 29, 29, 3, 255, 255, 255, 4};
    const uint16_t wide[6] = {65535, 65535, 65535, 1000, 2000, 3000};
    const uint16_t wide_wanted[6] = {65535, 65535, 65535, 1815, 1815, 1815}; /* 299 + 1174 + 342 */
    unsigned char narrow_out[16];
    uint16_t wide_out[6];
    struct telar_context context = {.image = {1, 4, 4, 8}};

    tl_transform_gray.process(&context, &(struct telar_source){narrow, 16, {0, 1, 0, 4}},
                              &(struct telar_result){narrow_out, 16, {0, 1, 0, 4}});
    ck_assert_mem_eq(narrow_out, wanted, sizeof wanted);
    context.image = (struct telar_geometry){1, 2, 3, 16};
    tl_transform_gray.process(&context,
                              &(struct telar_source){(const unsigned char *)wide, 12, {0, 1, 0, 2}},
                              &(struct telar_result){(unsigned char *)wide_out, 12, {0, 1, 0, 2}});
    ck_assert_mem_eq(wide_out, wide_wanted, sizeof wide_wanted);
}
END_TEST

/* For every size of blur the weights add up to 32768. The middle one is halved. Each fits a signed
 * 16-bit number. */
START_TEST(blur_weights_add_up)
{
    for (double sigma = 0.3; sigma <= 300; sigma *= 1.07) {
        double params[TELAR_PARAMS_MAX] = {sigma};
        struct telar_context context = {.image = {1, 1, 1, 8}, .params = params};
        uint32_t radius = tl_transform_blur.halo(&context), sum = 0;
        uint16_t half[1000];

        ck_assert_uint_eq(tl_transform_blur.state_bytes(&context), (radius + 1) * sizeof *half);
        tl_transform_blur.prepare(&context, half);
        for (uint32_t k = 0; k <= radius; k++) {
            ck_assert_uint_le(half[k], INT16_MAX);
            sum += half[k];
        }
        ck_assert_uint_eq(sum, 32768);
    }
}
END_TEST

/* Fills a partial with any values of 0 to 64 bits. The first five are small, so that later sums can
 * still overflow. */
static void fill_partial(uint64_t *partial, uint32_t *random)
{
    for (size_t x = 0; x < 256; x++) {
        uint64_t bits = (uint64_t)next_random(random) << 32 | next_random(random);

        partial[x] = bits >> (x < 5 ? 63 : next_random(random) % 64);
    }
}

/* A worker may have written anything. The table must hold valid samples, independent of the order
 * of the partials. */
START_TEST(equalize_trusts_no_partial)
{
    static uint64_t partials[3][256], swapped[3][256];
    struct telar_context context = {.image = {10, 10, 1, 8}};
    uint16_t table[256], other[256];
    uint32_t random = 5;

    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 3; i++) {
            fill_partial(partials[i], &random);
            memcpy(swapped[2 - i], partials[i], sizeof partials[i]);
        }
        tl_transform_equalize.merge(&context, partials, sizeof partials[0], 3, table);
        tl_transform_equalize.merge(&context, swapped, sizeof swapped[0], 3, other);
        ck_assert_mem_eq(table, other, sizeof table);
        for (size_t x = 0; x < 256; x++)
            QUICK_ASSERT(table[x] <= 255);
    }
}
END_TEST

/* 2^60 pixels: a quarter is 0, a quarter is 10, half is 20. A third of 255 is 85. */
START_TEST(equalize_counts_very_large_images)
{
    static uint64_t partial[256] = {
        [0] = UINT64_C(1) << 58, [10] = UINT64_C(1) << 58, [20] = UINT64_C(1) << 59};
    struct telar_context context = {.image = {1u << 30, 1u << 30, 1, 8}};
    uint16_t table[256];

    tl_transform_equalize.merge(&context, partial, sizeof partial, 1, table);
    ck_assert_uint_eq(table[0], 0);
    ck_assert_uint_eq(table[10], 85);
    ck_assert_uint_eq(table[20], 255);
}
END_TEST

START_TEST(suggests_the_nearest_name)
{
    ck_assert_str_eq(telar_transform_suggest("blurr"), "blur");
    ck_assert_str_eq(telar_transform_suggest("grey"), "gray");
    ck_assert_str_eq(telar_transform_suggest("equalise"), "equalize");
    ck_assert_str_eq(telar_transform_suggest("thresh"), "threshold");
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
    ck_assert_uint_eq(tl_name_distance("x", "y"), SIZE_MAX); /* no letter in common */
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        built_in_transforms_are_valid,
        every_built_in_has_a_reference,
        each_equals_its_reference,
        invert_by_hand,
        grey_values_by_hand,
        gray_by_hand,
        blur_weights_add_up,
        equalize_trusts_no_partial,
        equalize_counts_very_large_images,
        suggests_the_nearest_name,
        distance_counts_single_edits,
        NULL,
    };

    return run_suite("transform", tests);
}
