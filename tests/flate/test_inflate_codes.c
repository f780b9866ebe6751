/* SPDX-License-Identifier: MIT */
/* Tests inflate against zlib on sets of codes and on matches. The test builds its streams bit by
 * bit. */
#include <config.h>

#include "support/inflate_judge.h"

/* ---- streams made bit by bit ---- */

struct bits {
    unsigned char bytes[2000];
    size_t n;
};

static void put(struct bits *b, unsigned value, unsigned n)
{
    for (; n > 0; n--, value >>= 1, b->n++)
        b->bytes[b->n / 8] |= (unsigned char)((value & 1) << b->n % 8);
}

/* Writes the head of a final dynamic block with the given code lengths. Each code length of 0 to 15
 * has a code of four bits: the number itself, with its bits reversed. Repeats are not used. */
static void put_head(struct bits *b, const unsigned char *lengths, unsigned n_literal,
                     unsigned n_distance)
{
    static const unsigned char order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};

    put(b, 1, 1);
    put(b, 2, 2);
    put(b, n_literal - 257, 5);
    put(b, n_distance - 1, 5);
    put(b, 15, 4);
    for (unsigned i = 0; i < 19; i++)
        put(b, order[i] < 16 ? 4 : 0, 3);
    for (unsigned i = 0; i < n_literal + n_distance; i++)
        for (unsigned bit = 4; bit > 0; bit--)
            put(b, lengths[i] >> (bit - 1) & 1, 1);
}

/* Puts four patterns of bits behind a head with the given sets of codes. Returns true if inflate
 * accepted one of the four streams. */
static bool judge_sets(const unsigned char *lengths, unsigned n_literal, unsigned n_distance)
{
    bool complete = false;

    for (unsigned tail = 0; tail < 4; tail++) {
        struct bits b = {.n = 0};

        put_head(&b, lengths, n_literal, n_distance);
        for (unsigned i = 0; i < 64; i++)
            put(&b, tail == 0 ? 0 : tail == 1 ? 1 : tail == 2 ? i & 1 : i >> 1 & 1, 1);
        ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 5, 50),
                      "%u literal and %u distance codes, tail %u", n_literal, n_distance, tail);
        complete |= by_us(b.bytes, (b.n + 7) / 8, true, 1000, 1000).complete;
    }
    return complete;
}

START_TEST(code_sets_are_judged_alike)
{
    unsigned char l[320];

    memset(l, 0, sizeof l);
    l[256] = 1; /* only the end symbol, 1 bit; no distance */
    ck_assert(judge_sets(l, 257, 1));
    l[257] = 1; /* one distance code, 1 bit */
    ck_assert(judge_sets(l, 257, 1));
    l[257] = 2; /* one distance code, 2 bits: incomplete */
    ck_assert(!judge_sets(l, 257, 1));
    l[257] = l[258] = 1; /* two distance codes, 1 bit */
    ck_assert(judge_sets(l, 257, 2));
    l[259] = 1; /* three codes of 1 bit: oversubscribed */
    ck_assert(!judge_sets(l, 257, 3));
    memset(l, 0, sizeof l);
    l[256] = 2; /* only the end symbol, 2 bits: incomplete */
    ck_assert(!judge_sets(l, 257, 1));
    l[0] = 1; /* two codes: still incomplete */
    ck_assert(!judge_sets(l, 257, 1));
    l[1] = 2;
    ck_assert(judge_sets(l, 257, 1));
    l[2] = 15; /* oversubscribed */
    ck_assert(!judge_sets(l, 257, 1));
    memset(l, 0, sizeof l);
    l[0] = l[1] = 1; /* no end symbol */
    ck_assert(!judge_sets(l, 257, 1));
}
END_TEST

/* No other code of 286 symbols needs a larger table: 4096 entries, and second tables of 284. */
START_TEST(the_largest_table_has_room)
{
    unsigned char l[320] = {1, 2, 3, 4, 5, 6, 13};

    memset(l + 7, 14, 200);
    memset(l + 207, 15, 50); /* the end symbol has the last code: only ones */
    memset(l + 257, 14, 29);
    l[286] = l[287] = 1;
    ck_assert(judge_sets(l, 286, 2));
}
END_TEST

