/* SPDX-License-Identifier: MIT */
/* Tables made by hand: where slots lie, whose they are, and which tasks wait for which. */
#include <config.h>

#include "support/suite.h"

#include "engine/table.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static uint8_t add_buffer(struct tl_table *table, enum tl_writers writers, uint32_t slots)
{
    return tl_table_add_buffer(table, &(struct tl_buffer){.item_bytes = 5000,
                                                          .slots = slots,
                                                          .parts = 1,
                                                          .writers = (uint8_t)writers,
                                                          .access = TL_AT_START});
}

/* A stage over an image of so many rows and 60 columns, in a grid. */
static uint8_t add_grid(struct tl_table *table, uint8_t writes, uint32_t image_rows, uint32_t rows,
                        uint32_t columns)
{
    const struct tl_stage stage = {.count = (uint64_t)rows * columns,
                                   .cut = {{0, image_rows, 0, 60}, rows, columns, 0},
                                   .writes = {writes, TL_ABSENT},
                                   .stream = TL_ABSENT};

    return tl_table_add_stage(table, &stage);
}

/* ---- who ---- */

/* Seven slots and three workers: who writes each. */
START_TEST(every_slot_has_the_writer_that_the_table_says)
{
    static const struct {
        enum tl_writers writers;
        uint32_t dealt, slots;
        uint32_t owner[7];
    } cases[] = {
        {TL_ANY_WORKER,
         1,
         7,
         {TL_ANYBODY, TL_ANYBODY, TL_ANYBODY, TL_ANYBODY, TL_ANYBODY, TL_ANYBODY, TL_ANYBODY}},
        {TL_ONE_WORKER, 1, 7, {2, 2, 2, 2, 2, 2, 2}},
        {TL_IN_TURN, 1, 7, {0, 1, 2, 0, 1, 2, 0}},
        {TL_IN_TURN, 2, 7, {0, 0, 1, 1, 2, 2, 0}},
        {TL_IN_SHARES, 1, 7, {0, 0, 1, 1, 2, 2, 2}},
        {TL_OWN_SLOTS, 1, 6, {0, 0, 1, 1, 2, 2}},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct tl_table table;
        struct tl_buffer buffer = {.item_bytes = 1,
                                   .slots = cases[i].slots,
                                   .parts = cases[i].writers == TL_OWN_SLOTS ? 3 : 1,
                                   .writer = 2,
                                   .dealt = cases[i].dealt,
                                   .writers = (uint8_t)cases[i].writers};

        tl_table_init(&table, 3);
        tl_table_add_buffer(&table, &buffer);
        for (uint32_t slot = 0; slot < cases[i].slots; slot++)
            ck_assert_uint_eq(tl_table_slot_owner(&table, &table.buffer[0], slot),
                              cases[i].owner[slot]);
    }
}
END_TEST

static bool lies_in(const struct tl_extent *inner, const struct tl_extent *outer)
{
    return inner->offset >= outer->offset
           && inner->offset + inner->bytes <= outer->offset + outer->bytes;
}

/* A worker's pieces hold the slots that it owns, and no slot of another. */
static void check_pieces(const struct tl_table *table)
{
    for (uint32_t b = 0; b < table->n_buffers; b++)
        for (uint32_t s = 0; s < table->buffer[b].slots; s++) {
            struct tl_extent slot = tl_table_slot(&table->buffer[b], s);
            uint32_t owner = tl_table_slot_owner(table, &table->buffer[b], s);

            for (uint32_t w = 0; w < table->workers; w++) {
                struct tl_piece piece;
                bool has = false;

                for (uint32_t i = 0; tl_table_piece(table, w, i, &piece); i++)
                    has |= lies_in(&slot, &piece.extent);
                ck_assert_int_eq(has, w == owner);
            }
        }
}

START_TEST(pieces_hold_the_slots_of_their_worker)
{
    static const enum tl_writers writers[] = {TL_ANY_WORKER, TL_COORDINATOR, TL_ONE_WORKER,
                                              TL_IN_TURN,    TL_IN_SHARES,   TL_OWN_SLOTS};

    for (uint32_t workers = 1; workers < 9; workers++)
        for (uint32_t slots = 1; slots < 30; slots += 4) {
            struct tl_table table;

            tl_table_init(&table, workers);
            for (size_t i = 0; i < LENGTH(writers); i++)
                if (writers[i] != TL_OWN_SLOTS)
                    add_buffer(&table, writers[i], slots);
            tl_table_add_buffer(&table, &(struct tl_buffer){.item_bytes = 1,
                                                            .slots = 3 * workers,
                                                            .parts = workers,
                                                            .writers = TL_OWN_SLOTS});
            ck_assert(tl_table_lay_out(&table, TL_PACKED));
            check_pieces(&table);
        }
}
END_TEST

/* ---- where ---- */

