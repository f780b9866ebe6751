/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/decoder_clean.h"

#include "base/bytes.h"
#include "base/status.h"
#include "flate/checksum.h"
#include "png/after_idat.h"
#include "png/decoder_private.h"
#include "png/framing.h"

#include <string.h>

/* ---- how many bytes the filtered rows have ---- */

/* Returns the bytes of rows x columns pixels, with a filter byte before each row. A row is limited
 * to 2 GiB and there are at most 2^31 rows, so the product fits. */
static uint64_t rows_bytes(uint64_t rows, uint64_t columns, unsigned pixel_bits)
{
    return columns > 0 ? rows * (1 + (columns * pixel_bits + 7) / 8) : 0;
}

/* Returns how many pixels of n a pass has that begins at `first` and takes every `step`th. */
static uint64_t of_pass(uint64_t n, unsigned first, unsigned step)
{
    return n > first ? (n - first + step - 1) / step : 0;
}

/* The seven passes of Adam7: PNG specification, 8.2. */
static uint64_t interlaced_bytes(uint64_t rows, uint64_t columns, unsigned pixel_bits)
{
    static const unsigned char passes[7][4] = {/* first row, step, first column, step */
                                               {0, 8, 0, 8}, {0, 8, 4, 8}, {4, 8, 0, 4},
                                               {0, 4, 2, 4}, {2, 4, 0, 2}, {0, 2, 1, 2},
                                               {1, 2, 0, 1}};
    uint64_t bytes = 0;

    for (int i = 0; i < 7; i++)
        bytes += rows_bytes(of_pass(rows, passes[i][0], passes[i][1]),
                            of_pass(columns, passes[i][2], passes[i][3]), pixel_bits);
    return bytes;
}

static uint64_t filtered_bytes(const struct tl_header *header)
{
    static const unsigned char channels[] = {1, 0, 3, 1, 2, 0, 4};
    const unsigned bits = (unsigned)channels[header->color_type] * header->bit_depth;

    return (header->passes > 1 ? interlaced_bytes : rows_bytes)(header->geometry.rows,
                                                                header->geometry.columns, bits);
}

/* ---- chunks ---- */

static void put_chunk(struct tl_clean *clean, const char *name, const unsigned char *data, size_t n)
{
    unsigned char *chunk = clean->bytes + clean->end;

    if (n > 0)
        memcpy(chunk + TL_CHUNK_HEAD_BYTES, data, n);
    clean->end = (size_t)(tl_chunk_close(chunk, name, n) - clean->bytes);
}

static void put_header(struct tl_clean *clean, const struct tl_picture *picture)
{
    put_chunk(clean, "IHDR", picture->ihdr, TL_IHDR_BYTES);
    if (tl_picture_color_type(picture) == TL_COLOR_PALETTE)
        put_chunk(clean, "PLTE", picture->palette, picture->palette_bytes);
    if (picture->trns_bytes > 0)
        put_chunk(clean, "tRNS", picture->trns, picture->trns_bytes);
    clean->next = TL_CLEAN_ROWS;
}

/* Says why the stream is no good. Without a reason the file ends or cannot be read. */
static telar_status fail_image(struct tl_decoder *d)
{
    unsigned char byte;

    if (d->bands.stream.why)
        return tl_fail(&d->failure, TELAR_INPUT, 0,
                       "%s: is damaged or not a valid PNG: %s; get an undamaged copy",
                       d->input.name, d->bands.stream.why);
    if (tl_png_input_read(&d->input, &byte, 1, &d->failure) == TELAR_OK)
        tl_fail(&d->failure, TELAR_INPUT, 0, "%s: cannot be read", d->input.name);
    return d->failure.status;
}

/* Makes a chunk of the next rows: a stored block (RFC 1951, 3.2.4) of the stream. */
static telar_status put_rows(struct tl_decoder *d)
{
    struct tl_clean *clean = &d->clean;
    unsigned char *data = clean->bytes + TL_CHUNK_HEAD_BYTES, *at = data;
    const uint32_t n =
        clean->rows_left < TL_CLEAN_ROWS_BYTES ? (uint32_t)clean->rows_left : TL_CLEAN_ROWS_BYTES;
    const bool last = clean->rows_left == n;

    if (!clean->rows_begun) {
        memcpy(at, "\x78\x01", 2);
        at += 2;
    }
    clean->rows_begun = true;
    memcpy(at, (unsigned char[]){last, n & 0xff, n >> 8, ~n & 0xff, ~n >> 8 & 0xff}, 5);
    at += 5;
    if (!tl_idat_stream_read(&d->bands.stream, &d->input, at, n))
        return fail_image(d);
    clean->adler = tl_adler32(clean->adler, at, n);
    at += n;
    if (last) {
        tl_store_be32(at, clean->adler);
        at += 4;
        clean->next = TL_CLEAN_END;
    }
    clean->rows_left -= n;
    clean->end = (size_t)(tl_chunk_close(clean->bytes, "IDAT", (size_t)(at - data)) - clean->bytes);
    return TELAR_OK;
}

telar_status tl_clean_note_faults(struct tl_decoder *d, unsigned faults)
{
    telar_status status = TELAR_OK;

    if (faults & TL_IDAT_MORE_ROWS)
        status = tl_chunk_scan_fault(&d->scan, "IDAT", TL_FAULT_MORE_ROWS, &d->failure);
    if (status == TELAR_OK && faults & TL_IDAT_MORE_DATA)
        status = tl_chunk_scan_fault(&d->scan, "IDAT", TL_FAULT_MORE_DATA, &d->failure);
    return status;
}

/* Judges the rest of the real file. */
static telar_status put_end(struct tl_decoder *d)
{
    unsigned faults = 0;
    telar_status status;

    if (!tl_idat_stream_end(&d->bands.stream, &d->input, tl_decoder_beyond_limit(d), &faults))
        return fail_image(d);
    tl_chunk_scan_pass_image(&d->scan);
    status = tl_clean_note_faults(d, faults);
    if (status == TELAR_OK)
        status = tl_after_idat_read(&d->input, &d->scan, d->bands.stream.head, &d->failure);
    if (status == TELAR_OK)
        put_chunk(&d->clean, "IEND", NULL, 0);
    return status;
}

/* ---- for the other files ---- */

void tl_clean_begin(struct tl_decoder *d)
{
    d->clean.next = TL_CLEAN_HEADER;
    d->clean.rows_left = filtered_bytes(&d->header);
    d->clean.adler = 1;
    d->clean.rows_begun = false;
    d->clean.begin = d->clean.end = 0;
    tl_decoder_begin_stream(d);
}

static telar_status make_more(struct tl_decoder *d)
{
    d->clean.begin = d->clean.end = 0;
    switch (d->clean.next) {
    case TL_CLEAN_HEADER:
        put_header(&d->clean, &d->scan.picture);
        return TELAR_OK;
    case TL_CLEAN_ROWS:
        return put_rows(d);
    case TL_CLEAN_END:
        break;
    }
    return put_end(d);
}

telar_status tl_clean_read(struct tl_decoder *d, unsigned char *bytes, size_t n)
{
    struct tl_clean *clean = &d->clean;
    telar_status status = TELAR_OK;

    while (n > 0 && status == TELAR_OK) {
        const size_t ready = clean->end - clean->begin, part = ready < n ? ready : n;

        memcpy(bytes, clean->bytes + clean->begin, part);
        clean->begin += part;
        bytes += part;
        n -= part;
        if (n > 0)
            status = make_more(d);
    }
    return status;
}
