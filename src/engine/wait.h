/* SPDX-License-Identifier: MIT */
/*
 * wait.h - waits for records, deadlines and the ends of workers. Layer: coordinator; over records
 * and loss.
 */
#ifndef TL_WAIT_H
#define TL_WAIT_H

#include "engine/loss.h"

/* Waits until a worker sends a record or ends, a deadline passes, or until until_ns. Then handles
 * the records of all workers that did. */
void tl_wait_for_records(struct tl_coordinator *c, uint64_t until_ns);

/* Loses every worker whose deadline has passed. */
void tl_wait_check_deadlines(struct tl_coordinator *c);

/*
 * Ends all workers. After a run that went well they are told, and have a second to end by
 * themselves. After an error worker processes are killed at once. A thread always gets its second,
 * because nothing can end it.
 */
void tl_wait_stop_workers(struct tl_coordinator *c);

#endif
