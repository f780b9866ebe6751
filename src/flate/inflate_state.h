/* SPDX-License-Identifier: MIT */
/*
 * inflate_run.h - what the parts of inflate share. Layer: codec.
 */
#ifndef TL_INFLATE_RUN_H
#define TL_INFLATE_RUN_H

#include "flate/inflate.h"

/* Where in the format a stream is: tl_inflate.step. */
enum tl_step {
    TL_HEAD,        /* zlib's two bytes */
    TL_BLOCK,       /* type of the next block, or the end if there is none */
    TL_STORED_SIZE, /* how many bytes */
    TL_STORED,      /* and the bytes */
    TL_COUNTS,      /* how many code lengths of each kind a dynamic block has */
    TL_LENGTH_CODE, /* the lengths of the code that code lengths are in */
    TL_LENGTHS,     /* code lengths */
    TL_SYMBOL,      /* a literal, a length or the end of the block */
    TL_DISTANCE,    /* of the match whose length is known */
    TL_MATCH,       /* copying it */
    TL_CHECKSUM,
    TL_ENDED,
    TL_REFUSED,
    TL_STEPS
};

enum { TL_MATCH_MAX = 258 };

/* One call of tl_inflate_run: what changes with every symbol, copied out of *s. */
struct tl_inflate_call {
    struct tl_inflate *s;
    uint64_t bits;
    unsigned n_bits;
    const unsigned char *in_begin, *in, *in_end;
    unsigned char *out_begin, *out, *out_end;
};

/* Whether a match may reach back so far. */
static inline bool tl_in_reach(const struct tl_inflate_call *r, size_t distance)
{
    return distance <= r->s->window
           && distance <= (size_t)(r->out - r->out_begin) + r->s->n_history;
}

/*
 * Copies n bytes of a match that is in reach, byte by byte, to out, `at` bytes into the output at
 * hand; it may begin in what came before that.
 */
void tl_copy_across(const struct tl_inflate *s, unsigned char *out, size_t at, size_t distance,
                    size_t n);

/* The buffer is full or the stream at its end: the caller may do with it as he likes. */
void tl_close_output(struct tl_inflate_call *r);

/* inflate_steps.c: takes the next step. False: not without more input or output, or the stream is
 * over. */
bool tl_inflate_step(struct tl_inflate_call *r);

/*
 * Comes to the symbols of a block. False: there is not plenty of input or room for them, or there
 * is no such block.
 */
bool tl_inflate_reach_symbols(struct tl_inflate_call *r);

/*
 * inflate_quick.c: decodes symbols, in step TL_SYMBOL, as long as there is much input and much
 * room. May end in step TL_BLOCK or TL_REFUSED.
 */
void tl_inflate_quickly(struct tl_inflate_call *r);

/* The same with two streams at once, until one of them wants for something. */
void tl_inflate_two_quickly(struct tl_inflate_call *a, struct tl_inflate_call *b);

/* Whether there is enough of all that for a symbol. */
bool tl_inflate_is_plenty(const struct tl_inflate_call *r);

/* How much room it wants. */
enum { TL_QUICK_OUTPUT = TL_MATCH_MAX + 48 };

#endif
