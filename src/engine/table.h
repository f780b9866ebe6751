/* SPDX-License-Identifier: MIT */
/*
 * table.h - a job as a table of numbers: which bytes there are, who writes them, and which tasks
 * must end first. Layer: over segment.
 *
 * A table has three lists. **Buffers** are parts of the segment. **Stages** are groups of equal
 * tasks; a stage names the buffers that its tasks write. **Needs** say which tasks of another
 * stage a task waits for. Loops over these lists give the place of every byte (tl_table_lay_out),
 * its only writer (tl_table_owner, tl_table_piece), and the moment when a task may run (ledger.h).
 *
 * A table contains no pointer. A copy of its bytes in another process means the same.
 *
 * Most stages run once. A stage in a loop runs in rounds, all its tasks in each. Task i of round t
 * writes item first_item + t x count + i of each buffer that the stage writes, and item k lies in
 * slot k modulo the number of slots. A buffer with fewer slots than items is a ring.
 *
 * The ledger understands rounds and a second buffer of a stage. Workers do not yet: a ticket names
 * no round, and a guarded worker makes one extent writable for a task. tl_coordinator_new therefore
 * asserts that each stage runs once and writes one buffer.
 *
 * Nobody changes a table after the coordinator has made it.
 */
#ifndef TL_TABLE_H
#define TL_TABLE_H

#include "isolate/segment.h"

#include <telar/image.h>

enum {
    TL_BUFFERS_MAX = 48,
    TL_STAGES_MAX = 56,
    TL_NEEDS_MAX = 320,
    TL_LOOPS_MAX = 4,  /* loops, the one of a single round included; also streams */
    TL_WRITES_MAX = 2, /* buffers that one stage writes */
    TL_ABSENT = 255,   /* instead of the number of a buffer, a stage or a stream */
};

/* Instead of the number of a worker: any worker. */
#define TL_ANYBODY UINT32_MAX

/* Which worker writes a slot of a buffer. */
enum tl_writers {
    TL_ANY_WORKER,  /* the worker that has the task */
    TL_COORDINATOR, /* no worker: the coordinator, before it starts any */
    TL_ONE_WORKER,  /* the worker whose number is `writer` */
    TL_IN_TURN,     /* groups of `dealt` slots go to workers 0, 1, 2, ..., and again from 0 on */
    TL_IN_SHARES,   /* each worker has one group of neighbouring slots, all groups as even as
                       possible */
    TL_OWN_SLOTS,   /* each worker has slots / workers neighbouring slots and puts any item into
                       any of them; the coordinator takes the items out in their order */
};

/* Who may write a slot when its writer is gone and the host refuses another in its place. */
enum tl_heirs {
    TL_ANY_HEIR, /* any worker */
    TL_NO_HEIR,  /* no worker: none can get write access */
};

/* When a guarded worker makes its slots of a buffer writable. */
enum tl_access {
    TL_FOR_TASK, /* for the duration of one task */
    TL_AT_START, /* at its start, for its whole life */
};

/* How a buffer lies in the segment. */
enum tl_placement {
    TL_IN_PARTS, /* every part begins on a page; large parts begin on a huge page */
    TL_APART, /* the same, but parts count as large from a smaller size on when tables are spaced */
    TL_AT_END, /* the last slot ends where the segment ends, and the buffer is mapped once more
                  behind it, so that rows are contiguous across the end of the ring */
};

/* How much room tl_table_lay_out leaves between parts. */
enum tl_spacing {
    TL_PACKED, /* little: workers do not protect memory */
    TL_SPACED, /* what one worker protects by itself gets huge pages of its own */
};

/* A buffer. route_buffers.c writes it before the run, except offset, slot_bytes, part_bytes and
 * begin, which tl_table_lay_out sets. Constant during the run. */
struct tl_buffer {
    uint64_t item_bytes; /* what an item needs */
    uint64_t offset;     /* of slot 0 */
    uint64_t slot_bytes; /* from one slot of a part to the next */
    uint64_t part_bytes; /* from one part to the next */
    uint64_t begin; /* of the bytes that belong to this buffer alone; less than offset only when
                       the buffer lies at the end of the segment */
    uint32_t slots;
    uint32_t parts;  /* slots / parts slots lie in each part, without a gap */
    uint32_t writer; /* TL_ONE_WORKER: its number */
    uint32_t dealt;  /* TL_IN_TURN: slots in a group */
    uint8_t writers; /* enum tl_writers */
    uint8_t heirs;   /* enum tl_heirs */
    uint8_t access;  /* enum tl_access */
    uint8_t place;   /* enum tl_placement */
};

/* How a stage cuts an area into the regions of its tasks: row by row, from the top left. */
struct tl_cut {
    struct telar_region area; /* empty: the tasks have no region */
    uint32_t rows, columns;   /* of the grid */
    uint32_t item_rows;       /* rows of each region but the last; 0: as even as possible, see
                                 telar_plan_region */
};

/* Which tasks of the other stage a task waits for. */
enum tl_relation {
    TL_ALL,   /* all of them */
    TL_MEETS, /* those whose rows meet the rows of the task's region, grown by `halo` */
    TL_LEFT,  /* the left neighbour in the grid that both stages have */
    TL_ABOVE, /* the neighbour above and the one to the right of that; of bands, the band before */
};

/* Which round of those tasks. */
enum tl_when {
    TL_LAST_ROUND, /* their last; the only one of a stage that is in no loop */
    TL_THIS_ROUND,
    TL_ROUND_BEFORE, /* in the first round, none */
};

/* Why the task waits. */
enum tl_use {
    TL_READS,   /* it reads what they wrote: that must not be overwritten until the task is done */
    TL_FOLLOWS, /* it only comes later */
};

