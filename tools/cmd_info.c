/* SPDX-License-Identifier: MIT */
/*
 * telar info: describes PNG files. Each file is read to its end, so that a damaged one is noticed.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/field.h"
#include "cli/option.h"
#include "cli/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

/* PNG specification, 11.2.2. The library refuses every other number. */
static const char *color_name(uint8_t color_type)
{
    switch (color_type) {
    case 0:
        return "grey";
    case 2:
        return "RGB";
    case 3:
        return "palette";
    case 4:
        return "grey + alpha";
    default:
        return "RGB + alpha";
    }
}

/* A grey picture has two dimensions, as in numpy. */
static void print_shape(const struct telar_geometry *image)
{
    if (image->channels == 1)
        printf("(%" PRIu32 ", %" PRIu32 ")\n", image->rows, image->columns);
    else
        printf("(%" PRIu32 ", %" PRIu32 ", %" PRIu32 ")\n", image->rows, image->columns,
               image->channels);
}

/* The shape stands first and alone on its line, so that a script can take it with head -n 1. */
static void print_info(const char *path, const struct telar_info *info,
                       const struct telar_warnings *warnings, bool several)
{
    char shown[PATH_MAX];

    if (several) {
        snprintf(shown, sizeof shown, "%s", path);
        text_make_plain(shown);
        printf("%s: ", shown);
    }
    print_shape(&info->image);
    printf("  depth       %" PRIu32 " bits", info->image.depth);
    if (info->bit_depth != info->image.depth)
        printf(", %u in the file", info->bit_depth);
    printf("\n  colour      %s\n", color_name(info->color_type));
    printf("  interlaced  %s\n", info->interlaced ? "yes" : "no");
    printf("  chunks      %s\n", info->chunks);
    if (info->dropped[0])
        printf("  not kept    %s\n", info->dropped);
    if (info->restart_rows)
        printf("  restart     bands of %" PRIu32 " rows, which telar decodes in parallel\n",
               info->restart_rows);
    if (info->file_bytes)
        printf("  bytes       %" PRIu64 "\n", info->file_bytes);
    for (uint32_t i = 0; i < warnings->n; i++)
        printf("  %s     %s\n", i == 0 ? "warning" : "       ", warnings->warning[i].text);
}

static const struct field info_fields[] = {
    {FIELD_AS("rows", struct telar_info, image.rows)},
    {FIELD_AS("columns", struct telar_info, image.columns)},
    {FIELD_AS("channels", struct telar_info, image.channels)},
    {FIELD_AS("depth", struct telar_info, image.depth)},
    {FIELD(struct telar_info, color_type)},
    {FIELD(struct telar_info, bit_depth)},
    {FIELD(struct telar_info, interlaced)},
    {FIELD(struct telar_info, chunks)},
    {FIELD(struct telar_info, dropped)},
    {FIELD(struct telar_info, restart_rows)},
    {FIELD_AS("bytes", struct telar_info, file_bytes)},
    {.name = NULL},
};

/* A file that failed is a member too: the list has as many members as there were operands. */
static void write_info(struct json *json, const char *path, const struct telar_info *info,
                       const struct telar_warnings *warnings, const struct telar_error *error)
{
    json_begin(json, NULL, '{');
    json_name(json, "file", path);
    if (error->status == TELAR_OK) {
        json_fields(json, info_fields, info);
        json_list(json, "warnings", warning_fields, warnings->warning, warnings->n,
                  sizeof *warnings->warning);
    } else {
        json_object(json, "error", error_fields, error);
    }
    json_end(json, '}');
}

/* Prints all files, also after a failure. Returns the status of the first failure. */
static int print_files(char **paths, const struct telar_limits *limits, bool as_json)
{
    struct json json = {.out = stdout};
    int result = TELAR_OK;

    if (as_json) {
        json_begin(&json, NULL, '{');
        json_number(&json, "version", 1);
        json_begin(&json, "files", '[');
    }
    for (char **path = paths; *path; path++) {
        struct telar_info info = {0};
        struct telar_warnings warnings = {0};
        struct telar_error error = {.worker = -1};
        telar_status status = telar_info_read_warnings(*path, limits, &info, &warnings, &error);

        if (status != TELAR_OK)
            say_error(&error);
        if (as_json)
            write_info(&json, *path, &info, &warnings, &error);
        else if (status == TELAR_OK)
            print_info(*path, &info, &warnings, paths[1] != NULL);
        result = result == TELAR_OK ? (int)status : result;
    }
    if (as_json) {
        json_end(&json, ']');
        json_end(&json, '}');
    }
    return result;
}

/* What the command line asks for. The setters of the options write it. */
struct cmd_info {
    struct telar_limits limits;
    bool json;
};

#define FILLS(member) .field = offsetof(struct cmd_info, member)

static const struct cli_option option_table[] = {
    {"json", 0, .help = "Write JSON.", .set = set_flag, FILLS(json)},
    {"max-pixels", 0, "N",
     .help = "Refuse larger pictures. K, M, G: 10^3, 10^6, 10^9. Default: 1G.", .set = set_amount,
     FILLS(limits.max_pixels)},
    {"strict", 0, .help = "Refuse every fault of a file, not only those that put a pixel in doubt.",
     .set = set_flag, FILLS(limits.strict)},
    {.name = NULL},
};

static int run(int argc, char **argv)
{
    struct cmd_info cmd = {.limits = {TELAR_LIMITS_INIT}};
    int result = take_options(&info_command, argc, argv, &cmd);

    if (result != OPTIONS_TAKEN)
        return result;
    if (optind == argc)
        return usage_error("info needs a FILE; '-' is standard input");
    return finish_output(print_files(argv + optind, &cmd.limits, cmd.json));
}

const struct command info_command = {
    .name = "info",
    .summary = "show what a PNG file is: rows, columns, channels, depth, chunks",
    .usage = "[OPTIONS] FILE...",
    .about = "Reads PNG files to the end and shows what they are. '-' is standard input. The first "
             "line is the shape as numpy prints it: (rows, columns, channels), or (rows, columns) "
             "for grey.\n",
    .options = option_table,
    .operands = COMPLETE_FILES,
    .run = run,
};
