/* SPDX-License-Identifier: MIT */
/*
 * tail.h - the chunks behind the image data. Layer: codec; over input, chunks and checksum.
 */
#ifndef TL_TAIL_H
#define TL_TAIL_H

#include "png/kept_chunks.h"
#include "png/png_input.h"

/* Where it begins. */
struct tl_after_idat {
    const unsigned char *head; /* of the first chunk, which has been read; NULL: it has not */
    uint64_t idat_bytes;       /* how much more image data there may be, which nobody looks at */
};

/*
 * Reads up to the end of IEND, whatever the length of the chunks; `scan` keeps what is kept of
 * them, from their heads on. TELAR_INPUT: they end before, or are not as they should be, and with
 * *doubt only the reference decoder can say whether that matters; or they cannot be read, or are
 * over a limit. TELAR_HOST: no memory.
 */
telar_status tl_after_idat_read(struct tl_png_input *input, struct tl_chunk_scan *scan,
                                const struct tl_after_idat *from, bool *doubt,
                                struct telar_error *error);

#endif
