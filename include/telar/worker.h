/* SPDX-License-Identifier: MIT */
/*
 * worker.h - what a worker says of itself while it computes.
 */
#ifndef TELAR_WORKER_H
#define TELAR_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes the region that the calling thread is computing, as text "r0:r1,c0:c1". At most `size`
 * bytes are written, the final zero included. Returns false, and writes nothing, when the thread
 * computes no region or size is 0. text, which the caller owns, may be NULL only then.
 *
 * Meant for the handler of a signal such as SIGSEGV, where workers are threads or the caller:
 * async-signal-safe.
 */
bool telar_current_region(char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
