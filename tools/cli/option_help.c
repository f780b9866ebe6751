/* SPDX-License-Identifier: MIT */
/*
 * --help, written from the table of options.
 */
#include <config.h>

#include "cli/option.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_COLUMN = 25, TEXT_BYTES = 1024 };

void option_argument(const struct cli_option *option, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", option->argument ? option->argument : "");

    if (option->argument || !option->words)
        return;
    for (const char *const *word = option->words; *word && used < size; word++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : "", *word);
}

/* The help text; in front of it the words of a list, behind it the range of a count. */
static void option_text(const struct cli_option *option, char text[TEXT_BYTES])
{
    size_t used = 0;

    if (option->argument && option->words)
        for (const char *const *word = option->words; *word && used < TEXT_BYTES; word++)
            used +=
                (size_t)snprintf(text + used, TEXT_BYTES - used, "%s%s", used ? ", " : "", *word);
    if (used < TEXT_BYTES)
        used += (size_t)snprintf(text + used, TEXT_BYTES - used, "%s%s", used ? ": " : "",
                                 option->help);
    if (option->most > 0 && option->most < INT32_MAX && used < TEXT_BYTES)
        snprintf(text + used, TEXT_BYTES - used, " Range: %" PRIu64 " to %" PRIu64 ".",
                 option->least, option->most);
}

static void print_option(int columns, const struct cli_option *option)
{
    char argument[256], text[TEXT_BYTES];
    int at;

    option_argument(option, argument, sizeof argument);
    option_text(option, text);
    at = option->letter ? printf("  -%c, --%s", option->letter, option->name)
                        : printf("      --%s", option->name);
    if (*argument)
        at += printf("=%s", argument);
    if (at < TEXT_COLUMN - 1)
        printf("%*s", TEXT_COLUMN - at, "");
    else
        printf("\n%*s", TEXT_COLUMN, "");
    print_wrapped(stdout, columns, TEXT_COLUMN, TEXT_COLUMN, text);
}

void print_help(const struct command *command)
{
    int columns = text_columns(stdout);

    printf("usage: telar %s %s\n\n", command->name, command->usage);
    print_wrapped(stdout, columns, 0, 0, command->about);
    for (const struct cli_option *option = command->options; option->name; option++) {
        if (option == command->options || option->group)
            printf("\n%s:\n", option->group ? option->group : "Options");
        if (option->help)
            print_option(columns, option);
    }
    printf("  -h, --help%*sShow this text.\n", TEXT_COLUMN - 12, "");
    if (command->examples)
        printf("\n%s", command->examples);
}
