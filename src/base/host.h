/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the host allows: processors and memory. Layer: over status.
 */
#ifndef TL_HOST_H
#define TL_HOST_H

#include <stdint.h>
#include <telar/engine.h>

/*
 * Bytes that can be taken without pushing the host, or the cgroup, into reclaiming what it needs:
 * the smaller of MemAvailable and what is left of the cgroup's limit (v1 and v2). UINT64_MAX when
 * nothing says.
 */
uint64_t tl_host_memory_bytes(void);

/*
 * The same, and telar_host_workers, with /proc and /sys below the directory `root`: "" for the
 * host's own, another one for tests. Affinity is always this thread's own.
 */
uint64_t tl_host_memory_below(const char *root);
uint32_t tl_host_workers_below(const char *root, char reason[TELAR_REASON_BYTES]);

/* Nanoseconds of CLOCK_MONOTONIC. Async-signal-safe. */
uint64_t tl_now_ns(void);

#endif
