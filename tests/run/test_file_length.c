/* SPDX-License-Identifier: MIT */
/*
 * Tests that the length of a file bounds the memory that its header can claim. deflate makes at
 * most 1032 bytes from one, so telar refuses a file that is too short before it reserves memory.
 */
#include <config.h>

#define FILES "test_file_length"
#include "support/file_ways.h"
#include "support/png_maker.h"

static struct maker maker;

static bool can_go(const struct telar_options *way)
{
    return (sandboxed || way->isolation != TELAR_SANDBOXED)
           && (PROCESSES || way->engine != TELAR_PROCESSES);
}

/* ---- files that are too short ---- */

/* Headers of 20000 x 20000 pixels, of every colour type. */
static const struct header {
    int depth, color_type, interlaced;
    bool transparent;
} headers[] = {
    {8, 0, 0, false},  {1, 0, 0, false}, {16, 2, 0, false}, {8, 3, 0, false}, {8, 4, 0, false},
    {16, 6, 0, false}, {8, 2, 1, false}, {8, 0, 0, true},   {4, 3, 1, true},
};

/* Makes such a header and one byte of image data. */
static void make_short(const struct header *header)
{
    static const unsigned char colors[6] = {9, 8, 7, 6, 5, 4};

    maker_begin(&maker, 20000, 20000, header->depth, header->color_type, header->interlaced);
    if (header->color_type == 3)
        maker_chunk(&maker, "PLTE", colors, sizeof colors);
    if (header->transparent)
        maker_chunk(&maker, "tRNS", colors, header->color_type == 3 ? 1 : 2);
    maker_chunk(&maker, "IDAT", "x", 1);
}

/* Runs the file, which is refused. A limit of 1 MiB shows that no memory was reserved before.
 * Returns whether the way can be gone here. */
static bool refuse(const struct telar_options *way, struct telar_error *error)
{
    struct telar_options options = *way;
    telar_pipeline *pipeline;
    telar_report *report = NULL;
    char name[32];
    int fd;

    if (!can_go(way))
        return false;
    pipeline = pipeline_of("equalize");
    options.max_memory = 1 << 20;
    memory_file(maker.bytes, maker.n, &fd, name);
    ck_assert_int_eq(telar_run_file(name, out_name, pipeline, &options, &report, error),
                     TELAR_INPUT);
    ck_assert_ptr_null(report);
    ck_assert_int_ne(access(out_name, F_OK), 0);
    close(fd);
    telar_pipeline_free(pipeline);
    return true;
}

START_TEST(a_short_file_is_refused_before_memory_is_reserved)
{
    for (size_t h = 0; h < LENGTH(headers); h++) {
        char first[sizeof((struct telar_error *)0)->text] = "";

        make_short(&headers[h]);
        for (size_t i = 0; i < LENGTH(ways); i++) {
            struct telar_error error;
            const char *text;

            if (!refuse(&ways[i], &error))
                continue;
            text = strchr(error.text, ':'); /* behind the name, which differs */
            ck_assert_msg(strstr(error.text, "is truncated: 20000 x 20000"), "%s", error.text);
            if (!first[0])
                snprintf(first, sizeof first, "%s", text);
            ck_assert_str_eq(text, first);
        }
    }
}
END_TEST

START_TEST(a_file_that_ends_in_its_header_reserves_no_memory)
{
    maker_begin(&maker, 20000, 20000, 8, 2, 0);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        struct telar_error error;

        if (refuse(&ways[i], &error))
            ck_assert_msg(strstr(error.text, "is truncated: it ends after 33 bytes"), "%s",
                          error.text);
    }
}
END_TEST

/* ---- files that are as short as they can be ---- */

enum { SIDE = 9000, LEAST = ((SIDE + 1) * SIDE + 1031) / 1032 };

