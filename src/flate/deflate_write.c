/* SPDX-License-Identifier: MIT */
/*
 * deflate_write.c - writes a block in the shortest of the three forms of RFC 1951, section 3.2.3.
 */
#include <config.h>

#include "flate/deflate_block.h"

enum form { STORED, FIXED, DYNAMIC };

enum {
    /*
     * RFC 1951 allows 15. With 14, four literals and the seven bits left from before fit into 64
     * bits. This costs 0.05 % of size on a photograph and nothing on a screen.
     */
    CODE_LIMIT = 14,
    LENGTH_CODE_LIMIT = 7,
    /* from so many literals on, loading the tables into vector registers pays */
    LITERALS_MANY = 128,
    LENGTH_SYMBOLS = 19,
    REPEAT_LAST = 16, /* repeats the last length 3 to 6 times */
    ZEROS_SHORT = 17, /* 3 to 10 zeros */
    ZEROS_LONG = 18,  /* 11 to 138 zeros */
};

/*
 * The form and the codes of one block. For a dynamic block also its header: "items" are the symbols
 * of the code length alphabet (section 3.2.7). choose_form() fills it, tl_write_block() adds the
 * codes.
 */
struct block_codes {
    enum form form;
    unsigned char literal_lengths[MAX_SYMBOLS];
    unsigned char distance_lengths[DISTANCE_SYMBOLS];
    struct code literals[MAX_SYMBOLS];
    struct code_tables tables; /* the same codes, for tl_write_literals_x86 */
    struct code distances[DISTANCE_SYMBOLS];
    size_t literals_used, distances_used; /* number of symbols up to the last one that has a code */
    unsigned char items[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
    unsigned char extras[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
    size_t item_count;
    unsigned char item_lengths[LENGTH_SYMBOLS];
    struct code item_codes[LENGTH_SYMBOLS];
    size_t items_used; /* number of item lengths to write, in header_order */
};

/*
 * The order of section 3.2.7. Seldom used items come last, because zeros at the end are not
 * written.
 */
static const unsigned char header_order[LENGTH_SYMBOLS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                           11, 4,  12, 3, 13, 2, 14, 1, 15};

/* Adds bits to those held. The caller keeps the sum within 64. */
static inline void put(struct bits *b, uint64_t value, unsigned count)
{
    b->held |= value << b->count;
    b->count += count;
}

static inline void put_code(struct bits *b, struct code code)
{
    put(b, code.bits, code.length);
}

/*
 * Writes out whole bytes, so that at most seven bits stay held. Always stores eight bytes:
 * tl_deflate_bound includes them.
 */
static inline void flush(struct bits *b)
{
    tl_store_le64(b->next, b->held);
    b->next += b->count >> 3;
    b->held >>= b->count & ~7u;
    b->count &= 7;
}

static unsigned item_extra_bits(unsigned item)
{
    return item == REPEAT_LAST ? 2 : item == ZEROS_SHORT ? 3 : item == ZEROS_LONG ? 7 : 0;
}

static void add_item(struct block_codes *s, unsigned item, size_t extra, uint32_t *counts)
{
    s->items[s->item_count] = (unsigned char)item;
    s->extras[s->item_count++] = (unsigned char)extra;
    counts[item]++;
}

/* Writes a run of equal code lengths as items. */
static void add_run(struct block_codes *s, unsigned length, size_t run, uint32_t *counts)
{
    while (length == 0 && run >= 3) {
        size_t part = run < 138 ? run : 138;

        add_item(s, part > 10 ? ZEROS_LONG : ZEROS_SHORT, part - (part > 10 ? 11 : 3), counts);
        run -= part;
    }
    if (run) {
        add_item(s, length, 0, counts);
        run--;
    }
    while (run >= 3) {
        size_t part = run < 6 ? run : 6;

        add_item(s, REPEAT_LAST, part - 3, counts);
        run -= part;
    }
    while (run--)
        add_item(s, length, 0, counts);
}

/* Turns the code lengths into items, and computes the code of the items. */
static void encode_code_lengths(struct block_codes *s)
{
    unsigned char all[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
    size_t n = s->literals_used + s->distances_used, run;
    uint32_t counts[LENGTH_SYMBOLS] = {0};

    memcpy(all, s->literal_lengths, s->literals_used);
    memcpy(all + s->literals_used, s->distance_lengths, s->distances_used);
    s->item_count = 0;
    for (size_t i = 0; i < n; i += run) {
        run = 1;
        while (i + run < n && all[i + run] == all[i])
            run++;
        add_run(s, all[i], run, counts);
    }
    tl_huffman_lengths(counts, LENGTH_SYMBOLS, LENGTH_CODE_LIMIT, s->item_lengths);
    s->items_used = LENGTH_SYMBOLS;
    while (s->items_used > 4 && !s->item_lengths[header_order[s->items_used - 1]])
        s->items_used--;
}

/* Computes the Huffman code lengths for the counted symbols. */
static void dynamic_lengths(const struct deflate *d, struct block_codes *s)
{
    tl_huffman_lengths(d->literal_counts, LITERAL_SYMBOLS, CODE_LIMIT, s->literal_lengths);
    tl_huffman_lengths(d->distance_counts, DISTANCE_SYMBOLS, CODE_LIMIT, s->distance_lengths);
    s->literals_used = LITERAL_SYMBOLS;
    while (!s->literal_lengths[s->literals_used - 1])
        s->literals_used--;
    s->distances_used = DISTANCE_SYMBOLS;
    while (!s->distance_lengths[s->distances_used - 1])
        s->distances_used--;
    encode_code_lengths(s);
}

/* Sets the lengths of the fixed codes (section 3.2.6). */
static void fixed_lengths(struct block_codes *s)
{
    for (size_t i = 0; i < MAX_SYMBOLS; i++)
        s->literal_lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    memset(s->distance_lengths, 5, sizeof s->distance_lengths);
}

/*
 * Returns the bits of the block's symbols, without their extra bits, which are the same in every
 * code.
 */
static uint64_t body_bits(const struct deflate *d, const struct block_codes *s)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < LITERAL_SYMBOLS; i++)
        bits += (uint64_t)d->literal_counts[i] * s->literal_lengths[i];
    for (size_t i = 0; i < DISTANCE_SYMBOLS; i++)
        bits += (uint64_t)d->distance_counts[i] * s->distance_lengths[i];
    return bits;
}

/*
 * Returns the extra bits of lengths (symbols 265 to 284, in groups of four) and of distances (from
 * symbol 4, in groups of two).
 */
static uint64_t extra_bits(const struct deflate *d)
{
    uint64_t bits = 0;

    for (unsigned i = 8; i < LITERAL_SYMBOLS - 1 - FIRST_LENGTH; i++)
        bits += (uint64_t)d->literal_counts[FIRST_LENGTH + i] * (i / 4 - 1);
    for (unsigned i = 4; i < DISTANCE_SYMBOLS; i++)
        bits += (uint64_t)d->distance_counts[i] * (i / 2 - 1);
    return bits;
}

static uint64_t header_bits(const struct block_codes *s)
{
    uint64_t bits = 5 + 5 + 4 + 3 * s->items_used;

    for (size_t i = 0; i < s->item_count; i++)
        bits += s->item_lengths[s->items[i]] + item_extra_bits(s->items[i]);
    return bits;
}

static void write_header(const struct block_codes *s, struct bits *b)
{
    put(b, s->literals_used - FIRST_LENGTH, 5);
    put(b, s->distances_used - 1, 5);
    put(b, s->items_used - 4, 4);
    flush(b);
    for (size_t i = 0; i < s->items_used; i++) {
        put(b, s->item_lengths[header_order[i]], 3);
        flush(b);
    }
    for (size_t i = 0; i < s->item_count; i++) {
        put_code(b, s->item_codes[s->items[i]]);
        put(b, s->extras[i], item_extra_bits(s->items[i]));
        flush(b);
    }
}

static inline const unsigned char *write_literals(const struct block_codes *s,
                                                  const unsigned char *p, size_t n, struct bits *b)
{
    const struct code *const codes = s->literals;
    const unsigned char *end = p + n;

    if (n >= LITERALS_MANY)
        p += tl_write_literals_x86(&s->tables, p, n, b);
    for (; end - p >= 4; p += 4) {
        put_code(b, codes[p[0]]);
        put_code(b, codes[p[1]]);
        put_code(b, codes[p[2]]);
        put_code(b, codes[p[3]]);
        flush(b);
    }
    while (p < end)
        put_code(b, codes[*p++]);
    flush(b);
    return p;
}

/* A match takes at most 15 + 5 + 15 + 13 bits, and seven may be held from before. */
static inline void write_match(const struct block_codes *s, struct sequence sequence,
                               struct bits *b)
{
    struct encoded length = encode_length(sequence.length),
                   distance = encode_distance(sequence.distance_less_1);

