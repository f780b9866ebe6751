/*
 * stream.h - the image data of a PNG file as it goes by: chunks IDAT, one after the other, inflated. Layer:
 * codec; over input, inflate and checksum.
 *
 * It knows only success: whatever is not exactly as it should be ends it with false, and then the reference
 * decoder has to judge the file from its beginning. So there is one place that says what is wrong with a
 * file, and it is libpng. Async-signal-safe: a worker process goes on with what the coordinator has begun.
 */
#ifndef TL_STREAM_H
#define TL_STREAM_H

#include "inflate.h"
#include "input.h"

/*
 * How much image data may lie, beside its pixels, in and behind the last row, and how much behind it. Less than libpng
 * is allowed to read there (codec_png_read.c), so that nothing is taken here which is too much for it.
 */
enum { TL_LAST_ROW_BYTES = 960, TL_IDAT_TAIL_BYTES = 60 };

struct tl_stream {
    uint64_t used;         /* bytes of image data, of all chunks */
    uint32_t chunk_left;   /* bytes of data of the chunk at hand still to come */
    uint32_t crc;          /* of what came of it */
    bool ended;            /* the compressed data has come to its end */
    unsigned char head[8]; /* of the chunk behind the last IDAT, once the stream has ended */
    struct tl_inflate inflate;
};

/* Begins where the head of the first IDAT chunk, of `chunk_bytes` bytes, has just been read. */
void tl_stream_begin(struct tl_stream *stream, uint32_t chunk_bytes);

/* Inflates exactly n bytes. */
bool tl_stream_read(struct tl_stream *stream, struct tl_input *input, unsigned char *bytes, size_t n);

/* After the last row: whether stream and IDAT end here too, with the right checksums. Reads the next chunk's head. */
bool tl_stream_end(struct tl_stream *stream, struct tl_input *input);

/*
 * After that: copies what follows, from the head of the next chunk to the CRC of IEND, and says how many
 * bytes that is in *n. False: the file ends before, or it is more than `capacity`.
 */
bool tl_stream_tail(struct tl_stream *stream, struct tl_input *input, unsigned char *bytes, size_t capacity,
                    size_t *n);

#endif
