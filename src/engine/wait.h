/* SPDX-License-Identifier: MIT */
/*
 * hear.h - waiting for workers, and what they say or do not say. Layer: coordinator; over answer
 * and fault.
 */
#ifndef TL_WAIT_H
#define TL_WAIT_H

#include "engine/loss.h"

/* Waits until a worker says something or ends, a deadline passes, or until_ns; then hears everybody
 * who did. */
void tl_wait_for_records(struct tl_coordinator *c, uint64_t until_ns);

/* Those who took longer than they may are lost. */
void tl_wait_check_deadlines(struct tl_coordinator *c);

/*
 * Ends all workers. When all went well they are told, and have a grace to go by themselves; after
 * an error they are ended at once (a thread still gets the grace: nothing can end it).
 */
void tl_wait_stop_workers(struct tl_coordinator *c);

#endif
