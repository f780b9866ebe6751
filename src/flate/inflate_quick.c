/* SPDX-License-Identifier: MIT */
/*
 * inflate_quick.c - the loop that decodes the symbols of a block while input and room are
 * plentiful.
 *
 * Most of the time of decoding a PNG file is spent here. The loop checks input and room once a
 * round.
 */
#include <config.h>

#include "flate/inflate_state.h"

#include "base/bytes.h"

#include <endian.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

enum { QUICK_INPUT = 16 }; /* bytes of input that one round may read: two refills of 8 */

/*
 * Stores three bytes of literals and one more that is overwritten later. This is not a function of
 * bytes.h: with one more call gcc 12 arranges the loop differently and it takes 5 % longer.
 */
INLINE void store_literals(unsigned char *p, uint32_t entry)
{
    entry = htole32(entry >> 8);
    memcpy(p, &entry, sizeof entry);
}

/*
 * Copies a match that lies within the output buffer, in blocks of up to 16 bytes. A block is no
 * longer than the distance, so its source is complete before it is read. Up to 31 bytes beyond the
 * match are overwritten: TL_QUICK_OUTPUT includes them.
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
        /*
         * Write 8 bytes one by one. The pattern repeats, so a multiple of the distance that is at
         * least 8 then serves as the distance.
         */
        if (distance < 8) {
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
 * The time of the quick loop is the latency of one dependency chain: look up an entry, shift by its
 * length, look up the next. Everything else is kept out of the chain.
 * - `bits` is kept LIFT = 2 places too high, so that a masked index is already a byte offset. The
 * two lowest bits are left over from the previous code and are masked out. n_bits counts them.
 * - Only the low 6 bits of n_bits matter, so that a whole entry can be subtracted from it.
 */
enum { LIFT = 2 };

/* Returns the table entry for the next bits, without using them up. */
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

/* Returns the next n bits and uses them up. */
INLINE unsigned quick_take(struct tl_inflate_call *r, unsigned n)
{
    unsigned value = (unsigned)(r->bits >> LIFT) & ((1u << n) - 1);

    quick_drop(r, n);
    return value;
}

/*
 * Reads whole bytes until at least 54 bits are there. The bits above n_bits may already be set, to
 * the same input bytes, so OR-ing those bytes in again changes nothing. (Variant 4 of Fabian
 * Giesen, "Reading bits in far too many ways", 2018.)
 */
INLINE void refill(struct tl_inflate_call *r)
{
    r->bits |= tl_load_le64(r->in) << (r->n_bits & 63);
    r->in += (~r->n_bits & 63) >> 3;
    r->n_bits |= 56;
}

/*
 * Uses up the code of an entry. Returns the entry, or the one of the second table that it leads to.
 */
INLINE uint32_t take_entry(struct tl_inflate_call *r, const uint32_t *table, uint32_t entry)
{
    quick_drop(r, entry);
    if (tl_entry_is(entry, TL_ENTRY_SECOND)) {
        entry = quick_entry(r, table + tl_entry_value(entry), tl_entry_extra(entry));
        quick_drop(r, entry);
    }
    return entry;
}

/*
 * Decodes the rest of a match, when the code of its length is used up, and copies it. Returns false
 * for a distance that must be refused.
 */
INLINE bool quick_match(struct tl_inflate_call *r, uint32_t entry)
{
    struct tl_inflate *s = r->s;
    const size_t n = tl_entry_value(entry) + quick_take(r, tl_entry_extra(entry));
    size_t distance;

    entry = take_entry(r, s->distances, quick_entry(r, s->distances, TL_DISTANCE_BITS));
    distance = tl_entry_value(entry) + quick_take(r, tl_entry_extra(entry));
    if (!tl_entry_is(entry, TL_ENTRY_MATCH) || !tl_inflate_in_reach(r, distance))
        return false;
    if (distance <= (size_t)(r->out - r->out_begin))
        copy_quickly(r->out, distance, n);
    else
        tl_inflate_copy_match(s, r->out, (size_t)(r->out - r->out_begin), distance, n);
    r->out += n;
    return true;
}

/*
 * Handles an entry that holds no literals. The last refill left enough bits for the longest match.
 */
INLINE void quick_special(struct tl_inflate_call *r, uint32_t entry)
{
    entry = take_entry(r, r->s->literal, entry);
    if (tl_entry_literals(entry)) /* second tables hold single literals only */
        *r->out++ = (unsigned char)(entry >> 8);
    else if (tl_entry_is(entry, TL_ENTRY_END))
        r->s->step = TL_BLOCK;
    else if (!tl_entry_is(entry, TL_ENTRY_MATCH) || !quick_match(r, entry))
        r->s->step = TL_REFUSED;
}

/* Looks up the next entry. If it holds literals, uses it up, stores them and returns true. */
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

/* Gives whole unused bytes back to the input, so that the careful loop and the caller see them. */
static void give_bytes_back(struct tl_inflate_call *r)
{
    size_t n = r->n_bits / 8, taken = (size_t)(r->in - r->in_begin);

    if (n > taken)
        n = taken;
    r->in -= n;
    r->n_bits -= 8 * (unsigned)n;
    r->bits &= (UINT64_C(1) << r->n_bits) - 1;
}

/*
 * Returns a copy of the call with `bits` in the quick loop's form. The copy can live in registers
 * because its address is not passed on.
 */
INLINE struct tl_inflate_call to_quick_form(const struct tl_inflate_call *careful)
{
    struct tl_inflate_call r = *careful;

    r.bits <<= LIFT;
    r.n_bits += LIFT;
    return r;
}

/* Converts the copy back and stores it. */
INLINE void from_quick_form(struct tl_inflate_call *careful, const struct tl_inflate_call *r)
{
    *careful = *r;
    careful->bits >>= LIFT;
    careful->n_bits = (r->n_bits & 63) - LIFT;
    give_bytes_back(careful);
}

INLINE bool is_plenty(const struct tl_inflate_call *r)
{
    return r->s->step == TL_SYMBOL && r->in_end - r->in >= QUICK_INPUT
           && r->out_end - r->out >= TL_QUICK_OUTPUT;
}

/*
 * Decodes symbols as long as QUICK_INPUT bytes of input and TL_QUICK_OUTPUT bytes of room are left.
 */
INLINE void decode(struct tl_inflate_call *careful)
{
    struct tl_inflate_call copy = to_quick_form(careful), *const r = &copy;
    const uint32_t *const table = r->s->literal;

    while (is_plenty(r)) {
        uint32_t entry;

        refill(r);
        if (quick_literals(r, table, &entry) && quick_literals(r, table, &entry)
            && quick_literals(r, table, &entry)
            && quick_literals(r, table, &entry)) /* 4 entries of at most 12 bits, of 54 */
            continue;
        refill(r);
        quick_special(r, entry);
    }
    from_quick_form(careful, r);
}

/* ---- two streams in turns: while one waits for its table entry, the other proceeds ---- */

/*
 * The members of a call that every symbol changes. Two lanes and their two tables are all that fits
 * into the 16 registers of x86-64.
 */
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

/* Looks up the next entry of both streams. If both hold literals, uses both up and returns true. */
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

/*
 * Decodes one entry of one stream that is not literals. Not inlined: the lanes keep their
 * registers.
 */
__attribute__((noinline)) static void take_special(struct tl_inflate_call *r)
{
    uint32_t entry;

    refill(r);
    entry = quick_entry(r, r->s->literal, TL_LITERAL_BITS);
    if (!tl_entry_literals(entry))
        quick_special(r, entry);
}

/* Decodes both streams as long as both have plenty. The inner loop handles literals only. */
INLINE void decode_two(struct tl_inflate_call *careful_a, struct tl_inflate_call *careful_b)
{
    struct tl_inflate_call run_a = to_quick_form(careful_a), run_b = to_quick_form(careful_b);
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
    from_quick_form(careful_a, &run_a);
    from_quick_form(careful_b, &run_b);
}

static void decode_plain(struct tl_inflate_call *r)
{
    decode(r);
}

static void decode_two_plain(struct tl_inflate_call *a, struct tl_inflate_call *b)
{
    decode_two(a, b);
}

/*
 * BMI2 has shifts (SHRX, SHLX) that take their count from any register and leave the flags
 * unchanged.
 */
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
