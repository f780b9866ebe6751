/* SPDX-License-Identifier: MIT */
/*
 * deflate_match.c - finds repetitions, by three searches (LZ77, RFC 1951 section 2).
 *
 * The sparse and the dense search find candidates in hash tables of positions. They compare the
 * bytes before they use a candidate, so old or random table contents do no harm.
 */
#include <config.h>

#include "flate/deflate_block.h"

enum {
    SPARSE_PATIENCE = 5, /* after 2^5 misses each step is one byte longer */

    DENSE_MIN = 4,
    PERIOD_MAX = 8,  /* most bytes per pixel: the longest period that a run may have */
    RUN_LEAST = 64,  /* from this length on a run is taken without a further search */
    RUN_REST = 16,   /* shortest rest of a run that becomes a match of its own */
    RUN_BLOCK = 256, /* bytes compared at once */
};

/* How much time the dense search spends. */
struct effort {
    unsigned depth;     /* Candidates to compare. Half as many at the position after a match. */
    size_t long_enough; /* a match of this length is taken without trying the next position */
    /*
     * A match of this length ends the search. Of a longer one only the last `tail` positions enter
     * the hash chains.
     */
    size_t very_long;
    size_t tail; /* see very_long */
};

/* Found by trying. Twice the depth for `deep` would save 1 %. */
static const struct effort dense = {4, 8, 16, 8}, deep = {16, 32, 64, 16};

struct match {
    size_t length; /* 0: no match */
    uint32_t distance;
};

/* Returns how many bytes a and b have in common, at most max. The first n are known to be equal. */
static inline size_t match_length(const unsigned char *a, const unsigned char *b, size_t n,
                                  size_t max)
{
    for (; n + 8 <= max; n += 8) {
        uint64_t difference = tl_load_le64(a + n) ^ tl_load_le64(b + n);

        if (difference)
            return n + ((unsigned)__builtin_ctzll(difference) >> 3);
    }
    while (n < max && a[n] == b[n])
        n++;
    return n;
}

/*
 * Returns how many bytes a and b have in common, at most max, where that may be many. memcmp uses
 * the widest registers of the machine.
 */
static size_t run_length(const unsigned char *a, const unsigned char *b, size_t max)
{
    size_t n = 0;

    while (max - n >= RUN_BLOCK && memcmp(a + n, b + n, RUN_BLOCK) == 0)
        n += RUN_BLOCK;
    return match_length(a, b, n, max);
}

/* Returns the longest match that is possible at position i. */
static inline size_t longest_at(const struct deflate *d, size_t i)
{
    return d->n - i < LENGTH_MAX ? d->n - i : LENGTH_MAX;
}

/* Returns true when the distance is within the window and does not reach before the input. */
static inline bool in_window(size_t i, uint32_t distance)
{
    return distance - 1 < WINDOW && distance <= i;
}

static inline void add_sequences(struct deflate *d, size_t i, struct match match, size_t times)
{
    d->sequences[d->count++] = (struct sequence){.literals = (uint32_t)(i - d->sequences_end),
                                                 .more = (uint32_t)(times - 1),
                                                 .length = (uint16_t)match.length,
                                                 .distance_less_1 = (uint16_t)(match.distance - 1)};
    d->sequences_end = i + times * match.length;
}

static inline void add_sequence(struct deflate *d, size_t i, struct match match)
{
    add_sequences(d, i, match, 1);
}

/*
 * Looks up one hash at each position. After each miss the steps slowly grow, so that noise is
 * crossed quickly (as LZ4 does).
 */
void tl_parse_sparse(struct deflate *d, size_t end, size_t enough)
{
    const unsigned char *in = d->in;
    size_t i = d->parsed, misses = 0, matched = 0;
    size_t limit = d->n < SPARSE_MIN ? 0 : end < d->n - SPARSE_MIN ? end : d->n - SPARSE_MIN;

    while (i < limit && matched < enough) {
        uint64_t v = tl_load_le64(in + i);
        uint32_t *head = &d->heads[v * 0x9e3779b97f4a7c15u >> (64 - SPARSE_HASH_BITS)];
        struct match match = {0, (uint32_t)i - *head};

        *head = (uint32_t)i;
        if (in_window(i, match.distance) && tl_load_le64(in + i - match.distance) == v) {
            match.length =
                match_length(in + i, in + i - match.distance, SPARSE_MIN, longest_at(d, i));
            add_sequence(d, i, match);
            i += match.length;
            matched += match.length;
            misses = 0;
        } else {
            i += 1 + (misses++ >> SPARSE_PATIENCE);
        }
    }
    d->parsed = d->sequences_end > end ? d->sequences_end : end;
}

/* Returns true when the 16 bytes (RUN_STEP) at p are equal. */
static inline bool is_run(const unsigned char *p)
{
    uint64_t v = tl_load_le64(p);

    return v == tl_load_le64(p + 8) && v == (v << 8 | v >> 56);
}

/*
 * Adds the run of equal bytes around in[i], without its first byte, which stays a literal. The run
 * ends at `end` or at most one match later. Returns the position after it.
 */
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
    size_t i = d->parsed, limit = d->n < RUN_STEP         ? 0
                                  : end < d->n - RUN_STEP ? end
                                                          : d->n - RUN_STEP;

    while (i < limit)
        i = is_run(d->in + i) ? add_run(d, i, end) : i + RUN_STEP;
    d->parsed = d->sequences_end > end ? d->sequences_end : end;
}

/* Enters position i into the hash chains. Returns the newest older position with the same hash. */
static inline uint32_t insert_position(struct deflate *d, size_t i)
{
    uint32_t *head = &d->heads[tl_load_le32(d->in + i) * 0x9e3779b1u >> (32 - HASH_BITS)];
    uint32_t last = *head;

    *head = (uint32_t)i;
    d->previous[i % WINDOW] = last;
    return last;
}

