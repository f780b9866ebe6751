/* SPDX-License-Identifier: MIT */
/*
 * inflate.h - decompresses a zlib stream (RFC 1950, RFC 1951), one piece of input at a time.
 *
 * Why telar has its own: it needs the verdicts of zlib, in pieces, at the speed of the fast
 * libraries.
 * - ISA-L is fast and works in pieces. It accepts incomplete code sets that zlib refuses, and gives
 *   its caller no sign of them.
 * - libdeflate is fast but wants the whole compressed picture at once.
 * - zlib takes two and a half times as long.
 *
 * This code accepts a stream exactly when zlib's inflate() accepts it, and gives the same bytes.
 * There is one exception. A match may reach back beyond the window that the stream's header
 * declares: this code always refuses such a match, while zlib lets it pass when it still has the
 * bytes.
 *
 * The state is plain data without pointers. It may lie in shared memory, and any worker that has it
 * can continue the stream. Nothing here allocates memory, takes a lock or keeps other state. Every
 * function may be called between fork and _exit.
 */
#ifndef TL_INFLATE_H
#define TL_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_INFLATE_WINDOW = 32768, /* RFC 1951: the largest distance of a match */
    /* Index bits of the first table. Longer codes continue in a second table. */
    TL_LITERAL_BITS = 12,
    TL_DISTANCE_BITS = 8,
    TL_LITERAL_SYMBOLS = 288,
    TL_DISTANCE_SYMBOLS = 32,
    /*
     * The most entries that the first table and its second tables can take, for complete codes of
     * up to 15 bits. zlib's examples/enough.c computes these numbers.
     */
    TL_LITERAL_TABLE = 4382,
    TL_DISTANCE_TABLE = 402,
};

/* The outcome of a call that inflates. */
typedef enum tl_inflate_state {
    TL_INFLATE_MORE, /* input used up or output full: call again */
    TL_INFLATE_END,  /* the stream is complete and its checksum right */
    TL_INFLATE_BAD,  /* zlib would refuse the stream; every later call says so too */
} tl_inflate_state;

/*
 * The state of one stream. tl_inflate_begin fills it, and only the functions of inflate*.c write it
 * afterwards. Between two calls it may be copied to another worker.
 */
struct tl_inflate {
    uint64_t bits; /* input read but unused, lowest bit first, zeros above n_bits */
    uint32_t n_bits;
    uint32_t step;             /* enum tl_step: the part of the format that comes next */
    uint32_t is_raw, is_final; /* no zlib header and checksum; the current block is the last */
    uint32_t is_fixed;         /* the tables hold the fixed codes of RFC 1951, 3.2.6 */
    /*
     * `left`: bytes still to come of a stored block or of a match. `distance`: that of the match.
     */
    uint32_t left, distance;
    uint32_t n_literal, n_distance, n_code,
        /*
         * How many code lengths of each kind this block has, and how many of them have been read.
         */
        n_read;
    uint32_t window;    /* the largest distance that the stream's header allows */
    uint32_t n_history; /* valid bytes of `history`, counted from its end */
    uint32_t adler;     /* Adler-32 of all output that is in `history` or went through it */
    unsigned char lengths[TL_LITERAL_SYMBOLS
                          /*
                           * Code lengths: those of literals and lengths first, those of distances
                           * behind them.
                           */
                          + TL_DISTANCE_SYMBOLS];
    uint32_t literal[TL_LITERAL_TABLE], distances[TL_DISTANCE_TABLE];
    unsigned char history[TL_INFLATE_WINDOW]; /* the output before the current output buffer */
};

/*
 * A buffer that tl_inflate_run reads. The caller sets all fields before a call and owns `bytes`,
 * which may be NULL when n is 0. During the call tl_inflate_run advances `used`: bytes [0, used)
 * have been read.
 */
struct tl_inflate_input {
    const unsigned char *bytes;
    size_t n, used;
};

/* A buffer that tl_inflate_run writes. The caller and the call set the fields as above: bytes
 * [0, used) have been written. */
struct tl_inflate_output {
    unsigned char *bytes;
    size_t n, used;
};

/* Begins a stream. `raw`: the stream has no zlib header and no checksum (RFC 1951 alone). */
void tl_inflate_begin(struct tl_inflate *inflate, bool raw);

/*
 * Continues the stream until the input is used up, the output is full, or the stream ends. Input
 * that is left then follows the stream.
 *
 * The caller must pass the same output buffer again until it is full, because matches read from it.
 * They read earlier bytes from `history`. A buffer that is full, or that the stream's end leaves
 * partly full, is copied into `history` and added to the checksum. From then on the caller may
 * reuse it.
 *
 * An output with n = 0 lets the stream reach its end. Returns TL_INFLATE_BAD where zlib would
 * refuse the stream.
 */
tl_inflate_state tl_inflate_run(struct tl_inflate *inflate, struct tl_inflate_input *in,
                                struct tl_inflate_output *out);

/*
 * Continues two independent streams at once. This takes a processor much less time than one after
 * the other, as long as both have plenty of input and room: while one waits for a table entry the
 * other proceeds.
 *
 * Returns the index of the stream that ran short. The caller finishes that one's input or output
 * with tl_inflate_run. Buffers follow the same rules as there.
 */
int tl_inflate_run_two(struct tl_inflate *const inflate[2], struct tl_inflate_input *const in[2],
                       struct tl_inflate_output *const out[2]);

/*
 * Returns true when a block has ended at a byte boundary, no later input was read, and it was not
 * the last block. A band of telar's own files ends like this.
 */
bool tl_inflate_between_blocks(const struct tl_inflate *inflate);

/* ---- inflate_table.c ---- */

/* clang-format off */
/*
 * An entry of a decoding table, 32 bits:
 *
 *      31       24 23       16 15         8  7   6  5    0
 *     +-----------+-----------+------------+------+--------+
 *     | literal 3 | literal 2 | literal 1  | n    | length |   n = 1 to 3 literals
 *     +-----------+-----------+-------+----+------+--------+
 *     |         value         | extra |kind| 0    | length |   n = 0: anything else
 *     +-----------------------+-------+----+------+--------+
 *                              15  10  9  8
 *
 * `length` is the number of bits of the code, or of all n codes. It stands in the lowest bits
 * because the processor uses only those for a shift: `bits >>= entry` needs no mask.
 *
 * TL_ENTRY_MATCH: a length or distance: `value` plus the number in the next `extra` bits.
 * TL_ENTRY_SECOND: the code is longer than the table's index. A second table of 2^extra entries
 * begins at index `value`.
 */
/* clang-format on */
enum { TL_ENTRY_MATCH, TL_ENTRY_END, TL_ENTRY_SECOND, TL_ENTRY_INVALID };

/*
 * The fields of an entry, as drawn above. tl_entry_is() is true only for entries without literals.
 */
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
 * Build the tables of literals and distances from n code lengths of 0 to 15. Return false for a
 * code that zlib refuses: an oversubscribed one, or an incomplete one. Exceptions, as in zlib: a
 * single code of one bit, and no code at all.
 */
bool tl_inflate_literal_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n);
bool tl_inflate_distance_table(struct tl_inflate *inflate, const unsigned char *lengths, size_t n);

/*
 * Builds the table of the code for code lengths (RFC 1951, 3.2.7) in the place of the literal
 * table, which is built only afterwards. An entry's value is the symbol. Returns false when the
 * code is incomplete, oversubscribed or empty.
 */
enum { TL_LENGTH_BITS = 7, TL_LENGTH_SYMBOLS = 19 };
bool tl_inflate_length_table(struct tl_inflate *inflate, const unsigned char *lengths);

#endif
