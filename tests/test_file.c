/*
 * From PNG to PNG, in bands: whatever way the workers take (the window, the whole picture, libpng, restart
 * points), the pixels are those that telar_run gives on the same image in memory, libpng reads them back, and
 * the file's bytes do not depend on engine, number of workers or plan.
 */
#include <config.h>

#include "runs.h"

#include <zlib.h>
#include "sandboxed.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct telar_options ways[] = {
    {.engine = TELAR_SERIAL},
    {.engine = TELAR_THREADS, .workers = 2},
    {.engine = TELAR_THREADS, .workers = 7},
    {.engine = TELAR_GIL, .workers = 3},
    {.engine = TELAR_THREADS, .workers = 3, .plan = {2, 2}},
    {.engine = TELAR_THREADS, .workers = 2, .plan = {UINT32_MAX, 1}},
    {.engine = TELAR_PROCESSES, .workers = 1, .isolation = TELAR_GUARDED},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_GUARDED},
    {.engine = TELAR_PROCESSES, .workers = 5, .isolation = TELAR_SHARED},
    {.engine = TELAR_PROCESSES, .workers = 4, .isolation = TELAR_GUARDED, .plan = {3, 5}},
    {.engine = TELAR_PROCESSES, .workers = 1, .isolation = TELAR_SANDBOXED},
    {.engine = TELAR_PROCESSES, .workers = 3, .isolation = TELAR_SANDBOXED},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_SANDBOXED, .plan = {5, 2}},
};

static bool sandboxed; /* whether ways with a sandbox can be gone here */

/* Names of files of this process in the directory of the build. */
static const char *in_name = "test_file.in.png", *out_name = "test_file.out.png",
                  *again_name = "test_file.again.png";

struct bytes {
    unsigned char *at;
    size_t n;
};

static struct bytes slurp(const char *name)
{
    struct stat status;
    struct bytes bytes;
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &status), 0);
    bytes = (struct bytes){malloc((size_t)status.st_size + 1), (size_t)status.st_size};
    ck_assert_int_eq(read(fd, bytes.at, bytes.n), (ssize_t)bytes.n);
    close(fd);
    return bytes;
}

static telar_pipeline *pipeline_of(const char *texts)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    char copy[128], *rest = copy;

    snprintf(copy, sizeof copy, "%s", texts);
    for (char *text; (text = strsep(&rest, " ")) != NULL && *text;)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    return pipeline;
}

/* Runs in_name or out_name to another file, and says how many tasks inflated, whatever else they did. */
static uint64_t convert(const char *from, const char *to, const telar_pipeline *pipeline,
                        const struct telar_options *options)
{
    struct telar_error error = {0};
    telar_report *report;
    telar_status status = telar_run_file(from, to, pipeline, options, &report, &error);
    uint64_t inflated = 0;

    ck_assert_msg(status == TELAR_OK, "%s", error.text);
    for (uint64_t i = 0; i < report->n_tasks; i++)
        inflated += report->task[i].kind == TELAR_TASK_INFLATE || report->task[i].inflate_ns > 0;
    telar_report_free(report);
    return inflated;
}

/* A picture through every way, and each result through one way more, back from telar's own file. */
static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* All image data of a file, one IDAT after the other, by zlib; the checksum must be right, and the length n. */
static void inflate_file(const struct bytes *file, unsigned char *rows, size_t n)
{
    unsigned char *stream = malloc(file->n);
    uLongf made = n;
    size_t used = 0;

    for (size_t at = 8; at < file->n; at += 12 + be32(file->at + at))
        if (memcmp(file->at + at + 4, "IDAT", 4) == 0) {
            memcpy(stream + used, file->at + at + 8, be32(file->at + at));
            used += be32(file->at + at);
        }
    ck_assert_int_eq(uncompress(rows, &made, stream, used), Z_OK);
    ck_assert_uint_eq(made, n);
    free(stream);
}

/* Undoes a filter as the PNG specification says it, 9.2, byte by byte: a left of it, b above, c left of that. */
static unsigned char undo(unsigned filter, unsigned x, int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    const int paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c, guesses[] = {0, a, b, (a + b) / 2, paeth};

    return (unsigned char)(x + (unsigned)guesses[filter]);
}

