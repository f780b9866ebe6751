/* SPDX-License-Identifier: MIT */
/*
 * answer.h - what workers say, and what follows from it: the ledger, the report, the file, or the
 * end of the run. Layer: coordinator; over fault.
 */
#ifndef TL_RECORDS_H
#define TL_RECORDS_H

#include "engine/loss.h"

/* Takes a record of a member: nothing in it is believed that the ledger does not bear out. */
void tl_records_handle(struct tl_coordinator *c, struct tl_member *member,
                       const struct tl_record *record);

/* The same when all work is done: somebody for whom there was none says that it is ready. Nothing
 * follows from it. */
void tl_records_handle_late(struct tl_coordinator *c, struct tl_member *member,
                            const struct tl_record *record);

#endif
