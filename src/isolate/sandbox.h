/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - locks a process in. The only place that uses seccomp, Landlock and prctl's
 * no_new_privs. Layer: over base.
 *
 * Inside, a worker has its memory, its channel and, if it decodes, the input file for reading. It
 * opens no file, reaches no network and no other process, and gets no new memory: malloc returns
 * NULL. Any other system call is a violation: the number of the call goes to `alarm`, and the
 * process ends.
 *
 * There are two stages, because code that is loaded at run time brings constructors that nobody has
 * read. Between the stages the process can read files where libraries are, and map memory: as much
 * as dlopen(..., RTLD_NOW) needs.
 */
/* clang-format off */
/*
 *     tl_sandbox_arrange         moves descriptors to their places, closes all others
 *         |                      (the process maps its memory before or after)
 *     tl_sandbox_enter_loading   first stage, only where something is to be loaded
 *         |                      (the process calls dlopen)
 *     tl_sandbox_enter           last stage, for good
 */
/* clang-format on */
/*
 * A process that has just run constructors enters the last stage itself. A constructor that sets
 * out to can prevent that, and then stays in the first stage.
 *
 * The coordinator compiles the filters before the fork, because that takes memory. All functions of
 * the worker's part are async-signal-safe.
 */
#ifndef TL_SANDBOX_H
#define TL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

/* The descriptors of a sandboxed worker. The filters allow calls on these two only. */
enum { TL_SANDBOX_CHANNEL = 3, TL_SANDBOX_INPUT = 4 };

/* The compiled filters. The coordinator makes them; from then on they are only read. */
struct tl_sandbox;

/*
 * Compiles the filters. Release them with tl_sandbox_free. TELAR_HOST: this host, or this build of
 * telar, lacks a part of the sandbox; the text says which, and the remedy. *sandbox is NULL then.
 */
telar_status tl_sandbox_new(struct tl_sandbox **sandbox, struct telar_error *error);

/* Releases the filters. NULL is allowed. */
void tl_sandbox_free(struct tl_sandbox *sandbox);

/* Writes what is in force inside: "seccomp, landlock abi 7, no_new_privs, rlimits, not dumpable".
 */
enum { TL_SANDBOX_TEXT_BYTES = 96 };
void tl_sandbox_describe(const struct tl_sandbox *sandbox, char text[TL_SANDBOX_TEXT_BYTES]);

/* Writes what a violation was: "tried the system call socket, which its sandbox forbids". A call
 * without a name is "call 4711". */
enum { TL_SANDBOX_VIOLATION_BYTES = 128 };
void tl_sandbox_violation_text(int number, char text[TL_SANDBOX_VIOLATION_BYTES]);

/* ---- the worker's part ---- */

/*
 * Reports a violation before the process ends. Called in a signal handler, at any point of the
 * program. `number` is that of the system call. A call of another ABI (x32, i386) ends the process
 * with SIGSYS and is not reported.
 */
typedef void tl_sandbox_alarm(int number);

/*
 * Moves *channel to TL_SANDBOX_CHANNEL, *input (-1: none) to TL_SANDBOX_INPUT, and `n` others to
 * the numbers behind. Closes all other descriptors, standard input, output and error included. The
 * variables then hold the new numbers. Returns false with errno on failure.
 */
bool tl_sandbox_arrange(int *channel, int *input, int *others[], size_t n);

/*
 * Enters the first stage. `paths` are the `n` files that may be loaded; files below the directories
 * of system libraries can be read and mapped, too. No file can be written, no other process and no
 * network reached. Returns false with errno on failure: then the process must end.
 */
bool tl_sandbox_enter_loading(const struct tl_sandbox *sandbox, const char *const paths[], size_t n,
                              tl_sandbox_alarm *alarm);

/*
 * Enters the last stage, with or without the first before it. Closes all descriptors but the
 * channel and, if keep_input, the input. Nothing is ever given back. Returns false with errno on
 * failure: then the process must end.
 */
bool tl_sandbox_enter(const struct tl_sandbox *sandbox, bool keep_input, tl_sandbox_alarm *alarm);

#endif