/* A need of a stage. route_stages.c writes it before the run. Constant during the run. */
struct tl_table_need {
    uint32_t halo;    /* rows */
    uint8_t stage;    /* the other stage; a stage may need itself */
    uint8_t relation; /* enum tl_relation */
    uint8_t when;     /* enum tl_when */
    uint8_t use;      /* enum tl_use */
};

/* A stage. route_stages.c writes it before the run, except first, first_need and n_needs, which
 * tl_table_add_stage and tl_table_add_need set. Constant during the run. */
struct tl_stage {
    uint64_t first, count; /* its tasks are [first, first + count) of all tasks */
    uint64_t first_item;   /* number of the item that its first task writes */
    struct tl_cut cut;
    uint16_t first_need, n_needs;  /* in tl_table.need */
    uint8_t kind;                  /* which functions do its tasks: see kind.h */
    uint8_t step;                  /* prepare, gather, merge: which transform of the pipeline */
    uint8_t writes[TL_WRITES_MAX]; /* buffers with the same writers; TL_ABSENT: no more */
    uint8_t stream; /* which stream a worker must hold to do its tasks: one worker holds it at a
                       time, and it is lost with the worker; TL_ABSENT: none */
    uint8_t loop;   /* index into tl_table.rounds */
};

/* Stages stand in the order in which workers prefer them: first the stages that others wait for. */
struct tl_table {
    uint32_t workers;
    uint32_t n_buffers, n_stages, n_needs;
    uint64_t n_tasks;
    uint64_t segment_bytes, again_bytes; /* see struct tl_shape */
    uint32_t rounds[TL_LOOPS_MAX];       /* of each loop; rounds[0] is 1 */
    struct tl_buffer buffer[TL_BUFFERS_MAX];
    struct tl_stage stage[TL_STAGES_MAX];
    struct tl_table_need need[TL_NEEDS_MAX];
};

/* Tasks [from, to) of a stage. */
struct tl_span {
    uint64_t from, to;
};

/* A part of the segment that one worker writes. */
struct tl_piece {
    struct tl_extent extent;
    enum tl_access access;
};

/*
 * Makes an empty table for so many workers. The next three functions fill it: buffers in the order
 * of the segment, then stages in the order of preference, each followed by its needs. They return
 * the number of the new entry. A full table is a mistake of the caller, which an assert finds.
 */
void tl_table_init(struct tl_table *table, uint32_t workers);
uint8_t tl_table_add_buffer(struct tl_table *table, const struct tl_buffer *buffer);
uint8_t tl_table_add_stage(struct tl_table *table, const struct tl_stage *stage);
void tl_table_add_need(struct tl_table *table, const struct tl_table_need *need);

/*
 * Gives every buffer its place in the segment. May be called again with another spacing. Returns
 * false when the sizes do not fit into an address space.
 */
bool tl_table_lay_out(struct tl_table *table, enum tl_spacing spacing);

/* The rest only reads the table and is async-signal-safe. */

/* Returns the number of the stage that has task number `task` < n_tasks. */
uint32_t tl_table_stage_of(const struct tl_table *table, uint64_t task);

/* Returns the region of task `index` of a stage; it is empty when the tasks have none. */
struct telar_region tl_table_region(const struct tl_stage *stage, uint64_t index);

/* Returns the tasks of a stage whose regions have rows of [r0, r1): whole rows of its grid. */
struct tl_span tl_table_with_rows(const struct tl_stage *stage, uint64_t r0, uint64_t r1);

/*
 * Returns the tasks of need->stage that task `index` of the stage waits for; and for the reverse
 * direction, the tasks of the stage that wait for task `index` of need->stage.
 */
struct tl_span tl_table_waits_for(const struct tl_table *table, const struct tl_stage *stage,
                                  const struct tl_table_need *need, uint64_t index);
struct tl_span tl_table_awaited_by(const struct tl_table *table, const struct tl_stage *stage,
                                   const struct tl_table_need *need, uint64_t index);

/* Returns the number of the item that task `index` writes in a round. */
static inline uint64_t tl_table_item(const struct tl_stage *stage, uint64_t index, uint32_t round)
{
    return stage->first_item + round * stage->count + index;
}

/* Returns where slot number `slot` of a buffer lies. */
struct tl_extent tl_table_slot(const struct tl_buffer *buffer, uint64_t slot);

/*
 * Returns the worker that writes a slot, or the worker that does task `index` of a stage because
 * the slot is its own. TL_ANYBODY: any worker.
 */
uint32_t tl_table_slot_owner(const struct tl_table *table, const struct tl_buffer *buffer,
                             uint64_t slot);
uint32_t tl_table_owner(const struct tl_table *table, const struct tl_stage *stage, uint64_t index,
                        uint32_t round);

/* Returns whether a worker can ever get a task of the stage while all others live. */
bool tl_table_serves(const struct tl_table *table, const struct tl_stage *stage, uint32_t worker);

/* Returns the first slot of a worker's share; 0 when the buffer is not divided into shares. */
uint64_t tl_table_first_owned(const struct tl_table *table, const struct tl_buffer *buffer,
                              uint32_t worker);

/*
 * Gives piece number `number` of all that a worker may write because the slots are its own. Returns
 * false when it has fewer. Call with 0, 1, 2, ... to get all of them.
 */
bool tl_table_piece(const struct tl_table *table, uint32_t worker, uint32_t number,
                    struct tl_piece *piece);

/* Returns whether nobody else could write some of a worker's slots if the worker were gone. */
bool tl_table_needs_worker(const struct tl_table *table, uint32_t worker);

#endif
