/* SPDX-License-Identifier: MIT */
/*
 * idat_stream.h - inflates the image data of a PNG file, one IDAT chunk after the other. Layer:
 * png; over png_input, framing and flate.
 *
 * A stream judges the image data, for workers and for libpng alike: libpng gets what a stream has
 * inflated (decoder_clean.h). Its functions return false when a pixel is in doubt, and `why` then
 * says why. All functions are async-signal-safe: a worker process goes on where the coordinator
 * ended.
 */
#ifndef TL_IDAT_STREAM_H
#define TL_IDAT_STREAM_H

#include "flate/inflate.h"
#include "png/png_input.h"

/* Faults of the image data that leave every pixel certain; bits of a set. */
enum {
    TL_IDAT_MORE_ROWS = 1, /* the stream has more bytes than the rows */
    TL_IDAT_MORE_DATA = 2, /* bytes follow the end of the stream */
};

/* The state of a stream, between two calls. Written by the functions below. */
struct tl_idat_stream {
    bool strict;           /* the window that the header declares is the limit of a match */
    uint64_t used;         /* bytes of image data, of all chunks */
    uint32_t chunk_left;   /* bytes of data in the chunk at hand that are still to come */
    uint32_t crc;          /* of the name and the data that has come */
    bool ended;            /* the compressed data has come to its end */
    unsigned char head[8]; /* of the chunk behind the last IDAT, once the stream has ended */
    const char *why;       /* the doubt, a constant string; NULL: the file ends or is unreadable */
    struct tl_inflate inflate;
};

/*
 * Begins where the head of the first IDAT chunk, of `chunk_bytes` bytes, has just been read. Unless
 * `strict`, a match may reach back 32 KiB whatever the header declares: some encoders declare too
 * little, and the checksum shows that the bytes are right.
 */
void tl_idat_stream_begin(struct tl_idat_stream *stream, uint32_t chunk_bytes, bool strict);

/* Inflates exactly n bytes into `bytes`. Returns false if that cannot be. */
bool tl_idat_stream_read(struct tl_idat_stream *stream, struct tl_png_input *input,
                         unsigned char *bytes, size_t n);

/*
 * Reads, after the last row, the rest of the stream and of the IDAT chunks. Returns false unless
 * the stream comes to its end with the right checksum and all CRCs are right, or if the stream has
 * more than `limit` bytes beyond the rows. Adds to *faults what is too much. The head of the next
 * chunk is then in stream->head.
 */
bool tl_idat_stream_end(struct tl_idat_stream *stream, struct tl_png_input *input, uint64_t limit,
                        unsigned *faults);

#endif
