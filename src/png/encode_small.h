/* SPDX-License-Identifier: MIT */
/*
 * encode_small.h - a band compressed by zlib at its best, for who has time. Layer: codec; over
 * nothing.
 */
#ifndef TL_ENCODE_SMALL_H
#define TL_ENCODE_SMALL_H

#include <stddef.h>

/* Returns how many bytes of working memory tl_encode_small needs, aligned as by malloc. */
size_t tl_encode_small_work_size(void);

/*
 * Compresses n bytes into blocks like those of tl_deflate: not final, ending at a byte boundary
 * with an empty stored block. Returns how many bytes the blocks take, or 0 if that is more than
 * `capacity`. Async-signal-safe: zlib takes its memory from `work`.
 */
size_t tl_encode_small(void *work, const unsigned char *in, size_t n, unsigned char *out,
                       size_t capacity);

#endif