/*
 * Without a line of libpng or of ours: zlib, and the specification's formulas. Needs a little-endian host for
 * 16 bits.
 */
static void check_by_zlib(const struct bytes *file, telar_image *expected)
{
    const struct telar_geometry *g = telar_image_geometry(expected);
    const size_t n = telar_row_bytes(g), pixel = telar_pixel_bytes(g), swap = g->depth == 16;
    unsigned char *rows = malloc((n + 1) * g->rows), *above = calloc(1, n);

    inflate_file(file, rows, (n + 1) * g->rows);
    for (uint32_t r = 0; r < g->rows; r++) {
        unsigned char *row = rows + r * (n + 1) + 1;

        ck_assert_uint_le(row[-1], 4); /* once a row: each of Check's assertions is a system call */
        for (size_t i = 0; i < n; i++) {
            row[i] = undo(row[-1], row[i], i < pixel ? 0 : row[i - pixel], above[i],
                          i < pixel ? 0 : above[i - pixel]);
            if (row[i] != telar_image_row(expected, r)[i ^ swap])
                ck_abort_msg("by zlib row %u, byte %zu are others", r, i);
        }
        memcpy(above, row, n);
    }
    free(rows);
    free(above);
}

static void check_picture(telar_image *image, const char *texts)
{
    telar_pipeline *pipeline = pipeline_of(texts), *none = telar_pipeline_new();
    const struct telar_options alone = {.engine = TELAR_SERIAL};
    struct bytes first = {0};
    telar_image *expected;

    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(image, &expected, pipeline, &alone, NULL, NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        telar_image *read;
        struct bytes bytes;

        if (ways[i].engine == TELAR_PROCESSES && !PROCESSES)
            continue;
        if (ways[i].isolation == TELAR_SANDBOXED && !sandboxed)
            continue;
        ck_assert_uint_gt(convert(in_name, out_name, pipeline, &ways[i]), 0);
        ck_assert_int_eq(telar_image_read(out_name, NULL, &read, NULL), TELAR_OK);
        ck_assert_msg(picture_same(expected, read), "%s: way %zu gives other pixels", texts, i);
        telar_image_free(read);
        bytes = slurp(out_name);
        if (!first.at) {
            first = bytes;
            check_by_zlib(&first, expected);
        }
        ck_assert_msg(bytes.n == first.n && memcmp(bytes.at, first.at, bytes.n) == 0,
                      "%s: way %zu gives another file", texts, i);
        if (bytes.at != first.at)
            free(bytes.at);

        ck_assert_uint_gt(convert(out_name, again_name, none, &ways[i]), 0);
        bytes = slurp(again_name);
        ck_assert_msg(bytes.n == first.n && memcmp(bytes.at, first.at, bytes.n) == 0,
                      "%s: way %zu reads its own file as another", texts, i);
        free(bytes.at);
    }
    free(first.at);
    telar_image_free(expected);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(none);
}

static void remove_files(void)
{
    unlink(in_name);
    unlink(out_name);
    unlink(again_name);
}

START_TEST(every_format_and_odd_size)
{
    static const uint32_t sizes[][2] = {{1, 1}, {1, 97}, {89, 1}, {31, 37}, {2, 3000}};

    for (uint32_t channels = 1; channels <= 4; channels++)
        for (uint32_t depth = 8; depth <= 16; depth += 8)
            for (size_t i = 0; i < LENGTH(sizes); i++) {
                telar_image *image = picture_new(sizes[i][0], sizes[i][1], channels, depth);

                check_picture(image, i % 2 ? "invert" : "");
                telar_image_free(image);
            }
    remove_files();
}
END_TEST

static void check_tall_picture(telar_image *image, const char *texts)
{
    check_picture(image, texts);
    telar_image_free(image);
    remove_files();
}

/* Many more bands than the window has slots: rows of 20,000 bytes make bands of 16. */
START_TEST(a_window_passes_over_a_tall_picture)
{
    check_tall_picture(picture_new(403, 20000, 1, 8), "invert");
}
END_TEST

START_TEST(a_window_and_a_pipeline)
{
    check_tall_picture(picture_new(403, 20000, 1, 8), "sobel invert");
}
END_TEST

START_TEST(a_window_and_a_halo)
{
    check_tall_picture(picture_new(301, 3300, 3, 16), "blur:sigma=3");
}
END_TEST

