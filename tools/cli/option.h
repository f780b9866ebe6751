/* SPDX-License-Identifier: MIT */
/*
 * option.h - one table of options for each command. The table gives the arrays of getopt_long,
 * --help, the completion files of the shells, and the names in messages.
 */
#ifndef TOOLS_OPTION_H
#define TOOLS_OPTION_H

#include <getopt.h> /* optind */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <telar/telar.h>

/* What a shell offers for the argument of an option, or for the operands of a command. */
enum completion { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_DIRECTORIES, COMPLETE_TRANSFORMS };

struct cli_option;

/*
 * Stores the argument `text` (NULL when the option takes none) in *field. Returns false after a
 * message when the argument is wrong.
 */
typedef bool option_setter(const struct cli_option *option, const char *text, void *field);

/* One option of a command. Tables are constant and end with an option without a name. */
struct cli_option {
    const char *name;         /* the long name, without dashes */
    char letter;              /* the short name, or 0 */
    const char *argument;     /* the argument's name, as in --help and in telar(1); NULL: `words` */
    const char *const *words; /* the words that the argument, or each entry of a list, must be */
    const char *group;        /* NULL, or the heading that begins before this option in --help */
    const char *help;         /* what the option does; NULL: a hidden option */
    option_setter *set;
    size_t field;         /* what `set` fills: the offset in the command's struct */
    uint64_t least, most; /* the range of a count; for set_word the number of the first word */
    enum completion complete;
};

/* One command of telar, and everything that --help and the completion files tell of it. */
struct command {
    const char *name, *summary; /* a line of telar --help */
    const char *usage;          /* what follows the name in the usage line */
    const char *about;          /* paragraphs, each of which ends with a newline */
    const struct cli_option *options;
    const char *examples; /* whole lines, or NULL */
    enum completion operands;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

/* What take_options returns when the command is to go on. */
enum { OPTIONS_TAKEN = -1 };

/*
 * Reads all options of argv with getopt_long and calls the setter of each with its field of
 * *target. optind is then the first operand. Returns OPTIONS_TAKEN, or the exit code: TELAR_OK
 * after --help, TELAR_USAGE after a message.
 */
int take_options(const struct command *command, int argc, char **argv, void *target);

/* Whether the option takes an argument. */
bool option_has_argument(const struct cli_option *option);

/* Writes the argument's name into text, "" for none: "N", or its words, "fast|small". */
void option_argument(const struct cli_option *option, char *text, size_t size);

/* ---- setters: each says what is wrong with the text ---- */

option_setter set_flag;    /* bool: true */
option_setter set_text;    /* const char *: the text itself */
option_setter set_count;   /* uint64_t: least to most */
option_setter set_small;   /* uint32_t: least to most */
option_setter set_amount;  /* uint64_t: K, M and G are 10^3, 10^6 and 10^9 */
option_setter set_bytes;   /* uint64_t: K, M and G are 2^10, 2^20 and 2^30 */
option_setter set_seconds; /* uint32_t: milliseconds, rounded up */
option_setter set_word;    /* an int or an enum: `least` + the index of the word */

/* ---- option_help.c, option_completion.c ---- */

/* Writes --help of the command on standard output. */
void print_help(const struct command *command);

/*
 * Writes the completion file for "bash", "zsh" or "fish" on standard output. `commands` ends with
 * NULL. Returns the exit code; TELAR_USAGE for another shell.
 */
int print_completion(const char *shell, const struct command *const commands[]);

#endif
