/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the subcommands of the program telar share: messages, options, standard output.
 *
 * Every subcommand is called with its own name as argv[0] and returns the exit code, a
 * telar_status. Data goes to standard output; what is for people goes to standard error, one line
 * for a failure, beginning with "telar: ".
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <telar/telar.h>

int command_run(int argc, char **argv);
int command_info(int argc, char **argv);
int command_transforms(int argc, char **argv);
int command_galaxy(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_demo_faults(int argc, char **argv);

/* Prints "telar: " and the message as one line on standard error; control characters in it become
 * '?'. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and returns TELAR_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what *error holds and returns its status. */
int say_error(const struct telar_error *error);

/*
 * Flushes standard output. Returns `status`, or, if that is TELAR_OK and not all could be written,
 * says so and returns TELAR_OUTPUT. To be called once, as the last thing that a subcommand does.
 */
int finish_output(int status);

/* Of a NULL-terminated list, the name nearest to a misspelt one, or NULL when none is near. */
const char *nearest_name(const char *name, const char *const names[]);

/*
 * getopt_long with messages of our own. `options` must give every long option that is a synonym of
 * a short one that letter as its val. Returns what getopt_long does: the option's val, or -1 at the
 * end, or '?' after it has said what is wrong (the caller then returns TELAR_USAGE). `shorts` must
 * begin with ':'.
 */
int next_option(int argc, char **argv, const char *shorts, const struct option *options);

/*
 * Numbers in options. Each takes the option's name as the user knows it ("--size"), fills *value
 * and returns true, or says what is wrong and returns false. Digits are decimal; nothing may stand
 * before or behind.
 */
bool parse_count(const char *option, const char *text, uint64_t least, uint64_t most,
                 uint64_t *value);
/* A count with K, M or G for thousands, millions, milliards. */
bool parse_amount(const char *option, const char *text, uint64_t *value);
/* Bytes with K, M or G for 2^10, 2^20, 2^30. */
bool parse_bytes(const char *option, const char *text, uint64_t *value);
/* "1.5" seconds, as milliseconds rounded up. */
bool parse_seconds(const char *option, const char *text, uint32_t *milliseconds);
/* "RxC", both at least 1. */
bool parse_pair(const char *option, const char *text, uint32_t *rows, uint32_t *columns);
/* "R0:R1,C0:C1", not empty. */
bool parse_region(const char *option, const char *text, struct telar_region *region);
/* The index of one of a NULL-terminated list of words, or -1 after it has said which there are. */
int parse_word(const char *option, const char *text, const char *const words[]);

#endif
