/* SPDX-License-Identifier: MIT */
/*
 * child.h - a process of our own: how it begins, and how it is ended. The only place that forks,
 * waits and kills. Layer: over cause.
 */
#ifndef TL_CHILD_H
#define TL_CHILD_H

#include "isolate/exit_cause.h"

#include <stdint.h>
#include <sys/types.h>
#include <telar/status.h>

/*
 * Fails with TELAR_HOST if the program ignores SIGCHLD: the kernel then reaps children by itself,
 * and nobody can know how one ended.
 */
telar_status tl_child_check_reaping(struct telar_error *error);

/*
 * Makes a process that calls live(data) and ends with status 0. It has the standard handlers of all
 * signals, none of them blocked, makes no core file, and dies with the thread that made it. Until
 * it has loaded anything it must keep to async-signal-safe calls, for another thread of the program
 * may have held any lock at the moment of the fork. In the child *born_ns becomes the time of its
 * first instruction; NULL is allowed. The process id, or -1 with errno.
 */
pid_t tl_child_start(void (*live)(void *data), void *data, uint64_t *born_ns);

/*
 * Calls deed(data) in a process apart, which goes on to its end even if this one is killed
 * meanwhile; returns what it returns, which is not negative. It runs in the memory of this one,
 * which waits for it, and makes system calls only. Where no process can be had, or it is killed
 * itself, deed(data) is called here, once more.
 */
int tl_child_call(int (*deed)(void *data), void *data);

/*
 * A descriptor that becomes readable when a child has ended, whoever else holds what it held: its
 * own children may keep its channel open. -1 where the kernel has none (before 5.3), or no
 * descriptor is left. To be closed by the caller. And whether that has happened: false for -1.
 */
int tl_child_watch(pid_t pid);
bool tl_child_ended(int watch);

/*
 * In the child: keeps standard input, output and error and `kept` (-1: none), and closes the rest:
 * files of the program, ends of its other children, and of other runs that the program has under
 * way, who would wait for an end to close of which this process has a copy. A kernel that cannot
 * (before 5.9) leaves them open. Async-signal-safe.
 */
void tl_child_close_others(const int *kept, size_t n);

/*
 * Ends a child, whatever it does, waits until it is gone, and says how it ended. `gone`: its end of
 * a channel is closed already, so that it should end by itself.
 */
struct tl_exit_cause tl_child_end(pid_t pid, bool gone);

#endif
