/* SPDX-License-Identifier: MIT */
/*
 * inflate_table.c - builds decoding tables from code lengths (RFC 1951, 3.2.2).
 *
 * A table is indexed with the next bits of the stream, the first bit lowest. So codes stand in it
 * with their bits reversed. The table grows from the shortest codes on. When a table of 2^L entries
 * holds all codes of up to L bits, the table for L + 1 bits begins as two copies of it.
 *
 * Two or three literals whose codes together have L bits are entered like one symbol with a code of
 * L bits. They overwrite the entries of the first literal alone.
 */
#include <config.h>

#include "flate/inflate.h"

#include <string.h>

enum { CODE_BITS_MAX = 15, SYMBOLS_MAX = TL_LITERAL_SYMBOLS };

/*
 * RFC 1951, 3.2.5: base values and extra bits of length symbols 257 to 287 and of distance symbols
 * 0 to 31. The last two of each kind occur in the fixed codes only and have no meaning.
 */
static const uint16_t length_base[31] = {3,  4,   5,   6,   7,   8,   9,   10, 11, 13, 15,
                                         17, 19,  23,  27,  31,  35,  43,  51, 59, 67, 83,
                                         99, 115, 131, 163, 195, 227, 258, 0,  0};
static const unsigned char length_extra[31] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                               3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0};
static const uint16_t distance_base[32] = {
    1,   2,   3,   4,   5,    7,    9,    13,   17,   25,   33,   49,    65,    97,    129, 193,
    257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577, 0,   0};
static const unsigned char distance_extra[32] = {0,  0,  0,  0,  1,  1,  2,  2,  3, 3, 4,
                                                 4,  5,  5,  6,  6,  7,  7,  8,  8, 9, 9,
                                                 10, 10, 11, 11, 12, 12, 13, 13, 0, 0};

/* Returns an entry without literals: see the drawing in inflate.h. */
static uint32_t special(unsigned kind, unsigned extra, unsigned value)
{
    return kind << 8 | extra << 10 | (uint32_t)value << 16;
}

static uint32_t literal_entry(unsigned symbol)
{
    if (symbol < 256)
        return 1u << 6 | symbol << 8;
    if (symbol == 256)
        return special(TL_ENTRY_END, 0, 0);
    if (length_base[symbol - 257] == 0)
        return special(TL_ENTRY_INVALID, 0, 0);
    return special(TL_ENTRY_MATCH, length_extra[symbol - 257], length_base[symbol - 257]);
}

static uint32_t distance_entry(unsigned symbol)
{
    if (distance_base[symbol] == 0)
        return special(TL_ENTRY_INVALID, 0, 0);
    return special(TL_ENTRY_MATCH, distance_extra[symbol], distance_base[symbol]);
}

static uint32_t length_entry(unsigned symbol)
{
    return special(TL_ENTRY_MATCH, 0, symbol);
}

/* One or two literals: the bits of their codes in a row, and the table entry for them. */
struct literals {
    uint32_t code, entry;
};

/*
 * Sequences of literals that another literal can follow, by the total length L of their codes:
 *     run[one[L]] to run[two[L] - 1]      single literals
 *     run[two[L]] to run[one[L + 1] - 1]  pairs
 *
 * Sequences that fill the table's index are left out, because no literal fits behind them. No code
 * is the prefix of another, so there are at most 2^L sequences of length L.
 */
struct packer {
    struct literals run[1 << TL_LITERAL_BITS];
    size_t one[TL_LITERAL_BITS + 1], two[TL_LITERAL_BITS + 1];
};

/* A table under construction and the code that it decodes. */
struct maker {
    uint32_t *table;
    size_t capacity;
    unsigned bits; /* index bits of the first table */
    uint32_t (*entry)(unsigned symbol);
    unsigned count[CODE_BITS_MAX + 1]; /* codes of each length that are not yet placed */
    uint16_t sorted[SYMBOLS_MAX];      /* symbols by length of their code, then by number */
    size_t n_sorted;
    struct packer *packer; /* NULL: each entry decodes one symbol only */
    size_t n_runs;
};

/*
 * Counts and sorts the codes. Returns false where zlib refuses the code: oversubscribed, or
 * incomplete. `may_be_partial` also allows a single code of one bit, or no code.
 */
static bool count_and_check(struct maker *m, const unsigned char *lengths, size_t n,
                            bool may_be_partial)
{
    unsigned place[CODE_BITS_MAX + 2] = {0};
    int left = 1;

    memset(m->count, 0, sizeof m->count);
    for (size_t i = 0; i < n; i++)
        m->count[lengths[i]]++;
    m->count[0] = 0;
    for (unsigned l = 1; l <= CODE_BITS_MAX; l++) {
        left = 2 * left - (int)m->count[l];
        if (left < 0)
            return false;
        place[l + 1] = place[l] + m->count[l];
    }
    m->n_sorted = place[CODE_BITS_MAX + 1];
    for (size_t i = 0; i < n; i++)
        if (lengths[i])
            m->sorted[place[lengths[i]]++] = (uint16_t)i;
    return left == 0 || (may_be_partial && m->n_sorted <= 1 && m->count[1] == m->n_sorted);
}

/*
 * Returns the next code of `length` bits in canonical order, both with reversed bits. Returns 0
 * after the last one.
 */
static unsigned next_code(unsigned code, unsigned length)
{
    unsigned bit = 1u << (length - 1);

    while (code & bit)
        bit >>= 1;
    return bit ? (code & (bit - 1)) | bit : 0;
}

