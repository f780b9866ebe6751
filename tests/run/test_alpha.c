/* SPDX-License-Identifier: MIT */
/*
 * Tests transforms of pictures with alpha, through the public interface: random pictures against
 * the references, and pictures whose hidden colours must appear nowhere. A hidden colour is the
 * colour of a pixel with alpha 0.
 */
#include <config.h>

#include "support/suite.h"

#include "support/plane.h"
#include "support/reference.h"
#include "support/seed.h"

#include <telar/telar.h>

/* A sanitizer makes a run ten times as long. */
#ifdef TL_SANITIZED
enum { PICTURES = 60 };
#else
enum { PICTURES = 200 };
#endif

static const struct {
    const char *text;
    reference *reference;
} cases[] = {
    {"blur:sigma=0.3", blurred},
    {"blur", blurred},
    {"blur:sigma=4.1", blurred},
    {"sobel", steepened},
    {"equalize", equalized},
    {"invert", inverted},
    {"gray", grayed},
    {"gamma", brightened},
    {"threshold", thresholded},
};

/* The transforms that read more than one pixel. */
static const char *const wide[] = {"blur:sigma=0.3", "blur", "blur:sigma=4.1", "sobel", "equalize"};

static telar_pipeline *parse(const char *text)
{
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_ptr_nonnull(pipeline);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    return pipeline;
}

static telar_image *image_of(const struct plane *plane)
{
    telar_image *image;

    ck_assert_int_eq(telar_image_new(&plane->geometry, &image, NULL), TELAR_OK);
    for (uint32_t row = 0; row < plane->geometry.rows; row++)
        memcpy(telar_image_row(image, row), plane->bytes + row * plane->stride_bytes,
               telar_row_bytes(&plane->geometry));
    return image;
}

/* Runs a pipeline on a copy of a plane. The caller frees the result. */
static struct plane run(const struct plane *in, const telar_pipeline *pipeline,
                        const struct telar_options *options)
{
    telar_image *source = image_of(in), *result;
    struct telar_error error = {.text = ""};
    struct plane out = plane_new(in->geometry);

    ck_assert_msg(telar_run(source, &result, pipeline, options, NULL, &error) == TELAR_OK, "%s",
                  error.text);
    for (uint32_t row = 0; row < in->geometry.rows; row++)
        memcpy(out.bytes + row * out.stride_bytes, telar_image_row(result, row),
               telar_row_bytes(&in->geometry));
    telar_image_free(source);
    telar_image_free(result);
    return out;
}

static struct plane run_alone(const struct plane *in, const char *text)
{
    telar_pipeline *pipeline = parse(text);
    struct plane out =
        run(in, pipeline, &(struct telar_options){.engine = TELAR_SERIAL, .plan = {1, 1}});

    telar_pipeline_free(pipeline);
    return out;
}

/* ---- random pictures against the references ---- */

static struct telar_options random_options(const struct telar_geometry *g, uint32_t *state)
{
    static const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL, TELAR_PROCESSES};
    struct telar_options options = {
        .engine = engines[next_random(state) % (LENGTH(engines) - !PROCESSES)],
        .workers = 1 + next_random(state) % 4,
        .plan = {1 + next_random(state) % 5, 1 + next_random(state) % 5},
        .has_roi = next_random(state) % 2,
    };

    if (options.has_roi)
        options.roi = random_region(g, state);
    return options;
}

/* Copies `wanted` to *expected inside the rectangle of the options. */
static void put_region(const struct plane *wanted, const struct telar_options *options,
                       struct plane *expected)
{
    struct telar_region all = telar_region_all(&wanted->geometry),
                        region = options->has_roi ? options->roi : all;

    for (uint32_t r = region.r0; r < region.r1; r++)
        for (uint32_t c = region.c0; c < region.c1; c++)
            for (uint32_t i = 0; i < wanted->geometry.channels; i++)
                plane_put(expected, r, c, i, plane_get(wanted, r, c, i));
}

static void check_picture(uint32_t index, uint32_t *state)
{
    struct telar_geometry g = {1 + next_random(state) % 60, 1 + next_random(state) % 60,
                               index % 2 ? 4 : 2, index / 2 % 2 ? 16 : 8};
    struct plane in = plane_picture(g, next_random(state) % 4, next_random(state)),
                 wanted = plane_new(g), expected = plane_new(g), out;
    struct telar_options options = random_options(&g, state);
    size_t which = next_random(state) % LENGTH(cases);
    telar_pipeline *pipeline = parse(cases[which].text);
    double params[TELAR_PARAMS_MAX] = {0};

    plane_veil(&in, next_random(state) % VEILS, state);
    memcpy(expected.bytes, in.bytes, in.stride_bytes * g.rows);
    if (strchr(cases[which].text, '='))
        params[0] = strtod(strchr(cases[which].text, '=') + 1, NULL);
    else if (telar_transform_find(cases[which].text)->params)
        params[0] = telar_transform_find(cases[which].text)->params[0].initial;
    cases[which].reference(&in, params, &wanted);
    put_region(&wanted, &options, &expected);
    out = run(&in, pipeline, &options);
    ck_assert_msg(!plane_differs(&out, &expected, telar_region_all(&g)),
                  "picture %u: %s, %ux%ux%u at %u bits, %s, grid %ux%u, roi %d", index,
                  cases[which].text, g.rows, g.columns, g.channels, g.depth,
                  telar_engine_name(options.engine), options.plan.rows, options.plan.columns,
                  options.has_roi);
    telar_pipeline_free(pipeline);
    plane_free(in);
    plane_free(wanted);
    plane_free(expected);
    plane_free(out);
}

