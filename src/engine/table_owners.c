/* SPDX-License-Identifier: MIT */
/* Which worker writes which slots of a table. */
#include <config.h>

#include "engine/table.h"

/* Returns where a worker's share begins, which is where that of the worker before ends. */
static uint64_t share_begin(const struct tl_table *table, const struct tl_buffer *buffer,
                            uint32_t worker)
{
    return (uint64_t)buffer->slots * worker / table->workers;
}

uint32_t tl_table_slot_owner(const struct tl_table *table, const struct tl_buffer *buffer,
                             uint64_t slot)
{
    switch ((enum tl_writers)buffer->writers) {
    case TL_ONE_WORKER:
        return buffer->writer;
    case TL_IN_TURN:
        return (uint32_t)(slot / buffer->dealt % table->workers);
    case TL_IN_SHARES:
        return (uint32_t)(((slot + 1) * table->workers - 1) / buffer->slots);
    case TL_OWN_SLOTS:
        return (uint32_t)(slot / (buffer->slots / buffer->parts));
    case TL_ANY_WORKER:
    case TL_COORDINATOR:
        break;
    }
    return TL_ANYBODY;
}

uint32_t tl_table_owner(const struct tl_table *table, const struct tl_stage *stage, uint64_t index,
                        uint32_t round)
{
    const struct tl_buffer *buffer = &table->buffer[stage->writes[0]];

    if (buffer->writers == TL_OWN_SLOTS || buffer->writers == TL_ANY_WORKER)
        return TL_ANYBODY;
    return tl_table_slot_owner(table, buffer, tl_table_item(stage, index, round) % buffer->slots);
}

uint64_t tl_table_first_owned(const struct tl_table *table, const struct tl_buffer *buffer,
                              uint32_t worker)
{
    return buffer->writers == TL_IN_SHARES ? share_begin(table, buffer, worker) : 0;
}

/* Returns how many pieces of a buffer are a worker's own. */
static uint32_t count_pieces(const struct tl_table *table, const struct tl_buffer *buffer,
                             uint32_t worker)
{
    uint32_t groups = (buffer->slots + buffer->dealt - 1) / buffer->dealt;

    switch ((enum tl_writers)buffer->writers) {
    case TL_ONE_WORKER:
        return buffer->writer == worker;
    case TL_IN_TURN:
        return worker < groups ? (groups - worker + table->workers - 1) / table->workers : 0;
    case TL_IN_SHARES:
        return share_begin(table, buffer, worker) < share_begin(table, buffer, worker + 1);
    case TL_OWN_SLOTS:
        return 1;
    case TL_ANY_WORKER:
    case TL_COORDINATOR:
        break;
    }
    return 0;
}

/* Returns the bytes of slots [from, to) of a buffer. */
static struct tl_extent slots_between(const struct tl_buffer *buffer, uint64_t from, uint64_t to)
{
    struct tl_extent first = tl_table_slot(buffer, from), last = tl_table_slot(buffer, to - 1);

    return (struct tl_extent){first.offset, last.offset + last.bytes - first.offset};
}

/* Returns piece number `number` of a worker's pieces of a buffer. */
static struct tl_extent piece_of(const struct tl_table *table, const struct tl_buffer *buffer,
                                 uint32_t worker, uint32_t number)
{
    uint64_t from, to;

    switch ((enum tl_writers)buffer->writers) {
    case TL_IN_TURN:
        from = (worker + (uint64_t)number * table->workers) * buffer->dealt;
        to = from + buffer->dealt;
        return slots_between(buffer, from, to < buffer->slots ? to : buffer->slots);
    case TL_IN_SHARES:
        return slots_between(buffer, share_begin(table, buffer, worker),
                             share_begin(table, buffer, worker + 1));
    case TL_OWN_SLOTS:
        return (struct tl_extent){buffer->offset + worker * buffer->part_bytes, buffer->part_bytes};
    default: /* one worker has all of it, gaps included */
        return (struct tl_extent){buffer->begin, buffer->offset - buffer->begin
                                                     + buffer->parts * buffer->part_bytes};
    }
}

bool tl_table_piece(const struct tl_table *table, uint32_t worker, uint32_t number,
                    struct tl_piece *piece)
{
    for (uint32_t i = 0; i < table->n_buffers; i++) {
        const struct tl_buffer *buffer = &table->buffer[i];
        uint32_t count = count_pieces(table, buffer, worker);

        if (number < count) {
            *piece = (struct tl_piece){piece_of(table, buffer, worker, number),
                                       (enum tl_access)buffer->access};
            return true;
        }
        number -= count;
    }
    return false;
}

bool tl_table_serves(const struct tl_table *table, const struct tl_stage *stage, uint32_t worker)
{
    const struct tl_buffer *buffer = &table->buffer[stage->writes[0]];

    return buffer->writers == TL_ANY_WORKER || count_pieces(table, buffer, worker) > 0;
}

bool tl_table_needs_worker(const struct tl_table *table, uint32_t worker)
{
    for (uint32_t i = 0; i < table->n_buffers; i++)
        if (table->buffer[i].heirs == TL_NO_HEIR
            && count_pieces(table, &table->buffer[i], worker) > 0)
            return true;
    return false;
}
