/* SPDX-License-Identifier: MIT */
/*
 * cmd_galaxy.c - telar galaxy: reads the options, draws the picture (galaxy.h) and writes the file.
 *
 * The whole picture is in memory while it is drawn: at most 600 MB, for 100 megapixels at 16 bits.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/misplaced.h"
#include "cli/number.h"
#include "cli/option.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "galaxy/galaxy.h"

#include <stdio.h>

enum { PIXELS_MAX = 100000000 };

/* The options of the command line. The setters of option_table fill it. */
struct cmd_galaxy {
    struct telar_geometry geometry;
    uint64_t seed;
    int progress; /* index into progress_words */
};

/* Draws the picture and writes it. galaxy_new() fills no error, so the error begins as "no memory".
 */
static telar_status draw(const struct cmd_galaxy *cmd, const char *path)
{
    const struct telar_geometry *geometry = &cmd->geometry;
    struct progress progress = {0};
    struct galaxy *galaxy = galaxy_new(geometry->rows, geometry->columns, cmd->seed);
    telar_image *image = NULL;
    struct telar_error error = {.status = TELAR_HOST,
                                .text = "no memory for a picture of that --size"};
    telar_status status = TELAR_HOST;

    if (galaxy)
        status = telar_image_new(geometry, &image, &error);
    progress_start(&progress, cmd->progress, false);
    if (status == TELAR_OK) {
        for (uint32_t row = 0; row < geometry->rows; row++) {
            galaxy_row(galaxy, row, geometry->depth, telar_image_row(image, row));
            progress_update(&progress, row + 1, geometry->rows);
        }
        progress_text(&progress, "writing the file");
        status = telar_image_write(image, path, &error);
    }
    progress_end(&progress);
    telar_image_free(image);
    galaxy_free(galaxy);
    end_if_output_pipe_broke(&error, path);
    if (status != TELAR_OK)
        say_error(&error);
    return status;
}

static bool set_size(const struct cli_option *option, const char *text, void *field)
{
    struct telar_geometry *geometry = field;

    return parse_pair(option, text, &geometry->rows, &geometry->columns);
}

static bool set_depth(const struct cli_option *option, const char *text, void *field)
{
    int word = parse_word(option, text);

    *(uint32_t *)field = word == 0 ? 8 : 16;
    return word >= 0;
}

static const char *const depth_words[] = {"8", "16", NULL};

#define FILLS(member) .field = offsetof(struct cmd_galaxy, member)

static const struct cli_option option_table[] = {
    {"size", 0, "RxC", .help = "Rows and columns, at most 100 million pixels. Default: 500x800.",
     .set = set_size, FILLS(geometry)},
    {"seed", 0, "N", .help = "Another N draws another sky. Default: 1.", .set = set_count,
     .most = UINT64_MAX, FILLS(seed)},
    {"depth", 0, .words = depth_words, .help = "Bits of a sample. Default: 8.", .set = set_depth,
     FILLS(geometry.depth)},
    {"progress", 0, .words = progress_words,
     .help = "Show per cent and time left on standard error. Default: auto, on a terminal.",
     .set = set_word, FILLS(progress)},
    {.name = NULL},
};

static int run(int argc, char **argv)
{
    struct cmd_galaxy cmd = {
        .geometry = {.rows = 500, .columns = 800, .channels = GALAXY_CHANNELS, .depth = 8},
        .seed = 1};
    const struct telar_geometry *g = &cmd.geometry;
    int result = take_options(&galaxy_command, argc, argv, &cmd);

    if (result != OPTIONS_TAKEN)
        return result;
    if (argc - optind != 1)
        return usage_error("galaxy takes one OUTPUT, not %d; '-' is standard output",
                           argc - optind);
    if ((uint64_t)g->rows * g->columns > PIXELS_MAX)
        return usage_error("--size: %ux%u is more than %d million pixels", g->rows, g->columns,
                           PIXELS_MAX / 1000000);
    say_other_extension(argv[optind]);
    return (int)draw(&cmd, argv[optind]);
}

const struct command galaxy_command = {
    .name = "galaxy",
    .summary = "draw a synthetic photograph of a galaxy",
    .usage = "[OPTIONS] OUTPUT",
    .about = "Draws a synthetic photograph of a galaxy and writes it as a PNG file. OUTPUT '-' is "
             "standard output. The same seed and size give the same pixels on every machine.\n",
    .options = option_table,
    .operands = COMPLETE_FILES,
    .run = run,
};
