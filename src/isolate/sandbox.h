/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - what a sandboxed worker process is kept from, and how it is locked in. The only place
 * that speaks seccomp, Landlock and prctl's no_new_privs. Layer: over status.
 *
 * Inside, a worker has its pages, its channel and, where it decodes, the input file, which it can
 * read and nothing else. It opens no file, reaches no network and no other process, and gets no new
 * memory: malloc fails as it does when there is none. Everything else is a violation: its system
 * call's number goes to `alarm`, and the process ends.
 *
 * There are two stages, because code that is loaded at run time brings constructors that nobody has
 * read:
 *
 *     descriptors moved to their places, memory mapped, what is not needed closed
 *     tl_sandbox_enter_loading     only where something is to be loaded: files can be read where
 * libraries are, memory can be mapped, and that is all dlopen(..., RTLD_NOW) tl_sandbox_enter for
 * good
 *
 * The second is entered by a process that has just run such constructors. Code that sets out to
 * stays in the first.
 *
 * What the coordinator does is done before the fork, for it needs memory; the worker's part is
 * async-signal-safe.
 */
#ifndef TL_SANDBOX_H
#define TL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

/* Where a sandboxed worker has its descriptors: the filters know no others. */
enum { TL_SANDBOX_CHANNEL = 3, TL_SANDBOX_INPUT = 4 };

/* The filters, ready to be installed. Made by the coordinator, read-only from then on. */
struct tl_sandbox;

/*
 * Compiles the filters. TELAR_HOST: this host, or this build of telar, cannot give all of it; the
 * text says what is missing and the remedy. Release with tl_sandbox_free.
 */
telar_status tl_sandbox_new(struct tl_sandbox **sandbox, struct telar_error *error);
void tl_sandbox_free(struct tl_sandbox *sandbox);

/* What is in force inside: "seccomp, landlock abi 7, no_new_privs, rlimits, not dumpable". */
enum { TL_SANDBOX_TEXT_BYTES = 96 };
void tl_sandbox_describe(const struct tl_sandbox *sandbox, char text[TL_SANDBOX_TEXT_BYTES]);

/* Writes what a violation was: "tried the system call socket, which its sandbox forbids". A call
 * without a name is "call 4711". */
enum { TL_SANDBOX_VIOLATION_BYTES = 112 };
void tl_sandbox_violation_text(int number, char text[TL_SANDBOX_VIOLATION_BYTES]);

/* ---- the worker's part ---- */

/*
 * What is told of a violation, before the process ends: called in a signal handler, in the middle
 * of anything. `number` is the system call's. A system call of another ABI (x32, i386) ends the
 * process with SIGSYS, and nothing is told.
 */
typedef void tl_sandbox_alarm(int number);

/*
 * Moves `*channel` to TL_SANDBOX_CHANNEL, `*input` (-1: none) to TL_SANDBOX_INPUT, and `n` others
 * to the places behind, and closes all that is left, standard input, output and error included. The
 * variables say where they are afterwards. False with errno.
 */
bool tl_sandbox_arrange(int *channel, int *input, int *others[], size_t n);

/*
 * The first stage. `paths` are the `n` files that may be loaded; beside them, what lies below the
 * directories of system libraries can be read and mapped. No writing, no other process, no network.
 * False with errno: then the worker must end.
 */
bool tl_sandbox_enter_loading(const struct tl_sandbox *sandbox, const char *const paths[], size_t n,
                              tl_sandbox_alarm *alarm);

/*
 * The last stage, with or without the first before it. Closes all but the channel, and the input
 * when `keep_input`. Nothing is ever given back. False with errno: then the worker must end.
 */
bool tl_sandbox_enter(const struct tl_sandbox *sandbox, bool keep_input, tl_sandbox_alarm *alarm);

#endif
