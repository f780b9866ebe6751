/* SPDX-License-Identifier: MIT */
/* Tests the tasks of a run from PNG to PNG: into which tasks a band is cut, and how a region of
 * interest changes the result. */
#include <config.h>

#define FILES "test_file_tasks"
#include "support/file_ways.h"
#include "support/seed.h"

#include <png.h>

/* Returns the number of tasks that only unfiltered. The file must be that of the serial run. */
static uint64_t check_chain(const telar_pipeline *pipeline, const struct telar_options *options,
                            const struct bytes *expected)
{
    struct telar_error error = {0};
    telar_report *report;
    uint64_t unfiltered = 0;
    struct bytes bytes;

    ck_assert_msg(telar_run_file(in_name, out_name, pipeline, options, &report, &error) == TELAR_OK,
                  "%s", error.text);
    bytes = slurp(out_name);
    ck_assert_uint_eq(bytes.n, expected->n);
    ck_assert_mem_eq(bytes.at, expected->at, bytes.n);
    for (uint64_t i = 0; i < report->n_tasks; i++)
        unfiltered += report->task[i].kind == TELAR_TASK_UNFILTER;
    telar_report_free(report);
    free(bytes.at);
    return unfiltered;
}

/* Writes the image with libpng's defaults: one stream, and filters that libpng chooses. */
static void write_by_libpng(telar_image *image, const char *name)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *file = fopen(name, "wb");

    ck_assert_ptr_nonnull(file);
    png_init_io(png, file);
    png_set_IHDR(png, info, g->columns, g->rows, (int)g->depth, types[g->channels - 1],
                 PNG_INTERLACE_NONE, 0, 0);
    png_write_info(png, info);
    if (g->depth == 16)
        png_set_swap(png); /* memory holds samples in the byte order of the host */
    for (uint32_t row = 0; row < g->rows; row++)
        png_write_row(png, telar_image_row(image, row));
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    ck_assert_int_eq(fclose(file), 0);
}

/* Reads a file of libpng with all filters. The worker that inflates a band makes its pixels, or
 * another worker does. */
static void check_chains(telar_image *image, bool small)
{
    static const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED, TELAR_SANDBOXED};
    const struct telar_options alone = {.engine = TELAR_SERIAL};
    telar_pipeline *pipeline = pipeline_of("blur:sigma=1");
    telar_image *expected, *read;
    struct bytes first;

    write_by_libpng(image, in_name);
    ck_assert_int_eq(telar_run(image, &expected, pipeline, &alone, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &alone, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_image_read(out_name, NULL, &read, NULL), TELAR_OK);
    ck_assert(picture_same(expected, read));
    first = slurp(out_name);
    for (size_t i = 0; i < LENGTH(rungs); i++)
        for (uint32_t workers = 1; workers <= 3; workers++) {
            struct telar_options options = {.isolation = rungs[i], .workers = workers};

            options.engine = PROCESSES ? TELAR_PROCESSES : TELAR_THREADS;
            if (rungs[i] == TELAR_SANDBOXED && !sandboxed)
                continue;
            ck_assert_int_eq(check_chain(pipeline, &options, &first) == 0,
                             workers == 1 || (workers == 2 && small));
        }
    free(first.at);
    telar_image_free(expected);
    telar_image_free(read);
    telar_image_free(image);
    telar_pipeline_free(pipeline);
    remove_files();
}

START_TEST(pixels_are_made_by_the_same_or_another_worker)
{
    telar_image *page = picture_new(203, 1999, 3, 8), *deep = picture_new(103, 3300, 3, 16);

    fill(page, checkered);
    fill(deep, gradient);
    check_chains(page, true);
    check_chains(deep, true);
    check_chains(picture_new(103, 3300, 3, 16), false);
}
END_TEST

/*
 * Runs every third way; the next image takes other ways. If only one task needs the pixels of a
 * band, encoding the band decodes it first, and there are no other tasks. The result must equal the
 * result from a file that libpng wrote.
 */
