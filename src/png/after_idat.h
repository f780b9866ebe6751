/* SPDX-License-Identifier: MIT */
/*
 * after_idat.h - reads the chunks behind the image data. Layer: png; over png_input, kept_chunks
 * and framing.
 */
#ifndef TL_AFTER_IDAT_H
#define TL_AFTER_IDAT_H

#include "png/kept_chunks.h"
#include "png/png_input.h"

/*
 * Reads up to the end of IEND and shows every byte to `scan`, which judges and keeps chunks. `head`
 * is that of the first chunk, already read; NULL: not read yet. If the scan is strict, looks for
 * bytes behind IEND too. TELAR_INPUT: the scan refuses a chunk, or the file ends before IEND or
 * cannot be read. TELAR_HOST: no memory.
 */
telar_status tl_after_idat_read(struct tl_png_input *input, struct tl_chunk_scan *scan,
                                const unsigned char *head, struct telar_error *error);

#endif
