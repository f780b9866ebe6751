/* SPDX-License-Identifier: MIT */
/*
 * PNG to rows in bands, without libpng: one band after the other, by whoever has the decoder or a
 * copy of it.
 */
#include <config.h>

#include "base/status.h"
#include "png/after_idat.h"
#include "png/band_reader.h"
#include "png/decoder_private.h"
#include "png/framing.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { PALETTE = 3 }; /* colour type of indices: PNG specification, 11.2.1 */

bool tl_decoder_in_bands(const struct tl_decoder *d)
{
    return !d->header.unusual && d->header.color_type != PALETTE && d->header.bit_depth >= 8
           && d->header.passes == 1 && !d->header.transparent
           && d->scan.left_bytes >= TL_CHUNK_CRC_BYTES;
}

bool tl_decoder_find_bands(struct tl_decoder *d, uint32_t band_rows)
{
    if (!tl_decoder_in_bands(d) || !d->input.owned || !d->input.file_bytes
        || d->scan.restart_used != sizeof d->scan.restart)
        return false;
    d->bands.found = tl_band_reader_find(d->input.fd, d->input.position - TL_CHUNK_HEAD_BYTES,
                                         d->scan.restart, d->header.geometry.rows, band_rows);
    return d->bands.found != NULL;
}

const struct tl_bands *tl_decoder_bands(const struct tl_decoder *decoder)
{
    return decoder->bands.found;
}

uint32_t tl_decoder_rows_read(const struct tl_decoder *decoder)
{
    return decoder->bands.rows_read;
}

/* The last row is where image data without pixels could be long: libpng is not allowed more either
 * (read_rows). */
static bool read_last_row(struct tl_decoder *d, unsigned char *filtered)
{
    const size_t row_bytes = telar_row_bytes(&d->header.geometry);

    d->idat_limit_bytes =
        tl_idat_stream_loaded(&d->bands.stream) + 2 * row_bytes + TL_LAST_ROW_BYTES;
    return tl_idat_stream_read(&d->bands.stream, &d->input, filtered, row_bytes + 1);
}

bool tl_decoder_read_band(struct tl_decoder *decoder, unsigned char *filtered, uint32_t rows)
{
    const size_t row_bytes = telar_row_bytes(&decoder->header.geometry) + 1;

    if (!decoder->used)
        tl_idat_stream_begin(&decoder->bands.stream,
                             (uint32_t)(decoder->scan.left_bytes - TL_CHUNK_CRC_BYTES));
    decoder->used = true;
    decoder->bands.rows_read += rows;
    if (decoder->bands.rows_read < decoder->header.geometry.rows)
        return tl_idat_stream_read(&decoder->bands.stream, &decoder->input, filtered,
                                   rows * row_bytes);
    return tl_idat_stream_read(&decoder->bands.stream, &decoder->input, filtered,
                               (rows - 1) * row_bytes)
           && read_last_row(decoder, filtered + (rows - 1) * row_bytes);
}

/* What one copy of a decoder leaves to another. */
struct rest {
    uint64_t position;                       /* how much of the file was read */
    uint64_t idat_bytes;                     /* as in struct tl_after_idat */
    unsigned char head[TL_CHUNK_HEAD_BYTES]; /* the last that was read: of the chunk behind IDAT */
    unsigned char bytes[TL_PNG_INPUT_BUFFER_BYTES]; /* read already, and not yet used */
};
_Static_assert(sizeof(struct rest) == TL_REST_BYTES, "decoder.h says how large it is");

bool tl_decoder_end_image(struct tl_decoder *decoder, unsigned char bytes[TL_REST_BYTES], size_t *n)
{
    const struct tl_png_input *input = &decoder->input;
    struct rest *rest = (void *)bytes;

    rest->idat_bytes = TL_AFTER_ROWS_BYTES;
    if (!tl_idat_stream_end(&decoder->bands.stream, &decoder->input, decoder->idat_limit_bytes,
                            &rest->idat_bytes))
        return false;
    rest->position = input->position;
    memcpy(rest->head, decoder->bands.stream.head, TL_CHUNK_HEAD_BYTES);
    memcpy(rest->bytes, input->buffer + input->begin, input->end - input->begin);
    *n = offsetof(struct rest, bytes) + (input->end - input->begin);
    return true;
}

telar_status tl_decoder_read_tail(struct tl_decoder *decoder, const unsigned char *bytes, size_t n,
                                  bool *doubt, struct telar_error *error)
{
    const struct rest *rest = (const void *)bytes;
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    struct tl_after_idat from = {.idat_bytes = TL_AFTER_ROWS_BYTES};

    decoder->scan.head_bytes = 0; /* the scan goes on behind IDAT, whose data it has not seen */
    decoder->scan.left_bytes = 0;
    if (decoder->bands.found) {
        tl_png_input_resume(&decoder->input, decoder->bands.found->tail_offset, NULL, 0);
    } else if (n >= offsetof(struct rest, bytes) && n <= sizeof *rest) {
        /* What is in the segment may change while it is looked at, and may be anything. */
        const uint64_t position = __atomic_load_n(&rest->position, __ATOMIC_RELAXED);
        const uint64_t idat_bytes = __atomic_load_n(&rest->idat_bytes, __ATOMIC_RELAXED);

        memcpy(head, rest->head, TL_CHUNK_HEAD_BYTES);
        from = (struct tl_after_idat){head, idat_bytes < TL_AFTER_ROWS_BYTES ? idat_bytes
                                                                             : TL_AFTER_ROWS_BYTES};
        tl_png_input_resume(&decoder->input, position < INT64_MAX / 2 ? position : INT64_MAX / 2,
                            rest->bytes, n - offsetof(struct rest, bytes));
    } else {
        *doubt = true;
        return tl_fail(error, TELAR_INPUT, 0, "%s: the end of its image data was lost; try again",
                       decoder->input.name);
    }
    if (tl_after_idat_read(&decoder->input, &decoder->scan, &from, doubt, &decoder->failure)
        == TELAR_OK)
        return TELAR_OK;
    return tl_decoder_hand_out(decoder, error);
}
