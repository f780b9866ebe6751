/*
 * inflate_quick.c - the loop that decodes the symbols of a block while input and output are plentiful.
 */
#include <config.h>

#include "inflate_run.h"

#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

enum { QUICK_INPUT = 16 }; /* two refills of 8 bytes */

INLINE uint64_t load64(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

INLINE void store_literals(unsigned char *p, uint32_t entry)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    entry = __builtin_bswap32(entry >> 8);
#else
    entry >>= 8;
#endif
    memcpy(p, &entry, sizeof entry);
}

/*
 * A match that lies within the buffer, in pieces: up to 31 bytes behind its end are overwritten. Pieces are
 * no longer than the distance, so that each is there before it is read.
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
        if (distance
            < 8) { /* eight bytes one by one; from there on, a multiple of the distance serves as well */
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
 * The quick loop is a chain: look an entry up, shift by its length, look the next one up. What it costs is
 * the length of that chain, so nothing is in it that can be elsewhere: `bits` is kept two places too high,
 * for the two lowest bits (which are whatever was used last) to make an index a byte offset, and n_bits
 * counts them too. Of n_bits only the lower 6 bits count, so that an entry can be subtracted as it is.
 */
enum { LIFT = 2 };

INLINE uint32_t quick_entry(const struct tl_run *r, const uint32_t *table, unsigned table_bits)
{
    uint32_t entry;

    memcpy(&entry, (const char *)table + (r->bits & ((UINT64_C(1) << table_bits) - 1) << LIFT), sizeof entry);
    return entry;
}

INLINE void quick_drop(struct tl_run *r, uint32_t entry)
{
    r->bits >>= entry & 63;
    r->n_bits -= entry;
}

INLINE unsigned quick_take(struct tl_run *r, unsigned n)
{
    unsigned value = (unsigned)(r->bits >> LIFT) & ((1u << n) - 1);

    quick_drop(r, n);
    return value;
}

/* Takes whole bytes until there are at least 54 bits. Those above n_bits may be set: they are the same bytes
 * again. */
INLINE void refill(struct tl_run *r)
{
    r->bits |= load64(r->in) << (r->n_bits & 63);
    r->in += (~r->n_bits & 63) >> 3;
    r->n_bits |= 56;
}

/* Takes an entry of `table`, and of its second part where it has one. */
INLINE uint32_t take_entry(struct tl_run *r, const uint32_t *table, uint32_t entry)
{
    quick_drop(r, entry);
    if (tl_entry_is(entry, TL_ENTRY_SECOND)) {
        entry = quick_entry(r, table + tl_entry_value(entry), tl_entry_extra(entry));
        quick_drop(r, entry);
    }
    return entry;
}

/* A match, of which the entry for its length is taken. False: it is refused. */
INLINE bool quick_match(struct tl_run *r, uint32_t entry)
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
INLINE void quick_special(struct tl_run *r, uint32_t entry)
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
INLINE bool quick_literals(struct tl_run *r, const uint32_t *table, uint32_t *entry)
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
static void unread(struct tl_run *r)
{
    size_t n = r->n_bits / 8, taken = (size_t)(r->in - r->in_begin);

    if (n > taken)
        n = taken;
    r->in -= n;
    r->n_bits -= 8 * (unsigned)n;
    r->bits &= (UINT64_C(1) << r->n_bits) - 1;
}

/* Decodes symbols as long as QUICK_INPUT is at hand and TL_QUICK_OUTPUT before `end`. */
INLINE void decode(struct tl_run *careful, const unsigned char *end)
{
    struct tl_run copy = *careful, *const r = &copy; /* a copy that can live in registers */
    const uint32_t *const table = r->s->literal;

    r->bits <<= LIFT;
    r->n_bits += LIFT;
    while (r->s->step == TL_SYMBOL && r->in_end - r->in >= QUICK_INPUT && end - r->out >= TL_QUICK_OUTPUT) {
        uint32_t entry;

        refill(r);
        if (quick_literals(r, table, &entry) && quick_literals(r, table, &entry)
            && quick_literals(r, table, &entry) && quick_literals(r, table, &entry)) /* 4 * 11 of 54 bits */
            continue;
        refill(r);
        quick_special(r, entry);
    }
    r->bits >>= LIFT;
    r->n_bits = (r->n_bits & 63) - LIFT;
    *careful = copy;
    unread(careful);
}

static void decode_plain(struct tl_run *r, const unsigned char *end)
{
    decode(r, end);
}

/* BMI2 shifts by any register, and leaves the flags alone. */
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("bmi2"))) static void decode_bmi2(struct tl_run *r, const unsigned char *end)
{
    decode(r, end);
}

void tl_inflate_quickly(struct tl_run *r, const unsigned char *end)
{
    if (__builtin_cpu_supports("bmi2"))
        decode_bmi2(r, end);
    else
        decode_plain(r, end);
}
#else
void tl_inflate_quickly(struct tl_run *r, const unsigned char *end)
{
    decode_plain(r, end);
}
#endif
