/*
 * inflate_run.h - what the careful and the quick half of inflate share. Layer: codec.
 */
#ifndef TL_INFLATE_RUN_H
#define TL_INFLATE_RUN_H

#include "inflate.h"

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
struct tl_run {
    struct tl_inflate *s;
    uint64_t bits;
    unsigned n_bits;
    const unsigned char *in_begin, *in, *in_end;
    unsigned char *out_begin, *out, *out_end;
};

/* Whether a match may reach back so far. */
static inline bool tl_in_reach(const struct tl_run *r, size_t distance)
{
    return distance <= r->s->window && distance <= (size_t)(r->out - r->out_begin) + r->s->n_history;
}

/*
 * Copies n bytes of a match that is in reach, byte by byte, to out, `at` bytes into the output at hand; it
 * may begin in what came before that.
 */
void tl_copy_across(const struct tl_inflate *s, unsigned char *out, size_t at, size_t distance, size_t n);

/*
 * inflate_quick.c: decodes symbols, in step TL_SYMBOL, as long as there is much input, and much room before
 * `end`. May end in step TL_BLOCK or TL_REFUSED.
 */
void tl_inflate_quickly(struct tl_run *r, const unsigned char *end);

/* How much room it wants. */
enum { TL_QUICK_OUTPUT = TL_MATCH_MAX + 48 };

#endif
