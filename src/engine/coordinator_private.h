/* SPDX-License-Identifier: MIT */
/*
 * coordinator_private.h - a run under way. Only the files coordinator*.c, wait.c, records.c and
 * loss.c include this file. Layer: over coordinator.h and ledger.
 */
#ifndef TL_COORDINATOR_PRIVATE_H
#define TL_COORDINATOR_PRIVATE_H

#include "engine/coordinator.h"
#include "engine/ledger.h"

/* The coordinator's thread alone reads and writes it. */
struct tl_coordinator {
    const struct tl_orders *orders; /* the caller's */
    struct tl_crew *crew;           /* memory of its own: see struct tl_crew */
    bool keep;                      /* workers live on for the next run */
    struct tl_ledger ledger;        /* of the run under way */
    struct telar_report *report;    /* the caller's; wait.c, records.c and loss.c write it */
    struct tl_outcome *outcome;     /* the caller's */
    telar_status status;            /* the first that was not TELAR_OK; never overwritten */
    struct telar_error *error;      /* the caller's, set together with status */
};

/*
 * Takes a task for a member from the ledger, and notes its ticket in the member. Returns false when
 * no task may run now.
 */
bool tl_coordinator_take(struct tl_coordinator *c, struct tl_member *member,
                         struct tl_ticket *ticket);

/* Starts a worker in the next place of the crew. TELAR_HOST: the host refuses it, and the crew is
 * as before. */
telar_status tl_coordinator_start_member(struct tl_coordinator *c, struct telar_error *error);

/*
 * Starts a worker in the place of a lost one, for the ticket that waits there. When the host
 * refuses it, handles that (tl_loss_not_replaced) and returns false.
 */
bool tl_coordinator_replace(struct tl_coordinator *c, struct tl_member *member);

#endif
