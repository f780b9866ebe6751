/* SPDX-License-Identifier: MIT */
/*
 * fault.h - what follows when a worker dies, takes too long or breaks its contract: what it had is
 * done again by another in its place, or the run ends. Layer: coordinator; over engine and ledger.
 *
 * It is always ended and joined before anything of its is given to another: nobody writes what it
 * writes at the same time. The task that it worked on is blamed; the one behind that only goes
 * back.
 */
#ifndef TL_FAULT_H
#define TL_FAULT_H

#include "engine/coordinator.h"
#include "png/encode_bands.h"

/* A run under way. The crew is memory of its own, see struct tl_crew. */
struct tl_coordinator {
    const struct tl_orders *orders;
    struct tl_crew *crew;
    bool keep; /* workers, for the next run */
    struct tl_ledger ledger;
    struct tl_encoded *encoded; /* of each band, once it is encoded */
    uint32_t *inflated;         /* Adler-32 of each band that was decoded for itself */
    unsigned char *copy; /* NULL, or room for a band that is looked at before it is written */
    struct telar_report *report;
    struct tl_outcome *outcome;
    telar_status status; /* the first that was not TELAR_OK */
    struct telar_error *error;
};

/*
 * Ends a member and joins it. `gone`: it has closed its end, so it ends or has ended. Ours is
 * closed first: whatever made us believe that it is gone, it finds that there are no more tickets.
 */
void tl_loss_join(struct tl_coordinator *c, struct tl_member *member, bool gone);

/*
 * Ends the run because of a member: says which, at which region, and why. `why` completes "worker 1
 * (pid 4711)
 * ...". The first failure of a run counts.
 */
void tl_loss_fail_run(struct tl_coordinator *c, const struct tl_member *member, telar_status status,
                      int errnum, const char *why);

/* A member is lost for that reason, dead or not yet: the run goes on without it, or ends. */
void tl_loss_handle(struct tl_coordinator *c, struct tl_member *member, telar_status status,
                    const char *why);

/* The host has refused a worker in the place of one that was lost: the others do the work. */
void tl_loss_not_replaced(struct tl_coordinator *c, struct tl_member *member,
                          const struct telar_error *refusal);

#endif
