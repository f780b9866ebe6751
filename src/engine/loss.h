/* SPDX-License-Identifier: MIT */
/*
 * loss.h - what follows when a worker dies, takes too long or breaks its contract: another worker
 * in its place does its tasks again, or the run ends. Layer: coordinator; over engine and ledger.
 *
 * A lost worker is always ended and joined before its tasks are given to another, so that nobody
 * else writes what it writes at the same time. Only the task that it worked on counts as tried; a
 * task that waited behind it goes back untried.
 */
#ifndef TL_LOSS_H
#define TL_LOSS_H

#include "engine/coordinator_private.h"

/*
 * Ends a member and joins it. `gone`: it has closed its end of the channel, so it ends or has
 * ended. The coordinator's end is closed first, so that a worker that has not ended finds that
 * there are no more tickets.
 */
void tl_loss_join(struct tl_coordinator *c, struct tl_member *member, bool gone);

/*
 * Fails the run because of a member, and says which, at which region, and why. `why` completes
 * "worker 1 (pid 4711) ...". Does nothing when the run has failed already.
 */
void tl_loss_fail_run(struct tl_coordinator *c, const struct tl_member *member, telar_status status,
                      int errnum, const char *why);

/* Loses a member for that reason, dead or not yet. The run goes on without it, or fails. */
void tl_loss_handle(struct tl_coordinator *c, struct tl_member *member, telar_status status,
                    const char *why);

/* Handles that the host refused a worker in the place of a lost one. The others do its tasks; if
 * they cannot, the run fails. */
void tl_loss_not_replaced(struct tl_coordinator *c, struct tl_member *member,
                          const struct telar_error *refusal);

#endif
