#include <config.h>

#include "stream.h"

#include "checksum.h"

#include <string.h>

enum { HEAD_BYTES = 8, CRC_BYTES = 4 };

static uint32_t get_32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Copies exactly n bytes of the file. */
static bool copy(struct tl_input *input, unsigned char *to, size_t n)
{
    const unsigned char *bytes;

    while (n > 0) {
        size_t ready = tl_input_peek(input, &bytes);

        if (ready == 0)
            return false;
        ready = ready < n ? ready : n;
        memcpy(to, bytes, ready);
        tl_input_skip(input, ready);
        to += ready;
        n -= ready;
    }
    return true;
}

void tl_stream_begin(struct tl_stream *stream, uint32_t chunk_bytes)
{
    stream->used = 0;
    stream->chunk_left = chunk_bytes;
    stream->crc = tl_crc32(0, "IDAT", 4);
    stream->ended = false;
    tl_inflate_begin(&stream->inflate, false);
}

/* At the end of a chunk's data: whether its CRC is right. Reads the head of the next. */
static bool close_chunk(struct tl_stream *stream, struct tl_input *input)
{
    unsigned char crc[CRC_BYTES];

    return stream->chunk_left == 0 && copy(input, crc, sizeof crc) && get_32(crc) == stream->crc
           && copy(input, stream->head, HEAD_BYTES);
}

/* Goes on to the next chunk with data, which must be IDAT. */
static bool next_chunk(struct tl_stream *stream, struct tl_input *input)
{
    while (stream->chunk_left == 0) {
        if (!close_chunk(stream, input) || memcmp(stream->head + 4, "IDAT", 4) != 0)
            return false;
        stream->chunk_left = get_32(stream->head);
        if (stream->chunk_left > 0x7fffffff) /* PNG specification, 5.3 */
            return false;
        stream->crc = tl_crc32(0, "IDAT", 4);
    }
    return true;
}

/*
 * Gives the inflater what is ready of the chunk at hand, as far as the output allows. It must get on by that: where it
 * does not, there is more image data than the picture has room for.
 */
static tl_inflate_state inflate_some(struct tl_stream *stream, struct tl_input *input,
                                     struct tl_output_bytes *out)
{
    struct tl_input_bytes in = {0};
    tl_inflate_state state;
    size_t ready, before = out->used;

    if (!next_chunk(stream, input))
        return TL_INFLATE_BAD;
    ready = tl_input_peek(input, &in.bytes);
    in.n = ready < stream->chunk_left ? ready : stream->chunk_left;
    if (in.n == 0)
        return TL_INFLATE_BAD;
    state = tl_inflate_run(&stream->inflate, &in, out);
    stream->crc = tl_crc32(stream->crc, in.bytes, in.used);
    stream->chunk_left -= (uint32_t)in.used;
    stream->used += in.used;
    tl_input_skip(input, in.used);
    return state == TL_INFLATE_MORE && in.used == 0 && out->used == before ? TL_INFLATE_BAD : state;
}

bool tl_stream_read(struct tl_stream *stream, struct tl_input *input, unsigned char *bytes, size_t n)
{
    struct tl_output_bytes out = {.bytes = bytes, .n = n};

    while (out.used < n) {
        tl_inflate_state state = inflate_some(stream, input, &out);

        stream->ended = state == TL_INFLATE_END;
        if (state == TL_INFLATE_BAD || (stream->ended && out.used < n))
            return false;
    }
    return true;
}

bool tl_stream_end(struct tl_stream *stream, struct tl_input *input)
{
    const uint64_t limit = stream->used + TL_IDAT_TAIL_BYTES;
    struct tl_output_bytes none = {0};
    tl_inflate_state state = stream->ended ? TL_INFLATE_END : TL_INFLATE_MORE;

    while (state == TL_INFLATE_MORE && stream->used <= limit)
        state = inflate_some(stream, input, &none);
    return state == TL_INFLATE_END && stream->used <= limit && close_chunk(stream, input);
}

bool tl_stream_tail(struct tl_stream *stream, struct tl_input *input, unsigned char *bytes, size_t capacity,
                    size_t *n)
{
    const unsigned char *head = stream->head;
    size_t left = capacity, rest;

    if (left < HEAD_BYTES)
        return false;
    memcpy(bytes, head, HEAD_BYTES);
    left -= HEAD_BYTES;
    for (;;) {
        bool last = memcmp(head + 4, "IEND", 4) == 0;

        rest = (size_t)get_32(head) + CRC_BYTES + (last ? 0 : HEAD_BYTES);
        if (rest > left || !copy(input, bytes + capacity - left, rest))
            return false;
        left -= rest;
        if (last)
            break;
        head = bytes + capacity - left - HEAD_BYTES;
    }
    *n = capacity - left;
    return true;
}
