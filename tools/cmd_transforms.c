/* SPDX-License-Identifier: MIT */
/*
 * telar transforms: the words that telar run -t takes, from the library's own tables. Nothing is
 * said here of any transform, so a new one appears by itself.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/json.h"

#include <stdio.h>
#include <string.h>

static int help(void)
{
    printf("usage: telar transforms [--json] [NAME]\n\n"
           "Lists the transforms that 'telar run -t' takes, or prints the manual and the\n"
           "parameters of one. A NAME with a slash is a plug-in, such as ./mine.so; a\n"
           "process of its own loads it.\n\n"
           "  -i, --isolation=guarded|sandboxed\n"
           "                         what that process is kept from (sandboxed)\n"
           "      --timeout=SECONDS  how long it may take (10)\n"
           "      --json             the same as JSON\n"
           "  -h, --help\n");
    return finish_output(TELAR_OK);
}

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

/* What it works on, where that is not every image. */
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

static void write_transform(struct json *json, const struct telar_transform *transform)
{
    const struct telar_param *param = transform->params;

    json_begin(json, NULL, '{');
    json_string(json, "name", transform->name);
    json_string(json, "summary", transform->summary);
    json_string(json, "manual", transform->manual);
    json_number(json, "depths", transform->depths);
    json_number(json, "channels", transform->channels);
    json_begin(json, "params", '[');
    for (; param && param->name; param++) {
        json_begin(json, NULL, '{');
        json_string(json, "name", param->name);
        json_string(json, "summary", param->summary);
        json_real(json, "least", param->least);
        json_real(json, "most", param->most);
        json_real(json, "default", param->initial);
        json_bool(json, "whole", param->whole);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
}

/* All of them when only is NULL. */
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

static void list(void)
{
    const struct telar_transform *transform;

    for (size_t i = 0; (transform = telar_transform_at(i)); i++)
        printf("%-12s%s\n", transform->name, transform->summary);
}

/* What the command line asks for. */
struct question {
    const char *name; /* NULL: all */
    telar_isolation isolation;
    uint32_t timeout_ms;
    bool json;
};

static int tell_plugin(const struct question *question)
{
    struct telar_error error = {.worker = -1};
    telar_plugin_info *info;

    if (telar_plugin_describe(question->name, question->isolation, question->timeout_ms, &info,
                              &error)
        != TELAR_OK)
        return say_error(&error);
    if (question->json)
        print_json(telar_plugin_transform(info));
    else
        print_manual(telar_plugin_transform(info));
    telar_plugin_info_free(info);
    return finish_output(TELAR_OK);
}

static int tell(const struct question *question)
{
    const struct telar_transform *only =
        question->name ? telar_transform_find(question->name) : NULL;

    if (question->name && strchr(question->name, '/'))
        return tell_plugin(question);
    if (question->name && !only)
        return unknown_transform(question->name);
    if (question->json)
        print_json(only);
    else if (only)
        print_manual(only);
    else
        list();
    return finish_output(TELAR_OK);
}

int command_transforms(int argc, char **argv)
{
    enum { JSON = 256, TIMEOUT };
    static const char *const words[] = {"guarded", "sandboxed", NULL};
    static const struct option options[] = {
        {"isolation", required_argument, NULL, 'i'},
        {"timeout", required_argument, NULL, TIMEOUT},
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct question question = {.isolation = TELAR_SANDBOXED};
    int got, word = 1;

    while ((got = next_option(argc, argv, ":hi:", options)) != -1) {
        if (got == 'h')
            return help();
        if (got == '?'
            || (got == TIMEOUT && !parse_seconds("--timeout", optarg, &question.timeout_ms))
            || (got == 'i' && (word = parse_word("--isolation", optarg, words)) < 0))
            return TELAR_USAGE;
        question.json = question.json || got == JSON;
    }
    question.isolation = word == 0 ? TELAR_GUARDED : TELAR_SANDBOXED;
    if (argc - optind > 1)
        return usage_error("transforms takes one NAME, not %d", argc - optind);
    question.name = optind < argc ? argv[optind] : NULL;
    return tell(&question);
}