static void check_own_file(telar_image *image, const char *texts, const struct telar_region *roi,
                           bool local)
{
    telar_pipeline *pipeline = pipeline_of(texts), *none = telar_pipeline_new();
    struct telar_options alone = {.engine = TELAR_SERIAL, .has_roi = roi != NULL};
    static size_t pictures;
    struct bytes expected;

    pictures++;
    if (roi)
        alone.roi = *roi;
    ck_assert_int_eq(telar_image_write(image, again_name, NULL), TELAR_OK);
    write_by_libpng(image, in_name);
    ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &alone, NULL, NULL), TELAR_OK);
    expected = slurp(out_name);
    ck_assert_int_eq(telar_run_file(again_name, in_name, none, NULL, NULL, NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        struct telar_options options = ways[i];
        telar_report *report;
        struct bytes bytes;
        size_t decoding = 0;

        options.has_roi = alone.has_roi;
        options.roi = alone.roi;
        if (!chosen(pictures + i, 3) || (options.engine == TELAR_PROCESSES && !PROCESSES)
            || (options.isolation == TELAR_SANDBOXED && !sandboxed))
            continue;
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, &report, NULL),
                         TELAR_OK);
        ck_assert_uint_eq(report->decode_ns,
                          0); /* libpng decoded nothing before the workers began */
        for (uint64_t t = 0; t < report->n_tasks; t++)
            decoding += report->task[t].kind == TELAR_TASK_INFLATE;
        ck_assert_msg((decoding == 0) == (local && options.plan.rows == 0),
                      "%s: way %zu has %zu tasks that decode", texts, i, decoding);
        telar_report_free(report);
        bytes = slurp(out_name);
        ck_assert_msg(bytes.n == expected.n && memcmp(bytes.at, expected.at, bytes.n) == 0,
                      "%s: way %zu gives another file", texts, i);
        free(bytes.at);
    }
    free(expected.at);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(none);
}

START_TEST(telars_own_file_needs_one_task_per_band)
{
    telar_image *image = picture_new(203, 9000, 1, 8), *deep = picture_new(103, 3300, 3, 16),
                *least = picture_new(1, 1, 2, 8);

    check_own_file(image, "invert gamma:gamma=2", NULL, true);
    check_own_file(image, "invert", &(struct telar_region){37, 111, 101, 3333}, true);
    check_own_file(image, "sobel", NULL, false);
    check_own_file(image, "equalize", NULL, false);
    check_own_file(deep, "threshold", NULL, true);
    check_own_file(least, "", NULL, true);
    telar_image_free(image);
    telar_image_free(deep);
    telar_image_free(least);
    remove_files();
}
END_TEST

/* If the whole image stays in memory, each worker has its own share of it. No other worker may
 * write there, even before the owner has started. */
START_TEST(each_worker_decodes_its_own_share)
{
    static const uint32_t rows[] = {5, 203, 701};
    telar_pipeline *pipeline = pipeline_of("equalize"), *none = telar_pipeline_new();
    const struct telar_options options = {.engine = PROCESSES ? TELAR_PROCESSES : TELAR_THREADS,
                                          .workers = 4};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        telar_image *image = picture_new(rows[i], 700, 3, 8);
        uint64_t bands = 0, band = 0;
        telar_report *report;

        ck_assert_int_eq(telar_image_write(image, again_name, NULL), TELAR_OK);
        ck_assert_int_eq(telar_run_file(again_name, in_name, none, NULL, NULL, NULL), TELAR_OK);
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, &report, NULL),
                         TELAR_OK);
        ck_assert_uint_eq(report->n_workers, 4);
        for (uint64_t t = 0; t < report->n_tasks; t++)
            bands += report->task[t].kind == TELAR_TASK_ENCODE;
        ck_assert_int_eq(bands == 1, i == 0);
        for (uint64_t t = 0; t < report->n_tasks; t++)
            if (report->task[t].kind == TELAR_TASK_INFLATE && band < bands) {
                ck_assert_uint_ge(band, bands * report->task[t].worker / 4);
                ck_assert_uint_lt(band, bands * (report->task[t].worker + 1) / 4);
                band++;
            }
        ck_assert_uint_eq(band, bands);
        telar_report_free(report);
        telar_image_free(image);
    }
    telar_pipeline_free(pipeline);
    telar_pipeline_free(none);
    remove_files();
}
END_TEST

