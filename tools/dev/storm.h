/* SPDX-License-Identifier: MIT */
/*
 * storm.h - running telar as a child process, striking it and its workers, and looking what is
 * left.
 */
#ifndef TOOLS_STORM_H
#define TOOLS_STORM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A sequence that looks random, the same everywhere (Marsaglia, Xorshift RNGs, 2003). Below `end`;
 * *state is not 0. */
uint32_t storm_random(uint64_t *state, uint32_t end);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t storm_now_ns(void);
void storm_sleep_ns(uint64_t ns);

enum { STORM_WORKERS_MAX = 256, STORM_ARGS_MAX = 40 };

/* Has orphans of this process's children become its own children, so that none can get away. */
void storm_adopt(void);

/* Starts a program with its standard error in a file, and its standard output nowhere. */
pid_t storm_start(const char *const args[], const char *error_path);

/* The processes that a process has made and not yet reaped. */
uint32_t storm_children(pid_t pid, pid_t children[STORM_WORKERS_MAX]);

/*
 * Sends a signal to a process if it still is a child of `parent`. The number cannot have become
 * somebody else's. What has its parent's memory is not stopped.
 */
bool storm_strike(pid_t pid, pid_t parent, int signal_number);

/* Waits for a child for so long. The exit status; 128 + its signal; -1: it has not ended, and is
 * killed then. */
int storm_wait(pid_t pid, uint64_t limit_ns);

/* Waits until there is no child any more, adopted ones too, for so long. False: there is. */
bool storm_all_gone(uint64_t limit_ns);

/* The names in a directory that begin so, in the order of the directory, joined by '/'. To be
 * freed. */
char *storm_names(const char *directory, const char *begin);

/* Whether each name of `now` is in `before` too, or vanishes within a second. Another run may have
 * one for a moment. */
bool storm_no_new_name(const char *directory, const char *before, const char *now);

/* Whether two files have the same bytes. */
bool storm_same_file(const char *a, const char *b);

#endif
