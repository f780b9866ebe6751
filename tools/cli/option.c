/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line by a table of options: the arrays of getopt_long, messages for what is
 * wrong, and the setters that several commands share.
 */
#include <config.h>

#include "cli/option.h"

#include "cli/cli.h"
#include "cli/misplaced.h"
#include "cli/number.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 32, FIRST_WITHOUT_LETTER = 256 };

/* The table as getopt_long wants it. An option's val is its letter, or a number from 256 on. */
struct arrays {
    char shorts[2 * OPTIONS_MAX + 4];
    struct option longs[OPTIONS_MAX + 2];
};

static int option_val(const struct cli_option *options, int index)
{
    return options[index].letter ? options[index].letter : FIRST_WITHOUT_LETTER + index;
}

bool option_has_argument(const struct cli_option *option)
{
    return option->argument || option->words;
}

/* --help is added here, so that no table names it. */
static void fill_arrays(struct arrays *arrays, const struct cli_option *options)
{
    size_t used = 0;
    int n = 0;

    arrays->shorts[used++] = ':'; /* getopt_long then returns ':' for a missing argument */
    for (; options[n].name && n < OPTIONS_MAX; n++) {
        bool has_argument = option_has_argument(&options[n]);

        arrays->longs[n] =
            (struct option){options[n].name, has_argument, NULL, option_val(options, n)};
        if (options[n].letter) {
            arrays->shorts[used++] = options[n].letter;
            if (has_argument)
                arrays->shorts[used++] = ':';
        }
    }
    arrays->longs[n++] = (struct option){"help", no_argument, NULL, 'h'};
    arrays->longs[n] = (struct option){NULL, 0, NULL, 0};
    arrays->shorts[used++] = 'h';
    arrays->shorts[used] = '\0';
}

/* ---- what is wrong ---- */

/* Writes the name for messages: "--name" if the option has a long name, else "-x". */
static void name_option(int val, const struct option *longs, char *name, size_t size)
{
    for (; longs->name; longs++)
        if (longs->val == val) {
            snprintf(name, size, "--%s", longs->name);
            return;
        }
    snprintf(name, size, "-%c", val);
}

/*
 * Writes the names that begin with `name` into `list`, "--trust, --transform", as many as fit.
 * Returns how many there are.
 */
static int list_beginning(const char *name, const char *const names[], char *list, size_t size)
{
    size_t used = 0;
    int n = 0;

    for (*list = '\0'; *names; names++)
        if (strncmp(*names, name, strlen(name)) == 0) {
            if (used < size)
                used += (size_t)snprintf(list + used, size - used, "%s--%s", n ? ", " : "", *names);
            n++;
        }
    return n;
}

/* `given` is the argument of the command line that getopt_long did not know. */
static void say_unknown(const char *given, const struct option *longs)
{
    const char *names[OPTIONS_MAX + 2] = {NULL}, *near;
    char name[64], list[512];

    for (int i = 0; longs[i].name; i++)
        names[i] = longs[i].name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    near = nearest_name(name, names);
    if (list_beginning(name, names, list, sizeof list) > 1)
        say("option '--%s' may be any of %s", name, list);
    else if (near)
        say("no option '--%s'; did you mean '--%s'?", name, near);
    else
        say("no option '--%s'; --help lists them", name);
}

/* `got` is what getopt_long returned, '?' or ':'. */
static void say_wrong(int got, char **argv, const struct option *longs)
{
    char name[64];

    if (optopt == 0) {
        say_unknown(argv[optind - 1], longs);
        return;
    }
    name_option(optopt, longs, name, sizeof name);
    if (got == ':')
        say("option '%s' needs a value", name);
    else if (name[1] == '-')
        say("option '%s' takes no value", name);
    else
        say("no option '%s'; --help lists them", name);
}

/* ---- the command line ---- */

static const struct cli_option *find_option(const struct cli_option *options, int val)
{
    int i = 0;

    while (option_val(options, i) != val)
        i++;
    return &options[i];
}

static bool takes_transform(const struct cli_option *options)
{
    while (options->name && options->complete != COMPLETE_TRANSFORMS)
        options++;
    return options->name != NULL;
}

int take_options(const struct command *command, int argc, char **argv, void *target)
{
    const struct cli_option *option;
    struct arrays arrays;
    int got;

    if (takes_transform(command->options) && say_misplaced_transform(argc, argv))
        return TELAR_USAGE;
    fill_arrays(&arrays, command->options);
    opterr = 0;
    for (;;) {
        optopt = 0;
        got = getopt_long(argc, argv, arrays.shorts, arrays.longs, NULL);
        if (got == -1)
            return OPTIONS_TAKEN;
        if (got == '?' || got == ':') {
            say_wrong(got, argv, arrays.longs);
            return TELAR_USAGE;
        }
        if (got == 'h') {
            print_help(command);
            return finish_output(TELAR_OK);
        }
        option = find_option(command->options, got);
        if (!option->set(option, optarg, (char *)target + option->field))
            return TELAR_USAGE;
    }
}

/* ---- setters ---- */

bool set_flag(const struct cli_option *option, const char *text, void *field)
{
    return *(bool *)field = true;
}

bool set_text(const struct cli_option *option, const char *text, void *field)
{
    *(const char **)field = text;
    return true;
}

bool set_count(const struct cli_option *option, const char *text, void *field)
{
    return parse_count(option, text, field);
}

bool set_small(const struct cli_option *option, const char *text, void *field)
{
    uint64_t n;

    if (!parse_count(option, text, &n))
        return false;
    *(uint32_t *)field = (uint32_t)n;
    return true;
}

bool set_amount(const struct cli_option *option, const char *text, void *field)
{
    return parse_scaled(option, text, 1000, field);
}

bool set_bytes(const struct cli_option *option, const char *text, void *field)
{
    return parse_scaled(option, text, 1024, field);
}

bool set_seconds(const struct cli_option *option, const char *text, void *field)
{
    return parse_seconds(option, text, field);
}

bool set_word(const struct cli_option *option, const char *text, void *field)
{
    int word = parse_word(option, text);

    if (word < 0)
        return false;
    *(int *)field = (int)option->least + word;
    return true;
}