/*
 * Returns the longest match at i among the newest `depth` candidates, if it is longer than `than`,
 * which is at least 3. Enters i into the hash chains.
 */
static inline struct match find(struct deflate *d, size_t i, size_t than, unsigned depth,
                                size_t very_long)
{
    const unsigned char *here = d->in + i;
    size_t max = longest_at(d, i);
    struct match best = {0, 0};
    uint32_t candidate = insert_position(d, i), nearer = 0;

    for (; depth > 0 && than < max; depth--) {
        uint32_t distance = (uint32_t)i - candidate;
        const unsigned char *there = here - distance;

        /*
         * Each position in a chain is older than the one before. A newer one means that its entry
         * was overwritten, so the chain ends here.
         */
        if (!in_window(i, distance) || distance <= nearer)
            break;
        if (tl_load_le32(here + than - 3) == tl_load_le32(there + than - 3)
            && tl_load_le32(here) == tl_load_le32(there)) {
            size_t length = match_length(here, there, DENSE_MIN, max);

            if (length > than) {
                best = (struct match){length, distance};
                than = length;
                if (length >= very_long)
                    break;
            }
        }
        nearer = distance;
        candidate = d->previous[candidate % WINDOW];
    }
    return best;
}

/*
 * Returns true when the match `next`, one byte later, is worth one literal more (lazy matching).
 * The estimate: each byte more saves four bits, each doubling of the distance costs one. The
 * numbers were found by trying.
 */
static inline bool is_better(struct match next, struct match match)
{
    return next.length
           && 4 * next.length + floor_log2(match.distance)
                  > 4 * match.length + floor_log2(next.distance) + 2;
}

/*
 * Enters the positions inside a match into the hash chains. Those before `from` are already there.
 */
static inline void insert_match(struct deflate *d, size_t from, size_t to, size_t limit,
                                const struct effort *effort)
{
    if (to - from > effort->very_long)
        from = to - effort->tail;
    for (; from < to && from < limit; from++)
        insert_position(d, from);
}

/*
 * Returns the run at i, of a single byte or with the given period, if there is one. Screens consist
 * mostly of runs. A run has the length of any other match at this place, and the shortest distance
 * code.
 */
static inline struct match find_run(const struct deflate *d, size_t i, uint32_t period, size_t end)
{
    const unsigned char *here = d->in + i;
    struct match run = {0, 0};
    uint64_t v;

    if (i < PERIOD_MAX || end - i < RUN_LEAST)
        return run;
    v = tl_load_le64(here);
    run.distance = v == tl_load_le64(here - 1) ? 1 : period;
    if (v == tl_load_le64(here - run.distance))
        run.length = run_length(here, here - run.distance, end - i);
    return run;
}

/*
 * Adds a run as matches of the greatest length, then the rest unless it is short. Only the
 * positions of the last period enter the hash chains, because the others have the same bytes.
 * Returns where the run ends.
 */
static size_t add_whole_run(struct deflate *d, size_t i, struct match run, size_t last)
{
    const size_t times = run.length / LENGTH_MAX, rest = run.length % LENGTH_MAX;

    if (times) {
        add_sequences(d, i, (struct match){LENGTH_MAX, run.distance}, times);
        i += times * LENGTH_MAX;
    }
    if (rest >= RUN_REST && d->count < SEQUENCES_MAX) {
        add_sequence(d, i, (struct match){rest, run.distance});
        i += rest;
    }
    for (size_t at = i - run.distance - DENSE_MIN; at < i && at < last; at++)
        insert_position(d, at);
    return i;
}

/*
 * Returns the best match at *i or at one of the next positions, and moves *i there. All positions
 * before *inserted are in the hash chains.
 */
static inline struct match find_best(struct deflate *d, size_t *i, size_t limit,
                                     const struct effort *effort, size_t *inserted)
{
    struct match match = find(d, *i, DENSE_MIN - 1, effort->depth, effort->very_long), next;

    *inserted = *i + 1;
    while (match.length && match.length < effort->long_enough && *i + 1 < limit) {
        next = find(d, *i + 1, match.length, effort->depth / 2, effort->very_long);
        *inserted = *i + 2;
        if (!is_better(next, match))
            break;
        match = next;
        ++*i;
    }
    return match;
}

/* The dense search. `effort` is constant in both callers, so the compiler makes two versions. */
static inline void parse_dense(struct deflate *d, size_t end, const struct effort *effort)
{
    size_t i = d->parsed, inserted;
    /* Positions from `last` on have too few bytes, or just enough, to be hashed. */
    size_t last = d->n < DENSE_MIN ? 0 : d->n - DENSE_MIN;
    size_t limit = end < last ? end : last;
    uint32_t period = 1;

    while (i < limit && d->count < SEQUENCES_MAX) {
        struct match match = find_run(d, i, period, end);

        if (match.length >= RUN_LEAST) {
            i = add_whole_run(d, i, match, last);
            continue;
        }
        match = find_best(d, &i, limit, effort, &inserted);
        if (!match.length) {
            i++;
            continue;
        }
        if (match.distance <= PERIOD_MAX)
            period = match.distance;
        add_sequence(d, i, match);
        insert_match(d, inserted, i + match.length, last, effort);
        i += match.length;
    }
    if (d->count == SEQUENCES_MAX || d->sequences_end > end)
        end = d->sequences_end;
    d->parsed = end;
}

void tl_parse_dense(struct deflate *d, size_t end)
{
    if (d->search == TL_SEARCH_DEEP)
        parse_dense(d, end, &deep);
    else
        parse_dense(d, end, &dense);
}
