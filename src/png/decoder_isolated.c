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
    const uint64_t left = d->scan.limit_bytes - d->scan.kept.used;

    d->libpng.memory = memory;
    d->libpng.memory_left = tl_decoder_memory_bytes(d);
    d->scan.kept = (struct tl_chunks){found->chunks, 0, room, 0};
    d->scan.limit_bytes = left < room ? left : room;
    tl_decoder_read_rows(d, data, stride_bytes);
    found->error = d->failure;
    found->tail_bytes = d->scan.kept.used;
    found->faults = d->scan.faults;
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

/* Takes the chunks over that stood behind the image data. */
static telar_status take_chunks(struct tl_decoder *d, const unsigned char *bytes, size_t n,
                                struct telar_error *error)
{
    for (size_t at = 0, whole; at < n; at += whole)
        if (!(whole = tl_chunk_whole(bytes + at, n - at)) || !tl_chunk_has_letters(bytes + at)
            || !tl_chunk_is_ancillary(bytes + at))
            return tl_fail(error, TELAR_INPUT, 0,
                           "%s: has damaged or misplaced chunks behind its image data",
                           d->input.name);
    tl_chunk_scan_pass_image(&d->scan);
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
    if (found->tail_bytes > room || !is_list_of_names(found->dropped)
        || !tl_faults_valid(&found->faults))
        return tl_fail(error, TELAR_WORKER, 0,
                       "%s: the process that decoded it said what makes no sense", d->input.name);
    status = take_chunks(d, found->chunks, found->tail_bytes, error);
    d->scan.faults = found->faults;
    memcpy(d->scan.dropped, found->dropped, sizeof d->scan.dropped);
    return status;
}
