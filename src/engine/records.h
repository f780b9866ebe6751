/* SPDX-License-Identifier: MIT */
/*
 * records.h - what follows from a record: an entry in the ledger and the report, bytes for the
 * file, or a loss. Layer: coordinator; over loss.
 */
#ifndef TL_RECORDS_H
#define TL_RECORDS_H

#include "engine/loss.h"

/* Handles a record of a member. Nothing in it is believed that the ledger does not confirm. */
void tl_records_handle(struct tl_coordinator *c, struct tl_member *member,
                       const struct tl_record *record);

/* The same when all tasks are done: a worker that got none says that it is ready, or one says that
 * it ends. Only the report notes it. */
void tl_records_handle_late(struct tl_coordinator *c, struct tl_member *member,
                            const struct tl_record *record);

#endif
