/* SPDX-License-Identifier: MIT */
/*
 * telar doctor: prints what doctor.c has found. The exit code says whether telar can work here. A
 * warning is not a failure.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/field.h"
#include "cli/option.h"
#include "cli/text.h"
#include "doctor.h"

#include <stdio.h>

static const char *const level_names[] = {"ok", "warn", "bad"};

enum { TEXT_COLUMN = 22, REMEDY_COLUMN = 25 };

static void print_findings(const struct findings *findings)
{
    int columns = text_columns(stdout);

    for (int i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->finding[i];

        printf("%-5s %-15s ", level_names[finding->level], finding->name);
        print_wrapped(stdout, columns, TEXT_COLUMN, TEXT_COLUMN, finding->text);
        if (finding->remedy) {
            printf("%*s-> ", TEXT_COLUMN, "");
            print_wrapped(stdout, columns, REMEDY_COLUMN, REMEDY_COLUMN, finding->remedy);
        }
    }
}

static const char *finding_level(const void *object)
{
    const struct finding *finding = object;

    return level_names[finding->level];
}

static const struct field finding_fields[] = {
    {FIELD(struct finding, name)},
    {.name = "level", .type = FIELD_WORD, .word = finding_level},
    {FIELD(struct finding, text)},
    {FIELD(struct finding, remedy)},
    {.name = NULL},
};

static void write_findings(const struct findings *findings)
{
    struct json json = {.out = stdout};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_list(&json, "findings", finding_fields, findings->finding, (size_t)findings->count,
              sizeof *findings->finding);
    json_end(&json, '}');
}

/* What the command line asks for. The setters of the options write it. */
struct cmd_doctor {
    bool json;
};

static const struct cli_option option_table[] = {
    {"json", 0, .help = "Write JSON.", .set = set_flag, .field = offsetof(struct cmd_doctor, json)},
    {.name = NULL},
};

static int run(int argc, char **argv)
{
    struct findings findings = {0};
    struct cmd_doctor cmd = {.json = false};
    int status = take_options(&doctor_command, argc, argv, &cmd);

    if (status != OPTIONS_TAKEN)
        return status;
    if (optind < argc)
        return usage_error("doctor takes no '%s'", argv[optind]);
    status = TELAR_OK;
    doctor_examine(&findings);
    for (int i = 0; i < findings.count; i++)
        if (findings.finding[i].level == LEVEL_BAD)
            status = TELAR_HOST;
    if (cmd.json)
        write_findings(&findings);
    else
        print_findings(&findings);
    return finish_output(status);
}

const struct command doctor_command = {
    .name = "doctor",
    .summary = "show what this host gives, and what to do about it",
    .usage = "[OPTIONS]",
    .about = "Shows what this host gives telar, and what to do where it gives too little. Each "
             "line begins with ok, with warn (telar works, but not at its best) or with bad "
             "(something needed is missing; exit code 4).\n",
    .options = option_table,
    .run = run,
};
