/* SPDX-License-Identifier: MIT */
/*
 * inflate_steps.c - one function for each part of the format (RFC 1950, RFC 1951).
 *
 * Two loops decode symbols. The quick loop (inflate_quick.c) runs while input and room are
 * plentiful and checks neither for each symbol. The careful loop, here, decodes single symbols,
 * reads no byte that it does not need, and can stop after any bit.
 */
#include <config.h>

#include "flate/inflate_state.h"

#include <assert.h>
#include <string.h>

enum {
    ZLIB_DEFLATE = 8, /* RFC 1950, 2.2: the method (CM) and FLG's bit FDICT */
    ZLIB_DICTIONARY = 0x20,
    LITERALS_MAX =
        /*
         * The most codes in a dynamic block, by zlib's rule. Symbols 286 and 287 of literals and 30
         * and 31 of distances have no meaning.
         */
    286,
    DISTANCES_MAX = 30,
    END_OF_BLOCK = 256,
};

/* ---- bits ---- */

/* Reads input until at least n bits are there. Returns false when the input is used up. */
static bool need(struct tl_inflate_call *r, unsigned n)
{
    while (r->n_bits < n) {
        if (r->in == r->in_end)
            return false;
        r->bits |= (uint64_t)*r->in++ << r->n_bits;
        r->n_bits += 8;
    }
    return true;
}

static unsigned peek(const struct tl_inflate_call *r, unsigned n)
{
    return (unsigned)(r->bits & ((UINT64_C(1) << n) - 1));
}

static void drop(struct tl_inflate_call *r, unsigned n)
{
    r->bits >>= n;
    r->n_bits -= n;
}

static unsigned take(struct tl_inflate_call *r, unsigned n)
{
    unsigned value = peek(r, n);

    drop(r, n);
    return value;
}

/* ---- stored blocks ---- */

/*
 * Copies bytes of a stored block: first those already in `bits`, then straight from the input.
 * Returns true when the block is complete.
 */
static bool copy_stored(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;
    size_t n = s->left;

    for (; n > 0 && r->n_bits > 0 && r->out < r->out_end; n--)
        *r->out++ = (unsigned char)take(r, 8);
    s->left = (uint32_t)n;
    if (n > (size_t)(r->in_end - r->in))
        n = (size_t)(r->in_end - r->in);
    if (n > (size_t)(r->out_end - r->out))
        n = (size_t)(r->out_end - r->out);
    if (n > 0) {
        memcpy(r->out, r->in, n);
        r->in += n;
        r->out += n;
        s->left -= (uint32_t)n;
    }
    return s->left == 0;
}

/* ---- the careful loop ---- */

/*
 * Looks up the next entry, in the second table if necessary, without using it up. *length is the
 * number of bits to use up. Returns false when the input ends within the code.
 */
static bool look_up(struct tl_inflate_call *r, const uint32_t *table, unsigned table_bits,
                    uint32_t *entry, unsigned *length)
{
    for (;;) {
        *entry = table[peek(r, table_bits)];
        *length = tl_entry_length(*entry);
        if (tl_entry_is(*entry, TL_ENTRY_SECOND) && r->n_bits >= *length) {
            unsigned index =
                (unsigned)(r->bits >> table_bits) & ((1u << tl_entry_extra(*entry)) - 1);

            *entry = table[tl_entry_value(*entry) + index];
            *length += tl_entry_length(*entry);
        }
        if (tl_entry_literals(*entry)
            /*
             * Take the first literal alone: there may be room for one byte only. The block's code
             * lengths say how many bits it has.
             */
            > 1) {
            *length = r->s->lengths[*entry >> 8 & 0xff];
            *entry = (*entry & 0xff00) | 1u << 6;
        }
        if (r->n_bits >= *length)
            return true;
        if (!need(r, r->n_bits + 1))
            return false;
    }
}

/* ---- the steps: each returns false when it needs more input or more room ---- */

static bool refuse(struct tl_inflate_call *r)
{
    r->s->step = TL_REFUSED;
    return false;
}

