/* SPDX-License-Identifier: MIT */
/* Tests the codes of deflate: RFC 1951 defines the codes of lengths and distances. Huffman codes
 * must be complete. */
#include <config.h>

#include "support/suite.h"

#include <stdio.h>
#include <string.h>

#include "flate/deflate_block.h"
#include "support/samples.h"

/* From RFC 1951, section 3.2.5: the extra bits and first length of the symbols 257 to 285. */
static const struct row {
    unsigned extra_bits, first;
} length_table[] = {{0, 3},   {0, 4},   {0, 5},   {0, 6},   {0, 7},  {0, 8},  {0, 9},  {0, 10},
                    {1, 11},  {1, 13},  {1, 15},  {1, 17},  {2, 19}, {2, 23}, {2, 27}, {2, 31},
                    {3, 35},  {3, 43},  {3, 51},  {3, 59},  {4, 67}, {4, 83}, {4, 99}, {4, 115},
                    {5, 131}, {5, 163}, {5, 195}, {5, 227}, {0, 258}};

/* The extra bits and first distance of the distance symbols 0 to 29. */
static const struct row distance_table[] = {
    {0, 1},     {0, 2},     {0, 3},     {0, 4},      {1, 5},      {1, 7},
    {2, 9},     {2, 13},    {3, 17},    {3, 25},     {4, 33},     {4, 49},
    {5, 65},    {5, 97},    {6, 129},   {6, 193},    {7, 257},    {7, 385},
    {8, 513},   {8, 769},   {9, 1025},  {9, 1537},   {10, 2049},  {10, 3073},
    {11, 4097}, {11, 6145}, {12, 8193}, {12, 12289}, {13, 16385}, {13, 24577}};

/* Finds the last row of the table whose first value is at most `value`. */
static struct encoded look_up(const struct row *table, size_t rows, unsigned first_symbol,
                              unsigned value)
{
    size_t i = rows - 1;

    while (table[i].first > value)
        i--;
    return (struct encoded){first_symbol + (unsigned)i, table[i].extra_bits,
                            value - table[i].first};
}

static void check_same(struct encoded got, struct encoded expected)
{
    ck_assert_uint_eq(got.symbol, expected.symbol);
    ck_assert_uint_eq(got.extra_bits, expected.extra_bits);
    ck_assert_uint_eq(got.extra, expected.extra);
}

START_TEST(lengths_and_distances_follow_the_tables)
{
    for (unsigned length = 3; length <= 258; length++)
        check_same(encode_length(length), look_up(length_table, 29, 257, length));
    for (unsigned distance = 1; distance <= 32768; distance += distance < 1100 ? 1 : 61)
        check_same(encode_distance(distance - 1), look_up(distance_table, 30, 0, distance));
    for (size_t i = 0; i < 30; i++) {
        unsigned first = distance_table[i].first,
                 last = i < 29 ? distance_table[i + 1].first - 1 : 32768;

        check_same(encode_distance(first - 1), look_up(distance_table, 30, 0, first));
        check_same(encode_distance(last - 1), look_up(distance_table, 30, 0, last));
    }
}
END_TEST

/*
 * The plain Huffman algorithm. Returns the total length of an optimal code without a length limit.
 */
static uint64_t least_bits(const uint32_t *counts, size_t n)
{
    uint64_t weights[MAX_SYMBOLS], bits = 0;
    size_t left = 0;

    for (size_t i = 0; i < n; i++)
        if (counts[i])
            weights[left++] = counts[i];
    while (left > 1) {
        uint64_t sum = 0;

        for (int k = 0; k < 2; k++) {
            size_t least = 0;

            for (size_t i = 1; i < left; i++)
                if (weights[i] < weights[least])
                    least = i;
            sum += weights[least];
            weights[least] = weights[--left];
        }
        weights[left++] = sum;
        bits += sum;
    }
    return bits;
}

/* Checks that every used symbol has a code within the limit, and that every bit pattern has a
 * meaning. */
static void check_whole(const uint32_t *counts, const unsigned char *lengths, size_t n,
                        unsigned limit)
{
    uint32_t taken = 0, wrong = 0;

    for (size_t i = 0; i < n; i++) {
        wrong += lengths[i] > limit || (counts[i] && !lengths[i]);
        taken += lengths[i] && lengths[i] <= limit ? 1u << (limit - lengths[i]) : 0;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(taken, 1u << limit);
}

/* Checks that no code is a prefix of another. The lowest bit is written first. */
static void check_codes(const unsigned char *lengths, size_t n)
{
    struct code codes[MAX_SYMBOLS];
    uint32_t wrong = 0;

    tl_huffman_codes(lengths, n, codes);
    for (size_t i = 0; i < n; i++) {
        wrong += codes[i].length != lengths[i];
        for (size_t j = 0; j < n; j++)
            wrong += i != j && lengths[i] && lengths[i] <= lengths[j]
                     && codes[i].bits == (codes[j].bits & ((1u << lengths[i]) - 1));
    }
    ck_assert_uint_eq(wrong, 0);
}

static uint64_t total_bits(const uint32_t *counts, const unsigned char *lengths, size_t n)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++)
        bits += (uint64_t)counts[i] * lengths[i];
    return bits;
}

