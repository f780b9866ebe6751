/* SPDX-License-Identifier: MIT */
/* Tests the central promise: for every engine, number of workers and grid, the bytes equal those of
 * a serial run in one region. test_transform.c tests the serial run. */
#include <config.h>

#include "support/plane.h"
#include "support/seed.h"
#include "support/sandboxed.h"

#include <stdio.h>
#include <telar/telar.h>

/* One of STEP combinations is run. A sanitizer makes a run ten times as long. */
#ifdef TL_SANITIZED
enum { STEP = 97 };
#else
enum { STEP = 29 };
#endif

static const struct telar_geometry sizes[] = {
    {1, 1, 0, 0}, {1, 17, 0, 0}, {19, 1, 0, 0}, {13, 11, 0, 0}};
static const struct telar_plan grids[] = {{1, 1}, {2, 2}, {3, 5}, {1, UINT32_MAX}, {UINT32_MAX, 1}};
static const uint32_t workers[] = {1, 2, 3, 7, 64};

static const struct telar_options alone = {.engine = TELAR_SERIAL, .plan = {1, 1}};

/*
 * In addition to every transform alone: transforms with halos and whole-image statistics, combined.
 */
static const char *const pipelines[][4] = {{NULL},
                                           {"blur:sigma=3", "sobel", "invert"},
                                           {"blur:sigma=1", "equalize", "sobel"},
                                           {"equalize", "equalize"}};

static telar_image *picture(struct telar_geometry geometry, uint32_t kind)
{
    struct plane plane = plane_picture(geometry, kind, 7);
    telar_image *image;

    ck_assert_int_eq(telar_image_new(&geometry, &image, NULL), TELAR_OK);
    for (uint32_t row = 0; row < geometry.rows; row++)
        memcpy(telar_image_row(image, row), plane.bytes + row * plane.stride_bytes,
               telar_row_bytes(&geometry));
    plane_free(plane);
    return image;
}

static telar_image *run(const telar_image *source, const telar_pipeline *pipeline,
                        const struct telar_options *options)
{
    struct telar_error error;
    telar_image *result;
    telar_status status = telar_run(source, &result, pipeline, options, NULL, &error);

    ck_assert_msg(status == TELAR_OK, "%s", status == TELAR_OK ? "" : error.text);
    return result;
}

static bool equal(telar_image *a, telar_image *b)
{
    const struct telar_geometry *g = telar_image_geometry(a), *h = telar_image_geometry(b);

    if (g->rows != h->rows || telar_row_bytes(g) != telar_row_bytes(h))
        return false;
    for (uint32_t row = 0; row < g->rows; row++)
        if (memcmp(telar_image_row(a, row), telar_image_row(b, row), telar_row_bytes(g)) != 0)
            return false;
    return true;
}

/* Compares a run with the serial run in one region. ck_assert for each byte would write millions of
 * lines to Check's file. */
static void compare(const telar_image *source, telar_image *expected,
                    const telar_pipeline *pipeline, const struct telar_options *options,
                    const char *name)
{
    const struct telar_geometry *g = telar_image_geometry(source);
    telar_image *result = run(source, pipeline, options);

    if (!equal(result, expected))
        ck_abort_msg("%s of %ux%ux%u at %u bits differs: %s, %s, %u workers, grid %ux%u", name,
                     g->rows, g->columns, g->channels, g->depth, telar_engine_name(options->engine),
                     telar_isolation_name(options->isolation), options->workers, options->plan.rows,
                     options->plan.columns);
    telar_image_free(result);
}

/* Returns whether an earlier grid gives the same regions on an image this small. */
static bool seen(size_t grid, const telar_image *image)
{
    struct telar_region all = telar_region_all(telar_image_geometry(image));
    struct telar_plan plan = telar_plan_clip(grids[grid], &all);

    for (size_t i = 0; i < grid; i++) {
        struct telar_plan before = telar_plan_clip(grids[i], &all);

        if (before.rows == plan.rows && before.columns == plan.columns)
            return true;
    }
    return false;
}

/* Returns whether this number of workers equals a smaller one, because there are too few regions.
 * The largest number is always tried. */
static bool idle(size_t i, size_t grid, const telar_image *image)
{
    struct telar_region all = telar_region_all(telar_image_geometry(image));
    uint64_t regions = telar_plan_count(telar_plan_clip(grids[grid], &all));

    return i > 0 && i + 1 < LENGTH(workers) && workers[i - 1] >= regions;
}

/*
 * Runs all grids and numbers of workers for one pipeline and image. *turn counts the combinations.
 */
static void compare_plans(struct telar_options options, const telar_image *source,
                          const telar_pipeline *pipeline, const char *name, size_t *turn)
{
    telar_image *expected = NULL; /* made for the first combination that is run */

    for (size_t grid = 0; grid < LENGTH(grids); grid++)
        for (size_t i = 0; i < LENGTH(workers); i++) {
            if (seen(grid, source) || idle(i, grid, source) || !chosen((*turn)++, STEP))
                continue;
            if (!expected)
                expected = run(source, pipeline, &alone);
            options.plan = grids[grid];
            options.workers = workers[i];
            compare(source, expected, pipeline, &options, name);
        }
    telar_image_free(expected);
}

