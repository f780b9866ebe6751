/* SPDX-License-Identifier: MIT */
/*
 * deflate.c - cuts the input into blocks, chooses the search and counts the symbols.
 *
 * Image rows are of two kinds, and the encoder treats them differently.
 * - Noise: most photographs, after filtering. A short match costs more bits than the literals it
 *   replaces, so a dense search takes time and makes the file larger. The encoder looks for long
 *   matches only. The Huffman code does the work.
 * - Screens and drawings: repetition is everything. There are few sequences, so each may take its
 *   time. The encoder tries a sparse search on each piece of the input. Its result
 *   shows which of the two kinds the piece is.
 */
#include <config.h>

#include "flate/deflate.h"
#include "flate/deflate_block.h"

#include <assert.h>

enum {
    CHUNK = STORED_MAX
            /*
             * Bytes searched in one way. With a match beyond its end a chunk still fits into one
             * stored block.
             */
            - LENGTH_MAX,
    SMALL = 16384,                /* input of up to this size is always searched densely */
    WORTH_SEARCHING = 8,          /* a chunk is repetitive when matches cover one byte in so many */
    BLOCK_SEQUENCES = 8192,       /* A block ends after so many sequences ... */
    BLOCK_BYTES = 8 * CHUNK,      /* ... or so many bytes ... */
    BLOCK_BYTES_RUNS = 2 * CHUNK, /* ... or so many where only runs are searched for. */
    /* Counting pairs pays from so many bytes on: 65536 counters must be cleared and added. */
    PAIRS_LEAST = 32768,
    PAIRS_MOST = 2 * UINT16_MAX, /* With more bytes a 16-bit counter of pairs could overflow. */
};

/*
 * The searches for runs and the sparse search do not check for room. These lines prove that a block
 * which may still grow has room for one more chunk of theirs.
 */
_Static_assert(BLOCK_SEQUENCES + CHUNK / SPARSE_MIN < SEQUENCES_MAX, "too many sequences");
_Static_assert(BLOCK_BYTES + CHUNK + LENGTH_MAX < 1 << LITERALS_BITS, "too many literals");
_Static_assert(CHUNK / LENGTH_MAX < 1 << MORE_BITS, "too long a run");
_Static_assert((BLOCK_BYTES_RUNS + 2 * LENGTH_MAX) / RUN_STEP < SEQUENCES_MAX, "too many runs");

size_t tl_deflate_work_size(void)
{
    return sizeof(struct deflate);
}

/*
 * A block is never longer than its stored form, and every block but the last covers at least one
 * chunk. So each chunk adds at most two stored headers of 6 bytes. The end takes 7 bytes, and
 * flush() may write 8 bytes beyond.
 */
size_t tl_deflate_bound(size_t n)
{
    size_t bound;

    return __builtin_add_overflow(n, (n / 16384 + 2) * 6 + 16, &bound) ? SIZE_MAX : bound;
}

/*
 * Counts each byte in one of four tables. Equal neighbours then update different counters, and the
 * second update need not wait for the first.
 */
static void count_bytes(const unsigned char *p, size_t n, uint32_t counts[4][256])
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v = tl_load_le64(p);

        counts[0][v & 255]++;
        counts[1][v >> 8 & 255]++;
        counts[2][v >> 16 & 255]++;
        counts[3][v >> 24 & 255]++;
        counts[0][v >> 32 & 255]++;
        counts[1][v >> 40 & 255]++;
        counts[2][v >> 48 & 255]++;
        counts[3][v >> 56]++;
    }
    for (; n > 0; n--)
        counts[0][*p++]++;
}

/* Adds the counts of pairs to the counts of their first and of their second bytes. */
static void add_pairs(const uint16_t *pairs, uint32_t counts[256])
{
    for (int second = 0; second < 256; second++, pairs += 256) {
        uint32_t sum = 0;

        for (int first = 0; first < 256; first++) {
            counts[first] += pairs[first];
            sum += pairs[first];
        }
        counts[second] += sum;
    }
}

/* Does the same for up to PAIRS_MOST bytes, two at a time: half as many counters to update. */
static void count_pairs(uint16_t pairs[1 << 16], const unsigned char *p, size_t n,
                        uint32_t counts[4][256])
{
    memset(pairs, 0, sizeof *pairs << 16);
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v = tl_load_le64(p);

        pairs[v & 0xffff]++;
        pairs[v >> 16 & 0xffff]++;
        pairs[v >> 32 & 0xffff]++;
        pairs[v >> 48]++;
    }
    add_pairs(pairs, counts[0]);
    count_bytes(p, n, counts);
}

static void count_literals(struct deflate *d, const unsigned char *p, size_t n,
                           uint32_t counts[4][256])
{
    if (d->search == TL_SEARCH_RUNS && n >= PAIRS_LEAST && n <= PAIRS_MOST)
        count_pairs(d->pairs, p, n, counts);
    else
        count_bytes(p, n, counts);
}

