/* SPDX-License-Identifier: MIT */
/*
 * inflate.h - a zlib stream, inflated piece by piece. Layer: codec.
 *
 * Why it is our own: what is wanted is the speed of the libraries that are fast with the verdicts
 * of zlib, in pieces. ISA-L streams and is fast, but takes code sets with holes in them, which zlib
 * refuses, and nothing that it tells its caller gives them away; libdeflate wants the whole picture
 * at once; zlib is two and a half times slower.
 *
 * A stream is accepted exactly when zlib's inflate() accepts it, and gives the same bytes. With one
 * exception: a match that reaches back beyond the window which the head of the stream declares is
 * always refused, while zlib lets it pass when the bytes happen to be at hand.
 *
 * The state is plain data without pointers: it may lie in shared memory, and whoever has it may go
 * on with the stream. Nothing here allocates, locks or has other state; everything may be called
 * between fork and _exit.
 */
#ifndef TL_INFLATE_H
#define TL_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_INFLATE_WINDOW = 32768, /* RFC 1951: no match reaches farther back */
    TL_LITERAL_BITS = 12,      /* of the first table; codes that are longer go on in a second one */
    TL_DISTANCE_BITS = 8,
    TL_LITERAL_SYMBOLS = 288,
    TL_DISTANCE_SYMBOLS = 32,
    /* Entries with all second tables, at most, for complete codes of up to 15 bits (zlib's
       examples/enough.c). */
    TL_LITERAL_TABLE = 4382,
    TL_DISTANCE_TABLE = 402,
};

typedef enum tl_inflate_state {
    TL_INFLATE_MORE, /* as much as input and output allow is done */
    TL_INFLATE_END,  /* the stream is complete and its checksum right */
    TL_INFLATE_BAD,  /* zlib would refuse it; it stays so */
} tl_inflate_state;

struct tl_inflate {
    uint64_t bits; /* input that is taken but not used, lowest bit first; zeros above n_bits */
    uint32_t n_bits;
    uint32_t step;             /* where in the format it is: inflate.c */
    uint32_t is_raw, is_final; /* without head and checksum; in the last block */
    uint32_t is_fixed;         /* the tables are those of fixed codes */
    uint32_t left, distance;   /* bytes of a stored block or of a match, still to come; how far back
                                  the match is */
    uint32_t n_literal, n_distance, n_code,
        n_read;         /* code lengths of each kind in this block; how many are read */
    uint32_t window;    /* how far back a match may reach, by the stream's own word */
    uint32_t n_history; /* how much of `history` is filled, from its end */
    uint32_t adler;     /* Adler-32 of all output that was taken into history */
    unsigned char lengths[TL_LITERAL_SYMBOLS
                          + TL_DISTANCE_SYMBOLS]; /* of codes for literals, then for distances */
    uint32_t literal[TL_LITERAL_TABLE], distances[TL_DISTANCE_TABLE];
    unsigned char history[TL_INFLATE_WINDOW]; /* what came before the output at hand */
};

/* Some bytes, of which [0, used) are behind us. NULL will do for none. */
struct tl_inflate_input {
    const unsigned char *bytes;
    size_t n, used;
};
struct tl_inflate_output {
    unsigned char *bytes;
    size_t n, used;
};

/* Begins a stream; with `raw`, one without zlib's head and checksum (RFC 1951). */
void tl_inflate_begin(struct tl_inflate *inflate, bool raw);

/*
 * Goes on until the input is used up, the output is full, or the stream ends; what is left of the
 * input then follows the stream. The same output must be given again until it is full: matches
 * reach back into it, and into `history` for what came before. Once it is full (or the stream has
 * ended) it is taken into history and checksum, and belongs to the caller. An output without room
 * (n 0) lets the stream come to its end.
 */
tl_inflate_state tl_inflate_run(struct tl_inflate *inflate, struct tl_inflate_input *in,
                                struct tl_inflate_output *out);

/*
 * Goes on with two streams that know nothing of each other, which takes a processor much less time
 * than one after the other, as long as both have plenty of input and room. Returns which of them
 * has not: for the rest of that one's input or output there is tl_inflate_run, what it says of them
 * holds here, too.
 */
int tl_inflate_run_two(struct tl_inflate *const inflate[2], struct tl_inflate_input *const in[2],
                       struct tl_inflate_output *const out[2]);

/* Whether a block has just ended, at a byte boundary, with no input taken ahead, and it was not the
 * last one. */
bool tl_inflate_between_blocks(const struct tl_inflate *inflate);

/* ---- inflate_table.c ---- */

/*
 * An entry of a decoding table:
 *
 *      31       24 23       16 15         8  7   6  5    0
 *     +-----------+-----------+------------+------+--------+
 *     | literal 3 | literal 2 | literal 1  | n    | length |   n of 1 to 3: literals, `length` bits
 * together
 *     +-----------+-----------+-------+----+------+--------+
 *     |         value         | extra |kind| 0    | length |   n of 0: anything else; kind is bits
 * 9 and 8
 *     +-----------------------+-------+----+------+--------+
 *
 * `length` lies where a shift by the whole entry takes it from. TL_ENTRY_MATCH: a length or
 * distance of `value` and the number in `extra` bits that follow. TL_ENTRY_SECOND: the code is
 * longer than the table is wide; a second table of 2^extra entries begins at `value`.
 */
enum { TL_ENTRY_MATCH, TL_ENTRY_END, TL_ENTRY_SECOND, TL_ENTRY_INVALID };

static inline unsigned tl_entry_length(uint32_t entry)
{
    return entry & 63;
}
static inline unsigned tl_entry_literals(uint32_t entry)
{
    return entry >> 6 & 3;
}
static inline bool tl_entry_is(uint32_t entry, unsigned kind)
{
    return (entry & 0x3c0) == kind << 8;
}
static inline unsigned tl_entry_extra(uint32_t entry)
{
    return entry >> 10 & 63;
}
static inline unsigned tl_entry_value(uint32_t entry)
{
    return entry >> 16;
}

/*
 * Make the tables from code lengths of 0 to 15. False where zlib refuses them: more codes than
 * there are, or fewer, unless it is a single one of one bit, or none at all.
 */
bool tl_inflate_literal_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n);
bool tl_inflate_distance_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n);

/* The code of code lengths, in the place of the literal table; a symbol is an entry's value. None
 * at all is refused. */
enum { TL_LENGTH_BITS = 7, TL_LENGTH_SYMBOLS = 19 };
bool tl_inflate_length_table(struct tl_inflate *inflate, const unsigned char *lengths);

#endif
