/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the commands of the program telar share: messages and the end of standard output.
 *
 * A command is called with its own name as argv[0] and returns the exit code, a telar_status. Data
 * goes to standard output, messages to standard error. A failure is one line that begins with
 * "telar: ".
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <telar/telar.h>

extern const struct command run_command, info_command, transforms_command, galaxy_command,
    bench_command, demo_faults_command, doctor_command;

/* Prints "telar: " and the message as one line on standard error. Control characters become '?'. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and returns TELAR_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says the text of *error and returns its status. */
int say_error(const struct telar_error *error);

/*
 * Flushes standard output; a command calls this once, at its end. Returns `status`. If `status` is
 * TELAR_OK and not everything could be written, says so and returns TELAR_OUTPUT. If the reader of
 * the pipe went away, ends the program by SIGPIPE (signals.h).
 */
int finish_output(int status);

/*
 * Returns the name in a NULL-terminated list that is nearest to a misspelt one, else the one with
 * the longest common beginning of at least 4 letters, else NULL.
 */
const char *nearest_name(const char *name, const char *const names[]);

#endif
