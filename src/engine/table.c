/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/table.h"

#include <assert.h>
#include <telar/plan.h>

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

/* ---- which tasks ---- */

uint32_t tl_table_stage_of(const struct tl_table *table, uint64_t task)
{
    uint32_t i = 0;

    while (task >= table->stage[i].first + table->stage[i].count)
        i++;
    return i;
}

struct telar_region tl_table_region(const struct tl_stage *stage, uint64_t index)
{
    const struct tl_cut *cut = &stage->cut;
    struct telar_region region = cut->area;
    uint64_t r0, r1;

    if (cut->area.r0 == cut->area.r1)
        return (struct telar_region){0};
    if (cut->item_rows == 0)
        return telar_plan_region((struct telar_plan){cut->rows, cut->columns}, &cut->area, index);
    r0 = cut->area.r0 + index * cut->item_rows;
    r1 = r0 + cut->item_rows;
    region.r0 = (uint32_t)r0;
    region.r1 = r1 < cut->area.r1 ? (uint32_t)r1 : cut->area.r1;
    return region;
}

/* Returns which row of the grid has row `row` of the area. Rounding can make the quotient one too
 * small. */
static uint64_t grid_row_of(const struct tl_stage *stage, uint32_t row)
{
    const struct tl_cut *cut = &stage->cut;
    uint64_t at;

    if (cut->item_rows)
        return (row - cut->area.r0) / cut->item_rows;
    at = (uint64_t)(row - cut->area.r0) * cut->rows / telar_region_rows(&cut->area);
    while (tl_table_region(stage, at * cut->columns).r1 <= row)
        at++;
    return at;
}

struct tl_span tl_table_with_rows(const struct tl_stage *stage, uint64_t r0, uint64_t r1)
{
    const struct tl_cut *cut = &stage->cut;

    r0 = r0 > cut->area.r0 ? r0 : cut->area.r0;
    r1 = r1 < cut->area.r1 ? r1 : cut->area.r1;
    if (r0 >= r1)
        return (struct tl_span){0, 0};
    return (struct tl_span){grid_row_of(stage, (uint32_t)r0) * cut->columns,
                            (grid_row_of(stage, (uint32_t)r1 - 1) + 1) * cut->columns};
}

/* Two regions meet, one of them grown by a halo, whichever of them it is. */
static struct tl_span meeting(const struct tl_stage *here, uint64_t index,
                              const struct tl_stage *there, uint32_t halo)
{
    struct telar_region region = tl_table_region(here, index);

    return tl_table_with_rows(there, region.r0 > halo ? region.r0 - halo : 0,
                              (uint64_t)region.r1 + halo);
}

struct tl_span tl_table_waits_for(const struct tl_table *table, const struct tl_stage *stage,
                                  const struct tl_table_need *need, uint64_t index)
{
    const struct tl_stage *other = &table->stage[need->stage];
    uint64_t columns = other->cut.columns, above;

    switch ((enum tl_relation)need->relation) {
    case TL_ALL:
        return (struct tl_span){0, other->count};
    case TL_MEETS:
        return meeting(stage, index, other, need->halo);
    case TL_LEFT:
        return (struct tl_span){index % columns ? index - 1 : index, index};
    case TL_ABOVE:
        if (index < columns)
            break;
        above = index - columns;
        return (struct tl_span){above, above + 1 + (above % columns + 1 < columns)};
    }
    return (struct tl_span){0, 0};
}

struct tl_span tl_table_awaited_by(const struct tl_table *table, const struct tl_stage *stage,
                                   const struct tl_table_need *need, uint64_t index)
{
    const struct tl_stage *other = &table->stage[need->stage];
    uint64_t columns = other->cut.columns, below = index + columns, right = index + 1;

    switch ((enum tl_relation)need->relation) {
    case TL_ALL:
        return (struct tl_span){0, stage->count};
    case TL_MEETS:
        return meeting(other, index, stage, need->halo);
    case TL_LEFT:
        return (struct tl_span){right, right + (right % columns != 0)};
    case TL_ABOVE:
        if (below >= stage->count)
            break;
        return (struct tl_span){below - (index % columns != 0), below + 1};
    }
    return (struct tl_span){0, 0};
}

/* ---- who ---- */

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
