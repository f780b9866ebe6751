/* SPDX-License-Identifier: MIT */
/* ledger_private.h - what the files ledger*.c share. Layer: over ledger. */
#ifndef TL_LEDGER_PRIVATE_H
#define TL_LEDGER_PRIVATE_H

#include "engine/ledger.h"

/* Returns how many rounds each task of a stage has. */
static inline uint32_t tl_ledger_rounds(const struct tl_ledger *ledger,
                                        const struct tl_stage *stage)
{
    return ledger->table->rounds[stage->loop];
}

/*
 * Returns whether the next round of task `index` of a stage may run in the worker: what it reads is
 * written, and what it overwrites has been read.
 */
bool tl_ledger_may_run(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t index,
                       uint32_t worker);

/*
 * Finds a slot of the worker's own whose item the coordinator has taken out, or that never had one.
 * Returns false when all are in use. The stage writes into slots of that kind (TL_OWN_SLOTS).
 */
bool tl_ledger_find_own_slot(const struct tl_ledger *ledger, const struct tl_stage *stage,
                             uint32_t worker, uint32_t *slot);

#endif