START_TEST(huffman_codes_are_complete_and_optimal)
{
    uint32_t counts[LITERAL_SYMBOLS], seed = 1;
    unsigned char lengths[LITERAL_SYMBOLS];

    for (int round = 0; round < 100; round++) {
        size_t n = 2 + sample_random(&seed) % (LITERAL_SYMBOLS - 1);
        uint32_t holes = sample_random(&seed) % 4, size = 1u << sample_random(&seed) % 9;

        for (size_t i = 0; i < n; i++)
            counts[i] = sample_random(&seed) % 4 < holes ? 0 : 1 + sample_random(&seed) % size;
        counts[0] = counts[n - 1] = 1;
        tl_huffman_lengths(counts, n, 15, lengths);
        check_whole(counts, lengths, n, 15);
        check_codes(lengths, n);
        /* Here the counts are at most 256 and the symbols at most 286. An optimal code then needs
         * fewer than 15 bits. */
        ck_assert_uint_eq(total_bits(counts, lengths, n), least_bits(counts, n));
    }
}
END_TEST

START_TEST(limits_hold_for_fibonacci_counts)
{
    uint32_t counts[40] = {1, 1};
    unsigned char lengths[40];

    for (size_t i = 2; i < 40; i++)
        counts[i] = counts[i - 1] + counts[i - 2];
    for (unsigned limit = 6; limit <= 15; limit++)
        for (size_t n = 2; n <= 40; n++) {
            tl_huffman_lengths(counts, n, limit, lengths);
            check_whole(counts, lengths, n, limit);
            check_codes(lengths, n);
            if (n <= limit + 1)
                ck_assert_uint_eq(total_bits(counts, lengths, n), least_bits(counts, n));
        }
}
END_TEST

/* inflate refuses codes that leave bit patterns without a meaning. The exception is a distance code
 * of one symbol. */
START_TEST(one_symbol_or_none_makes_a_complete_code)
{
    unsigned char lengths[30];

    for (size_t only = 0; only < 30; only++) {
        uint32_t counts[30] = {0};

        counts[only] = 5;
        tl_huffman_lengths(counts, 30, 14, lengths);
        check_whole(counts, lengths, 30, 14);
        ck_assert_uint_eq(lengths[only], 1);
        counts[only] = 0;
        tl_huffman_lengths(counts, 30, 14, lengths);
        check_whole(counts, lengths, 30, 14);
    }
}
END_TEST

/* A run may need two sequences. With room for only one, the search stops behind that one. */
START_TEST(the_search_stops_when_sequences_run_out)
{
    static unsigned char in[1000];
    struct deflate *d = malloc(sizeof *d);

    for (size_t room = 1; room <= 3; room++) {
        *d = (struct deflate){.in = in,
                              .n = sizeof in,
                              .parsed = 8,
                              .sequences_end = 8,
                              .search = TL_SEARCH_DENSE,
                              .count = SEQUENCES_MAX - room};
        tl_parse_dense(d, 900);
        ck_assert_uint_le(d->count, SEQUENCES_MAX);
        if (room == 1)
            ck_assert_uint_eq(d->parsed, d->sequences_end);
        else
            ck_assert_uint_eq(d->parsed, 900);
        ck_assert_uint_eq(repeated(d->sequences[SEQUENCES_MAX - room]), 3 * 258);
    }
    free(d);
}
END_TEST

/* Writes the code bit by bit, lowest bit first. */
static void put_slowly(unsigned char *out, size_t *at, struct code code)
{
    for (unsigned i = 0; i < code.length; i++, ++*at)
        out[*at / 8] |= (unsigned char)((code.bits >> i & 1) << *at % 8);
}

/* Checks literals with codes of up to 14 bits, behind `held` bits. Returns false if this machine
 * lacks the instructions. */
static bool check_writer(uint32_t size, unsigned held, size_t n, uint32_t *seed)
{
    static unsigned char in[3000], out[6000], expected[6000];
    uint32_t counts[LITERAL_SYMBOLS] = {0};
    unsigned char lengths[LITERAL_SYMBOLS];
    struct code codes[LITERAL_SYMBOLS],
        first = {(uint16_t)(sample_random(seed) & ((1u << held) - 1)), (uint16_t)held};
    struct code_tables tables;
    struct bits bits = {first.bits, held, out};
    size_t at = 0, written;

    for (int i = 0; i < 256; i++)
        counts[i] = 1 + sample_random(seed) % (sample_random(seed) % 8 ? size : size * size);
    tl_huffman_lengths(counts, LITERAL_SYMBOLS, 14, lengths);
    tl_huffman_codes(lengths, LITERAL_SYMBOLS, codes);
    for (size_t i = 0; i < n; i++)
        in[i] = (unsigned char)sample_random(seed);
    tl_spread_codes(codes, &tables);
    written = tl_write_literals_x86(&tables, in, n, &bits);
    if (n && !written)
        return false;
    ck_assert_uint_le(written, n);
    memset(expected, 0, sizeof expected);
    put_slowly(expected, &at, first);
    for (size_t i = 0; i < written; i++)
        put_slowly(expected, &at, codes[in[i]]);
    ck_assert_uint_eq((size_t)(bits.next - out) * 8 + bits.count, at);
    ck_assert_mem_eq(out, expected, at / 8);
    ck_assert_uint_eq(bits.held & ((1u << bits.count) - 1), expected[at / 8]);
    return true;
}

START_TEST(literals_by_vector_code_are_the_same_bits)
{
    uint32_t seed = 5;

    for (uint32_t size = 1; size <= 2000; size *= 7)
        for (unsigned held = 0; held < 8; held++)
            for (size_t n = 64; n <= 3000; n += 367)
                if (!check_writer(size, held, n, &seed)) {
                    printf("skip - literals by vector code: this processor has no AVX-512 VBMI\n");
                    return;
                }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        lengths_and_distances_follow_the_tables,
        huffman_codes_are_complete_and_optimal,
        limits_hold_for_fibonacci_counts,
        one_symbol_or_none_makes_a_complete_code,
        the_search_stops_when_sequences_run_out,
        literals_by_vector_code_are_the_same_bits,
        NULL,
    };

    return run_suite("deflate_codes", tests);
}
