/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what a signal does to telar: a crash is reported, an interruption removes the
 * unfinished output, a closed pipe ends the program.
 */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include <telar/telar.h>

/*
 * signals_crash.c: from now on a fatal signal prints one line with its name, the file and the
 * region, removes the unfinished output, and ends the program with TELAR_WORKER. A call of exit()
 * does the same until crash_guard_end(). For engines whose workers are threads. The names and
 * `temporary` must stay valid. Call it once.
 */
void crash_guard(const char *input, const char *output, const struct telar_temporary *temporary);

/* The run has ended: exit() ends the program as usual. */
void crash_guard_end(void);

/*
 * signals_interrupt.c: from now on SIGHUP, SIGINT and SIGTERM remove the unfinished output before
 * they end the program. Ignored signals stay ignored. Returns what struct telar_options must have
 * as `temporary`; the caller does not free it.
 */
struct telar_temporary *interrupt_guard(void);

/*
 * signals_pipe.c: from now on SIGPIPE is ignored. main() calls it once, before any other thread.
 */
void pipe_guard(void);

/*
 * Ends the program by SIGPIPE if standard output is a pipe without a reader. `errnum` is the errno
 * of the failed write. Returns if the pipe has one, or if the caller of the program ignored
 * SIGPIPE: the failure then needs a message. Call it when no temporary file and no worker is left.
 */
void end_if_pipe_broke(int errnum);

/* The same after a call of the library that failed, if it wrote to standard output as `output`. */
void end_if_output_pipe_broke(const struct telar_error *error, const char *output);

#endif
