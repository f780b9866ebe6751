/*
 * Finding repetitions, in three ways. Two read the bytes before a position only through tables of positions, and
 * compare before they believe: a table may hold anything.
 */
#include <config.h>

#include "deflate_block.h"

enum {
    SPARSE_HASH_BITS = 14,
    SPARSE_PATIENCE = 5, /* after 2^5 misses each step is a byte longer */

    DENSE_MIN = 4,
    DENSE_DEPTH = 4,        /* candidates looked at; half as many for the position after a match */
    DEEP_DEPTH = 16,        /* the same; twice as many save 1 % */
    DENSE_LONG_ENOUGH = 32, /* a match that is taken without a look at the next position */
    DENSE_VERY_LONG = 64,   /* a match that ends the search, and whose inside is not remembered ... */
    DENSE_TAIL = 16,        /* ... but for its last positions */
};

struct match {
    size_t length; /* 0: none */
    uint32_t distance;
};

/* Length of what a and b have in common, at most max, when the first n bytes are known to be equal. */
static inline size_t match_length(const unsigned char *a, const unsigned char *b, size_t n, size_t max)
{
    for (; n + 8 <= max; n += 8) {
        uint64_t difference = load_64(a + n) ^ load_64(b + n);

        if (difference)
            return n + ((unsigned)__builtin_ctzll(difference) >> 3);
    }
    while (n < max && a[n] == b[n])
        n++;
    return n;
}

static inline size_t longest_at(const struct deflate *d, size_t i)
{
    return d->n - i < LENGTH_MAX ? d->n - i : LENGTH_MAX;
}

/* Is there something so far back, and is it within reach? */
static inline bool in_window(size_t i, uint32_t distance)
{
    return distance - 1 < WINDOW && distance <= i;
}

static inline void add_sequence(struct deflate *d, size_t i, struct match match)
{
    d->sequences[d->count++] =
        (struct sequence){(uint32_t)(i - d->sequences_end), (uint16_t)match.length, (uint16_t)(match.distance - 1)};
    d->sequences_end = i + match.length;
}

void tl_parse_sparse(struct deflate *d, size_t end)
{
    const unsigned char *in = d->in;
    size_t i = d->parsed, misses = 0;
    size_t limit = d->n < SPARSE_MIN ? 0 : end < d->n - SPARSE_MIN ? end : d->n - SPARSE_MIN;

    while (i < limit) {
        uint64_t v = load_64(in + i);
        uint32_t *head = &d->heads[v * 0x9e3779b97f4a7c15u >> (64 - SPARSE_HASH_BITS)];
        struct match match = {0, (uint32_t)i - *head};

        *head = (uint32_t)i;
        if (in_window(i, match.distance) && load_64(in + i - match.distance) == v) {
            match.length = match_length(in + i, in + i - match.distance, SPARSE_MIN, longest_at(d, i));
            add_sequence(d, i, match);
            i += match.length;
            misses = 0;
        } else {
            i += 1 + (misses++ >> SPARSE_PATIENCE);
        }
    }
    d->parsed = d->sequences_end > end ? d->sequences_end : end;
}

/* Are the RUN_STEP bytes at p all the same? */
static inline bool is_run(const unsigned char *p)
{
    uint64_t v = load_64(p);

    return v == load_64(p + 8) && v == (v << 8 | v >> 56);
}

/* Adds the run that in[i] to in[i + RUN_STEP - 1] belong to, but for its first byte, up to `end` or a match further. */
static size_t add_run(struct deflate *d, size_t i, size_t end)
{
    const unsigned char *in = d->in, byte = in[i];
    struct match match = {0, 1};

    while (i > d->sequences_end && in[i - 1] == byte)
        i--;
    if (i == 0 || in[i - 1] != byte)
        i++;
    do {
        match.length = match_length(in + i, in + i - 1, 0, longest_at(d, i));
        if (match.length < LENGTH_MIN)
            return i;
        add_sequence(d, i, match);
        i += match.length;
    } while (match.length == LENGTH_MAX && i < end);
    return i;
}

