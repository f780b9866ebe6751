/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what a signal does to a run of telar: a crash is reported, an interruption removes
 * the unfinished output.
 */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include <telar/telar.h>

/*
 * signals_crash.c: from now on a fatal signal prints one line with its name, the file and the
 * region, and ends the program with TELAR_WORKER. For engines whose workers are threads. The
 * names must stay valid.
 */
void crash_guard(const char *input, const char *output);

/*
 * signals_interrupt.c: from now on SIGHUP, SIGINT and SIGTERM remove the unfinished output before
 * they end the program. Ignored signals stay ignored. Returns what struct telar_options must have
 * as `temporary`; the caller does not free it.
 */
struct telar_temporary *interrupt_guard(void);

#endif
