/* SPDX-License-Identifier: MIT */
/*
 * telar galaxy: the options, and the way from the drawing (galaxy.h) to a file. The whole picture
 * is in memory while it is drawn: at most 600 MB, for 100 megapixels at 16 bits.
 */
#include <config.h>

#include "cli/cli.h"
#include "galaxy/galaxy.h"

#include <stdio.h>

enum { PIXELS_MAX = 100000000 };

static int help(void)
{
    printf("usage: telar galaxy [OPTIONS] OUTPUT\n\n"
           "Draws a synthetic photograph of a galaxy and writes it as a PNG file.\n"
           "OUTPUT '-' is standard output. The same seed and size give the same pixels on\n"
           "every machine.\n\n"
           "      --size=RxC     rows and columns, at most 100 million pixels (500x800)\n"
           "      --seed=N       another N is another sky (1)\n"
           "      --depth=8|16   bits of a sample (8)\n"
           "  -h, --help\n");
    return finish_output(TELAR_OK);
}

/* The error is filled beforehand for the one failure that comes without: no memory for the drawing.
 */
static telar_status draw(const struct telar_geometry *geometry, uint64_t seed, const char *path)
{
    struct galaxy *galaxy = galaxy_new(geometry->rows, geometry->columns, seed);
    telar_image *image = NULL;
    struct telar_error error = {.status = TELAR_HOST,
                                .text = "no memory for a picture of that --size"};
    telar_status status = TELAR_HOST;

    if (galaxy)
        status = telar_image_new(geometry, &image, &error);
    if (status == TELAR_OK) {
        for (uint32_t row = 0; row < geometry->rows; row++)
            galaxy_row(galaxy, row, geometry->depth, telar_image_row(image, row));
        status = telar_image_write(image, path, &error);
    }
    telar_image_free(image);
    galaxy_free(galaxy);
    if (status != TELAR_OK)
        say_error(&error);
    return status;
}

/* Fills *geometry and *seed; -1 when all is well, else the exit code. */
static int read_options(int argc, char **argv, struct telar_geometry *geometry, uint64_t *seed)
{
    enum { SIZE = 256, SEED, DEPTH };
    static const struct option options[] = {
        {"size", required_argument, NULL, SIZE},
        {"seed", required_argument, NULL, SEED},
        {"depth", required_argument, NULL, DEPTH},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static const char *const depths[] = {"8", "16", NULL};
    int got, word;

    while ((got = next_option(argc, argv, ":h", options)) != -1) {
        if (got == 'h')
            return help();
        if (got == SIZE && parse_pair("--size", optarg, &geometry->rows, &geometry->columns))
            continue;
        if (got == SEED && parse_count("--seed", optarg, 0, UINT64_MAX, seed))
            continue;
        if (got == DEPTH && (word = parse_word("--depth", optarg, depths)) >= 0) {
            geometry->depth = word == 0 ? 8 : 16;
            continue;
        }
        return TELAR_USAGE;
    }
    return -1;
}

int command_galaxy(int argc, char **argv)
{
    struct telar_geometry geometry = {
        .rows = 500, .columns = 800, .channels = GALAXY_CHANNELS, .depth = 8};
    uint64_t seed = 1;
    int result = read_options(argc, argv, &geometry, &seed);

    if (result >= 0)
        return result;
    if (argc - optind != 1)
        return usage_error("galaxy takes one OUTPUT, not %d; '-' is standard output",
                           argc - optind);
    if ((uint64_t)geometry.rows * geometry.columns > PIXELS_MAX)
        return usage_error("--size: %ux%u is more than %d million pixels", geometry.rows,
                           geometry.columns, PIXELS_MAX / 1000000);
    return (int)draw(&geometry, seed, argv[optind]);
}