START_TEST(long_codes_use_the_second_tables)
{
    unsigned char l[320] = {0};

    for (unsigned i = 0; i < 14; i++) /* 1, 2, ... 14, 15, 15 bits; the end symbol has 15 */
        l[i] = (unsigned char)(i + 1);
    l[14] = l[256] = 15;
    for (unsigned i = 0; i < 14; i++)
        l[257 + i] = (unsigned char)(i + 1);
    l[257 + 14] = l[257 + 15] = 15;
    for (unsigned length = 1; length < 16; length++) {
        struct bits b = {.n = 0};

        put_head(&b, l, 257, 16);
        put(&b, (1u << (length - 1)) - 1, length); /* symbol length - 1 is ones and a zero */
        put(&b, 0x7fff, 15);
        ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 1, 1), "%u bits", length);
        ck_assert(by_us(b.bytes, (b.n + 7) / 8, true, 100, 100).complete);
        ck_assert_uint_eq(ours[0], length - 1);
    }
}
END_TEST

/* Tries every fixed code of 7 to 9 bits with every distance code, behind 0 and 2 literals. */
START_TEST(fixed_codes_are_judged_alike)
{
    for (unsigned code = 0; code < 512; code++)
        for (unsigned distance = 0; distance < 32; distance++)
            for (unsigned literals = 0; literals < 3; literals += 2) {
                struct bits b = {.n = 0};

                put(&b, 3, 3);
                for (unsigned i = 0; i < literals; i++)
                    put(&b, 0x0c, 8); /* literal 0 is 00110000 */
                put(&b, code, 9);
                put(&b, distance, 5);
                put(&b, 0, 60);
                ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 100, 300),
                              "code %x, distance %x after %u", code, distance, literals);
            }
}
END_TEST

/* Matches of 258 bytes at the listed distances. The output is cut at odd places. */
START_TEST(matches_reach_back_to_the_first_byte_only)
{
    static const unsigned distances[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 100, 4096, 32767, 32768};

    for (size_t d = 0; d < sizeof distances / sizeof *distances; d++)
        for (int extra = -1; extra < 2; extra++)
            for (size_t out_piece = 1000; out_piece < 70000; out_piece = out_piece * 5 + 7) {
                size_t before = distances[d] + (size_t)(extra + 1) * 13, n;

                make_data(0, before, d);
                for (size_t i = 0; i < 258 * 3; i++)
                    data[before + i] = data[before + i - distances[d]];
                n = pack(before + 258 * 3, 9, 15, 8, Z_DEFAULT_STRATEGY);
                ck_assert(agree(packed, n, false, n, out_piece));
                ck_assert(memcmp(ours, data, before + 258 * 3) == 0);
            }
    for (unsigned distance = 1; distance < 20;
         distance++) /* the match begins before the first byte */
        for (unsigned before = 0; before < 20; before++) {
            static const unsigned base[] = {1, 2, 3, 4, 5, 7, 9, 13, 17};
            struct bits b = {.n = 0};
            unsigned symbol = 0;

            while (symbol < 8 && base[symbol + 1] <= distance)
                symbol++;
            put(&b, 3, 3);
            for (unsigned i = 0; i < before; i++)
                put(&b, 0x0c, 8);
            put(&b, 0x40, 7); /* length 3 is 0000001 */
            for (unsigned bit = 5; bit > 0; bit--)
                put(&b, symbol >> (bit - 1) & 1, 1);
            put(&b, distance - base[symbol], symbol < 4 ? 0 : (symbol - 2) / 2);
            put(&b, 0, 7); /* the end symbol */
            ck_assert(agree(b.bytes, (b.n + 7) / 8, true, 100, 300));
            ck_assert_int_eq(by_us(b.bytes, (b.n + 7) / 8, true, 100, 300).complete,
                             distance <= before);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        code_sets_are_judged_alike,
        the_largest_table_has_room,
        long_codes_use_the_second_tables,
        fixed_codes_are_judged_alike,
        matches_reach_back_to_the_first_byte_only,
        NULL,
    };

    return run_suite("inflate_codes", tests);
}