/* The halo is higher than a band. */
START_TEST(a_window_and_halos)
{
    check_tall_picture(picture_new(301, 3300, 3, 16), "blur:sigma=9 sobel");
}
END_TEST

START_TEST(whole_picture_transforms_keep_it_resident)
{
    telar_image *image = picture_new(701, 5000, 3, 8);

    check_picture(image, "equalize");
    check_picture(image, "blur:sigma=2 equalize sobel");
    telar_image_free(image);
    remove_files();
}
END_TEST

static void fill(telar_image *image, unsigned (*value)(uint32_t row, size_t at))
{
    for (uint32_t row = 0; row < telar_image_geometry(image)->rows; row++)
        for (size_t i = 0; i < telar_row_bytes(telar_image_geometry(image)); i++)
            telar_image_row(image, row)[i] = (unsigned char)value(row, i);
}

static unsigned flat(uint32_t row, size_t at)
{
    return 77;
}
static unsigned gradient(uint32_t row, size_t at)
{
    return (unsigned)(row / 3 + at / 7);
}
static unsigned checkered(uint32_t row, size_t at)
{
    return (row / 8 + at / 24) % 2 ? 255 : 0;
}
static unsigned repeating(uint32_t row, size_t at)
{
    return (unsigned)(at * at % 251 + row % 2);
}

START_TEST(every_kind_of_content)
{
    static unsigned (*const contents[])(uint32_t, size_t) = {flat, gradient, checkered, repeating};
    telar_image *image = picture_new(611, 1999, 3, 8);

    for (size_t i = 0; i < LENGTH(contents); i++) {
        fill(image, contents[i]);
        check_picture(image, "invert");
    }
    telar_image_free(image);
    remove_files();
}
END_TEST

/* How many tasks only unfiltered; the file is that of the serial run. */
static uint64_t check_chain(const telar_pipeline *pipeline, const struct telar_options *options,
                            const struct bytes *expected)
{
    struct telar_error error = {0};
    telar_report *report;
    uint64_t unfiltered = 0;
    struct bytes bytes;

    ck_assert_msg(telar_run_file(in_name, out_name, pipeline, options, &report, &error) == TELAR_OK, "%s", error.text);
    bytes = slurp(out_name);
    ck_assert_uint_eq(bytes.n, expected->n);
    ck_assert_mem_eq(bytes.at, expected->at, bytes.n);
    for (uint64_t i = 0; i < report->n_tasks; i++)
        unfiltered += report->task[i].kind == TELAR_TASK_UNFILTER;
    telar_report_free(report);
    free(bytes.at);
    return unfiltered;
}

/* A file of libpng's, with all its filters, whose pixels are made by the worker that inflates, or by another. */
static void check_chains(telar_image *image, bool small)
{
    static const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED, TELAR_SANDBOXED};
    const struct telar_options alone = {.engine = TELAR_SERIAL},
                               by_libpng = {.engine = TELAR_SERIAL, .compression = TELAR_LIBPNG};
    telar_pipeline *pipeline = pipeline_of("blur:sigma=1"), *none = telar_pipeline_new();
    telar_image *expected, *read;
    struct bytes first;

    ck_assert_int_eq(telar_image_write(image, again_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run_file(again_name, in_name, none, &by_libpng, NULL, NULL), TELAR_OK);
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
            ck_assert_int_eq(check_chain(pipeline, &options, &first) == 0, workers == 1 || (workers == 2 && small));
        }
    free(first.at);
    telar_image_free(expected);
    telar_image_free(read);
    telar_image_free(image);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(none);
    remove_files();
}

START_TEST(pixels_are_made_by_whoever_has_time)
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
 * Encoding a band of telar's own file decodes it first, where nobody else needs its pixels: then there are no other tasks.
 * However it goes, the result is the file that came of the same pixels in a file of libpng's.
 */
