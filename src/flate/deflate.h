/* SPDX-License-Identifier: MIT */
/*
 * deflate.h - telar's own deflate encoder (RFC 1951), made for filtered image rows.
 *
 * The encoder allocates nothing, takes no lock and keeps no state. A forked worker and a signal
 * handler may call it. The output depends on the input bytes and the parameters alone, so it is the
 * same on every processor and for any number of workers.
 */
#ifndef TL_DEFLATE_H
#define TL_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the most bytes that n bytes can become: the capacity that tl_deflate needs. Returns
 * SIZE_MAX when n is too large.
 */
size_t tl_deflate_bound(size_t n);

/*
 * Returns the size of the working memory `work` in bytes. The caller aligns it like malloc. Its
 * contents have no meaning before and after a call.
 */
size_t tl_deflate_work_size(void);

/*
 * How the encoder searches for repetitions. Each search finds all that the previous one finds, and
 * takes longer.
 */
enum tl_search {
    TL_SEARCH_RUNS, /* repetitions of a single byte: enough for the filtered rows of a photograph */
    TL_SEARCH_SPARSE, /* also long repetitions, looked up at growing steps */
    TL_SEARCH_DENSE,  /* also short repetitions, in chunks that have many long ones */
    TL_SEARCH_DEEP,   /* also compares more candidates for each match */
};

/*
 * Compresses n bytes of `in` into `out` and returns the number of bytes written. `capacity` is at
 * least tl_deflate_bound(n). No match reaches back before `in`, so the band can be decoded alone.
 *
 * Without `final` no block is final, and an empty stored block ends the output at a byte boundary.
 * So the outputs of several calls in a row are one stream. With `final` the last block is final.
 */
size_t tl_deflate(void *work, const unsigned char *in, size_t n, unsigned char *out,
                  size_t capacity, enum tl_search search, bool final);

/*
 * Returns the number of bytes that tl_deflate would write, rounded down and without its last, empty
 * block. Writes nothing.
 */
size_t tl_deflate_cost(void *work, const unsigned char *in, size_t n, enum tl_search search);

/*
 * Returns true when long matches cover at least an eighth of the bytes, so that a search for them
 * pays. Much quicker than tl_deflate.
 */
bool tl_deflate_repeats(void *work, const unsigned char *in, size_t n);

#endif
