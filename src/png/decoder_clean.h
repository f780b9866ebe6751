/* SPDX-License-Identifier: MIT */
/*
 * decoder_clean.h - a PNG file as libpng gets it: only what the picture is made of, without a
 * fault. Layer: png; for the files decoder_*.c.
 *
 *     IHDR, PLTE, tRNS        as the scan of the chunks has accepted them
 *     IDAT, again and again   the filtered rows, inflated by the stream and stored without
 *                             compression
 *     IEND                    after the image data and the chunks behind it have been judged
 *
 * So the verdict on a file is the same whether libpng decodes it or not, and no byte that telar has
 * not judged comes to libpng.
 */
#ifndef TL_DECODER_CLEAN_H
#define TL_DECODER_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

struct tl_decoder;

enum {
    TL_CLEAN_ROWS_BYTES = 32768, /* filtered rows in one chunk */
    /* Around them: the frame of the chunk, the head of the stream and of a stored block, and the
     * checksum. */
    TL_CLEAN_BYTES = TL_CLEAN_ROWS_BYTES + 12 + 2 + 5 + 4,
};

/* The part of the clean copy that libpng reads next. The functions below write it. */
struct tl_clean {
    enum { TL_CLEAN_HEADER, TL_CLEAN_ROWS, TL_CLEAN_END } next;
    uint64_t rows_left; /* bytes of filtered rows still to come */
    uint32_t adler;     /* of those that have come */
    bool rows_begun;
    size_t begin, end; /* bytes[begin, end) are made and not yet read */
    unsigned char bytes[TL_CLEAN_BYTES];
};

/* Begins with the header of a decoder that has just been opened. */
void tl_clean_begin(struct tl_decoder *d);

/*
 * Gives the next n bytes of the clean file, and reads the real one as far as they need. Sets the
 * decoder's failure and returns its status when a pixel is in doubt. Async-signal-safe if the
 * scan's memory is given.
 */
telar_status tl_clean_read(struct tl_decoder *d, unsigned char *bytes, size_t n);

/* Takes over what a stream says of its end: faults, which are bits TL_IDAT_*, and the doubt. */
telar_status tl_clean_note_faults(struct tl_decoder *d, unsigned faults);

#endif
