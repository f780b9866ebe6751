/* SPDX-License-Identifier: MIT */
/*
 * idat_stream.h - inflates the image data of a PNG file, one IDAT chunk after the other. Layer:
 * png; over png_input, framing and flate.
 *
 * A stream knows only success. If anything is not exactly as it should be, its functions return
 * false, and libpng has to judge the file from its beginning. So only libpng says what is wrong
 * with a file. All functions are async-signal-safe: a worker process goes on where the coordinator
 * ended.
 */
#ifndef TL_IDAT_STREAM_H
#define TL_IDAT_STREAM_H

#include "flate/inflate.h"
#include "png/png_input.h"

/* libpng takes the data of a chunk in pieces of this size, counted from their beginning. */
enum { TL_PIECE_BYTES = 65536 };

/* The state of a stream, between two calls. Written by the functions below. */
struct tl_idat_stream {
    uint64_t used;         /* bytes of image data, of all chunks */
    uint32_t chunk_bytes;  /* of data, in the chunk at hand */
    uint32_t chunk_left;   /* how many of them are still to come */
    uint32_t crc;          /* of the name and the data that has come */
    bool ended;            /* the compressed data has come to its end */
    unsigned char head[8]; /* of the chunk behind the last IDAT, once the stream has ended */
    struct tl_inflate inflate;
};

/* Begins where the head of the first IDAT chunk, of `chunk_bytes` bytes, has just been read. */
void tl_idat_stream_begin(struct tl_idat_stream *stream, uint32_t chunk_bytes);

/* Inflates exactly n bytes into `bytes`. Returns false if that cannot be. */
bool tl_idat_stream_read(struct tl_idat_stream *stream, struct tl_png_input *input,
                         unsigned char *bytes, size_t n);

/* Returns the bytes of image data up to the end of the piece at hand. */
uint64_t tl_idat_stream_loaded(const struct tl_idat_stream *stream);

/*
 * Checks, after the last row, that the stream ends as libpng wants it. Inflates the rest of the
 * piece at hand and, if the stream has not ended, one more piece: the stream must end there, or
 * give no more pixels. Further image data, a checksum for example, is skipped, but its amount is
 * limited: the chunk at hand may end at `limit` bytes of image data, and further IDAT chunks may
 * have *more bytes together. Subtracts those from *more. The head of the next chunk is then in
 * stream->head.
 */
bool tl_idat_stream_end(struct tl_idat_stream *stream, struct tl_png_input *input, uint64_t limit,
                        uint64_t *more);

#endif
