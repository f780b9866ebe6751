/* SPDX-License-Identifier: MIT */
/*
 * The pictures that are worked on, in memory and as files. The files lie in shared memory where
 * there is some, so that no disk is measured, in a directory of their own that goes with the bench.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"
#include "galaxy/galaxy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static telar_status no_memory(void)
{
    say("no memory for the picture; give a smaller --size");
    return TELAR_HOST;
}

static telar_status draw(const struct telar_geometry *geometry, telar_image **image)
{
    struct galaxy *galaxy = galaxy_new(geometry->rows, geometry->columns, 1);
    struct telar_error error = {.status = TELAR_HOST,
                                .text = "no memory for a picture of that --size"};

    if (!galaxy)
        return no_memory();
    if (telar_image_new(geometry, image, &error) == TELAR_OK)
        for (uint32_t row = 0; row < geometry->rows; row++)
            galaxy_row(galaxy, row, geometry->depth, telar_image_row(*image, row));
    galaxy_free(galaxy);
    return *image ? TELAR_OK : (telar_status)say_error(&error);
}

telar_image *bench_picture_crop(telar_image *image, uint32_t rows, uint32_t columns)
{
    const struct telar_geometry *whole = telar_image_geometry(image);
    struct telar_geometry part = {rows, columns, whole->channels, whole->depth};
    size_t from = (whole->columns - columns) / 2 * telar_pixel_bytes(whole);
    telar_image *crop = NULL;

    if (telar_image_new(&part, &crop, NULL) != TELAR_OK)
        return NULL;
    for (uint32_t row = 0; row < rows; row++)
        memcpy(telar_image_row(crop, row),
               telar_image_row(image, (whole->rows - rows) / 2 + row) + from,
               telar_row_bytes(&part));
    return crop;
}

static telar_status make_directory(struct bench *bench)
{
    const char *temporary = getenv("TMPDIR");

    snprintf(bench->directory, sizeof bench->directory, "%s/telar-bench.XXXXXX",
             access("/dev/shm", W_OK) == 0                        ? "/dev/shm"
             : temporary && *temporary && strlen(temporary) < 100 ? temporary
                                                                  : "/tmp");
    if (mkdtemp(bench->directory))
        return TELAR_OK;
    say("cannot make the directory %s: %s; set TMPDIR to where files can be made", bench->directory,
        strerror(errno));
    bench->directory[0] = '\0';
    return TELAR_HOST;
}

/*
 * Writes the file without the teLR chunk, as other programs do. With it, rows with several workers
 * would decode in parallel.
 */
static telar_status write_file(struct bench *bench, uint32_t index)
{
    const struct telar_options options = {.no_restart = true};
    struct bench_picture *picture = &bench->picture[index];
    telar_pipeline *copy = telar_pipeline_new();
    struct telar_error error = {.status = TELAR_HOST, .text = "no memory for a pipeline"};
    telar_status status = copy ? TELAR_OK : TELAR_HOST;

    snprintf(picture->path, sizeof picture->path, "%s/in%" PRIu32 ".png", bench->directory, index);
    if (status == TELAR_OK)
        status = telar_image_write(picture->image, picture->path, &error);
    if (status == TELAR_OK)
        status = telar_run_file(picture->path, picture->path, copy, &options, NULL, &error);
    telar_pipeline_free(copy);
    return status == TELAR_OK ? TELAR_OK : (telar_status)say_error(&error);
}

/* Decodes the user's picture once, for the rows in memory. Rows with files read it where it is. */
static telar_status read_input(struct bench *bench)
{
    struct bench_picture *picture = &bench->picture[0];
    struct telar_error error;

    if (strlen(bench->wishes.input) >= sizeof picture->path) {
        say("%s: the name is too long for the bench; use a shorter path", bench->wishes.input);
        return TELAR_INPUT;
    }
    strcpy(picture->path, bench->wishes.input);
    if (telar_image_read(picture->path, NULL, &picture->image, &error) != TELAR_OK)
        return (telar_status)say_error(&error);
    bench->n_pictures = 1;
    return TELAR_OK;
}

static bool files_wanted(const struct bench_wishes *wishes)
{
    for (uint32_t i = 0; i < wishes->n_jobs; i++)
        if (wishes->job[i] == BENCH_FILE)
            return true;
    return wishes->n_jobs == 0;
}

telar_status bench_pictures_make(struct bench *bench)
{
    bool files = files_wanted(&bench->wishes);
    telar_status status = files ? make_directory(bench) : TELAR_OK;

    if (status != TELAR_OK || bench->wishes.input)
        return status == TELAR_OK ? read_input(bench) : status;
    for (uint32_t i = 0; status == TELAR_OK && i < bench->wishes.n_sizes; i++) {
        status = draw(&bench->wishes.size[i], &bench->picture[i].image);
        bench->n_pictures = i + 1;
        if (status == TELAR_OK && files)
            status = write_file(bench, i);
    }
    return status;
}

void bench_pictures_free(struct bench *bench)
{
    char output[sizeof bench->directory + 16];

    for (uint32_t i = 0; i < bench->n_pictures; i++) {
        telar_image_free(bench->picture[i].image);
        if (bench->picture[i].path[0] && !bench->wishes.input)
            remove(bench->picture[i].path);
    }
    if (!bench->directory[0])
        return;
    snprintf(output, sizeof output, "%s/out.png", bench->directory);
    remove(output);
    rmdir(bench->directory);
}