static void check_own_file(telar_image *image, const char *texts, const struct telar_region *roi, bool local)
{
    telar_pipeline *pipeline = pipeline_of(texts), *none = telar_pipeline_new();
    const struct telar_options by_libpng = {.engine = TELAR_SERIAL, .compression = TELAR_LIBPNG};
    struct telar_options alone = {.engine = TELAR_SERIAL, .has_roi = roi != NULL};
    struct bytes expected;

    if (roi)
        alone.roi = *roi;
    ck_assert_int_eq(telar_image_write(image, again_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run_file(again_name, in_name, none, &by_libpng, NULL, NULL), TELAR_OK);
    convert(in_name, out_name, pipeline, &alone);
    expected = slurp(out_name);
    ck_assert_int_eq(telar_run_file(again_name, in_name, none, NULL, NULL, NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        struct telar_options options = ways[i];
        telar_report *report;
        struct bytes bytes;
        size_t decoding = 0;

        options.has_roi = alone.has_roi;
        options.roi = alone.roi;
        if ((options.engine == TELAR_PROCESSES && !PROCESSES) || (options.isolation == TELAR_SANDBOXED && !sandboxed))
            continue;
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, &report, NULL), TELAR_OK);
        ck_assert_uint_eq(report->decode_ns, 0); /* not by libpng, before there are workers */
        for (uint64_t t = 0; t < report->n_tasks; t++)
            decoding += report->task[t].kind == TELAR_TASK_INFLATE;
        ck_assert_msg((decoding == 0) == (local && options.plan.rows == 0), "%s: way %zu has %zu tasks that decode", texts, i,
                      decoding);
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

START_TEST(a_file_of_our_own_goes_straight)
{
    telar_image *image = picture_new(203, 9000, 1, 8), *deep = picture_new(103, 3300, 3, 16), *least = picture_new(1, 1, 2, 8);

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

/* In a region of interest the result is that of the whole run, outside it is the source: fused or not. */
START_TEST(a_region_of_interest_of_a_file)
{
    telar_image *image = picture_new(600, 4000, 3, 8), *read, *expected;
    telar_pipeline *pipeline = pipeline_of("blur:sigma=2");
    struct telar_options options = {
        .engine = TELAR_THREADS, .workers = 3, .has_roi = true, .roi = {37, 401, 101, 3333}};

    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(image, &expected, pipeline, &options, NULL, NULL), TELAR_OK);
    for (uint32_t grid = 0; grid <= 2; grid++) {
        options.plan = (struct telar_plan){grid, grid};
        convert(in_name, out_name, pipeline, &options);
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

/* Inverts its region, and writes beside it, in the same rows. */
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

/* Whatever a transform writes beside a region of interest, there is the source. */
START_TEST(outside_a_region_of_interest_is_the_source)
{
    struct telar_options options = {.has_roi = true, .roi = {20, 50, 30, 60}, .workers = 2};
    telar_image *image = picture_new(90, 100, 3, 8), *read;
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_add(pipeline, &sloppy, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    for (int processes = 0; processes <= PROCESSES; processes++) {
        options.engine = processes ? TELAR_PROCESSES : TELAR_THREADS;
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, NULL, NULL), TELAR_OK);
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

/* A window's segment does not grow with the picture. */
START_TEST(memory_does_not_grow_with_height)
{
    const struct telar_options options = {.engine = TELAR_THREADS, .workers = 2};
    telar_pipeline *pipeline = pipeline_of("blur:sigma=2");
    uint64_t bytes[2];

    for (uint32_t i = 0; i < 2; i++) {
        telar_image *image = picture_new(i ? 4000 : 1000, 6000, 3, 8);
        telar_report *report;

        fill(image, gradient);
        ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, &report, NULL), TELAR_OK);
        bytes[i] = report->segment_bytes;
        telar_report_free(report);
        telar_image_free(image);
    }
    ck_assert_uint_eq(bytes[0], bytes[1]);
    ck_assert_uint_lt(bytes[1], 16 << 20);
    telar_pipeline_free(pipeline);
    remove_files();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_format_and_odd_size,
        a_window_passes_over_a_tall_picture,
        a_window_and_a_pipeline,
        a_window_and_a_halo,
        a_window_and_halos,
        whole_picture_transforms_keep_it_resident,
        every_kind_of_content,
        pixels_are_made_by_whoever_has_time,
        a_file_of_our_own_goes_straight,
        a_region_of_interest_of_a_file,
        outside_a_region_of_interest_is_the_source,
        memory_does_not_grow_with_height,
        NULL,
    };

    sandboxed = can_sandbox("ways with a sandbox");
    return run_suite("file", tests);
}
