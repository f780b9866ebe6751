/* SPDX-License-Identifier: MIT */
/*
 * deflate_block.h - what the parts of the deflate encoder share. Layer: codec; included by
 * deflate*.c only.
 *
 * deflate.c         cuts the input into blocks
 * deflate_match.c   finds repetitions: bytes become sequences
 * deflate_huffman.c frequencies become codes
 * deflate_write.c   sequences become bits
 */
#ifndef TL_DEFLATE_BLOCK_H
#define TL_DEFLATE_BLOCK_H

#include "base/bytes.h"
#include "flate/deflate.h"

#include <stdint.h>
#include <string.h>

/* Numbers of RFC 1951, section 3.2. */
enum {
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    LITERAL_SYMBOLS = 286,
    DISTANCE_SYMBOLS = 30,
    MAX_SYMBOLS = 288, /* the fixed code has two that are never used */
    LENGTH_MIN = 3,
    LENGTH_MAX = 258,
    WINDOW = 32768,
    STORED_MAX = 65535,
};

/*
 * Literals, then one repetition: `length` bytes that stood `distance` bytes before. And as many
 * `more` of the same length and distance behind it: a run, which is counted and written in one go.
 */
enum { LITERALS_BITS = 20, MORE_BITS = 12 };
struct sequence {
    uint32_t literals : LITERALS_BITS;
    uint32_t more : MORE_BITS;
    uint16_t length;
    uint16_t distance_less_1; /* so that 32768 fits */
};

enum {
    HASH_BITS = 15,
    SPARSE_HASH_BITS = 14,
    SPARSE_MIN = 8, /* bytes of the shortest match that the sparse search finds */
    RUN_STEP = 16,  /* runs are looked for at every so many bytes: those twice as long are found */
    SEQUENCES_MAX = 16384, /* in one block */
    HEADS = 1 << HASH_BITS,
    SPARSE_HEADS = 1 << SPARSE_HASH_BITS, /* of these the sparse search uses only so many */
};

/* The working memory of one call. */
struct deflate {
    const unsigned char *in;
    size_t n;
    size_t block_start;   /* the block being made: in[block_start] to in[parsed - 1] */
    size_t sequences_end; /* the bytes after this and before `parsed` are literals */
    size_t parsed;
    size_t count; /* of sequences */
    enum tl_search search;
    bool dense; /* how the next chunk is searched, in a dense search */
    uint32_t literal_counts[MAX_SYMBOLS];
    uint32_t distance_counts[DISTANCE_SYMBOLS];
    struct sequence sequences[SEQUENCES_MAX];
    /*
     * The last position (modulo 2^32) whose first bytes had this hash, and for each position of the
     * window the one before it with the same hash. Any value is safe: what is found there is
     * compared before it is believed.
     */
    uint32_t heads[HEADS];
    union {
        uint32_t previous[WINDOW];
        uint16_t pairs[1 << 16]; /* by a search that needs no positions: counters */
    };
};

/* A symbol's code, bits in the order of writing, and its length; 0 bits: the symbol is not used. */
struct code {
    uint16_t bits;
    uint16_t length;
};

/* Where bits go: `held` has `count` of them, the first lowest. */
struct bits {
    uint64_t held;
    unsigned count;
    unsigned char *next;
};

/* Bytes that a sequence's repetitions make. */
static inline size_t repeated(struct sequence sequence)
{
    return sequence.length * ((size_t)sequence.more + 1);
}

static inline unsigned floor_log2(uint32_t v)
{
    return 31 - (unsigned)__builtin_clz(v);
}

/* A length or distance as a symbol and extra bits. */
struct spelled {
    unsigned symbol, extra_bits, extra;
};

/* The lengths 3 to 257 go up in groups of four symbols with one more extra bit each; 258 has a
 * symbol of its own. */
static inline struct spelled spell_length(unsigned length)
{
    unsigned v = length - LENGTH_MIN, bits = v < 8 ? 0 : floor_log2(v) - 2;

    if (length == LENGTH_MAX)
        return (struct spelled){LITERAL_SYMBOLS - 1, 0, 0};
    return (struct spelled){FIRST_LENGTH + 4 * bits + (v >> bits), bits, v & ((1u << bits) - 1)};
}

/* The distances likewise, in groups of two. */
static inline struct spelled spell_distance(unsigned distance_less_1)
{
    unsigned v = distance_less_1, bits = v < 4 ? 0 : floor_log2(v) - 1;

    return (struct spelled){2 * bits + (v >> bits), bits, v & ((1u << bits) - 1)};
}

/*
 * deflate_match.c: all add sequences from `parsed` on, and move `parsed` to `end`, or beyond it by
 * what the last match is longer; the dense search stops before `end` when there is no more room for
 * sequences. The sparse one may stop looking once matches cover `enough` bytes: then what it found
 * is enough to know, but not to be written.
 */
void tl_parse_runs(struct deflate *d, size_t end);
void tl_parse_sparse(struct deflate *d, size_t end, size_t enough);
void tl_parse_dense(struct deflate *d, size_t end);

/* deflate_huffman.c: code lengths of at most `limit` bits, and at least two symbols that have one.
 */
void tl_huffman_lengths(const uint32_t *counts, size_t n, unsigned limit, unsigned char *lengths);
void tl_huffman_codes(const unsigned char *lengths, size_t n, struct code *codes);

/* deflate_write.c: what the block, whose symbols have been counted, takes in bits; and its writing.
 */
uint64_t tl_block_bits(const struct deflate *d);
void tl_write_block(const struct deflate *d, struct bits *bits);
void tl_write_end(struct bits *bits, bool final);

/* The codes of the literals as tables of bytes: bits 0 to 7, bits 8 to 15, length. */
struct code_tables {
    unsigned char low[256], high[256], length[256];
};

/*
 * deflate_x86.c: writes the codes of the first of n literals, as many as go quickly there, and
 * returns how many; 0 on other machines. Codes are at most 14 bits long, and at most 7 bits held,
 * before and after; it may write 8 bytes too far.
 */
void tl_spread_codes(const struct code *codes, struct code_tables *tables);
size_t tl_write_literals_x86(const struct code_tables *codes, const unsigned char *p, size_t n,
                             struct bits *bits);

#endif
