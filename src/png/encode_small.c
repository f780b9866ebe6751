/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/encode_small.h"

#include <limits.h>
#include <zlib.h>

/* zlib.h, deflateInit2: 2^(windowBits + 2) + 2^(memLevel + 9), here 128 KiB + 256 KiB, and a few
 * KiB of state. */
enum { ARENA_BYTES = (384 + 64) << 10, ALIGNMENT = 64 };

struct arena {
    size_t used;
    unsigned char *bytes;
};

static void *take(void *data, uInt count, uInt bytes)
{
    struct arena *arena = data;
    size_t wanted = ((size_t)count * bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (wanted > ARENA_BYTES - arena->used)
        return Z_NULL;
    arena->used += wanted;
    return arena->bytes + arena->used - wanted;
}

/* All is given back at once, when the band is done. */
static void give_back(void *data, void *memory) {}

size_t tl_encode_small_work_size(void)
{
    return ARENA_BYTES;
}

size_t tl_encode_small(void *work, const unsigned char *in, size_t n, unsigned char *out,
                       size_t capacity)
{
    struct arena arena = {.bytes = work};
    z_stream stream = {.zalloc = take, .zfree = give_back, .opaque = &arena};
    size_t used = 0;

    if (n > UINT_MAX || deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    stream.next_in =
        (unsigned char *)(size_t)in; /* zlib does not write to it, though it does not say so */
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)(capacity < UINT_MAX ? capacity : UINT_MAX);
    /* with room left the flush is complete (zlib.h, deflate) */
    if (deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_out > 0 && stream.avail_in == 0)
        used = (size_t)(stream.next_out - out);
    deflateEnd(&stream);
    return used;
}