/* Counts the literals, lengths and distances of the block: the input of the Huffman code. */
static void count_symbols(struct deflate *d)
{
    uint32_t bytes[4][256] = {{0}};
    const unsigned char *p = d->in + d->block_start;

    memset(d->literal_counts, 0, sizeof d->literal_counts);
    memset(d->distance_counts, 0, sizeof d->distance_counts);
    for (size_t i = 0; i < d->count; i++) {
        struct sequence s = d->sequences[i];

        count_literals(d, p, s.literals, bytes);
        p += s.literals + repeated(s);
        d->literal_counts[encode_length(s.length).symbol] += s.more + 1;
        d->distance_counts[encode_distance(s.distance_less_1).symbol] += s.more + 1;
    }
    count_literals(d, p, d->parsed - d->sequences_end, bytes);
    for (int i = 0; i < 256; i++)
        d->literal_counts[i] = bytes[0][i] + bytes[1][i] + bytes[2][i] + bytes[3][i];
    d->literal_counts[END_OF_BLOCK] = 1;
}

/*
 * Returns the bytes covered by long matches from sequence `first` on. Short ones are left out,
 * because the sparse search would not find them either.
 */
static size_t matched_bytes(const struct deflate *d, size_t first)
{
    size_t bytes = 0;

    for (size_t i = first; i < d->count; i++)
        if (d->sequences[i].length >= SPARSE_MIN)
            bytes += repeated(d->sequences[i]);
    return bytes;
}

static bool is_repetitive(const struct deflate *d, size_t first, size_t start)
{
    return matched_bytes(d, first) >= (d->parsed - start) / WORTH_SEARCHING;
}

static size_t chunk_end(const struct deflate *d)
{
    return d->n - d->parsed < CHUNK ? d->n : d->parsed + CHUNK;
}

/*
 * Finds the sequences of the next chunk. When a sparse search finds much, the chunk is searched
 * again, densely.
 */
static void parse_chunk(struct deflate *d)
{
    size_t start = d->parsed, first = d->count, sequences_end = d->sequences_end,
           end = chunk_end(d);

    if (d->search == TL_SEARCH_RUNS) {
        tl_parse_runs(d, end);
        return;
    }
    if (!d->dense) {
        const bool only = d->search == TL_SEARCH_SPARSE;

        tl_parse_sparse(d, end, only ? SIZE_MAX : (end - start) / WORTH_SEARCHING + LENGTH_MAX);
        if (only || !is_repetitive(d, first, start))
            return;
        d->parsed = start;
        d->count = first;
        d->sequences_end = sequences_end;
        memset(d->heads, 0, sizeof d->heads);
        d->dense = true;
    }
    tl_parse_dense(d, end);
    d->dense = is_repetitive(d, first, start);
}

static void begin(struct deflate *d, const unsigned char *in, size_t n, enum tl_search search)
{
    d->in = in;
    d->n = n;
    d->block_start = d->sequences_end = d->parsed = d->count = 0;
    d->search = search;
    d->dense = search >= TL_SEARCH_DENSE && n <= SMALL;
    if (search != TL_SEARCH_RUNS)
        memset(d->heads, 0, (d->dense ? HEADS : SPARSE_HEADS) * sizeof *d->heads);
    d->previous[0] = 0;
}

/* Returns true when the block may grow by another chunk. */
static bool has_room(const struct deflate *d)
{
    size_t bytes = d->parsed - d->block_start;

    if (d->search == TL_SEARCH_RUNS)
        return bytes < BLOCK_BYTES_RUNS;
    return d->dense && d->count < BLOCK_SEQUENCES && bytes < BLOCK_BYTES;
}

/*
 * Makes the next block of the input and counts its symbols. Returns false at the end of the input.
 */
static bool next_block(struct deflate *d)
{
    if (d->parsed == d->n)
        return false;
    d->block_start = d->sequences_end = d->parsed;
    d->count = 0;
    do
        parse_chunk(d);
    while (d->parsed < d->n && has_room(d));
    count_symbols(d);
    return true;
}

static size_t write_blocks(struct deflate *d, unsigned char *out, size_t capacity, bool final)
{
    struct bits bits = {0, 0, out};

    assert(capacity >= tl_deflate_bound(d->n));
    while (next_block(d))
        tl_write_block(d, &bits);
    tl_write_end(&bits, final);
    return (size_t)(bits.next - out);
}

size_t tl_deflate(void *work, const unsigned char *in, size_t n, unsigned char *out,
                  size_t capacity, enum tl_search search, bool final)
{
    begin(work, in, n, search);
    return write_blocks(work, out, capacity, final);
}

size_t tl_deflate_cost(void *work, const unsigned char *in, size_t n, enum tl_search search)
{
    struct deflate *d = work;
    uint64_t bits = 0;

    begin(d, in, n, search);
    while (next_block(d))
        bits += tl_block_bits(d);
    return (size_t)(bits / 8);
}

/* The sequences of each chunk overwrite those of the previous one: only their sum counts. */
bool tl_deflate_repeats(void *work, const unsigned char *in, size_t n)
{
    struct deflate *d = work;
    size_t bytes = 0;

    begin(d, in, n, TL_SEARCH_SPARSE);
    while (d->parsed < n && bytes < n / WORTH_SEARCHING) {
        d->count = 0;
        d->sequences_end = d->parsed;
        tl_parse_sparse(d, chunk_end(d), n / WORTH_SEARCHING);
        bytes += matched_bytes(d, 0);
    }
    return bytes >= n / WORTH_SEARCHING;
}
