/* SPDX-License-Identifier: MIT */
/* Which tasks may run now. Everything here only reads the ledger. */
#include <config.h>

#include "engine/ledger_private.h"

/* ---- the first half of the rule: what a task reads is written ---- */

/*
 * Returns whether a round of some tasks of a stage is done. For `worker` a round counts, too, that
 * it was given before; for TL_NOBODY only what is done.
 */
static bool is_settled(const struct tl_ledger *ledger, uint32_t number, struct tl_span span,
                       uint32_t round, uint32_t worker)
{
    const struct tl_stage *stage = &ledger->table->stage[number];
    uint64_t from = span.from > ledger->all_done[number] ? span.from : ledger->all_done[number];

    for (uint64_t i = stage->first + from; i < stage->first + span.to; i++) {
        bool has_it = ledger->rounds_done[i] == round && ledger->holder[i] == worker;

        if (ledger->rounds_done[i] <= round && (worker == TL_NOBODY || !has_it))
            return false;
    }
    return true;
}

static bool need_is_settled(const struct tl_ledger *ledger, const struct tl_stage *stage,
                            const struct tl_table_need *need, uint64_t index, uint32_t round,
                            uint32_t worker)
{
    struct tl_span span = tl_table_waits_for(ledger->table, stage, need, index);

    if (need->when == TL_LAST_ROUND)
        round = tl_ledger_rounds(ledger, &ledger->table->stage[need->stage]) - 1;
    else if (need->when == TL_ROUND_BEFORE && round-- == 0)
        return true;
    return is_settled(ledger, need->stage, span, round, worker);
}

/* ---- the second half: what it overwrites has been read ---- */

/*
 * Returns whether those tasks of stage `reader` are done that, by this need, read what task `index`
 * of need->stage wrote in a round.
 */
static bool readers_are_done(const struct tl_ledger *ledger, uint32_t reader,
                             const struct tl_table_need *need, uint64_t index, uint32_t round)
{
    const struct tl_stage *stage = &ledger->table->stage[reader];
    uint32_t last = tl_ledger_rounds(ledger, &ledger->table->stage[need->stage]) - 1;

    if (need->when == TL_LAST_ROUND && round < last)
        return true; /* they read a later round */
    if (need->when == TL_LAST_ROUND)
        round = tl_ledger_rounds(ledger, stage) - 1;
    else if (need->when == TL_ROUND_BEFORE)
        round++;
    if (round >= tl_ledger_rounds(ledger, stage))
        return true; /* no round reads it */
    return is_settled(ledger, reader, tl_table_awaited_by(ledger->table, stage, need, index), round,
                      TL_NOBODY);
}

static bool stage_writes(const struct tl_ledger *ledger, const struct tl_stage *stage,
                         uint8_t buffer, uint64_t item)
{
    return (stage->writes[0] == buffer || stage->writes[1] == buffer)
           && item - stage->first_item < stage->count * tl_ledger_rounds(ledger, stage);
}

/* Returns whether every task that reads an item of a buffer is done. */
static bool item_is_read(const struct tl_ledger *ledger, uint8_t buffer, uint64_t item)
{
    const struct tl_table *table = ledger->table;
    uint32_t writer = 0;
    uint64_t index, round;

    while (!stage_writes(ledger, &table->stage[writer], buffer, item))
        writer++;
    index = (item - table->stage[writer].first_item) % table->stage[writer].count;
    round = (item - table->stage[writer].first_item) / table->stage[writer].count;
    for (uint32_t s = 0; s < table->n_stages; s++)
        for (uint32_t n = 0; n < table->stage[s].n_needs; n++) {
            const struct tl_table_need *need = &table->need[table->stage[s].first_need + n];

            if (need->stage == writer && need->use == TL_READS
                && !readers_are_done(ledger, s, need, index, (uint32_t)round))
                return false;
        }
    return true;
}

bool tl_ledger_find_own_slot(const struct tl_ledger *ledger, const struct tl_stage *stage,
                             uint32_t worker, uint32_t *slot)
{
    const struct tl_buffer *buffer = &ledger->table->buffer[stage->writes[0]];
    uint32_t count = buffer->slots / buffer->parts, first = worker * count;
    uint64_t taken = 0, end = ledger->n_delivered + buffer->slots;

    for (uint64_t i = ledger->n_delivered; i < end && i < stage->count; i++) {
        uint64_t task = stage->first + i;

        if ((ledger->rounds_done[task] || ledger->holder[task] != TL_NOBODY)
            && ledger->slot[task] - first < count)
            taken |= UINT64_C(1) << (ledger->slot[task] - first);
    }
    for (*slot = first; *slot < first + count; ++*slot)
        if (!(taken >> (*slot - first) & 1))
            return true;
    return false;
}

static bool may_overwrite(const struct tl_ledger *ledger, const struct tl_stage *stage,
                          uint64_t index, uint32_t round, uint32_t worker)
{
    for (uint32_t i = 0; i < TL_WRITES_MAX && stage->writes[i] != TL_ABSENT; i++) {
        const struct tl_buffer *buffer = &ledger->table->buffer[stage->writes[i]];
        uint64_t item = tl_table_item(stage, index, round);
        uint32_t slot;

        if (buffer->writers == TL_OWN_SLOTS) {
            if (index >= ledger->n_delivered + buffer->slots
                || !tl_ledger_find_own_slot(ledger, stage, worker, &slot))
                return false;
        } else if (item >= buffer->slots
                   && !item_is_read(ledger, stage->writes[i], item - buffer->slots)) {
            return false;
        }
    }
    return true;
}

/* ---- the rule ---- */

bool tl_ledger_may_run(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t index,
                       uint32_t worker)
{
    const struct tl_table_need *need = &ledger->table->need[stage->first_need];
    uint32_t round = ledger->rounds_done[stage->first + index];

    if (stage->stream != TL_ABSENT && ledger->stream_holder[stage->stream] != TL_NOBODY
        && ledger->stream_holder[stage->stream] != worker)
        return false;
    for (uint32_t i = 0; i < stage->n_needs; i++)
        if (!need_is_settled(ledger, stage, &need[i], index, round, worker))
            return false;
    return may_overwrite(ledger, stage, index, round, worker);
}
