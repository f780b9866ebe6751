/* SPDX-License-Identifier: MIT */
/* inflate_state.h - declarations that inflate.c, inflate_steps.c and inflate_quick.c share. */
#ifndef TL_INFLATE_STATE_H
#define TL_INFLATE_STATE_H

#include "flate/inflate.h"

/*
 * The part of the format that comes next: tl_inflate.step. inflate_steps.c has one function for
 * each.
 */
enum tl_step {
    TL_HEAD,        /* the two bytes of zlib's header */
    TL_BLOCK,       /* the type of the next block, or the end after the last one */
    TL_STORED_SIZE, /* the size of a stored block */
    TL_STORED,      /* the bytes of a stored block */
    TL_COUNTS,      /* a dynamic block: how many code lengths of each kind */
    TL_LENGTH_CODE, /* the lengths of the code in which code lengths are written */
    TL_LENGTHS,     /* the code lengths themselves */
    TL_SYMBOL,      /* a literal, a length or the end of the block */
    TL_DISTANCE,    /* the distance of the match whose length is known */
    TL_MATCH,       /* the bytes of that match */
    TL_CHECKSUM,
    TL_ENDED,
    TL_REFUSED,
    TL_STEPS
};

enum { TL_MATCH_MAX = 258 };

/*
 * One call of tl_inflate_run. The members that change with every symbol are copied out of *s, so
 * that the compiler can keep them in registers. end_call() in inflate.c copies them back.
 */
struct tl_inflate_call {
    struct tl_inflate *s;
    uint64_t bits;
    unsigned n_bits;
    const unsigned char *in_begin, *in, *in_end;
    unsigned char *out_begin, *out, *out_end;
};

/*
 * Returns true when a match of this distance reads only bytes that exist and that the header
 * allows.
 */
static inline bool tl_inflate_in_reach(const struct tl_inflate_call *r, size_t distance)
{
    return distance <= r->s->window
           && distance <= (size_t)(r->out - r->out_begin) + r->s->n_history;
}

/*
 * Copies n bytes of a match to `out`, byte by byte. `at` is the offset of `out` in the output
 * buffer. The match may begin in `history`. The caller has checked the distance with
 * tl_inflate_in_reach.
 */
void tl_inflate_copy_match(const struct tl_inflate *s, unsigned char *out, size_t at,
                           size_t distance, size_t n);

/*
 * Adds the output buffer to the checksum and to `history`. Called when the buffer is full or the
 * stream has ended: afterwards the caller of tl_inflate_run may reuse it.
 */
void tl_inflate_save_output(struct tl_inflate_call *r);

/*
 * inflate_steps.c: takes the next step of the format. Returns false when the step needs more input
 * or more room, and when the stream has ended or is refused.
 */
bool tl_inflate_step(struct tl_inflate_call *r);

/*
 * Takes steps until the next symbol of a block. Returns true when the quick loop can decode it:
 * input and room are plentiful. Returns false when they are not, or the stream ends first.
 */
bool tl_inflate_reach_symbols(struct tl_inflate_call *r);

/*
 * inflate_quick.c: decodes symbols while input and room are plentiful. Call in step TL_SYMBOL. May
 * end in step TL_BLOCK or TL_REFUSED.
 */
void tl_inflate_quickly(struct tl_inflate_call *r);

/* The same for two streams at once, until input or room of one of them runs short. */
void tl_inflate_two_quickly(struct tl_inflate_call *a, struct tl_inflate_call *b);

/* Returns true in step TL_SYMBOL with enough input and room for one round of the quick loop. */
bool tl_inflate_is_plenty(const struct tl_inflate_call *r);

/* The room that one round of the quick loop may write to, in bytes. */
enum { TL_QUICK_OUTPUT = TL_MATCH_MAX + 48 };

#endif