static bool step_head(struct tl_inflate_call *r)
{
    unsigned head, window_bits;

    if (!need(r, 16))
        return false;
    head = take(r, 16);
    window_bits = (head >> 4 & 15) + 8;
    if (((head & 0xff) << 8 | head >> 8) % 31 != 0 || (head & 15) != ZLIB_DEFLATE
        || window_bits > 15 || head >> 8 & ZLIB_DICTIONARY)
        return refuse(r);
    r->s->window = 1u << window_bits;
    r->s->step = TL_BLOCK;
    return true;
}

/* Builds the tables of the fixed codes, unless the previous block left them there. */
static void use_fixed_codes(struct tl_inflate *s)
{
    bool complete;

    s->step = TL_SYMBOL;
    if (s->is_fixed)
        return;
    memset(s->lengths, 8, 144); /* RFC 1951, 3.2.6 */
    memset(s->lengths + 144, 9, 112);
    memset(s->lengths + 256, 7, 24);
    memset(s->lengths + 280, 8, 8);
    memset(s->lengths + TL_LITERAL_SYMBOLS, 5, TL_DISTANCE_SYMBOLS);
    complete =
        tl_inflate_literal_table(s, s->lengths, TL_LITERAL_SYMBOLS)
        && tl_inflate_distance_table(s, s->lengths + TL_LITERAL_SYMBOLS, TL_DISTANCE_SYMBOLS);
    assert(complete);
    (void)complete;
    s->is_fixed = true;
}

static bool step_block(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;

    if (s->is_final) {
        drop(r, r->n_bits & 7);
        tl_inflate_save_output(r);
        s->step = s->is_raw ? TL_ENDED : TL_CHECKSUM;
        return true;
    }
    if (!need(r, 3))
        return false;
    s->is_final = take(r, 1);
    switch (take(r, 2)) {
    case 0:
        drop(r, r->n_bits & 7);
        s->step = TL_STORED_SIZE;
        return true;
    case 1:
        use_fixed_codes(s);
        return true;
    case 2:
        s->step = TL_COUNTS;
        return true;
    default:
        return refuse(r);
    }
}

static bool step_stored_size(struct tl_inflate_call *r)
{
    unsigned size, inverse;

    if (!need(r, 32))
        return false;
    size = take(r, 16);
    inverse = take(r, 16);
    if (size != (inverse ^ 0xffff))
        return refuse(r);
    r->s->left = size;
    r->s->step = TL_STORED;
    return true;
}

static bool step_stored(struct tl_inflate_call *r)
{
    if (!copy_stored(r))
        return false;
    r->s->step = TL_BLOCK;
    return true;
}

static bool step_counts(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;

    if (!need(r, 14))
        return false;
    s->n_literal = take(r, 5) + 257;
    s->n_distance = take(r, 5) + 1;
    s->n_code = take(r, 4) + 4;
    s->n_read = 0;
    s->is_fixed = false;
    if (s->n_literal > LITERALS_MAX || s->n_distance > DISTANCES_MAX)
        return refuse(r);
    memset(s->lengths, 0, TL_LENGTH_SYMBOLS);
    s->step = TL_LENGTH_CODE;
    return true;
}

static bool step_length_code(struct tl_inflate_call *r)
{
    /* RFC 1951, 3.2.7 */
    static const unsigned char order[TL_LENGTH_SYMBOLS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                           11, 4,  12, 3, 13, 2, 14, 1, 15};
    struct tl_inflate *s = r->s;

    for (; s->n_read < s->n_code; s->n_read++) {
        if (!need(r, 3))
            return false;
        s->lengths[order[s->n_read]] = (unsigned char)take(r, 3);
    }
    if (!tl_inflate_length_table(s, s->lengths))
        return refuse(r);
    s->n_read = 0;
    s->step = TL_LENGTHS;
    return true;
}

/*
 * Reads one symbol of the code length alphabet: a length, or the command to repeat the last length
 * or zero (RFC 1951, 3.2.7).
 */
