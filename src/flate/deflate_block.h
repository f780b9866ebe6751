/* SPDX-License-Identifier: MIT */
/*
 * deflate_block.h - declarations that the files of the deflate encoder share. Only deflate*.c
 * include it.
 *
 * deflate.c         cuts the input into blocks
 * deflate_match.c   finds repetitions: bytes become sequences
 * deflate_huffman.c makes Huffman codes from symbol counts
 * deflate_write.c   writes sequences as bits
 * deflate_x86.c     writes literals with vector instructions
 */
#ifndef TL_DEFLATE_BLOCK_H
#define TL_DEFLATE_BLOCK_H

#include "base/bytes.h"
#include "flate/deflate.h"

#include <stdint.h>
#include <string.h>

/* Constants of RFC 1951, section 3.2. */
enum {
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    LITERAL_SYMBOLS = 286,
    DISTANCE_SYMBOLS = 30,
    MAX_SYMBOLS = 288, /* the fixed code has two symbols that never occur */
    LENGTH_MIN = 3,
    LENGTH_MAX = 258,
    WINDOW = 32768,
    STORED_MAX = 65535,
};

/*
 * A number of literals, followed by a match: `length` bytes that equal those `distance` bytes
 * before them. `more` further matches of the same length and distance may follow. Such a run is
 * counted and written in one go.
 */
enum { LITERALS_BITS = 20, MORE_BITS = 12 };
struct sequence {
    uint32_t literals : LITERALS_BITS;
    uint32_t more : MORE_BITS;
    uint16_t length;
    uint16_t distance_less_1; /* stored as distance - 1, so that 32768 fits */
};

enum {
    HASH_BITS = 15,
    SPARSE_HASH_BITS = 14,
    SPARSE_MIN = 8, /* length of the shortest match that the sparse search finds */
    /*
     * The search for runs looks at every 16th position, so every run of twice that length is found.
     */
    RUN_STEP = 16,
    SEQUENCES_MAX = 16384, /* in one block */
    HEADS = 1 << HASH_BITS,
    SPARSE_HEADS = 1 << SPARSE_HASH_BITS, /* the sparse search uses only so many */
};

/*
 * The working memory of one call. deflate.c begins a call and a block, and counts the symbols. The
 * searches in deflate_match.c add sequences and advance `parsed`.
 */
struct deflate {
    const unsigned char *in;
    size_t n;
    size_t block_start;   /* the current block is in[block_start] to in[parsed - 1] */
    size_t sequences_end; /* bytes from here to `parsed` are literals */
    size_t parsed;
    size_t count; /* number of sequences */
    enum tl_search search;
    bool dense; /* the next chunk gets a dense search */
    uint32_t literal_counts[MAX_SYMBOLS];
    uint32_t distance_counts[DISTANCE_SYMBOLS];
    struct sequence sequences[SEQUENCES_MAX];
    /*
     * Hash chains. heads: the newest position (modulo 2^32) whose first bytes have this hash.
     * previous: for each position in the window, the next older one with the same hash. Any content
     * is safe, because every candidate is compared with the input.
     */
    uint32_t heads[HEADS];
    union {
        uint32_t previous[WINDOW];
        /* byte pair counters of the search for runs, which needs no positions */
        uint16_t pairs[1 << 16];
    };
};

/* The code of a symbol: its bits in the order of writing, and their number. Length 0: not used. */
struct code {
    uint16_t bits;
    uint16_t length;
};

/*
 * The bit writer: `held` has `count` bits not yet written, the first one lowest. `next` is where
 * they go.
 */
struct bits {
    uint64_t held;
    unsigned count;
    unsigned char *next;
};

/* Returns the number of bytes that the match and its repetitions stand for. */
static inline size_t repeated(struct sequence sequence)
{
    return sequence.length * ((size_t)sequence.more + 1);
}

/* Returns the position of the highest bit of v, which is not 0. */
static inline unsigned floor_log2(uint32_t v)
{
    return 31 - (unsigned)__builtin_clz(v);
}

/* A length or distance as RFC 1951 writes it: a symbol, then `extra` in `extra_bits` bits. */
struct encoded {
    unsigned symbol, extra_bits, extra;
};

/*
 * RFC 1951, 3.2.5: lengths 3 to 257 have groups of four symbols. Each group has one extra bit more
 * than the group before. Length 258 has a symbol of its own.
 */
static inline struct encoded encode_length(unsigned length)
{
    unsigned v = length - LENGTH_MIN, bits = v < 8 ? 0 : floor_log2(v) - 2;

    if (length == LENGTH_MAX)
        return (struct encoded){LITERAL_SYMBOLS - 1, 0, 0};
    return (struct encoded){FIRST_LENGTH + 4 * bits + (v >> bits), bits, v & ((1u << bits) - 1)};
}

/* RFC 1951, 3.2.5: the same for distances, in groups of two symbols. */
static inline struct encoded encode_distance(unsigned distance_less_1)
{
    unsigned v = distance_less_1, bits = v < 4 ? 0 : floor_log2(v) - 1;

    return (struct encoded){2 * bits + (v >> bits), bits, v & ((1u << bits) - 1)};
}

/*
 * deflate_match.c: each search adds sequences from `parsed` on. Then `parsed` is `end`, or beyond
 * by as much as the last match is longer. The dense search stops before `end` when it has no room
 * for sequences.
 *
 * The sparse search may stop early when matches cover `enough` bytes. Then its result answers
 * whether the chunk is repetitive, and must not be written.
 */
void tl_parse_runs(struct deflate *d, size_t end);
void tl_parse_sparse(struct deflate *d, size_t end, size_t enough);
void tl_parse_dense(struct deflate *d, size_t end);

/*
 * deflate_huffman.c: computes the code lengths for n symbols from their counts. No length exceeds
 * `limit`. At least two symbols get a code.
 */
void tl_huffman_lengths(const uint32_t *counts, size_t n, unsigned limit, unsigned char *lengths);
/* Computes the canonical codes of given lengths (RFC 1951, 3.2.2), bits in the order of writing. */
void tl_huffman_codes(const unsigned char *lengths, size_t n, struct code *codes);

/*
 * deflate_write.c: tl_block_bits returns the size of the block in bits, tl_write_block writes it.
 * count_symbols() must have counted its symbols before. tl_write_end ends the output at a byte
 * boundary.
 */
uint64_t tl_block_bits(const struct deflate *d);
void tl_write_block(const struct deflate *d, struct bits *bits);
void tl_write_end(struct bits *bits, bool final);

/* The codes of the 256 literals as three tables of bytes: bits 0 to 7, bits 8 to 15, length. */
struct code_tables {
    unsigned char low[256], high[256], length[256];
};

/*
 * deflate_x86.c: tl_spread_codes fills the tables. tl_write_literals_x86 writes the codes of the
 * first of n literals and returns how many it wrote: 0 without AVX-512 VBMI. Codes have at most 14
 * bits. At most 7 bits may be held before, and are held after. Up to 8 bytes beyond the last may be
 * overwritten.
 */
void tl_spread_codes(const struct code *codes, struct code_tables *tables);
size_t tl_write_literals_x86(const struct code_tables *codes, const unsigned char *p, size_t n,
                             struct bits *bits);

#endif
