/* SPDX-License-Identifier: MIT */
/*
 * telar transforms: lists what telar run -t takes, from the library's own table. A new transform
 * appears by itself.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/field.h"
#include "cli/option.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* %.15g shows every value as it was written in the table: 0.1 and not 0.10000000000000001. */
static void print_params(const struct telar_param *param)
{
    if (!param || !param->name) {
        printf("\nNo parameters.\n");
        return;
    }
    printf("\nParameters:\n");
    for (; param->name; param++)
        printf("  %s=%.15g\n      %s; %s%.15g to %.15g\n", param->name, param->initial,
               param->summary, param->whole ? "whole, " : "", param->least, param->most);
}

/* Prints which depths and channels a transform accepts, if not all. */
static void print_limits(const struct telar_transform *transform)
{
    if (transform->depths == TELAR_DEPTH_8 || transform->depths == TELAR_DEPTH_16)
        printf("\nDepth: %d bits only.\n", transform->depths == TELAR_DEPTH_8 ? 8 : 16);
    if (!transform->channels)
        return;
    printf("\nChannels:");
    for (int n = 1; n <= 4; n++)
        if (transform->channels & 1u << n)
            printf(" %d", n);
    printf(" only.\n");
}

static void print_manual(const struct telar_transform *transform)
{
    printf("%s - %s\n\n%s", transform->name, transform->summary, transform->manual);
    print_limits(transform);
    print_params(transform->params);
}

static const struct field transform_fields[] = {
    {FIELD(struct telar_transform, name)},     {FIELD(struct telar_transform, summary)},
    {FIELD(struct telar_transform, manual)},   {FIELD(struct telar_transform, depths)},
    {FIELD(struct telar_transform, channels)}, {.name = NULL},
};

static const struct field param_fields[] = {
    {FIELD(struct telar_param, name)},
    {FIELD(struct telar_param, summary)},
    {FIELD(struct telar_param, least)},
    {FIELD(struct telar_param, most)},
    {FIELD_AS("default", struct telar_param, initial)},
    {FIELD(struct telar_param, whole)},
    {.name = NULL},
};

static void write_transform(struct json *json, const struct telar_transform *transform)
{
    const struct telar_param *param = transform->params;
    size_t n = 0;

    while (param && param[n].name)
        n++;
    json_begin(json, NULL, '{');
    json_fields(json, transform_fields, transform);
    json_list(json, "params", param_fields, param, n, sizeof *param);
    json_end(json, '}');
}

/* Writes one transform, or all of them when `only` is NULL. */
static void print_json(const struct telar_transform *only)
{
    struct json json = {.out = stdout};
    const struct telar_transform *transform;

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_begin(&json, "transforms", '[');
    if (only)
        write_transform(&json, only);
    for (size_t i = 0; !only && (transform = telar_transform_at(i)); i++)
        write_transform(&json, transform);
    json_end(&json, ']');
    json_end(&json, '}');
}

static int unknown_transform(const char *name)
{
    const char *near = telar_transform_suggest(name);

    if (near)
        return usage_error("no transform '%s'; did you mean '%s'?", name, near);
    return usage_error("no transform '%s'; telar transforms lists them", name);
}

/* The last line is for people, not for a program that reads the list. */
static void list(void)
{
    const struct telar_transform *transform;

    for (size_t i = 0; (transform = telar_transform_at(i)); i++)
        printf("%-12s%s\n", transform->name, transform->summary);
    if (isatty(STDOUT_FILENO))
        printf("\ntelar transforms NAME shows the manual and the parameters of one.\n");
}

/* What the command line asks for. The setters of the options write it. */
struct cmd_transforms {
    const char *name; /* NULL: all */
    telar_isolation isolation;
    uint32_t timeout_ms;
    bool json;
};

static int tell_plugin(const struct cmd_transforms *cmd)
{
    struct telar_error error = {.worker = -1};
    telar_plugin_info *info;

    if (telar_plugin_describe(cmd->name, cmd->isolation, cmd->timeout_ms, &info, &error)
        != TELAR_OK)
        return say_error(&error);
    if (cmd->json)
        print_json(telar_plugin_transform(info));
    else
        print_manual(telar_plugin_transform(info));
    telar_plugin_info_free(info);
    return finish_output(TELAR_OK);
}

static int tell(const struct cmd_transforms *cmd)
{
    const struct telar_transform *only = cmd->name ? telar_transform_find(cmd->name) : NULL;

    if (cmd->name && strchr(cmd->name, '/'))
        return tell_plugin(cmd);
    if (cmd->name && !only)
        return unknown_transform(cmd->name);
    if (cmd->json)
        print_json(only);
    else if (only)
        print_manual(only);
    else
        list();
    return finish_output(TELAR_OK);
}

static const char *const isolation_words[] = {"guarded", "sandboxed", NULL};

#define FILLS(member) .field = offsetof(struct cmd_transforms, member)

static const struct cli_option option_table[] = {
    {"isolation", 'i', .words = isolation_words,
     .help = "What the process that loads a plug-in is kept from. Default: sandboxed.",
     .set = set_word, .least = TELAR_GUARDED, FILLS(isolation)},
    {"timeout", 0, "SECONDS", .help = "Longest time that loading may take. Default: 10.",
     .set = set_seconds, FILLS(timeout_ms)},
    {"json", 0, .help = "Write JSON.", .set = set_flag, FILLS(json)},
    {.name = NULL},
};

static int run(int argc, char **argv)
{
    struct cmd_transforms cmd = {.isolation = TELAR_SANDBOXED};
    int result = take_options(&transforms_command, argc, argv, &cmd);

    if (result != OPTIONS_TAKEN)
        return result;
    if (argc - optind > 1)
        return usage_error("transforms takes one NAME, not %d", argc - optind);
    cmd.name = optind < argc ? argv[optind] : NULL;
    return tell(&cmd);
}

const struct command transforms_command = {
    .name = "transforms",
    .summary = "list the transforms, or show the manual of one",
    .usage = "[OPTIONS] [NAME]",
    .about = "Lists the transforms that 'telar run -t' takes, or shows the manual and the "
             "parameters of one. A NAME with a slash is a plug-in, ./mine.so; a process of its own "
             "loads it.\n",
    .options = option_table,
    .examples = "  telar transforms blur        the manual and the parameters of blur\n",
    .operands = COMPLETE_TRANSFORMS,
    .run = run,
};