START_TEST(a_window_ends_where_the_segment_ends)
{
    struct tl_table table;

    tl_table_init(&table, 2);
    add_buffer(&table, TL_ANY_WORKER, 3);
    tl_table_add_buffer(&table, &(struct tl_buffer){.item_bytes = 700000,
                                                    .slots = 5,
                                                    .parts = 1,
                                                    .writers = TL_ONE_WORKER,
                                                    .place = TL_AT_END});
    for (int spacing = TL_SPACED; spacing >= TL_PACKED; spacing--) {
        const struct tl_buffer *window = &table.buffer[1];
        struct tl_piece piece;

        ck_assert(tl_table_lay_out(&table, (enum tl_spacing)spacing));
        ck_assert_uint_eq(window->slot_bytes, 700416); /* whole pages */
        ck_assert_uint_eq(window->offset + 5 * 700416, table.segment_bytes);
        ck_assert_uint_eq(table.again_bytes, 5 * 700416);
        ck_assert(tl_table_piece(&table, 0, 0, &piece)); /* with what lies in front of slot 0 */
        ck_assert_uint_eq(piece.extent.offset + piece.extent.bytes, table.segment_bytes);
        ck_assert_uint_eq(piece.extent.offset, spacing == TL_SPACED ? TL_HUGE_BYTES : 24576);
    }
}
END_TEST

/* ---- which ---- */

static void check_span(struct tl_span span, uint64_t from, uint64_t to)
{
    ck_assert_uint_eq(span.to - span.from, to - from);
    if (from < to)
        ck_assert_uint_eq(span.from, from);
}

/* Tasks 4 and 5 of a grid of 3 x 4 tiles: the first of a row, and one with neighbours all around.
 */
START_TEST(neighbours_are_those_of_the_grid)
{
    static const struct {
        enum tl_relation relation;
        uint64_t index, from, to, by_from, by_to; /* waits for; is awaited by */
    } cases[] = {
        {TL_ALL, 5, 0, 12, 0, 12},  {TL_LEFT, 4, 0, 0, 5, 6},    {TL_LEFT, 5, 4, 5, 6, 7},
        {TL_LEFT, 7, 6, 7, 0, 0},   {TL_ABOVE, 1, 0, 0, 4, 6},   {TL_ABOVE, 4, 0, 2, 8, 9},
        {TL_ABOVE, 5, 1, 3, 8, 10}, {TL_ABOVE, 7, 3, 4, 10, 12}, {TL_ABOVE, 9, 5, 7, 0, 0},
        {TL_MEETS, 5, 4, 8, 4, 8},
    };
    struct tl_table table;

    tl_table_init(&table, 2);
    add_grid(&table, add_buffer(&table, TL_ANY_WORKER, 12), 30, 3, 4);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct tl_table_need need = {.relation = (uint8_t)cases[i].relation};
        const struct tl_stage *stage = &table.stage[0];

        check_span(tl_table_waits_for(&table, stage, &need, cases[i].index), cases[i].from,
                   cases[i].to);
        check_span(tl_table_awaited_by(&table, stage, &need, cases[i].index), cases[i].by_from,
                   cases[i].by_to);
    }
}
END_TEST

/* Whichever way two stages cut the image, the two directions of a need say the same, and it is what
 * the rows of the regions say. */
START_TEST(both_directions_of_a_need_agree)
{
    for (uint32_t image_rows = 1; image_rows < 40; image_rows += 6)
        for (uint32_t a = 1; a <= image_rows && a < 9; a++)
            for (uint32_t b = 1; b <= image_rows && b < 9; b++)
                for (uint32_t halo = 0; halo < 9; halo += 4) {
                    struct tl_table table;
                    const struct tl_table_need need = {.halo = halo, .relation = TL_MEETS};

                    tl_table_init(&table, 1);
                    add_grid(&table, add_buffer(&table, TL_ANY_WORKER, a), image_rows, a, 1);
                    add_grid(&table, 0, image_rows, b, 1);
                    for (uint64_t i = 0; i < a; i++)
                        for (uint64_t j = 0; j < b; j++) {
                            struct telar_region there = tl_table_region(&table.stage[0], i),
                                                here = tl_table_region(&table.stage[1], j);
                            struct tl_span for_j =
                                tl_table_waits_for(&table, &table.stage[1], &need, j);
                            struct tl_span by_i =
                                tl_table_awaited_by(&table, &table.stage[1], &need, i);
                            bool meet = here.r0 < there.r1 + halo && there.r0 < here.r1 + halo;

                            ck_assert_int_eq(i >= for_j.from && i < for_j.to, meet);
                            ck_assert_int_eq(j >= by_i.from && j < by_i.to, meet);
                        }
                }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_slot_has_the_writer_that_the_table_says,
        pieces_hold_the_slots_of_their_worker,
        a_window_ends_where_the_segment_ends,
        neighbours_are_those_of_the_grid,
        both_directions_of_a_need_agree,
        NULL,
    };

    return run_suite("table", tests);
}
