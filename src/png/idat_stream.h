/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the image data of a PNG file as it goes by: chunks IDAT, one after the other,
 * inflated. Layer: codec; over input, inflate and checksum.
 *
 * It knows only success: whatever is not exactly as it should be ends it with false, and then the
 * reference decoder has to judge the file from its beginning. So there is one place that says what
 * is wrong with a file, and it is libpng. Async-signal-safe: a worker process goes on with what the
 * coordinator has begun.
 */
#ifndef TL_STREAM_H
#define TL_STREAM_H

#include "flate/inflate.h"
#include "png/png_input.h"

/* What libpng takes of a chunk at once: pieces, counted from where the chunk's data begin. */
enum { TL_PIECE_BYTES = 65536 };

struct tl_idat_stream {
    uint64_t used;         /* bytes of image data, of all chunks */
    uint32_t chunk_bytes;  /* of data, in the chunk at hand */
    uint32_t chunk_left;   /* those of them still to come */
    uint32_t crc;          /* of what came of it */
    bool ended;            /* the compressed data has come to its end */
    unsigned char head[8]; /* of the chunk behind the last IDAT, once the stream has ended */
    struct tl_inflate inflate;
};

/* Begins where the head of the first IDAT chunk, of `chunk_bytes` bytes, has just been read. */
void tl_idat_stream_begin(struct tl_idat_stream *stream, uint32_t chunk_bytes);

/* Inflates exactly n bytes. */
bool tl_idat_stream_read(struct tl_idat_stream *stream, struct tl_png_input *input,
                         unsigned char *bytes, size_t n);

/* How much image data there is up to the end of the piece at hand. */
uint64_t tl_idat_stream_loaded(const struct tl_idat_stream *stream);

/*
 * After the last row: whether stream and IDAT end here as libpng wants it. That looks at the rest
 * of the piece at hand and, if the stream has not come to its end, at one piece more: it must end
 * there, or go on without pixels. What follows in chunks IDAT, of a checksum for example, is not
 * looked at, but there may only be so much of it: all of the chunk at hand up to `limit` bytes of
 * image data, and further chunks up to *more bytes, from which they are taken. The head of the next
 * chunk is stream->head then.
 */
bool tl_idat_stream_end(struct tl_idat_stream *stream, struct tl_png_input *input, uint64_t limit,
                        uint64_t *more);

#endif
