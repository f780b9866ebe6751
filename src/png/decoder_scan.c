/* SPDX-License-Identifier: MIT */
/*
 * The chunks before the image data, without libpng: the scan judges them, and the header says what
 * the picture will be.
 */
#include <config.h>

#include "png/decoder_private.h"

#include "base/bytes.h"
#include "png/framing.h"

/* Takes n bytes and shows them to the scan. */
static telar_status pass(struct tl_decoder *d, uint64_t n)
{
    unsigned char bytes[4096];
    telar_status status = TELAR_OK;

    while (status == TELAR_OK && n > 0) {
        const size_t part = n < sizeof bytes ? (size_t)n : sizeof bytes;

        status = tl_png_input_read(&d->input, bytes, part, &d->failure);
        if (status == TELAR_OK)
            status = tl_chunk_scan_bytes(&d->scan, bytes, part, &d->failure);
        n -= part;
    }
    return status;
}

/* Reads the first chunk, which is IHDR, and checks the size before anything else is read. */
static telar_status read_header(struct tl_decoder *d)
{
    const unsigned char *ihdr = d->scan.picture.ihdr;
    telar_status status = pass(d, TL_CHUNK_HEAD_BYTES);

    if (status == TELAR_OK)
        status = pass(d, d->scan.left_bytes);
    if (status != TELAR_OK)
        return status;
    d->header.bit_depth = ihdr[8];
    d->header.color_type = ihdr[9];
    d->header.passes = ihdr[12] ? 7 : 1;
    return tl_decoder_check_size(d, tl_load_be32(ihdr + 4), tl_load_be32(ihdr));
}

/* Reads up to the head of the first IDAT. */
static telar_status read_chunks(struct tl_decoder *d)
{
    const unsigned char *ihdr = d->scan.picture.ihdr;
    telar_status status = read_header(d);

    while (status == TELAR_OK) {
        status = pass(d, TL_CHUNK_HEAD_BYTES);
        if (d->scan.picture.idat_seen)
            break;
        if (status == TELAR_OK)
            status = pass(d, d->scan.left_bytes);
    }
    if (status != TELAR_OK)
        return status;
    d->header.transparent = d->scan.picture.trns_bytes > 0;
    status = tl_decoder_set_geometry(d, tl_load_be32(ihdr + 4), tl_load_be32(ihdr));
    return status == TELAR_OK ? tl_decoder_check_length(d) : status;
}

telar_status tl_decoder_open(const char *path, const struct telar_limits *limits,
                             struct tl_decoder **decoder, struct telar_error *error)
{
    telar_status status = tl_decoder_new(path, limits, decoder, error);

    if (status != TELAR_OK || read_chunks(*decoder) == TELAR_OK)
        return status;
    status = tl_decoder_hand_out(*decoder, error);
    tl_decoder_close(*decoder);
    *decoder = NULL;
    return status;
}
