/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/table.h"

#include <assert.h>

/*
 * From which size on a part begins on a huge page: the gap in front of it must be worth it. Spaced
 * tables have smaller limits, because a protected part on small pages costs a fault for each.
 */
enum {
    LARGE_PART_BYTES = 2 * TL_HUGE_BYTES,
    LARGE_SPACED_BYTES = TL_HUGE_BYTES / 2,
    LARGE_APART_BYTES = TL_HUGE_BYTES / 8,
};

/* ---- making a table ---- */

void tl_table_init(struct tl_table *table, uint32_t workers)
{
    *table = (struct tl_table){.workers = workers, .rounds = {1, 1, 1, 1}};
}

uint8_t tl_table_add_buffer(struct tl_table *table, const struct tl_buffer *buffer)
{
    struct tl_buffer *added = &table->buffer[table->n_buffers];

    assert(table->n_buffers < TL_BUFFERS_MAX && buffer->slots && buffer->parts);
    *added = *buffer;
    added->dealt = added->dealt ? added->dealt : 1;
    return (uint8_t)table->n_buffers++;
}

uint8_t tl_table_add_stage(struct tl_table *table, const struct tl_stage *stage)
{
    struct tl_stage *added = &table->stage[table->n_stages];

    assert(table->n_stages < TL_STAGES_MAX);
    *added = *stage;
    added->first = table->n_tasks;
    added->first_need = (uint16_t)table->n_needs;
    added->n_needs = 0;
    table->n_tasks += added->count;
    return (uint8_t)table->n_stages++;
}

void tl_table_add_need(struct tl_table *table, const struct tl_table_need *need)
{
    assert(table->n_needs < TL_NEEDS_MAX && need->stage < table->n_stages);
    table->need[table->n_needs++] = *need;
    table->stage[table->n_stages - 1].n_needs++;
}

/* ---- where ---- */

/* The sum of the buffers that have their place. Once a sum does not fit, no later sum does. */
struct layout {
    uint64_t bytes;
    uint64_t large_part, large_apart; /* bytes */
    bool overflow;
};

static uint64_t to_multiple(struct layout *layout, uint64_t n, uint64_t unit)
{
    layout->overflow |= n > UINT64_MAX - unit;
    return (n + unit - 1) / unit * unit;
}

static uint64_t product(struct layout *layout, uint64_t a, uint64_t b)
{
    uint64_t all;

    layout->overflow |= __builtin_mul_overflow(a, b, &all);
    return all;
}

/*
 * Places a buffer so that its last slot ends at the end of the segment, where the second mapping
 * begins. A large segment ends with a huge page, because the kernel reserves those sooner. What
 * this adds lies in front of slot 0.
 */
static void place_at_end(struct layout *layout, struct tl_buffer *buffer, uint64_t bytes,
                         uint64_t unit)
{
    buffer->begin = to_multiple(layout, layout->bytes, unit);
    layout->overflow |= __builtin_add_overflow(buffer->begin, bytes, &layout->bytes);
    if (layout->bytes >= TL_HUGE_BYTES)
        layout->bytes = to_multiple(layout, layout->bytes, TL_HUGE_BYTES);
    buffer->offset = layout->bytes - bytes;
    buffer->part_bytes = bytes;
}

/* Places a buffer whose parts begin at multiples of `unit`, or of huge pages if they are large. */
static void place_parts(struct layout *layout, struct tl_buffer *buffer, uint64_t part,
                        uint64_t unit)
{
    uint64_t wanted = product(layout, buffer->item_bytes, buffer->slots / buffer->parts);

    part = to_multiple(layout, part, unit);
    if ((buffer->place == TL_APART ? part : wanted) >= layout->large_part)
        unit = TL_HUGE_BYTES;
    buffer->part_bytes = to_multiple(layout, part, unit);
    if (buffer->place == TL_IN_PARTS && buffer->parts == buffer->slots)
        buffer->slot_bytes = buffer->part_bytes;
    buffer->begin = buffer->offset = to_multiple(layout, layout->bytes, unit);
    layout->overflow |= __builtin_add_overflow(
        buffer->offset, product(layout, buffer->part_bytes, buffer->parts), &layout->bytes);
    layout->overflow |= layout->bytes > PTRDIFF_MAX; /* else rounding up could wrap around */
}

static void place(struct layout *layout, struct tl_buffer *buffer)
{
    uint64_t part, unit = TL_PAGE_BYTES;

    buffer->slot_bytes = to_multiple(layout, buffer->item_bytes, TL_PAGE_BYTES);
    part = product(layout, buffer->slot_bytes, buffer->slots / buffer->parts);
    if (buffer->place != TL_IN_PARTS && part >= layout->large_apart)
        unit = TL_HUGE_BYTES;
    if (buffer->place == TL_AT_END)
        place_at_end(layout, buffer, part, unit);
    else
        place_parts(layout, buffer, part, unit);
}

bool tl_table_lay_out(struct tl_table *table, enum tl_spacing spacing)
{
    struct layout layout = {.large_part = LARGE_PART_BYTES, .large_apart = UINT64_MAX};

    if (spacing == TL_SPACED) {
        layout.large_part = LARGE_SPACED_BYTES;
        layout.large_apart = LARGE_APART_BYTES;
    }
    table->again_bytes = 0;
    for (uint32_t i = 0; i < table->n_buffers; i++) {
        place(&layout, &table->buffer[i]);
        if (table->buffer[i].place == TL_AT_END)
            table->again_bytes = layout.bytes - table->buffer[i].offset;
    }
    if (!table->again_bytes && layout.bytes >= TL_HUGE_BYTES)
        layout.bytes = to_multiple(&layout, layout.bytes, TL_HUGE_BYTES);
    table->segment_bytes = layout.bytes;
    return !layout.overflow && layout.bytes <= PTRDIFF_MAX / 4;
}

struct tl_extent tl_table_slot(const struct tl_buffer *buffer, uint64_t slot)
{
    uint64_t each = buffer->slots / buffer->parts;

    return (struct tl_extent){buffer->offset + slot / each * buffer->part_bytes
                                  + slot % each * buffer->slot_bytes,
                              buffer->slot_bytes};
}
