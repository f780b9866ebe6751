/* SPDX-License-Identifier: MIT */
/*
 * inflate_quick.c - the loop that decodes the symbols of a block while input and output are
 * plentiful.
 */
#include <config.h>

#include "flate/inflate_state.h"

#include "base/bytes.h"

#include <endian.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

enum { QUICK_INPUT = 16 }; /* two refills of 8 bytes */

/* No function of bytes.h: with the call of one more, gcc 12 arranges the loop otherwise, and it
 * takes 5 % longer. */
INLINE void store_literals(unsigned char *p, uint32_t entry)
{
    entry = htole32(entry >> 8);
    memcpy(p, &entry, sizeof entry);
}

/*
 * A match that lies within the buffer, in pieces: up to 31 bytes behind its end are overwritten.
 * Pieces are no longer than the distance, so that each is there before it is read.
 */
INLINE void copy_quickly(unsigned char *out, size_t distance, size_t n)
{
    const unsigned char *from = out - distance, *const end = out + n;

    if (distance >= 16) {
        do {
            memcpy(out, from, 16);
            out += 16;
            from += 16;
        } while (out < end);
    } else if (distance == 1) {
        memset(out, *from, n);
    } else {
        if (distance < 8) { /* eight bytes one by one; from there on, a multiple of the distance
                               serves as well */
            for (size_t i = 0; i < 8; i++)
                out[i] = from[i];
            out += 8;
            from = out - (8 + distance - 1) / distance * distance;
        }
        for (; out < end; out += 8, from += 8)
            memcpy(out, from, 8);
    }
}

/*
 * The quick loop is a chain: look an entry up, shift by its length, look the next one up. What it
 * costs is the length of that chain, so nothing is in it that can be elsewhere: `bits` is kept two
 * places too high, for the two lowest bits (which are whatever was used last) to make an index a
 * byte offset, and n_bits counts them too. Of n_bits only the lower 6 bits count, so that an entry
 * can be subtracted as it is.
 */
enum { LIFT = 2 };

INLINE uint32_t quick_entry(const struct tl_inflate_call *r, const uint32_t *table,
                            unsigned table_bits)
{
    uint32_t entry;

    memcpy(&entry, (const char *)table + (r->bits & ((UINT64_C(1) << table_bits) - 1) << LIFT),
           sizeof entry);
    return entry;
}

INLINE void quick_drop(struct tl_inflate_call *r, uint32_t entry)
{
    r->bits >>= entry & 63;
    r->n_bits -= entry;
}

INLINE unsigned quick_take(struct tl_inflate_call *r, unsigned n)
{
    unsigned value = (unsigned)(r->bits >> LIFT) & ((1u << n) - 1);

    quick_drop(r, n);
    return value;
}

/* Takes whole bytes until there are at least 54 bits. Those above n_bits may be set: they are the
 * same bytes again. */
INLINE void refill(struct tl_inflate_call *r)
{
    r->bits |= tl_load_le64(r->in) << (r->n_bits & 63);
    r->in += (~r->n_bits & 63) >> 3;
    r->n_bits |= 56;
}

/* Takes an entry of `table`, and of its second part where it has one. */
INLINE uint32_t take_entry(struct tl_inflate_call *r, const uint32_t *table, uint32_t entry)
{
    quick_drop(r, entry);
    if (tl_entry_is(entry, TL_ENTRY_SECOND)) {
        entry = quick_entry(r, table + tl_entry_value(entry), tl_entry_extra(entry));
        quick_drop(r, entry);
    }
    return entry;
}

/* A match, of which the entry for its length is taken. False: it is refused. */
INLINE bool quick_match(struct tl_inflate_call *r, uint32_t entry)
{
    struct tl_inflate *s = r->s;
    const size_t n = tl_entry_value(entry) + quick_take(r, tl_entry_extra(entry));
    size_t distance;

    entry = take_entry(r, s->distances, quick_entry(r, s->distances, TL_DISTANCE_BITS));
    distance = tl_entry_value(entry) + quick_take(r, tl_entry_extra(entry));
    if (!tl_entry_is(entry, TL_ENTRY_MATCH) || !tl_in_reach(r, distance))
        return false;
    if (distance <= (size_t)(r->out - r->out_begin))
        copy_quickly(r->out, distance, n);
    else
        tl_copy_across(s, r->out, (size_t)(r->out - r->out_begin), distance, n);
    r->out += n;
    return true;
}

