/* SPDX-License-Identifier: MIT */
/* runs.h - images to run on, and the check that a run has left nothing behind. */
#ifndef TESTS_RUNS_H
#define TESTS_RUNS_H

#include "support/plane.h"
#include "support/suite.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <telar/telar.h>
#include <unistd.h>

/* Returns an image of noise. The caller frees the image. */
static inline telar_image *picture_new(uint32_t rows, uint32_t columns, uint32_t channels,
                                       uint32_t depth)
{
    const struct telar_geometry geometry = {rows, columns, channels, depth};
    struct plane plane = plane_picture(geometry, 0, 1 + rows + columns);
    telar_image *image;

    ck_assert_int_eq(telar_image_new(&geometry, &image, NULL), TELAR_OK);
    for (uint32_t row = 0; row < rows; row++)
        memcpy(telar_image_row(image, row), plane.bytes + row * plane.stride_bytes,
               telar_row_bytes(&geometry));
    plane_free(plane);
    return image;
}

static inline bool picture_same(telar_image *a, telar_image *b)
{
    const struct telar_geometry *g = telar_image_geometry(a);

    if (memcmp(g, telar_image_geometry(b), sizeof *g) != 0)
        return false;
    for (uint32_t row = 0; row < g->rows; row++)
        if (memcmp(telar_image_row(a, row), telar_image_row(b, row), telar_row_bytes(g)) != 0)
            return false;
    return true;
}

/* For the process callback of a test's transform: copies the region. */
static inline void copy_pixels(const struct telar_context *context,
                               const struct telar_source *source, const struct telar_result *result)
{
    size_t pixel_bytes = telar_pixel_bytes(&context->image);
    const struct telar_region *region = &result->region;

    for (uint32_t row = region->r0; row < region->r1; row++)
        memcpy(telar_result_at(result, pixel_bytes, row, region->c0),
               telar_source_at(source, pixel_bytes, row, region->c0),
               (region->c1 - region->c0) * pixel_bytes);
}

/* Counts the entries of a directory whose names begin with `begin`. */
static inline int count_entries(const char *path, const char *begin)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int n = 0;

    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)) != NULL)
        n += strncmp(entry->d_name, begin, strlen(begin)) == 0;
    closedir(directory);
    return n;
}

static inline int count_descriptors(void)
{
    return count_entries("/proc/self/fd", "");
}

static inline bool any_segment_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    bool found = false;

    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, "/dev/shm/") || strstr(line, "memfd:telar");
    fclose(maps);
    return found;
}

/* The form is telar-PID-START-RANDOM: two decimal numbers and 16 hexadecimal digits. */
static inline bool is_segment_name(const char *name)
{
    int random = 0, end = 0;

    sscanf(name, "telar-%*[0-9]-%*[0-9]-%n%*[0-9a-f]%n", &random, &end);
    return end == random + 16 && name[end] == 0;
}

/* Another run may have a name in /dev/shm for a moment. A name that is still there after 1000 looks
 * was left. */
static inline void check_no_name_left(void)
{
    DIR *directory = opendir("/dev/shm");
    struct dirent *entry;

    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)) != NULL) {
        char path[300];
        int looks = 0;

        snprintf(path, sizeof path, "/dev/shm/%s", entry->d_name);
        while (is_segment_name(entry->d_name) && access(path, F_OK) == 0 && ++looks < 1000)
            usleep(1000);
        ck_assert_msg(looks < 1000, "the name %s is left", path);
    }
    closedir(directory);
}

/* No child may be left, no descriptor more than before, no mapping and no name of a segment. */
static inline void check_nothing_left(int descriptors_before)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_int_eq(count_descriptors(), descriptors_before);
    ck_assert_msg(!any_segment_mapped(), "a segment is still mapped");
    check_no_name_left();
}

/* Inverts an image of 37 x 41 RGB with the library and by formula, and compares. A failed run must
 * give no result. Nothing may be left of any run. */
static inline telar_status run_invert(const struct telar_options *options, telar_report **report,
                                      struct telar_error *error)
{
    telar_image *source = picture_new(37, 41, 3, 8), *result = source;
    telar_pipeline *pipeline = telar_pipeline_new();
    int descriptors = count_descriptors();
    telar_status status;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    status = telar_run(source, &result, pipeline, options, report, error);
    check_nothing_left(descriptors);
    for (uint32_t row = 0; row < 37; row++)
        for (size_t i = 0; i < 3 * 41; i++)
            telar_image_row(source, row)[i] ^= 255;
    ck_assert_int_eq(status == TELAR_OK, result != NULL);
    ck_assert(result == NULL || picture_same(result, source));
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

#endif