/*
 * Returns the index bits of the second table that begins with a code of `length` bits. The table
 * gets wider until the codes that follow fill it.
 */
static unsigned second_bits(const struct maker *m, unsigned length)
{
    unsigned bits = length - m->bits, filled = m->count[length];

    while (filled < 1u << bits && bits + m->bits < CODE_BITS_MAX) {
        bits++;
        filled = 2 * filled + m->count[bits + m->bits];
    }
    return bits;
}

/*
 * Places the codes that are longer than the first table's index, from sorted symbol i on. Returns
 * false when the tables would not fit.
 */
static bool place_long(struct maker *m, const unsigned char *lengths, size_t i, unsigned code)
{
    const unsigned mask = (1u << m->bits) - 1;
    unsigned prefix = ~0u, bits = 0;
    size_t begin = 0, end = mask + 1;

    for (unsigned length = m->bits + 1; i < m->n_sorted; i++, m->count[length]--) {
        unsigned symbol = m->sorted[i];

        length = lengths[symbol];
        if ((code & mask) != prefix) {
            prefix = code & mask;
            bits = second_bits(m, length);
            begin = end;
            end += (size_t)1 << bits;
            if (end > m->capacity)
                return false;
            m->table[prefix] = special(TL_ENTRY_SECOND, bits, (unsigned)begin) | m->bits;
        }
        for (size_t at = code >> m->bits; at < (size_t)1 << bits;
             at += (size_t)1 << (length - m->bits))
            m->table[begin + at] = m->entry(symbol) | (length - m->bits);
        code = next_code(code, length);
    }
    return true;
}

/* Places all codes of one length, from sorted symbol *i on. Advances *i and *code. */
static void place_short(struct maker *m, const unsigned char *lengths, unsigned length, size_t *i,
                        unsigned *code)
{
    for (; *i < m->n_sorted && lengths[m->sorted[*i]] == length; ++*i) {
        const uint32_t entry = m->entry(m->sorted[*i]) | length;

        m->table[*code] = entry;
        if (m->packer && tl_entry_literals(entry) && length < m->bits)
            m->packer->run[m->n_runs++] = (struct literals){*code, entry};
        *code = next_code(*code, length);
    }
}

/*
 * Returns the entry of n literals followed by one more. The lowest byte of `literal` adds its code
 * length and the number 1.
 */
static uint32_t with_literal(uint32_t entry, uint32_t literal, unsigned n)
{
    return entry + (literal & 0xff) + ((literal & 0xff00) << 8 * n);
}

/* Places every sequence of `head` bits followed by the literal `last`, `length` bits in all. */
static void lengthen_runs(struct maker *m, unsigned head, struct literals last, unsigned length)
{
    struct packer *const p = m->packer;
    const struct literals *run = p->run + p->one[head], *const pairs = p->run + p->two[head],
                          *const end = p->run + p->one[head + 1];

    for (; run < pairs; run++) {
        const struct literals both = {run->code | last.code << head,
                                      with_literal(run->entry, last.entry, 1)};

        m->table[both.code] = both.entry;
        if (length < m->bits)
            p->run[m->n_runs++] = both;
    }
    for (; run < end; run++)
        m->table[run->code | last.code << head] = with_literal(run->entry, last.entry, 2);
}

/* Places all sequences of two and three literals whose codes have `length` bits in all. */
static void place_runs(struct maker *m, unsigned length)
{
    struct packer *const p = m->packer;

    p->two[length] = m->n_runs;
    for (unsigned head = 1; head < length; head++)
        for (size_t last = p->one[length - head]; last < p->two[length - head]; last++)
            lengthen_runs(m, head, p->run[last], length);
    if (length < m->bits)
        p->one[length + 1] = m->n_runs;
}

/* Builds the table. Returns false for a code that zlib refuses. */
static bool make(struct maker *m, const unsigned char *lengths, size_t n, bool may_be_partial)
{
    unsigned code = 0;
    size_t i = 0;

    if (!count_and_check(m, lengths, n, may_be_partial))
        return false;
    m->table[0] = m->table[1] =
        special(TL_ENTRY_INVALID, 0, 0) | 1; /* entries that an incomplete code leaves empty */
    for (unsigned length = 1; length <= m->bits; length++) {
        const size_t half = (size_t)1 << (length - 1);

        if (length > 1)
            memcpy(m->table + half, m->table, half * sizeof *m->table);
        place_short(m, lengths, length, &i, &code);
        if (m->packer)
            place_runs(m, length);
    }
    return place_long(m, lengths, i, code);
}

bool tl_inflate_literal_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n)
{
    struct packer packer;
    struct maker m = {.table = inflate->literal,
                      .capacity = TL_LITERAL_TABLE,
                      .bits = TL_LITERAL_BITS,
                      .entry = literal_entry,
                      .packer = &packer};

    packer.one[1] = 0;
    return make(&m, lengths, n, true);
}

bool tl_inflate_distance_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n)
{
    struct maker m = {.table = inflate->distances,
                      .capacity = TL_DISTANCE_TABLE,
                      .bits = TL_DISTANCE_BITS,
                      .entry = distance_entry};

    return make(&m, lengths, n, true);
}

bool tl_inflate_length_table(struct tl_inflate *inflate, const unsigned char *lengths)
{
    struct maker m = {.table = inflate->literal,
                      .capacity = TL_LITERAL_TABLE,
                      .bits = TL_LENGTH_BITS,
                      .entry = length_entry};

    return make(&m, lengths, TL_LENGTH_SYMBOLS, false);
}
