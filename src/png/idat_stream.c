/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/idat_stream.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "png/framing.h"

#include <string.h>

enum { BEYOND_BYTES = 4096, ZLIB_HEAD_BYTES = 2 };

static bool doubt(struct tl_idat_stream *stream, const char *why)
{
    stream->why = why;
    return false;
}

/* Copies exactly n bytes of the file. */
static bool copy(struct tl_png_input *input, unsigned char *to, size_t n)
{
    const unsigned char *bytes;

    while (n > 0) {
        size_t ready = tl_png_input_peek(input, &bytes);

        if (ready == 0)
            return false;
        ready = ready < n ? ready : n;
        memcpy(to, bytes, ready);
        tl_png_input_skip(input, ready);
        to += ready;
        n -= ready;
    }
    return true;
}

void tl_idat_stream_begin(struct tl_idat_stream *stream, uint32_t chunk_bytes, bool strict)
{
    stream->strict = strict;
    stream->used = 0;
    stream->chunk_left = chunk_bytes;
    stream->crc = tl_crc32(0, "IDAT", 4);
    stream->ended = false;
    stream->why = NULL;
    tl_inflate_begin(&stream->inflate, false);
}

/* Checks the CRC at the end of a chunk and reads the head of the next. */
static bool close_chunk(struct tl_idat_stream *stream, struct tl_png_input *input)
{
    unsigned char crc[TL_CHUNK_CRC_BYTES];

    if (!copy(input, crc, sizeof crc))
        return false;
    if (tl_load_be32(crc) != stream->crc)
        return doubt(stream, "IDAT: CRC error");
    return copy(input, stream->head, sizeof stream->head);
}

/* Begins the chunk whose head has been read, if it is IDAT. */
static bool open_chunk(struct tl_idat_stream *stream)
{
    stream->chunk_left = tl_chunk_length(stream->head);
    stream->crc = tl_chunk_crc_of_name(stream->head);
    if (!tl_chunk_is(stream->head, "IDAT"))
        return doubt(stream, "Not enough image data");
    return stream->chunk_left <= TL_CHUNK_DATA_MAX
           || doubt(stream, "IDAT: its length is impossible");
}

/* Goes on to the next chunk with data. */
static bool next_chunk(struct tl_idat_stream *stream, struct tl_png_input *input)
{
    while (stream->chunk_left == 0)
        if (!close_chunk(stream, input) || !open_chunk(stream))
            return false;
    return true;
}

/* Takes n bytes of the chunk at hand. */
static void take(struct tl_idat_stream *stream, struct tl_png_input *input,
                 const unsigned char *bytes, size_t n)
{
    stream->crc = tl_crc32(stream->crc, bytes, n);
    stream->chunk_left -= (uint32_t)n;
    stream->used += n;
    tl_png_input_skip(input, n);
}

/* Inflates `in`. The header, which declares the window, is inflated alone. */
static tl_inflate_state run(struct tl_idat_stream *stream, struct tl_inflate_input *in,
                            struct tl_inflate_output *out)
{
    const uint64_t head_left = stream->used < ZLIB_HEAD_BYTES ? ZLIB_HEAD_BYTES - stream->used : 0;
    tl_inflate_state state;

    if (head_left > 0 && in->n > head_left)
        in->n = (size_t)head_left;
    state = tl_inflate_run(&stream->inflate, in, out);
    if (head_left > 0 && !stream->strict)
        stream->inflate.window = TL_INFLATE_WINDOW;
    return state;
}

/*
 * Gives the inflater the bytes of the chunk at hand that are ready, until the output is full or the
 * stream has ended. Returns false when the stream is no good.
 */
static bool inflate_some(struct tl_idat_stream *stream, struct tl_png_input *input,
                         struct tl_inflate_output *out)
{
    struct tl_inflate_input in = {0};
    tl_inflate_state state;
    size_t ready;

    if (!next_chunk(stream, input))
        return false;
    ready = tl_png_input_peek(input, &in.bytes);
    in.n = ready < stream->chunk_left ? ready : stream->chunk_left;
    if (in.n == 0)
        return false;
    state = run(stream, &in, out);
    take(stream, input, in.bytes, in.used);
    stream->ended = state == TL_INFLATE_END;
    return state != TL_INFLATE_BAD
           || doubt(stream, "IDAT: its compressed data or checksum is wrong");
}

bool tl_idat_stream_read(struct tl_idat_stream *stream, struct tl_png_input *input,
                         unsigned char *bytes, size_t n)
{
    struct tl_inflate_output out = {.bytes = bytes, .n = n};

    while (out.used < n) {
        if (stream->ended)
            return doubt(stream, "Not enough image data");
        if (!inflate_some(stream, input, &out))
            return false;
    }
    return true;
}

/* Inflates the rest of the stream, to which the checksum belongs, and counts the bytes. */
static bool inflate_beyond(struct tl_idat_stream *stream, struct tl_png_input *input,
                           uint64_t limit, uint64_t *n)
{
    unsigned char bytes[BEYOND_BYTES];

    for (*n = 0; !stream->ended;) {
        struct tl_inflate_output out = {.bytes = bytes, .n = sizeof bytes};

        while (!stream->ended && out.used < out.n)
            if (!inflate_some(stream, input, &out))
                return false;
        *n += out.used;
        if (*n > limit)
            return doubt(stream, "Too much image data: more than the limit of pixels (max_pixels)");
    }
    return true;
}

/* Skips the rest of the chunk at hand and reads the next head. */
static bool pass_chunk(struct tl_idat_stream *stream, struct tl_png_input *input)
{
    while (stream->chunk_left > 0) {
        const unsigned char *bytes;
        size_t ready = tl_png_input_peek(input, &bytes);

        if (ready == 0)
            return false;
        take(stream, input, bytes, ready < stream->chunk_left ? ready : stream->chunk_left);
    }
    return close_chunk(stream, input);
}

bool tl_idat_stream_end(struct tl_idat_stream *stream, struct tl_png_input *input, uint64_t limit,
                        unsigned *faults)
{
    uint64_t beyond, end;

    if (!inflate_beyond(stream, input, limit, &beyond))
        return false;
    end = stream->used;
    if (!pass_chunk(stream, input))
        return false;
    while (tl_chunk_is(stream->head, "IDAT"))
        if (!open_chunk(stream) || !pass_chunk(stream, input))
            return false;
    *faults |= beyond > 0 ? TL_IDAT_MORE_ROWS : 0;
    *faults |= stream->used > end ? TL_IDAT_MORE_DATA : 0;
    return true;
}
