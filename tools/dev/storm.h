/* SPDX-License-Identifier: MIT */
/*
 * storm.h - starts telar as a child process, sends signals to it and its workers, and checks what
 * is left.
 *
 * A strike is one signal, sent to a worker or the coordinator at a random moment. Only storm calls
 * these functions, from its single thread.
 */
#ifndef TOOLS_STORM_H
#define TOOLS_STORM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Returns a pseudo-random number below `end` and advances *state, which must not be 0. The sequence
 * is the same on every machine (Marsaglia, Xorshift RNGs, 2003).
 */
uint32_t storm_random(uint64_t *state, uint32_t end);

/* Sleeps so long, however many signals arrive meanwhile. */
void storm_sleep_ns(uint64_t ns);

enum { STORM_WORKERS_MAX = 256, STORM_ARGS_MAX = 40 };

/*
 * Makes this process the reaper of its descendants: orphans become its children, so it can wait for
 * them.
 */
void storm_adopt(void);

/*
 * Starts a program. Its standard error goes to a file, its standard output to /dev/null. Returns
 * the process id, or -1 if fork fails.
 */
pid_t storm_start(const char *const args[], const char *error_path);

/* Lists the children that a process has not yet reaped. Returns their number. */
uint32_t storm_children(pid_t pid, pid_t children[STORM_WORKERS_MAX]);

/*
 * Sends a signal to `pid` if it is still a child of `parent`. Returns true if the signal was sent.
 * A pidfd excludes another process that reuses the number. SIGSTOP is not sent to a child that
 * shares its parent's memory.
 */
bool storm_strike(pid_t pid, pid_t parent, int signal_number);

/*
 * Waits for a child, at most limit_ns. Returns its exit status, or 128 + the signal that ended it.
 * After the time limit the child is killed and -1 returned.
 */
int storm_wait(pid_t pid, uint64_t limit_ns);

/*
 * Waits until no child is left, adopted ones included. Returns false if one is left after limit_ns.
 */
bool storm_all_gone(uint64_t limit_ns);

/*
 * Returns the names in a directory that begin with `begin`, each between slashes. The caller frees
 * the string.
 */
char *storm_names(const char *directory, const char *begin);

/*
 * Returns true if each name of `now` is in `before`, or vanishes within a second. Another telar on
 * this machine may have a name for a moment.
 */
bool storm_no_new_name(const char *directory, const char *before, const char *now);

/* Returns true if both files can be read and have the same bytes. */
bool storm_same_file(const char *a, const char *b);

#endif