/* Inside the region of interest the result is that of a whole run, outside it is the source. A grid
 * must not change that. */
START_TEST(a_region_of_interest_of_a_file)
{
    telar_image *image = picture_new(200, 4000, 3, 8), *read, *expected;
    telar_pipeline *pipeline = pipeline_of("blur:sigma=2");
    struct telar_options options = {
        .engine = TELAR_THREADS, .workers = 3, .has_roi = true, .roi = {37, 151, 101, 3333}};

    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(image, &expected, pipeline, &options, NULL, NULL), TELAR_OK);
    for (uint32_t grid = 0; grid <= 2; grid++) {
        options.plan = (struct telar_plan){grid, grid};
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, NULL, NULL),
                         TELAR_OK);
        ck_assert_int_eq(telar_image_read(out_name, NULL, &read, NULL), TELAR_OK);
        ck_assert(picture_same(expected, read));
        telar_image_free(read);
    }
    telar_pipeline_free(pipeline);
    telar_image_free(image);
    telar_image_free(expected);
    remove_files();
}
END_TEST

/* Inverts its region, and also writes beside it, in the same rows. */
static void write_beside(const struct telar_context *context, const struct telar_source *source,
                         const struct telar_result *result)
{
    const struct telar_region *region = &result->region;

    for (uint32_t row = region->r0; row < region->r1; row++) {
        unsigned char *at = telar_result_at(result, 3, row, region->c0);
        const unsigned char *from = telar_source_at(source, 3, row, region->c0);
        const size_t n = (region->c1 - region->c0) * 3;

        for (size_t i = 0; i < n; i++)
            at[i] = (unsigned char)~from[i];
        memset(at - 30, 1, 30);
        memset(at + n, 2, 30);
    }
    (void)context;
}

static const struct telar_transform sloppy = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "sloppy",
    .summary = "for tests",
    .manual = "for tests",
    .process = write_beside,
};

/* The transform writes beside the region of interest. The result there must still be the source. */
START_TEST(outside_a_region_of_interest_is_the_source)
{
    struct telar_options options = {.has_roi = true, .roi = {20, 50, 30, 60}, .workers = 2};
    telar_image *image = picture_new(90, 100, 3, 8), *read;
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_add(pipeline, &sloppy, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    for (int processes = 0; processes <= PROCESSES; processes++) {
        options.engine = processes ? TELAR_PROCESSES : TELAR_THREADS;
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, NULL, NULL),
                         TELAR_OK);
        ck_assert_int_eq(telar_image_read(out_name, NULL, &read, NULL), TELAR_OK);
        for (uint32_t row = 0; row < 90; row++)
            for (uint32_t i = 0; i < 300; i++) {
                bool inside = row >= 20 && row < 50 && i >= 90 && i < 180;
                unsigned char was = telar_image_row(image, row)[i];

                QUICK_ASSERT(telar_image_row(read, row)[i] == (unsigned char)(inside ? ~was : was));
            }
        telar_image_free(read);
    }
    telar_image_free(image);
    telar_pipeline_free(pipeline);
    remove_files();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        pixels_are_made_by_the_same_or_another_worker,
        telars_own_file_needs_one_task_per_band,
        each_worker_decodes_its_own_share,
        a_region_of_interest_of_a_file,
        outside_a_region_of_interest_is_the_source,
        NULL,
    };

    sandboxed = can_sandbox("runs with a sandbox");
    return run_suite("file_tasks", tests);
}
