/*
 * inflate_table.c - decoding tables from code lengths (RFC 1951, 3.2.2).
 *
 * A table is indexed with the next bits of the stream, lowest first, so codes stand in it with their bits
 * reversed. It is grown from the shortest codes: when all codes of up to L bits are in a table of 2^L
 * entries, the table for L + 1 bits begins as two copies of it.
 */
#include <config.h>

#include "inflate.h"

#include <string.h>

enum { CODE_BITS_MAX = 15, SYMBOLS_MAX = TL_LITERAL_SYMBOLS };

/* RFC 1951, 3.2.5: from code 257 and from code 0 on. The last two of each stand in fixed codes and mean nothing. */
static const uint16_t length_base[31] = {3,  4,  5,  6,  7,  8,  9,  10,  11,  13,  15,  17,  19,  23, 27, 31,
                                         35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258, 0,  0};
static const unsigned char length_extra[31] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                               3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0};
static const uint16_t distance_base[32] = {1,    2,    3,    4,    5,    7,     9,     13,    17,  25,   33,
                                           49,   65,   97,   129,  193,  257,   385,   513,   769, 1025, 1537,
                                           2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577, 0,   0};
static const unsigned char distance_extra[32] = {0, 0, 0, 0, 1, 1, 2,  2,  3,  3,  4,  4,  5,  5,  6, 6,
                                                 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 0, 0};

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

/* A table being made, and the codes in it. */
struct maker {
    uint32_t *table;
    size_t capacity;
    unsigned bits; /* of the first table */
    uint32_t (*entry)(unsigned symbol);
    unsigned count[CODE_BITS_MAX + 1]; /* codes of each length, still to be placed */
    uint16_t sorted[SYMBOLS_MAX];      /* symbols by length of code, then by number */
    size_t n_sorted;
};

/* zlib's rule: what is left of the code space must be nothing, or all codes must be one of one bit, or none. */
static bool count_and_judge(struct maker *m, const unsigned char *lengths, size_t n, bool may_be_partial)
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

/* The code after `code` among those of `length` bits, their bits being reversed; 0 after the last. */
static unsigned next_code(unsigned code, unsigned length)
{
    unsigned bit = 1u << (length - 1);

    while (code & bit)
        bit >>= 1;
    return bit ? (code & (bit - 1)) | bit : 0;
}

/* Bits of the second table that begins with a code of `length`: until the codes to come fill it. */
static unsigned second_bits(const struct maker *m, unsigned length)
{
    unsigned bits = length - m->bits, filled = m->count[length];

    while (filled < 1u << bits && bits + m->bits < CODE_BITS_MAX) {
        bits++;
        filled = 2 * filled + m->count[bits + m->bits];
    }
    return bits;
}

/* Places the codes that are longer than the first table is wide, from sorted symbol i on. */
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
        for (size_t at = code >> m->bits; at < (size_t)1 << bits; at += (size_t)1 << (length - m->bits))
            m->table[begin + at] = m->entry(symbol) | (length - m->bits);
        code = next_code(code, length);
    }
    return true;
}

static bool make(struct maker *m, const unsigned char *lengths, size_t n, bool may_be_partial)
{
    unsigned code = 0;
    size_t i = 0;

    if (!count_and_judge(m, lengths, n, may_be_partial))
        return false;
    m->table[0] = m->table[1] = special(TL_ENTRY_INVALID, 0, 0) | 1; /* stays where a code is partial */
    for (unsigned length = 1; length <= m->bits; length++) {
        const size_t half = (size_t)1 << (length - 1);

        if (length > 1)
            memcpy(m->table + half, m->table, half * sizeof *m->table);
        for (; i < m->n_sorted && lengths[m->sorted[i]] == length; i++) {
            m->table[code] = m->entry(m->sorted[i]) | length;
            code = next_code(code, length);
        }
    }
    return place_long(m, lengths, i, code);
}

bool tl_inflate_literal_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n)
{
    struct maker m = {.table = inflate->literal,
                      .capacity = TL_LITERAL_TABLE,
                      .bits = TL_LITERAL_BITS,
                      .entry = literal_entry};

    inflate->is_packed = false;
    return make(&m, lengths, n, true);
}

/*
 * The entry for what follows the first literal has a smaller index, its upper bits being unknown and zero;
 * going down, it is met later, and so still is a single one.
 */
void tl_inflate_pack(struct tl_inflate *inflate)
{
    uint32_t *const table = inflate->literal;

    for (size_t i = ((size_t)1 << TL_LITERAL_BITS) - 1; i > 0; i--) {
        uint32_t first = table[i], second, third;
        unsigned two, three;

        second = table[i >> tl_entry_length(first)];
        two = tl_entry_length(first) + tl_entry_length(second);
        if (!tl_entry_literals(first) || !tl_entry_literals(second) || two > TL_LITERAL_BITS)
            continue;
        third = table[i >> two];
        three = two + tl_entry_length(third);
        if (tl_entry_literals(third) && three <= TL_LITERAL_BITS)
            table[i] = (first & 0xff00) | (second & 0xff00) << 8 | (third & 0xff00) << 16 | 3u << 6 | three;
        else
            table[i] = (first & 0xff00) | (second & 0xff00) << 8 | 2u << 6 | two;
    }
    inflate->is_packed = true;
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
