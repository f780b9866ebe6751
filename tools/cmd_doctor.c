/* SPDX-License-Identifier: MIT */
/*
 * telar doctor: prints what doctor.c has found. The exit code says whether telar can work here;
 * that it could work better is not a failure.
 */
#include <config.h>

#include "cli/cli.h"
#include "doctor.h"
#include "cli/json.h"

#include <stdio.h>

static const char *const level_names[] = {"ok", "warn", "bad"};

static int help(void)
{
    printf("usage: telar doctor [--json]\n\n"
           "Says what this host gives telar, and what to do where it gives too little:\n"
           "ok, warn (it works, but not at its best) or bad (something needed is missing:\n"
           "exit code 4).\n\n"
           "      --json   the same as JSON\n"
           "  -h, --help\n");
    return finish_output(TELAR_OK);
}

static void print_findings(const struct findings *findings)
{
    for (int i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->finding[i];

        printf("%-5s %-15s %s\n", level_names[finding->level], finding->name, finding->text);
        if (finding->remedy)
            printf("%21s -> %s\n", "", finding->remedy);
    }
}

static void write_findings(const struct findings *findings)
{
    struct json json = {.out = stdout};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_begin(&json, "findings", '[');
    for (int i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->finding[i];

        json_begin(&json, NULL, '{');
        json_string(&json, "name", finding->name);
        json_string(&json, "level", level_names[finding->level]);
        json_string(&json, "text", finding->text);
        if (finding->remedy)
            json_string(&json, "remedy", finding->remedy);
        else
            json_null(&json, "remedy");
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
}

int command_doctor(int argc, char **argv)
{
    enum { JSON = 256 };
    static const struct option options[] = {
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct findings findings = {0};
    bool as_json = false;
    int got, status = TELAR_OK;

    while ((got = next_option(argc, argv, ":h", options)) != -1) {
        if (got == 'h')
            return help();
        if (got != JSON)
            return TELAR_USAGE;
        as_json = true;
    }
    if (optind < argc)
        return usage_error("doctor takes no '%s'", argv[optind]);
    doctor_examine(&findings);
    for (int i = 0; i < findings.count; i++)
        if (findings.finding[i].level == LEVEL_BAD)
            status = TELAR_HOST;
    if (as_json)
        write_findings(&findings);
    else
        print_findings(&findings);
    return finish_output(status);
}
