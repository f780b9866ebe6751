/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the host allows.
 */
#ifndef TELAR_HOST_H
#define TELAR_HOST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TELAR_REASON_BYTES = 160 };

/*
 * Returns the number of workers that the host allows: the CPUs that the calling thread may use
 * (sched_getaffinity), or the CPU quota of the control group, rounded up, if that is less (cpu.max
 * of version 2, cpu.cfs_quota_us of version 1). The number is 1 to TELAR_WORKERS_MAX. Writes to
 * reason, which the caller owns, which of the two decided. reason may be NULL. May be called from
 * any thread. Reports no error: a file that cannot be read sets no limit.
 */
uint32_t telar_host_workers(char reason[TELAR_REASON_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