static bool read_length(struct tl_inflate_call *r)
{
    static const unsigned char extra[3] = {2, 3, 7}, least[3] = {3, 3, 11};
    struct tl_inflate *s = r->s;
    unsigned length, symbol, times;
    uint32_t entry;

    if (!look_up(r, s->literal, TL_LENGTH_BITS, &entry, &length))
        return false;
    symbol = tl_entry_value(entry);
    if (symbol < 16) {
        drop(r, length);
        s->lengths[s->n_read++] = (unsigned char)symbol;
        return true;
    }
    if (!need(r, length + extra[symbol - 16]))
        return false;
    drop(r, length);
    times = least[symbol - 16] + take(r, extra[symbol - 16]);
    if ((symbol == 16 && s->n_read == 0) || times > s->n_literal + s->n_distance - s->n_read)
        return refuse(r);
    memset(s->lengths + s->n_read, symbol == 16 ? s->lengths[s->n_read - 1] : 0, times);
    s->n_read += times;
    return true;
}

static bool step_lengths(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;

    while (s->n_read < s->n_literal + s->n_distance)
        if (!read_length(r))
            return false;
    if (s->lengths[END_OF_BLOCK] == 0 || !tl_inflate_literal_table(s, s->lengths, s->n_literal)
        || !tl_inflate_distance_table(s, s->lengths + s->n_literal, s->n_distance))
        return refuse(r);
    s->step = TL_SYMBOL;
    return true;
}

/* One symbol, carefully. */
static bool read_symbol(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;
    unsigned length;
    uint32_t entry;

    if (!look_up(r, s->literal, TL_LITERAL_BITS, &entry, &length))
        return false;
    if (tl_entry_literals(entry)) {
        if (r->out == r->out_end)
            return false;
        drop(r, length);
        *r->out++ = (unsigned char)(entry >> 8);
        return true;
    }
    if (tl_entry_is(entry, TL_ENTRY_INVALID))
        return refuse(r);
    if (!need(r, length + tl_entry_extra(entry)))
        return false;
    drop(r, length);
    s->left = tl_entry_value(entry) + take(r, tl_entry_extra(entry));
    s->step = tl_entry_is(entry, TL_ENTRY_END) ? TL_BLOCK : TL_DISTANCE;
    return true;
}

static bool step_symbol(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;

    tl_inflate_quickly(r);
    while (s->step == TL_SYMBOL)
        if (!read_symbol(r))
            return false;
    return true;
}

static bool step_distance(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;
    unsigned length;
    uint32_t entry;

    if (!look_up(r, s->distances, TL_DISTANCE_BITS, &entry, &length))
        return false;
    if (tl_entry_is(entry, TL_ENTRY_INVALID))
        return refuse(r);
    if (!need(r, length + tl_entry_extra(entry)))
        return false;
    drop(r, length);
    s->distance = tl_entry_value(entry) + take(r, tl_entry_extra(entry));
    if (!tl_inflate_in_reach(r, s->distance))
        return refuse(r);
    s->step = TL_MATCH;
    return true;
}

static bool step_match(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;
    const size_t room = (size_t)(r->out_end - r->out), n = s->left < room ? s->left : room;

    tl_inflate_copy_match(s, r->out, (size_t)(r->out - r->out_begin), s->distance, n);
    r->out += n;
    s->left -= (uint32_t)n;
    if (s->left > 0)
        return false;
    s->step = TL_SYMBOL;
    return true;
}

static bool step_checksum(struct tl_inflate_call *r)
{
    uint32_t stored;

    if (!need(r, 32))
        return false;
    stored = take(r, 8) << 24;
    stored |= take(r, 8) << 16;
    stored |= take(r, 8) << 8;
    stored |= take(r, 8);
    if (stored != r->s->adler)
        return refuse(r);
    r->s->step = TL_ENDED;
    return true;
}

static bool step_over(struct tl_inflate_call *r)
{
    (void)r;
    return false;
}

bool tl_inflate_step(struct tl_inflate_call *r)
{
    static bool (*const steps[TL_STEPS])(struct tl_inflate_call *) = {
        step_head,        step_block,   step_stored_size, step_stored,   step_counts,
        step_length_code, step_lengths, step_symbol,      step_distance, step_match,
        step_checksum,    step_over,    step_over,
    };

    return steps[r->s->step](r);
}

bool tl_inflate_reach_symbols(struct tl_inflate_call *r)
{
    while (r->s->step != TL_SYMBOL)
        if (!tl_inflate_step(r))
            return false;
    return tl_inflate_is_plenty(r);
}
