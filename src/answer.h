/*
 * answer.h - what workers say, and what follows from it: the ledger, the report, the file, or the end of the
 * run. Layer: coordinator; over engine and ledger.
 */
#ifndef TL_ANSWER_H
#define TL_ANSWER_H

#include "coordinator.h"
#include "encode.h"

/* A run under way. The crew is memory of its own, see struct tl_crew. */
struct tl_coordinator {
    const struct tl_orders *orders;
    struct tl_crew *crew;
    struct tl_ledger ledger;
    struct tl_encoded *encoded; /* of each band, once it is encoded */
    uint32_t *inflated;         /* Adler-32 of each band that was decoded for itself */
    struct tl_outcome *outcome;
    telar_status status; /* the first that was not TELAR_OK */
    struct telar_error *error;
};

/*
 * Says that a worker failed: who, at which region, and why. `why` completes "worker 1 (pid 4711) ...". The
 * first failure of a run counts.
 */
void tl_answer_fail(struct tl_coordinator *c, const struct tl_member *member, telar_status status, int errnum,
                    const char *why);

/* Takes a record of a member: nothing in it is believed that the ledger does not bear out. */
void tl_answer_note(struct tl_coordinator *c, struct tl_member *member, const struct tl_record *record);

#endif