static void compare_images(struct telar_options options, const telar_pipeline *pipeline,
                           const char *name, size_t *turn)
{
    for (size_t size = 0; size < LENGTH(sizes); size++)
        for (uint32_t channels = 1; channels <= 4; channels++)
            for (uint32_t depth = 8; depth <= 16; depth += 8) {
                struct telar_geometry geometry = {sizes[size].rows, sizes[size].columns, channels,
                                                  depth};
                telar_image *source = picture(geometry, channels);

                compare_plans(options, source, pipeline, name, turn);
                telar_image_free(source);
            }
}

static telar_pipeline *parse(const char *const *texts)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.text = ""};

    ck_assert_ptr_nonnull(pipeline);
    for (; *texts; texts++)
        ck_assert_msg(telar_pipeline_parse(pipeline, *texts, &error) == TELAR_OK, "%s", error.text);
    return pipeline;
}

static void compare_all(struct telar_options options)
{
    const struct telar_transform *transform;
    size_t turn = 0;

    for (size_t i = 0; (transform = telar_transform_at(i)) != NULL; i++) {
        const char *texts[] = {transform->name, NULL};
        telar_pipeline *pipeline = parse(texts);

        compare_images(options, pipeline, transform->name, &turn);
        telar_pipeline_free(pipeline);
    }
    for (size_t i = 0; i < LENGTH(pipelines); i++) {
        telar_pipeline *pipeline = parse(pipelines[i]);

        compare_images(options, pipeline, pipelines[i][0] ? pipelines[i][0] : "nothing", &turn);
        telar_pipeline_free(pipeline);
    }
}

/* A serial run always has one worker, so this tests only the grid. */
START_TEST(serial_equals_serial_in_one_region)
{
    compare_all((struct telar_options){.engine = TELAR_SERIAL});
}
END_TEST

START_TEST(threads_equal_serial)
{
    compare_all((struct telar_options){.engine = TELAR_THREADS});
}
END_TEST

START_TEST(gil_equals_serial)
{
    compare_all((struct telar_options){.engine = TELAR_GIL});
}
END_TEST

START_TEST(shared_processes_equal_serial)
{
    compare_all((struct telar_options){.engine = TELAR_PROCESSES, .isolation = TELAR_SHARED});
}
END_TEST

START_TEST(guarded_processes_equal_serial)
{
    compare_all((struct telar_options){.engine = TELAR_PROCESSES, .isolation = TELAR_GUARDED});
}
END_TEST

START_TEST(sandboxed_processes_equal_serial)
{
    compare_all((struct telar_options){.engine = TELAR_PROCESSES, .isolation = TELAR_SANDBOXED});
}
END_TEST

/* Inside the rectangle the result must be that of the run without it. Outside, the result must be
 * the source. */
static void check_roi(const telar_image *source, const telar_pipeline *pipeline,
                      struct telar_options options)
{
    const struct telar_geometry *g = telar_image_geometry(source);
    size_t pixel_bytes = telar_pixel_bytes(g), row_bytes = telar_row_bytes(g);
    telar_image *whole = run(source, pipeline, &alone), *part = run(source, pipeline, &options),
                *before = picture(*g, 3);
    size_t from = options.roi.c0 * pixel_bytes, n = (options.roi.c1 - options.roi.c0) * pixel_bytes;

    for (uint32_t row = 0; row < g->rows; row++) {
        unsigned char *expected = telar_image_row(before, row);

        if (row >= options.roi.r0 && row < options.roi.r1)
            memcpy(expected + from, telar_image_row(whole, row) + from, n);
        ck_assert_mem_eq(telar_image_row(part, row), expected, row_bytes);
    }
    telar_image_free(whole);
    telar_image_free(part);
    telar_image_free(before);
}

START_TEST(only_the_rectangle_changes)
{
    const struct telar_region rois[] = {
        {0, 6, 0, 5}, {6, 7, 4, 5}, {12, 13, 0, 11}, {0, 13, 10, 11}};
    const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL, TELAR_PROCESSES};
    telar_image *source = picture((struct telar_geometry){13, 11, 3, 8}, 3);

    for (size_t i = 0; i < LENGTH(pipelines); i++) {
        telar_pipeline *pipeline = parse(pipelines[i]);

        for (size_t e = 0; e < LENGTH(engines) - !PROCESSES; e++)
            for (size_t roi = 0; roi < LENGTH(rois); roi++)
                check_roi(source, pipeline,
                          (struct telar_options){.engine = engines[e],
                                                 .workers = 3,
                                                 .plan = {2, 2},
                                                 .has_roi = true,
                                                 .roi = rois[roi]});
        telar_pipeline_free(pipeline);
    }
    telar_image_free(source);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        serial_equals_serial_in_one_region,
        threads_equal_serial,
        gil_equals_serial,
        only_the_rectangle_changes,
        PROCESSES ? shared_processes_equal_serial : NULL,
        guarded_processes_equal_serial,
        can_sandbox("sandboxed processes equal serial") ? sandboxed_processes_equal_serial : NULL,
        NULL,
    };

    return run_suite("equal", tests);
}