    put_code(b, s->literals[length.symbol]);
    put(b, length.extra, length.extra_bits);
    put_code(b, s->distances[distance.symbol]);
    put(b, distance.extra, distance.extra_bits);
    flush(b);
}

/*
 * Writes the `more` repetitions of a match. The codes of a run are short, so several fit into one
 * store. The pattern is doubled while it leaves room for the seven bits held from before.
 */
static inline void write_more(const struct block_codes *s, struct sequence sequence, struct bits *b)
{
    struct encoded distance = encode_distance(sequence.distance_less_1);
    struct bits pattern = {0, 0, NULL};
    unsigned times = 1, left = sequence.more;

    put_code(&pattern, s->literals[encode_length(sequence.length).symbol]);
    put_code(&pattern, s->distances[distance.symbol]);
    put(&pattern, distance.extra, distance.extra_bits);
    for (; pattern.count <= 28 && 2 * times <= left; times *= 2)
        put(&pattern, pattern.held, pattern.count);
    for (; left >= times; left -= times) {
        put(b, pattern.held, pattern.count);
        flush(b);
    }
    for (; left > 0; left--)
        write_match(s, sequence, b);
}

static void write_body(const struct deflate *d, const struct block_codes *s, struct bits *bits)
{
    const unsigned char *p = d->in + d->block_start;
    struct bits b = *bits; /* a copy that the compiler can keep in registers */

    for (size_t i = 0; i < d->count; i++) {
        p = write_literals(s, p, d->sequences[i].literals, &b);
        write_match(s, d->sequences[i], &b);
        if (d->sequences[i].more)
            write_more(s, d->sequences[i], &b);
        p += repeated(d->sequences[i]);
    }
    write_literals(s, p, d->parsed - d->sequences_end, &b);
    put_code(&b, s->literals[END_OF_BLOCK]);
    flush(&b);
    *bits = b;
}

/* Fills up the current byte with zeros. */
static void align(struct bits *b)
{
    b->count = (b->count + 7) & ~7u;
    flush(b);
}

static void write_stored_header(size_t n, struct bits *b)
{
    put(b, STORED << 1, 3);
    align(b);
    put(b, n | (~n & 0xffff) << 16, 32);
    flush(b);
}

static void write_stored(const unsigned char *p, size_t n, struct bits *b)
{
    while (n) {
        size_t part = n < STORED_MAX ? n : STORED_MAX;

        write_stored_header(part, b);
        memcpy(b->next, p, part);
        b->next += part;
        p += part;
        n -= part;
    }
}

static uint64_t stored_bits(size_t n)
{
    return 8 * ((uint64_t)n + 5 * ((n + STORED_MAX - 1) / STORED_MAX));
}

/* Chooses the shortest form and fills in its code lengths. Returns its size in bits. */
static uint64_t choose_form(const struct deflate *d, struct block_codes *s)
{
    uint64_t extra = extra_bits(d), stored = stored_bits(d->parsed - d->block_start), fixed,
             dynamic;

    fixed_lengths(s);
    fixed = 3 + body_bits(d, s) + extra;
    dynamic_lengths(d, s);
    dynamic = 3 + header_bits(s) + body_bits(d, s) + extra;
    if (stored <= dynamic && stored <= fixed) {
        s->form = STORED;
        return stored;
    }
    if (fixed <= dynamic) {
        fixed_lengths(s);
        s->form = FIXED;
        return fixed;
    }
    s->form = DYNAMIC;
    return dynamic;
}

uint64_t tl_block_bits(const struct deflate *d)
{
    struct block_codes codes;

    return choose_form(d, &codes);
}

void tl_write_block(const struct deflate *d, struct bits *bits)
{
    struct block_codes codes;

    choose_form(d, &codes);
    if (codes.form == STORED) {
        write_stored(d->in + d->block_start, d->parsed - d->block_start, bits);
        return;
    }
    tl_huffman_codes(codes.literal_lengths, codes.form == FIXED ? MAX_SYMBOLS : LITERAL_SYMBOLS,
                     codes.literals);
    tl_spread_codes(codes.literals, &codes.tables);
    tl_huffman_codes(codes.distance_lengths, DISTANCE_SYMBOLS, codes.distances);
    put(bits, (uint64_t)codes.form << 1, 3);
    if (codes.form == DYNAMIC) {
        tl_huffman_codes(codes.item_lengths, LENGTH_SYMBOLS, codes.item_codes);
        write_header(&codes, bits);
    }
    write_body(d, &codes, bits);
}

void tl_write_end(struct bits *bits, bool final)
{
    if (!final) {
        write_stored_header(0, bits);
        return;
    }
    /* an empty final block: the end-of-block symbol of the fixed code is seven zeros */
    put(bits, 1 | FIXED << 1, 3);
    put(bits, 0, 7);
    align(bits);
}