/* What is no literal of the first table. There are bits enough for anything. */
INLINE void quick_special(struct tl_inflate_call *r, uint32_t entry)
{
    entry = take_entry(r, r->s->literal, entry);
    if (tl_entry_literals(entry)) /* in second tables there are single ones only */
        *r->out++ = (unsigned char)(entry >> 8);
    else if (tl_entry_is(entry, TL_ENTRY_END))
        r->s->step = TL_BLOCK;
    else if (!tl_entry_is(entry, TL_ENTRY_MATCH) || !quick_match(r, entry))
        r->s->step = TL_REFUSED;
}

/* Looks up the next entry, and takes it if it holds literals. */
INLINE bool quick_literals(struct tl_inflate_call *r, const uint32_t *table, uint32_t *entry)
{
    uint32_t e = *entry = quick_entry(r, table, TL_LITERAL_BITS);

    if (!tl_entry_literals(e))
        return false;
    quick_drop(r, e);
    store_literals(r->out, e);
    r->out += tl_entry_literals(e);
    return true;
}

/* Gives back whole bytes that were taken from this input. */
static void unread(struct tl_inflate_call *r)
{
    size_t n = r->n_bits / 8, taken = (size_t)(r->in - r->in_begin);

    if (n > taken)
        n = taken;
    r->in -= n;
    r->n_bits -= 8 * (unsigned)n;
    r->bits &= (UINT64_C(1) << r->n_bits) - 1;
}

/* The copy of a run that can live in registers; and back. */
INLINE struct tl_inflate_call lifted(const struct tl_inflate_call *careful)
{
    struct tl_inflate_call r = *careful;

    r.bits <<= LIFT;
    r.n_bits += LIFT;
    return r;
}

INLINE void put_down(struct tl_inflate_call *careful, const struct tl_inflate_call *r)
{
    *careful = *r;
    careful->bits >>= LIFT;
    careful->n_bits = (r->n_bits & 63) - LIFT;
    unread(careful);
}

INLINE bool is_plenty(const struct tl_inflate_call *r)
{
    return r->s->step == TL_SYMBOL && r->in_end - r->in >= QUICK_INPUT
           && r->out_end - r->out >= TL_QUICK_OUTPUT;
}

/* Decodes symbols as long as QUICK_INPUT is at hand and room for TL_QUICK_OUTPUT. */
INLINE void decode(struct tl_inflate_call *careful)
{
    struct tl_inflate_call copy = lifted(careful), *const r = &copy;
    const uint32_t *const table = r->s->literal;

    while (is_plenty(r)) {
        uint32_t entry;

        refill(r);
        if (quick_literals(r, table, &entry) && quick_literals(r, table, &entry)
            && quick_literals(r, table, &entry)
            && quick_literals(r, table, &entry)) /* 4 * 12 of 54 bits */
            continue;
        refill(r);
        quick_special(r, entry);
    }
    put_down(careful, r);
}

/* ---- two streams in turns: while one waits for its table, the other one goes on ---- */

/* Of a run what every symbol changes. Two of them, and a table each, are all that fits into the
 * registers. */
struct lane {
    uint64_t bits;
    unsigned n_bits;
    const unsigned char *in;
    unsigned char *out;
};

INLINE struct lane lane_of(const struct tl_inflate_call *r)
{
    return (struct lane){r->bits, r->n_bits, r->in, r->out};
}

INLINE void put_back(struct tl_inflate_call *r, const struct lane *lane)
{
    r->bits = lane->bits;
    r->n_bits = lane->n_bits;
    r->in = lane->in;
    r->out = lane->out;
}

INLINE void lane_refill(struct lane *l)
{
    l->bits |= tl_load_le64(l->in) << (l->n_bits & 63);
    l->in += (~l->n_bits & 63) >> 3;
    l->n_bits |= 56;
}

