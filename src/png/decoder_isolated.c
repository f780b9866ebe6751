/* SPDX-License-Identifier: MIT */
/*
 * Decoding by libpng in a sandboxed process, and what the coordinator believes of the result.
 */
#include <config.h>

#include "base/status.h"
#include "png/decoder_private.h"
#include "png/framing.h"

#include <string.h>

/*
 * libpng's own structures and zlib's; a row of pixels and the one above it, which libpng has at up
 * to 8 bytes a pixel.
 */
size_t tl_decoder_memory_bytes(const struct tl_decoder *d)
{
    return (1u << 20) + 32 * (size_t)d->header.geometry.columns;
}

/* Kept chunks go straight to where the coordinator reads them; the limit on them comes before there
 * is no room. */
void tl_decoder_read_inside(struct tl_decoder *d, void *memory, unsigned char *data,
                            size_t stride_bytes, struct tl_found *found, size_t found_bytes)
{
    const size_t room = found_bytes - sizeof *found;
    const struct tl_chunks none = {found->chunks, 0, room, 0};

    d->libpng.memory = memory;
    d->libpng.memory_left = tl_decoder_memory_bytes(d);
    d->scan = (struct tl_chunk_scan){.name = d->input.name, .kept = none};
    d->scan.limit_bytes = d->limits.max_chunks_bytes < room ? d->limits.max_chunks_bytes : room;
    tl_decoder_read_anew(d, data, stride_bytes);
    found->error = d->failure;
    found->tail_offset = d->scan.kept.before_idat;
    found->tail_bytes = d->scan.kept.used - d->scan.kept.before_idat;
    memcpy(found->dropped, d->scan.dropped, sizeof found->dropped);
}

static bool is_list_of_names(const char text[TELAR_CHUNK_NAMES_BYTES])
{
    size_t i = 0;

    while (i < TELAR_CHUNK_NAMES_BYTES
           && (text[i] == ' ' || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z')))
        i++;
    return i < TELAR_CHUNK_NAMES_BYTES && text[i] == '\0';
}

/* Takes the chunks over that libpng has found behind the image data. */
static telar_status take_chunks(struct tl_decoder *d, const unsigned char *bytes, size_t n,
                                struct telar_error *error)
{
    for (size_t at = 0, whole; at < n; at += whole)
        if (!(whole = tl_chunk_whole(bytes + at, n - at)) || !tl_chunk_has_letters(bytes + at)
            || !tl_chunk_is_ancillary(bytes + at))
            return tl_fail(error, TELAR_INPUT, 0,
                           "%s: has damaged or misplaced chunks behind its image data",
                           d->input.name);
    d->scan.head_bytes = 0; /* the scan goes on behind IDAT, whose data it has not seen */
    d->scan.left_bytes = 0;
    return tl_chunk_scan_bytes(&d->scan, bytes, n, error);
}

telar_status tl_decoder_take_found(struct tl_decoder *d, const struct tl_found *found,
                                   size_t found_bytes, struct telar_error *error)
{
    const size_t room = found_bytes - sizeof *found;
    telar_status status;

    if (found->error.status != TELAR_OK)
        return tl_fail(error, found->error.status == TELAR_HOST ? TELAR_HOST : TELAR_INPUT, 0,
                       "%.*s", (int)sizeof found->error.text - 1, found->error.text);
    if (found->tail_offset > room || found->tail_bytes > room - found->tail_offset
        || !is_list_of_names(found->dropped))
        return tl_fail(error, TELAR_WORKER, 0,
                       "%s: the process that decoded it said what makes no sense", d->input.name);
    status = take_chunks(d, found->chunks + found->tail_offset, found->tail_bytes, error);
    memcpy(d->scan.dropped, found->dropped, sizeof d->scan.dropped);
    return status;
}