void tl_parse_runs(struct deflate *d, size_t end)
{
    size_t i = d->parsed, limit = d->n < RUN_STEP ? 0 : end < d->n - RUN_STEP ? end : d->n - RUN_STEP;

    while (i < limit)
        i = is_run(d->in + i) ? add_run(d, i, end) : i + RUN_STEP;
    d->parsed = d->sequences_end > end ? d->sequences_end : end;
}

/* Makes position i the newest with its hash, and returns the one that was. */
static inline uint32_t remember(struct deflate *d, size_t i)
{
    uint32_t *head = &d->heads[load_32(d->in + i) * 0x9e3779b1u >> (32 - HASH_BITS)];
    uint32_t last = *head;

    *head = (uint32_t)i;
    d->previous[i % WINDOW] = last;
    return last;
}

/* The longest match at i among the newest `depth` candidates, if it is longer than `than`, which is at least 3. */
static inline struct match find(struct deflate *d, size_t i, size_t than, unsigned depth)
{
    const unsigned char *here = d->in + i;
    size_t max = longest_at(d, i);
    struct match best = {0, 0};
    uint32_t candidate = remember(d, i), nearer = 0;

    for (; depth > 0 && than < max; depth--) {
        uint32_t distance = (uint32_t)i - candidate;
        const unsigned char *there = here - distance;

        /* A chain leads back; where it does not, its end has been written over. */
        if (!in_window(i, distance) || distance <= nearer)
            break;
        if (load_32(here + than - 3) == load_32(there + than - 3) && load_32(here) == load_32(there)) {
            size_t length = match_length(here, there, DENSE_MIN, max);

            if (length > than) {
                best = (struct match){length, distance};
                than = length;
                if (length >= DENSE_VERY_LONG)
                    break;
            }
        }
        nearer = distance;
        candidate = d->previous[candidate % WINDOW];
    }
    return best;
}

/*
 * Is it worth a literal more to have `next`, which begins a byte later? A byte more is taken to save four bits, a
 * distance twice as far to cost one. The numbers were found by trying.
 */
static inline bool is_better(struct match next, struct match match)
{
    return next.length
           && 4 * next.length + floor_log2(match.distance) > 4 * match.length + floor_log2(next.distance) + 2;
}

/* Remembers the positions inside a match, of which those before `from` are remembered already. */
static inline void remember_match(struct deflate *d, size_t from, size_t to, size_t limit)
{
    if (to - from > DENSE_VERY_LONG)
        from = to - DENSE_TAIL;
    for (; from < to && from < limit; from++)
        remember(d, from);
}

void tl_parse_dense(struct deflate *d, size_t end)
{
    size_t i = d->parsed;
    /* Positions from `last` on have too few bytes, or just enough, to be remembered. */
    size_t last = d->n < DENSE_MIN ? 0 : d->n - DENSE_MIN;
    size_t limit = end < last ? end : last;
    const unsigned depth = d->search == TL_SEARCH_DEEP ? DEEP_DEPTH : DENSE_DEPTH;

    while (i < limit && d->count < SEQUENCES_MAX) {
        struct match match = find(d, i, DENSE_MIN - 1, depth), next;
        size_t remembered = i + 1;

        if (!match.length) {
            i++;
            continue;
        }
        while (match.length < DENSE_LONG_ENOUGH && i + 1 < limit) {
            next = find(d, i + 1, match.length, depth / 2);
            remembered = i + 2;
            if (!is_better(next, match))
                break;
            match = next;
            i++;
        }
        add_sequence(d, i, match);
        remember_match(d, remembered, i + match.length, last);
        i += match.length;
    }
    if (d->count == SEQUENCES_MAX || d->sequences_end > end)
        end = d->sequences_end;
    d->parsed = end;
}