INLINE uint32_t lane_entry(const struct lane *l, const uint32_t *table)
{
    uint32_t entry;

    memcpy(&entry, (const char *)table + (l->bits & ((UINT64_C(1) << TL_LITERAL_BITS) - 1) << LIFT),
           sizeof entry);
    return entry;
}

INLINE void lane_take(struct lane *l, uint32_t entry)
{
    l->bits >>= entry & 63;
    l->n_bits -= entry;
    store_literals(l->out, entry);
    l->out += tl_entry_literals(entry);
}

/* Looks up the next entries of both, and takes them if both hold literals. */
INLINE bool take_two(struct lane *a, const uint32_t *table_a, struct lane *b,
                     const uint32_t *table_b)
{
    const uint32_t e = lane_entry(a, table_a), f = lane_entry(b, table_b);

    if (!tl_entry_literals(e) || !tl_entry_literals(f))
        return false;
    lane_take(a, e);
    lane_take(b, f);
    return true;
}

/* Whatever comes next in one of them, unless it is in its first table. */
__attribute__((noinline)) static void take_special(struct tl_inflate_call *r)
{
    uint32_t entry;

    refill(r);
    entry = quick_entry(r, r->s->literal, TL_LITERAL_BITS);
    if (!tl_entry_literals(entry))
        quick_special(r, entry);
}

INLINE void decode_two(struct tl_inflate_call *careful_a, struct tl_inflate_call *careful_b)
{
    struct tl_inflate_call run_a = lifted(careful_a), run_b = lifted(careful_b);
    const uint32_t *const table_a = run_a.s->literal, *const table_b = run_b.s->literal;

    while (is_plenty(&run_a) && is_plenty(&run_b)) {
        const unsigned char *const in_a = run_a.in_end - QUICK_INPUT, *const in_b = run_b.in_end
                                                                                    - QUICK_INPUT;
        unsigned char *const out_a = run_a.out_end - TL_QUICK_OUTPUT, *const out_b =
                                                                          run_b.out_end
                                                                          - TL_QUICK_OUTPUT;
        struct lane a = lane_of(&run_a), b = lane_of(&run_b);

        do {
            lane_refill(&a);
            lane_refill(&b);
        } while (take_two(&a, table_a, &b, table_b) && take_two(&a, table_a, &b, table_b)
                 && take_two(&a, table_a, &b, table_b) && take_two(&a, table_a, &b, table_b)
                 && a.in <= in_a && b.in <= in_b && a.out <= out_a && b.out <= out_b);
        put_back(&run_a, &a);
        put_back(&run_b, &b);
        take_special(&run_a);
        take_special(&run_b);
    }
    put_down(careful_a, &run_a);
    put_down(careful_b, &run_b);
}

static void decode_plain(struct tl_inflate_call *r)
{
    decode(r);
}

static void decode_two_plain(struct tl_inflate_call *a, struct tl_inflate_call *b)
{
    decode_two(a, b);
}

/* BMI2 shifts by any register, and leaves the flags alone. */
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("bmi2"))) static void decode_bmi2(struct tl_inflate_call *r)
{
    decode(r);
}

__attribute__((target("bmi2"))) static void decode_two_bmi2(struct tl_inflate_call *a,
                                                            struct tl_inflate_call *b)
{
    decode_two(a, b);
}

static bool has_bmi2(void)
{
    return __builtin_cpu_supports("bmi2");
}
#else
#define decode_bmi2 decode_plain
#define decode_two_bmi2 decode_two_plain

static bool has_bmi2(void)
{
    return false;
}
#endif

void tl_inflate_quickly(struct tl_inflate_call *r)
{
    (has_bmi2() ? decode_bmi2 : decode_plain)(r);
}

void tl_inflate_two_quickly(struct tl_inflate_call *a, struct tl_inflate_call *b)
{
    (has_bmi2() ? decode_two_bmi2 : decode_two_plain)(a, b);
}

bool tl_inflate_is_plenty(const struct tl_inflate_call *r)
{
    return is_plenty(r);
}
