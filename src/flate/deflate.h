/* SPDX-License-Identifier: MIT */
/*
 * deflate.h - our own deflate encoder (RFC 1951), made for filtered image rows. Layer: codec; over
 * nothing.
 *
 * It does not allocate, lock or keep state: it may run in a forked worker, and from a signal
 * handler. The bytes that come out depend on the bytes that go in and on nothing else.
 */
#ifndef TL_DEFLATE_H
#define TL_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that n bytes can become, and the room tl_deflate wants for them. SIZE_MAX: n is
 * too large. */
size_t tl_deflate_bound(size_t n);

/* Bytes of working memory, to be aligned as malloc does. Its contents mean nothing before and after
 * a call. */
size_t tl_deflate_work_size(void);

/* What is looked for. Each finds what those before it find, and takes longer. */
enum tl_search {
    TL_SEARCH_RUNS,   /* repetitions of a single byte: enough for residuals of a photograph */
    TL_SEARCH_SPARSE, /* long repetitions, in passing */
    TL_SEARCH_DENSE,  /* the same, and short ones wherever those are many */
    TL_SEARCH_DEEP,   /* the same, and the best of several */
};

/*
 * Compresses n bytes of `in` into `out` and returns how many bytes were written. capacity is at
 * least tl_deflate_bound(n). No match reaches before `in`. The blocks are not final and end at a
 * byte boundary with an empty stored block, so that the outputs of several calls, put together, are
 * one stream; with `final` the last is final.
 */
size_t tl_deflate(void *work, const unsigned char *in, size_t n, unsigned char *out,
                  size_t capacity, enum tl_search search, bool final);

/* How many bytes tl_deflate would write, without writing them. */
size_t tl_deflate_cost(void *work, const unsigned char *in, size_t n, enum tl_search search);

/* Is there enough repetition in it to be worth looking for? Much quicker than tl_deflate. */
bool tl_deflate_repeats(void *work, const unsigned char *in, size_t n);

#endif
