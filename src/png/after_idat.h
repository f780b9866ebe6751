/* SPDX-License-Identifier: MIT */
/*
 * after_idat.h - reads the chunks behind the image data. Layer: png; over png_input, kept_chunks
 * and framing.
 */
#ifndef TL_AFTER_IDAT_H
#define TL_AFTER_IDAT_H

#include "png/kept_chunks.h"
#include "png/png_input.h"

/* Where the reading begins. */
struct tl_after_idat {
    const unsigned char *head; /* of the first chunk, already read; NULL: not read yet */
    uint64_t idat_bytes; /* so many bytes of image data may still follow; they are not decoded */
};

/*
 * Reads up to the end of IEND and shows every byte to `scan`, which keeps chunks. Sets *doubt if a
 * chunk is damaged or misplaced: only libpng can say whether that matters. TELAR_INPUT: *doubt, or
 * the file ends before IEND, cannot be read, or is over a limit. TELAR_HOST: no memory.
 */
telar_status tl_after_idat_read(struct tl_png_input *input, struct tl_chunk_scan *scan,
                                const struct tl_after_idat *from, bool *doubt,
                                struct telar_error *error);

#endif
