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

bool tl_decoder_in_bands(const struct tl_decoder *d)
{
    return d->header.color_type != TL_COLOR_PALETTE && d->header.bit_depth >= 8
           && d->header.passes == 1 && !d->header.transparent;
}

bool tl_decoder_find_bands(struct tl_decoder *d, uint32_t band_rows)
{
    if (!tl_decoder_in_bands(d) || !d->input.owned || !d->input.file_bytes
        || d->scan.telr_bytes != sizeof d->scan.telr)
        return false;
    d->bands.found = tl_band_reader_find(d->input.fd, d->input.position - TL_CHUNK_HEAD_BYTES,
                                         d->scan.telr, d->header.geometry.rows, band_rows);
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

bool tl_decoder_read_band(struct tl_decoder *decoder, unsigned char *filtered, uint32_t rows)
{
    if (!decoder->used)
        tl_decoder_begin_stream(decoder);
    decoder->bands.rows_read += rows;
    return tl_idat_stream_read(&decoder->bands.stream, &decoder->input, filtered,
                               rows * (telar_row_bytes(&decoder->header.geometry) + 1));
}

/* What one copy of a decoder leaves to another. */
struct rest {
    uint64_t position;                       /* how much of the file was read */
    uint64_t faults;                         /* of the image data: bits TL_IDAT_* */
    unsigned char head[TL_CHUNK_HEAD_BYTES]; /* the last that was read: of the chunk behind IDAT */
    unsigned char bytes[TL_PNG_INPUT_BUFFER_BYTES]; /* read already, and not yet used */
};
_Static_assert(sizeof(struct rest) == TL_REST_BYTES, "decoder.h says how large it is");

bool tl_decoder_end_image(struct tl_decoder *decoder, unsigned char bytes[TL_REST_BYTES], size_t *n)
{
    const struct tl_png_input *input = &decoder->input;
    struct rest *rest = (void *)bytes;
    unsigned faults = 0;

    if (!tl_idat_stream_end(&decoder->bands.stream, &decoder->input,
                            tl_decoder_beyond_limit(decoder), &faults))
        return false;
    rest->faults = faults;
    rest->position = input->position;
    memcpy(rest->head, decoder->bands.stream.head, TL_CHUNK_HEAD_BYTES);
    memcpy(rest->bytes, input->buffer + input->begin, input->end - input->begin);
    *n = offsetof(struct rest, bytes) + (input->end - input->begin);
    return true;
}

/* Continues behind the place where another copy of the decoder ended. A worker may change `rest`
 * during this call, to any bytes. */
static telar_status resume(struct tl_decoder *d, const struct rest *rest, size_t n,
                           unsigned char head[TL_CHUNK_HEAD_BYTES])
{
    const uint64_t position = __atomic_load_n(&rest->position, __ATOMIC_RELAXED);

    memcpy(head, rest->head, TL_CHUNK_HEAD_BYTES);
    tl_png_input_resume(&d->input, position < INT64_MAX / 2 ? position : INT64_MAX / 2, rest->bytes,
                        n - offsetof(struct rest, bytes));
    return tl_clean_note_faults(d, (unsigned)__atomic_load_n(&rest->faults, __ATOMIC_RELAXED));
}

telar_status tl_decoder_read_tail(struct tl_decoder *decoder, const unsigned char *bytes, size_t n,
                                  bool *doubt, struct telar_error *error)
{
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    telar_status status = TELAR_OK;

    tl_chunk_scan_pass_image(&decoder->scan);
    if (decoder->bands.found) {
        tl_png_input_resume(&decoder->input, decoder->bands.found->tail_offset, NULL, 0);
    } else if (n >= offsetof(struct rest, bytes) && n <= sizeof(struct rest)) {
        status = resume(decoder, (const void *)bytes, n, head);
    } else {
        *doubt = true;
        return tl_fail(error, TELAR_INPUT, 0, "%s: the end of its image data was lost; try again",
                       decoder->input.name);
    }
    if (status == TELAR_OK)
        status = tl_after_idat_read(&decoder->input, &decoder->scan,
                                    decoder->bands.found ? NULL : head, &decoder->failure);
    return status == TELAR_OK ? TELAR_OK : tl_decoder_hand_out(decoder, error);
}