START_TEST(random_pictures_equal_the_references)
{
    uint32_t state = 77 + seed();

    for (uint32_t i = 0; i < PICTURES; i++)
        check_picture(i, &state);
}
END_TEST

/* ---- hidden colours ---- */

/* Colours of invisible pixels: white, red (the first channel only), or random. */
enum hidden { WHITE, RED, RANDOM, HIDDENS };

static void hide(struct plane *plane, enum hidden hidden, uint32_t *state)
{
    uint32_t colors = plane->geometry.channels - 1, max = plane_max(plane);

    for (uint32_t r = 0; r < plane->geometry.rows; r++)
        for (uint32_t c = 0; c < plane->geometry.columns; c++)
            for (uint32_t i = 0; i < colors && plane_get(plane, r, c, colors) == 0; i++)
                plane_put(plane, r, c, i,
                          hidden == RANDOM         ? next_random(state) & max
                          : hidden == RED && i > 0 ? 0
                                                   : max);
}

/* Alpha and the colours of the visible pixels are equal. */
static void check_visible(const struct plane *a, const struct plane *b, const char *name)
{
    uint32_t last = a->geometry.channels - 1;

    EACH_SAMPLE(a)
    {
        if (i == last || plane_get(a, r, c, last) > 0)
            ck_assert_msg(plane_get(a, r, c, i) == plane_get(b, r, c, i),
                          "%s: row %u, column %u, channel %u: a hidden colour is seen", name, r, c,
                          i);
    }
}

/* The result is the same, whatever the hidden colours are. */
static void check_hidden(struct plane *in, const char *text, uint32_t *state)
{
    struct plane first, other;

    hide(in, WHITE, state);
    first = run_alone(in, text);
    for (enum hidden hidden = RED; hidden < HIDDENS; hidden++) {
        hide(in, hidden, state);
        other = run_alone(in, text);
        check_visible(&first, &other, text);
        plane_free(other);
    }
    plane_free(first);
}

START_TEST(no_visible_pixel_takes_a_hidden_color)
{
    uint32_t state = 5;

    for (size_t t = 0; t < LENGTH(wide); t++)
        for (uint32_t i = 0; i < 16; i++) {
            struct telar_geometry g = {29, 37, i % 2 ? 4 : 2, i / 2 % 2 ? 16 : 8};
            struct plane in = plane_picture(g, i / 4 % 2 ? 0 : 2, i + 1);

            plane_veil(&in, i / 8 % 2 ? VEIL_ICON : VEIL_SPARSE, &state);
            check_hidden(&in, wide[t], &state);
            plane_free(in);
        }
}
END_TEST

/* A white icon stays white where it is seen, and has no edges, on white, red and random hidden
 * colours. */
static void check_icon(struct plane *in, const char *text, uint32_t color)
{
    struct plane out = run_alone(in, text);
    uint32_t last = in->geometry.channels - 1;

    EACH_SAMPLE(in)
    {
        if (i < last && plane_get(&out, r, c, last) > 0)
            ck_assert_msg(plane_get(&out, r, c, i) == color, "%s: row %u, column %u: %u", text, r,
                          c, plane_get(&out, r, c, i));
    }
    plane_free(out);
}

START_TEST(a_white_icon_has_no_rim)
{
    uint32_t state = 9;

    for (uint32_t turn = 0; turn < 12; turn++) {
        struct plane in =
            plane_new((struct telar_geometry){41, 33, turn % 2 ? 4 : 2, turn / 2 % 2 ? 16 : 8});
        uint32_t max = plane_max(&in);

        EACH_SAMPLE(&in)
        {
            plane_put(&in, r, c, i, max);
        }
        plane_veil(&in, VEIL_ICON, &state);
        hide(&in, turn / 4, &state);
        check_icon(&in, "blur:sigma=0.3", max);
        check_icon(&in, "blur:sigma=2", max);
        check_icon(&in, "blur:sigma=9", max);
        check_icon(&in, "sobel", 0);
        check_icon(&in, "equalize", max);
        plane_free(in);
    }
}
END_TEST

/* ---- opaque pictures ---- */

/* Returns the plane without its alpha. */
static struct plane without_alpha(const struct plane *in)
{
    struct telar_geometry g = in->geometry;
    struct plane out;

    g.channels--;
    out = plane_new(g);
    EACH_SAMPLE(&out)
    {
        plane_put(&out, r, c, i, plane_get(in, r, c, i));
    }
    return out;
}

START_TEST(opaque_pictures_are_as_without_alpha)
{
    uint32_t state = 3;

    for (size_t t = 0; t < LENGTH(cases); t++)
        for (uint32_t turn = 0; turn < 8; turn++) {
            struct telar_geometry g = {23, 37, turn % 2 ? 4 : 2, turn / 2 % 2 ? 16 : 8};
            struct plane in = plane_picture(g, turn / 4 ? 2 : 0, turn + 1), bare, out, bare_out;

            plane_veil(&in, VEIL_OPAQUE, &state);
            bare = without_alpha(&in);
            out = run_alone(&in, cases[t].text);
            bare_out = run_alone(&bare, cases[t].text);
            EACH_SAMPLE(&out)
            {
                ck_assert_uint_eq(plane_get(&out, r, c, i), i + 1 == g.channels
                                                                ? plane_max(&out)
                                                                : plane_get(&bare_out, r, c, i));
            }
            plane_free(in);
            plane_free(bare);
            plane_free(out);
            plane_free(bare_out);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        random_pictures_equal_the_references,
        no_visible_pixel_takes_a_hidden_color,
        a_white_icon_has_no_rim,
        opaque_pictures_are_as_without_alpha,
        NULL,
    };

    return run_suite("alpha", tests);
}
