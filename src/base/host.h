/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the host allows: processors and memory. Layer: over status.
 */
#ifndef TL_HOST_H
#define TL_HOST_H

#include <stdint.h>
#include <telar/host.h>

/* The control groups of this process, as /proc/self/cgroup names them. */
struct tl_groups {
    const char *root;
    char lines[8192];
};

/*
 * Reads which control groups this process is in; a run does so once. /proc and /sys are looked for
 * below the directory `root`, which must stay valid: "" for the host's own, another one for tests.
 */
void tl_groups_read(struct tl_groups *groups, const char *root);

/*
 * Returns how many bytes can be taken without making the host, or a control group, reclaim memory
 * that is in use: the smaller of MemAvailable and what is left of the groups' limits (v1 and v2).
 * UINT64_MAX when nothing says.
 */
uint64_t tl_host_memory_bytes(const struct tl_groups *groups);

/* As telar_host_workers, for these groups; reason may be NULL. The affinity is always the calling
 * thread's own. */
uint32_t tl_host_workers(const struct tl_groups *groups, char reason[TELAR_REASON_BYTES]);

/* Nanoseconds of CLOCK_MONOTONIC. Async-signal-safe. */
uint64_t tl_now_ns(void);

#endif