/* Makes a black picture of 81 MB. Its data is more than a pipe and telar's buffer hold. */
static void make_black(void)
{
    unsigned char *rows = calloc(SIDE, SIDE + 1), *packed = malloc(MAKER_BYTES);
    uLongf n = MAKER_BYTES;

    ck_assert_int_eq(compress2(packed, &n, rows, (uLong)SIDE * (SIDE + 1), 9), Z_OK);
    ck_assert_uint_ge(n, LEAST);
    ck_assert_uint_lt(n, LEAST + LEAST / 100);
    maker_begin(&maker, SIDE, SIDE, 8, 0, 0);
    maker_chunk(&maker, "IDAT", packed, n);
    maker_chunk(&maker, "tEXt", "Title\0black", 11);
    maker_chunk(&maker, "IEND", NULL, 0);
    free(rows);
    free(packed);
}

/* Feeds n bytes of the file to standard input, from a process that the caller joins. */
static pid_t feed(size_t n)
{
    pid_t pid;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (size_t at = 0; at < n;) {
            ssize_t wrote = write(ends[1], maker.bytes + at, n - at < 1000 ? n - at : 1000);

            if (wrote <= 0)
                break;
            at += (size_t)wrote;
        }
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    return pid;
}

static telar_status run_pipe(size_t n, const struct telar_options *way, struct telar_error *error)
{
    telar_pipeline *pipeline = pipeline_of("invert");
    pid_t pid = feed(n);
    telar_status status = telar_run_file("-", out_name, pipeline, way, NULL, error);

    ck_assert_ptr_nonnull(freopen("/dev/null", "r", stdin)); /* closes the pipe */
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    telar_pipeline_free(pipeline);
    return status;
}

/* Reads the output, which must be white and have the chunk that follows the image data. */
static void check_white(void)
{
    struct telar_info info;
    telar_image *image;

    ck_assert_int_eq(telar_info_read(out_name, NULL, &info, NULL), TELAR_OK);
    ck_assert_ptr_nonnull(strstr(info.chunks, "tEXt"));
    ck_assert_int_eq(telar_image_read(out_name, NULL, &image, NULL), TELAR_OK);
    for (uint32_t row = 0; row < SIDE; row += 97)
        for (uint32_t i = 0; i < SIDE; i++)
            QUICK_ASSERT(telar_image_row(image, row)[i] == 255);
    telar_image_free(image);
}

static const struct telar_options pipe_ways[] = {
    {.engine = TELAR_THREADS, .workers = 2},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_GUARDED},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_SANDBOXED},
};

START_TEST(the_densest_picture_comes_through_a_pipe)
{
    make_black();
    for (size_t i = 0; i < LENGTH(pipe_ways); i++) {
        struct telar_error error;

        if (!can_go(&pipe_ways[i]))
            continue;
        ck_assert_msg(run_pipe(maker.n, &pipe_ways[i], &error) == TELAR_OK, "%s", error.text);
        check_white();
        ck_assert_int_eq(run_pipe(LEAST, &pipe_ways[i], &error), TELAR_INPUT);
        ck_assert_msg(strstr(error.text, "standard input: is truncated: 9000 x 9000"), "%s",
                      error.text);
    }
    remove_files();
}
END_TEST

START_TEST(the_densest_picture_is_read)
{
    struct telar_info info;
    struct telar_error error;
    char name[32];
    int fd;

    make_black();
    memory_file(maker.bytes, maker.n, &fd, name);
    ck_assert_msg(telar_info_read(name, NULL, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_uint_eq(info.image.columns, SIDE);
    close(fd);
    memory_file(maker.bytes, LEAST, &fd, name);
    ck_assert_int_eq(telar_info_read(name, NULL, &info, &error), TELAR_INPUT);
    ck_assert_msg(strstr(error.text, "is truncated: 9000 x 9000"), "%s", error.text);
    close(fd);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_short_file_is_refused_before_memory_is_reserved,
        a_file_that_ends_in_its_header_reserves_no_memory,
        the_densest_picture_comes_through_a_pipe,
        the_densest_picture_is_read,
        NULL,
    };

    sandboxed = can_sandbox("ways with a sandbox");
    return run_suite("file_length", tests);
}
