/* SPDX-License-Identifier: MIT */
/*
 * Tests runs from PNG to PNG by every way: through a window, with the whole image, by libpng, by
 * restart points. The pixels must be those of telar_run() in memory, and libpng must read them
 * back. The bytes of the file must not depend on engine, number of workers or plan.
 */
#include <config.h>

#define FILES "test_file"
#include "support/file_ways.h"
#include "support/seed.h"

#include <zlib.h>

/* Runs from one file to the other. Returns the number of tasks that inflated, alone or among other
 * work. */
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

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/*
 * Inflates all IDAT data of a file with zlib. The checksum must be right, and the length must be n.
 */
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

/* Undoes a filter as in the PNG specification, 9.2. The neighbours are a (left), b (above) and c
 * (above left). */
static unsigned char undo(unsigned filter, unsigned x, int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    const int paeth = pa <= pb && pa <= pc ? a
                      : pb <= pc           ? b
                                           : c,
              guesses[] = {0, a, b, (a + b) / 2, paeth};

    return (unsigned char)(x + (unsigned)guesses[filter]);
}

/* Uses neither libpng nor telar: only zlib and the formulas of the specification. Needs a
 * little-endian host for 16 bits. */
static void check_by_zlib(const struct bytes *file, telar_image *expected)
{
    const struct telar_geometry *g = telar_image_geometry(expected);
    const size_t n = telar_row_bytes(g), pixel = telar_pixel_bytes(g), swap = g->depth == 16;
    unsigned char *rows = malloc((n + 1) * g->rows), *above = calloc(1, n);

    inflate_file(file, rows, (n + 1) * g->rows);
    for (uint32_t r = 0; r < g->rows; r++) {
        unsigned char *row = rows + r * (n + 1) + 1;

        ck_assert_uint_le(row[-1], 4); /* once a row, because each assertion is a system call */
        for (size_t i = 0; i < n; i++) {
            row[i] = undo(row[-1], row[i], i < pixel ? 0 : row[i - pixel], above[i],
                          i < pixel ? 0 : above[i - pixel]);
            if (row[i] != telar_image_row(expected, r)[i ^ swap])
                ck_abort_msg("zlib gives another value in row %u, byte %zu", r, i);
        }
        memcpy(above, row, n);
    }
    free(rows);
    free(above);
}

/* Runs an image by every third way, and each result by another way from telar's own file. The next
 * image takes other ways. */
static void check_picture(telar_image *image, const char *texts)
{
    static size_t pictures;
    telar_pipeline *pipeline = pipeline_of(texts), *none = telar_pipeline_new();
    const struct telar_options alone = {.engine = TELAR_SERIAL};
    struct bytes first = {0};
    telar_image *expected;

    ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(image, &expected, pipeline, &alone, NULL, NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        telar_image *read;
        struct bytes bytes;

        if (!chosen(pictures + i, 3) || (ways[i].engine == TELAR_PROCESSES && !PROCESSES))
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
                      "%s: way %zu gives other pixels from telar's own file", texts, i);
        free(bytes.at);
    }
    pictures++;
    free(first.at);
    telar_image_free(expected);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(none);
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

/* The image has many more bands than the window has slots: rows of 12,352 bytes give bands of 16
 * rows. */
START_TEST(a_window_serves_a_tall_image)
{
    check_tall_picture(picture_new(403, 12352, 1, 8), "invert");
}
END_TEST

START_TEST(a_window_and_a_pipeline)
{
    check_tall_picture(picture_new(403, 12352, 1, 8), "sobel invert");
}
END_TEST

START_TEST(a_window_and_a_halo)
{
    check_tall_picture(picture_new(301, 2060, 3, 16), "blur:sigma=3");
}
END_TEST

/* The halo has more rows than a band. */
START_TEST(a_window_and_halos)
{
    check_tall_picture(picture_new(301, 2060, 3, 16), "blur:sigma=9 sobel");
}
END_TEST

START_TEST(whole_image_transforms_use_no_window)
{
    telar_image *image = picture_new(211, 4120, 3, 8);

    check_picture(image, "equalize");
    check_picture(image, "blur:sigma=2 equalize sobel");
    telar_image_free(image);
    remove_files();
}
END_TEST

START_TEST(every_kind_of_content)
{
    static unsigned (*const contents[])(uint32_t, size_t) = {flat, gradient, checkered, repeating};
    telar_image *image = picture_new(305, 1999, 3, 8);

    for (size_t i = 0; i < LENGTH(contents); i++) {
        fill(image, contents[i]);
        check_picture(image, "invert");
    }
    telar_image_free(image);
    remove_files();
}
END_TEST

/* The segment of a window does not grow with the height of the image. */
START_TEST(memory_does_not_grow_with_height)
{
    const struct telar_options options = {.engine = TELAR_THREADS, .workers = 2};
    telar_pipeline *pipeline = pipeline_of("blur:sigma=2");
    uint64_t bytes[2];

    for (uint32_t i = 0; i < 2; i++) {
        telar_image *image = picture_new(i ? 1600 : 800, 4120, 3, 8);
        telar_report *report;

        fill(image, gradient);
        ck_assert_int_eq(telar_image_write(image, in_name, NULL), TELAR_OK);
        ck_assert_int_eq(telar_run_file(in_name, out_name, pipeline, &options, &report, NULL),
                         TELAR_OK);
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
        a_window_serves_a_tall_image,
        a_window_and_a_pipeline,
        a_window_and_a_halo,
        a_window_and_halos,
        whole_image_transforms_use_no_window,
        every_kind_of_content,
        memory_does_not_grow_with_height,
        NULL,
    };

    sandboxed = can_sandbox("runs with a sandbox");
    return run_suite("file", tests);
}
