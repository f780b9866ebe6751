/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/idat_stream.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "png/framing.h"

#include <string.h>

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

void tl_idat_stream_begin(struct tl_idat_stream *stream, uint32_t chunk_bytes)
{
    stream->used = 0;
    stream->chunk_bytes = stream->chunk_left = chunk_bytes;
    stream->crc = tl_crc32(0, "IDAT", 4);
    stream->ended = false;
    tl_inflate_begin(&stream->inflate, false);
}

/* Checks the CRC at the end of a chunk and reads the head of the next. */
static bool close_chunk(struct tl_idat_stream *stream, struct tl_png_input *input)
{
    unsigned char crc[TL_CHUNK_CRC_BYTES];

    return stream->chunk_left == 0 && copy(input, crc, sizeof crc)
           && tl_load_be32(crc) == stream->crc && copy(input, stream->head, sizeof stream->head);
}

/* Begins the chunk whose head has been read, which must be IDAT. */
static bool open_chunk(struct tl_idat_stream *stream)
{
    stream->chunk_bytes = stream->chunk_left = tl_chunk_length(stream->head);
    stream->crc = tl_chunk_crc_of_name(stream->head);
    return tl_chunk_is(stream->head, "IDAT") && stream->chunk_left <= TL_CHUNK_DATA_MAX;
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

/*
 * Gives the inflater the bytes of the chunk at hand that are ready, until the output is full. If
 * that neither uses input nor makes output, there is more image data than the picture holds.
 */
static tl_inflate_state inflate_some(struct tl_idat_stream *stream, struct tl_png_input *input,
                                     struct tl_inflate_output *out)
{
    struct tl_inflate_input in = {0};
    tl_inflate_state state;
    size_t ready, before = out->used;

    if (!next_chunk(stream, input))
        return TL_INFLATE_BAD;
    ready = tl_png_input_peek(input, &in.bytes);
    in.n = ready < stream->chunk_left ? ready : stream->chunk_left;
    if (in.n == 0)
        return TL_INFLATE_BAD;
    state = tl_inflate_run(&stream->inflate, &in, out);
    take(stream, input, in.bytes, in.used);
    return state == TL_INFLATE_MORE && in.used == 0 && out->used == before ? TL_INFLATE_BAD : state;
}

bool tl_idat_stream_read(struct tl_idat_stream *stream, struct tl_png_input *input,
                         unsigned char *bytes, size_t n)
{
    struct tl_inflate_output out = {.bytes = bytes, .n = n};

    while (out.used < n) {
        tl_inflate_state state = inflate_some(stream, input, &out);

        stream->ended = state == TL_INFLATE_END;
        if (state == TL_INFLATE_BAD || (stream->ended && out.used < n))
            return false;
    }
    return true;
}

/* Returns how many bytes of the piece at hand are still to come. */
static uint32_t piece_left(const struct tl_idat_stream *stream)
{
    uint32_t begun = (stream->chunk_bytes - stream->chunk_left) % TL_PIECE_BYTES;
    uint32_t left = begun ? TL_PIECE_BYTES - begun : 0;

    return left < stream->chunk_left ? left : stream->chunk_left;
}

uint64_t tl_idat_stream_loaded(const struct tl_idat_stream *stream)
{
    return stream->used + piece_left(stream);
}

/* Returns whether the inflater can make output without more input. If so, it cannot be used any
 * more, because a byte of output is lost. */
static bool has_output(struct tl_idat_stream *stream)
{
    unsigned char byte;
    struct tl_inflate_output out = {.bytes = &byte, .n = 1};
    struct tl_inflate_input in = {0};

    tl_inflate_run(&stream->inflate, &in, &out);
    return out.used > 0;
}

/* Gives the inflater n more bytes of the chunk at hand. They must make no output, and the stream
 * may end in them. */
static bool end_piece(struct tl_idat_stream *stream, struct tl_png_input *input, uint32_t n)
{
    struct tl_inflate_output none = {0};

    while (n > 0 && !stream->ended) {
        struct tl_inflate_input in = {0};
        tl_inflate_state state;
        size_t ready = tl_png_input_peek(input, &in.bytes);

        in.n = ready < n ? ready : n;
        if (in.n == 0)
            return false;
        state = tl_inflate_run(&stream->inflate, &in, &none);
        take(stream, input, in.bytes, in.used);
        n -= (uint32_t)in.used;
        stream->ended = state == TL_INFLATE_END;
        if (state == TL_INFLATE_BAD
            || (state == TL_INFLATE_MORE && (in.used < in.n || has_output(stream))))
            return false;
    }
    return true;
}

/* Skips the rest of the chunk at hand, which may end at `limit` bytes of image data, and reads the
 * next head. */
static bool pass_chunk(struct tl_idat_stream *stream, struct tl_png_input *input, uint64_t limit)
{
    if (stream->used > limit || stream->chunk_left > limit - stream->used)
        return false;
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
                        uint64_t *more)
{
    if (!end_piece(stream, input, piece_left(stream)))
        return false;
    if (!stream->ended) {
        if (!next_chunk(stream, input))
            return false;
        if (!end_piece(stream, input,
                       stream->chunk_left < TL_PIECE_BYTES ? stream->chunk_left : TL_PIECE_BYTES))
            return false;
    }
    if ((stream->ended && stream->chunk_left > 0) || !pass_chunk(stream, input, limit))
        return false;
    for (limit = stream->used + *more; tl_chunk_is(stream->head, "IDAT");)
        if (!open_chunk(stream) || !pass_chunk(stream, input, limit))
            return false;
    *more = limit - stream->used;
    return true;
}
