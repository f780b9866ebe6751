/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/decoder.h"

#include "base/status.h"
#include "png/band_reader.h"
#include "png/decoder_private.h"
#include "png/framing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PALETTE = 1, COLOR = 2, ALPHA = 4 }; /* bits of a colour type: PNG specification, 11.2.1 */

telar_status tl_decoder_new(const char *path, const struct telar_limits *limits,
                            struct tl_decoder **decoder, struct telar_error *error)
{
    struct tl_decoder *d = calloc(1, sizeof *d);

    *decoder = NULL;
    if (!d)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory to decode a file");
    tl_error_clear(&d->failure);
    if (limits)
        d->limits = *limits;
    if (d->limits.max_pixels == 0)
        d->limits.max_pixels = TELAR_MAX_PIXELS;
    if (d->limits.max_chunks_bytes == 0)
        d->limits.max_chunks_bytes = TELAR_MAX_CHUNKS_BYTES;
    d->header.passes = 1;
    d->scan.name = d->input.name;
    d->scan.limit_bytes = d->limits.max_chunks_bytes;
    d->scan.strict = d->limits.strict;
    if (tl_png_input_open(&d->input, path, error) != TELAR_OK) {
        telar_status status = error ? error->status : TELAR_INPUT;

        tl_decoder_close(d);
        return status;
    }
    *decoder = d;
    return TELAR_OK;
}

telar_status tl_decoder_check_size(struct tl_decoder *d, uint64_t rows, uint64_t columns)
{
    if (rows * columns <= d->limits.max_pixels)
        return TELAR_OK;
    return tl_fail(&d->failure, TELAR_INPUT, 0,
                   "%s: %" PRIu64 " x %" PRIu64 " (rows x columns) is over the limit of %" PRIu64
                   " pixels; if the file is what you expect, raise the limit (--max-pixels)",
                   d->input.name, rows, columns, d->limits.max_pixels);
}

telar_status tl_decoder_set_geometry(struct tl_decoder *d, uint32_t rows, uint32_t columns)
{
    d->header.geometry = (struct telar_geometry){
        .rows = rows,
        .columns = columns,
        .channels = (d->header.color_type & COLOR ? 3 : 1)
                    + (d->header.color_type & ALPHA || d->header.transparent ? 1 : 0),
        .depth = d->header.bit_depth == 16 ? 16 : 8,
    };
    if (telar_geometry_valid(&d->header.geometry))
        return TELAR_OK;
    return tl_fail(&d->failure, TELAR_INPUT, 0,
                   "%s: a row of %" PRIu32 " pixels is more than telar can hold (2 GiB)",
                   d->input.name, d->header.geometry.columns);
}

/* Returns the least number of bytes that the image data can have in the file. */
static uint64_t least_data_bytes(const struct tl_header *header)
{
    enum { RATIO = 1032 }; /* deflate: 258 bytes from the two bits of a length and a distance */
    const uint8_t type = header->color_type;
    const uint64_t samples = (type & COLOR && !(type & PALETTE) ? 3 : 1) + (type & ALPHA ? 1 : 0);
    const uint64_t bits = samples * header->bit_depth * header->geometry.columns;

    return ((1 + (bits + 7) / 8) * header->geometry.rows + RATIO - 1) / RATIO;
}

telar_status tl_decoder_check_length(struct tl_decoder *d)
{
    const uint64_t least = least_data_bytes(&d->header);
    bool follow = false;
    telar_status status = tl_png_input_look_ahead(&d->input, least, &follow, &d->failure);

    if (status != TELAR_OK || follow)
        return status;
    return tl_fail(&d->failure, TELAR_INPUT, 0,
                   "%s: is truncated: %" PRIu32 " x %" PRIu32
                   " (rows x columns) need at least %" PRIu64
                   " bytes of image data, and the file ends before; get a complete copy",
                   d->input.name, d->header.geometry.rows, d->header.geometry.columns, least);
}

telar_status tl_decoder_hand_out(const struct tl_decoder *decoder, struct telar_error *error)
{
    if (error && error->status == TELAR_OK)
        *error = decoder->failure;
    return decoder->failure.status;
}

void tl_decoder_begin_stream(struct tl_decoder *d)
{
    d->used = true;
    tl_idat_stream_begin(&d->bands.stream, (uint32_t)(d->scan.left_bytes - TL_CHUNK_CRC_BYTES),
                         d->limits.strict);
}

uint64_t tl_decoder_beyond_limit(const struct tl_decoder *d)
{
    enum { PIXEL_BYTES_MAX = 8 };

    return d->limits.max_pixels < UINT64_MAX / PIXEL_BYTES_MAX
               ? d->limits.max_pixels * PIXEL_BYTES_MAX
               : UINT64_MAX;
}

/* ---- what is known of the file ---- */

const struct telar_geometry *tl_decoder_geometry(const struct tl_decoder *decoder)
{
    return &decoder->header.geometry;
}

bool tl_decoder_can_reopen(const struct tl_decoder *decoder)
{
    return decoder->input.owned && decoder->input.file_bytes > 0;
}

bool tl_decoder_can_reread(const struct tl_decoder *decoder)
{
    return decoder->input.next >= 0;
}

uint64_t tl_decoder_file_bytes(const struct tl_decoder *decoder)
{
    return decoder->input.file_bytes;
}

int tl_decoder_descriptor(const struct tl_decoder *decoder)
{
    return decoder->input.fd;
}

void tl_decoder_move(struct tl_decoder *decoder, int descriptor)
{
    decoder->input.fd = descriptor;
}

int tl_decoder_errnum(const struct tl_decoder *decoder)
{
    return decoder->input.errnum;
}

void tl_decoder_info(const struct tl_decoder *decoder, struct telar_info *info)
{
    *info = (struct telar_info){
        .image = decoder->header.geometry,
        .color_type = decoder->header.color_type,
        .bit_depth = decoder->header.bit_depth,
        .interlaced = decoder->header.passes > 1,
        .restart_rows = decoder->bands.found ? decoder->bands.found->part_rows : 0,
        .file_bytes = decoder->input.file_bytes,
    };
    memcpy(info->chunks, decoder->scan.names, sizeof info->chunks);
    memcpy(info->dropped, decoder->scan.dropped, sizeof info->dropped);
}

void tl_decoder_warnings(const struct tl_decoder *decoder, struct telar_warnings *warnings)
{
    tl_faults_tell(&decoder->scan.faults, warnings);
}

const struct tl_chunks *tl_decoder_chunks(const struct tl_decoder *decoder)
{
    return &decoder->scan.kept;
}

void tl_decoder_close(struct tl_decoder *decoder)
{
    if (!decoder)
        return;
    tl_decoder_close_libpng(decoder);
    free(decoder->bands.found);
    tl_chunk_scan_end(&decoder->scan);
    tl_png_input_close(&decoder->input);
    free(decoder);
}
