/* SPDX-License-Identifier: MIT */
/*
 * child.h - child processes: how they begin, and how they are ended. The only place that forks,
 * waits and kills. Layer: over exit_cause.
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
 * Makes a process that calls live(data) and then ends with status 0. Returns its process id, or -1
 * with errno.
 *
 * The child has the default handlers of all signals and blocks none of them. It makes no core file,
 * and dies with the thread that made it. Another thread of the program may have held any lock at
 * the moment of the fork, so until the child has loaded anything it must keep to async-signal-safe
 * calls. In the child, *born_ns becomes the time of its first instruction; NULL is allowed.
 */
pid_t tl_child_start(void (*live)(void *data), void *data, uint64_t *born_ns);

/*
 * Calls act(data) in a process of its own, which goes on to its end even if this process is killed
 * meanwhile. Returns the result of act, which must be 0 to 255.
 *
 * The other process runs in this one's memory, and this one waits for it. Under an emulator such as
 * valgrind it runs in a copy, so the caller may see nothing of what act writes to memory. act makes
 * system calls only. If no process can be had, or it is killed, act(data) is called here, a second
 * time.
 */
int tl_child_call(int (*act)(void *data), void *data);

/*
 * Returns a descriptor that becomes readable when a child has ended, even if its own children keep
 * its channel open. The caller closes it. Returns -1 if the kernel has none (before Linux 5.3), or
 * no descriptor is left.
 */
int tl_child_watch(pid_t pid);

/* Returns whether the child of such a descriptor has ended; false for -1. */
bool tl_child_ended(int watch);

/*
 * Closes, in the child, all descriptors but standard input, output and error and the n in `kept`;
 * -1 is allowed in there. The closed ones are files of the program and ends of other channels: the
 * program, and its other runs, wait for those ends to close. A kernel before Linux 5.9 leaves them
 * open. Async-signal-safe.
 */
void tl_child_close_others(const int *kept, size_t n);

/*
 * Ends a child, whatever it does, and waits until it is gone. Returns how it ended. `gone`: its end
 * of a channel is closed already, so the child gets a second to end by itself.
 */
struct tl_exit_cause tl_child_end(pid_t pid, bool gone);

#endif
