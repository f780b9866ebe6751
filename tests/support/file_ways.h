/* SPDX-License-Identifier: MIT */
/* file_ways.h - the options for every way from PNG to PNG, and the files of such a test. Define
 * FILES before including this, as a prefix of file names that no other test has. */
#ifndef TESTS_FILE_WAYS_H
#define TESTS_FILE_WAYS_H

#include "support/runs.h"

#include "support/sandboxed.h"

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

static bool sandboxed; /* this host has a sandbox */

/* Names of the test's files in the build directory. */
static const char *in_name = FILES ".in.png", *out_name = FILES ".out.png",
                  *again_name = FILES ".again.png";

struct bytes {
    unsigned char *at;
    size_t n;
};

static inline struct bytes slurp(const char *name)
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

static inline telar_pipeline *pipeline_of(const char *texts)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    char copy[128], *rest = copy;

    snprintf(copy, sizeof copy, "%s", texts);
    for (char *text; (text = strsep(&rest, " ")) != NULL && *text;)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    return pipeline;
}

static inline void remove_files(void)
{
    unlink(in_name);
    unlink(out_name);
    unlink(again_name);
}

static inline void fill(telar_image *image, unsigned (*value)(uint32_t row, size_t at))
{
    for (uint32_t row = 0; row < telar_image_geometry(image)->rows; row++)
        for (size_t i = 0; i < telar_row_bytes(telar_image_geometry(image)); i++)
            telar_image_row(image, row)[i] = (unsigned char)value(row, i);
}

static inline unsigned flat(uint32_t row, size_t at)
{
    return 77;
}

static inline unsigned gradient(uint32_t row, size_t at)
{
    return (unsigned)(row / 3 + at / 7);
}

static inline unsigned checkered(uint32_t row, size_t at)
{
    return (row / 8 + at / 24) % 2 ? 255 : 0;
}

static inline unsigned repeating(uint32_t row, size_t at)
{
    return (unsigned)(at * at % 251 + row % 2);
}

#endif
