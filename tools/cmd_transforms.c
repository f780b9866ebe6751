/*
 * telar transforms: the words that telar run -t takes, from the library's own tables. Nothing is said here of
 * any transform, so a new one appears by itself.
 */
#include <config.h>

#include "cli.h"
#include "json.h"

#include <stdio.h>

static int help(void)
{
    printf("usage: telar transforms [--json] [NAME]\n\n"
           "Lists the transforms that 'telar run -t' takes, or prints the manual and the\n"
           "parameters of one.\n\n"
           "      --json   the same as JSON\n"
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
        printf("  %s=%.15g\n      %s; %s%.15g to %.15g\n", param->name, param->initial, param->summary,
               param->whole ? "whole, " : "", param->least, param->most);
}

static void print_manual(const struct telar_transform *transform)
{
    printf("%s - %s\n\n%s", transform->name, transform->summary, transform->manual);
    print_params(transform->params);
}

static void write_transform(struct json *json, const struct telar_transform *transform)
{
    const struct telar_param *param = transform->params;

    json_begin(json, NULL, '{');
    json_string(json, "name", transform->name);
    json_string(json, "summary", transform->summary);
    json_string(json, "manual", transform->manual);
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

int command_transforms(int argc, char **argv)
{
    enum { JSON = 256 };
    static const struct option options[] = {
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const struct telar_transform *only = NULL, *transform;
    bool as_json = false;
    int got;

    while ((got = next_option(argc, argv, ":h", options)) != -1) {
        if (got == 'h')
            return help();
        if (got != JSON)
            return TELAR_USAGE;
        as_json = true;
    }
    if (argc - optind > 1)
        return usage_error("transforms takes one NAME, not %d", argc - optind);
    if (optind < argc && !(only = telar_transform_find(argv[optind])))
        return unknown_transform(argv[optind]);
    if (as_json)
        print_json(only);
    else if (only)
        print_manual(only);
    for (size_t i = 0; !as_json && !only && (transform = telar_transform_at(i)); i++)
        printf("%-12s%s\n", transform->name, transform->summary);
    return finish_output(TELAR_OK);
}
