/* SPDX-License-Identifier: MIT */
/*
 * Finding repetitions, in three ways. Two read the bytes before a position only through tables of
 * positions, and compare before they believe: a table may hold anything.
 */
#include <config.h>

#include "flate/deflate_block.h"

enum {
    SPARSE_PATIENCE = 5, /* after 2^5 misses each step is a byte longer */

    DENSE_MIN = 4,
    PERIOD_MAX = 8,  /* bytes of a pixel, at most */
    RUN_LEAST = 64,  /* bytes for which nothing better than a run is looked for */
    RUN_REST = 16,   /* what is left of a run that is worth a match, too */
    RUN_BLOCK = 256, /* compared at once */
};

/* How hard the dense search tries. */
struct effort {
    unsigned depth;     /* candidates looked at; half as many for the position after a match */
    size_t long_enough; /* a match that is taken without a look at the next position */
    size_t very_long;   /* a match that ends the search, and of a longer one the inside is not
                           remembered ... */
    size_t tail;        /* ... but for its last positions */
};

/* Deep: twice the depth would save 1 %. */
static const struct effort dense = {4, 8, 16, 8}, deep = {16, 32, 64, 16};

struct match {
    size_t length; /* 0: none */
    uint32_t distance;
};

/* Length of what a and b have in common, at most max, when the first n bytes are known to be equal.
 */
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

/* The same for what may be very long: memcmp has the widest registers of the machine. */
static size_t run_length(const unsigned char *a, const unsigned char *b, size_t max)
{
    size_t n = 0;

    while (max - n >= RUN_BLOCK && memcmp(a + n, b + n, RUN_BLOCK) == 0)
        n += RUN_BLOCK;
    return match_length(a, b, n, max);
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

/* Are the RUN_STEP bytes at p all the same? */
static inline bool is_run(const unsigned char *p)
{
    uint64_t v = tl_load_le64(p);

    return v == tl_load_le64(p + 8) && v == (v << 8 | v >> 56);
}

/* Adds the run that in[i] to in[i + RUN_STEP - 1] belong to, but for its first byte, up to `end` or
 * a match further. */
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

/* Makes position i the newest with its hash, and returns the one that was. */
static inline uint32_t remember(struct deflate *d, size_t i)
{
    uint32_t *head = &d->heads[tl_load_le32(d->in + i) * 0x9e3779b1u >> (32 - HASH_BITS)];
    uint32_t last = *head;

    *head = (uint32_t)i;
    d->previous[i % WINDOW] = last;
    return last;
}

/* The longest match at i among the newest `depth` candidates, if it is longer than `than`, which is
 * at least 3. */
static inline struct match find(struct deflate *d, size_t i, size_t than, unsigned depth,
                                size_t very_long)
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
 * Is it worth a literal more to have `next`, which begins a byte later? A byte more is taken to
 * save four bits, a distance twice as far to cost one. The numbers were found by trying.
 */
static inline bool is_better(struct match next, struct match match)
{
    return next.length
           && 4 * next.length + floor_log2(match.distance)
                  > 4 * match.length + floor_log2(next.distance) + 2;
}

/* Remembers the positions inside a match, of which those before `from` are remembered already. */
static inline void remember_match(struct deflate *d, size_t from, size_t to, size_t limit,
                                  const struct effort *effort)
{
    if (to - from > effort->very_long)
        from = to - effort->tail;
    for (; from < to && from < limit; from++)
        remember(d, from);
}

/*
 * The run at i, of a single byte or with the period, if there is one: pages consist of them. A run
 * is as good as any other match of its length, and takes the shortest code.
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
 * Adds a run as one match after the other, and the rest of it, when that is no short one. Of its
 * positions only those are remembered that differ from each other. Returns where it ends.
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
        remember(d, at);
    return i;
}

/* The best match at *i, or at one of the positions behind it, which *i is then. *remembered: up to
 * there, all are. */
static inline struct match find_best(struct deflate *d, size_t *i, size_t limit,
                                     const struct effort *effort, size_t *remembered)
{
    struct match match = find(d, *i, DENSE_MIN - 1, effort->depth, effort->very_long), next;

    *remembered = *i + 1;
    while (match.length && match.length < effort->long_enough && *i + 1 < limit) {
        next = find(d, *i + 1, match.length, effort->depth / 2, effort->very_long);
        *remembered = *i + 2;
        if (!is_better(next, match))
            break;
        match = next;
        ++*i;
    }
    return match;
}

/* effort is a constant in every caller. */
static inline void parse_dense(struct deflate *d, size_t end, const struct effort *effort)
{
    size_t i = d->parsed, remembered;
    /* Positions from `last` on have too few bytes, or just enough, to be remembered. */
    size_t last = d->n < DENSE_MIN ? 0 : d->n - DENSE_MIN;
    size_t limit = end < last ? end : last;
    uint32_t period = 1;

    while (i < limit && d->count < SEQUENCES_MAX) {
        struct match match = find_run(d, i, period, end);

        if (match.length >= RUN_LEAST) {
            i = add_whole_run(d, i, match, last);
            continue;
        }
        match = find_best(d, &i, limit, effort, &remembered);
        if (!match.length) {
            i++;
            continue;
        }
        if (match.distance <= PERIOD_MAX)
            period = match.distance;
        add_sequence(d, i, match);
        remember_match(d, remembered, i + match.length, last, effort);
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
