/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/encode_bands.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "png/framing.h"
#include "png/kept_chunks.h"
#include "flate/deflate.h"
#include "png/encode_small.h"
#include "png/filter.h"
#include "base/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ZLIB_HEAD_BYTES = 2,
    IHDR_BYTES = 13,
    TELR_BYTES = 12,
    /* Of a slot: what stands around two parts, and what tl_deflate_bound adds for the second. */
    SLOT_FRAMES = 2 * TL_CHUNK_FRAME_BYTES + ZLIB_HEAD_BYTES + 32,
    /*
     * Of pixels in a band: large enough to compress well and to be worth a message, small enough
     * for a cache. A picture that is not large has smaller ones, so that there are some for
     * everybody.
     */
    BAND_BYTES = 768 << 10,
    BAND_BYTES_SMALL = 384 << 10,
    BANDS_WANTED = 16,
    FIXED_MAX =
        128, /* more than signature, IHDR and teLR, or the stream's end and IEND, are together */
};

/* Deflate with a window of 32 KiB, made fast (RFC 1950, 2.2). */
static const unsigned char zlib_head[ZLIB_HEAD_BYTES] = {0x78, 0x01};

/* To whole cache lines. */
static size_t aligned(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* ---- bands ---- */

/* Rows are counted as cache lines, in which they lie: else a very narrow picture would have very
 * high bands. */
uint32_t tl_encode_band_rows(const struct telar_geometry *image)
{
    uint64_t padded = aligned(telar_row_bytes(image));
    uint32_t rows = 1;

    while (rows < image->rows && 2 * rows * padded <= BAND_BYTES
           && (2 * rows * padded <= BAND_BYTES_SMALL || image->rows / 2 / rows >= BANDS_WANTED))
        rows *= 2;
    return rows;
}

static bool has_large_bands(const struct telar_geometry *image)
{
    return tl_encode_band_rows(image) * aligned(telar_row_bytes(image)) > BAND_BYTES_SMALL;
}

/* Of large bands, halves. A small file is worth more than a quick reader of it. */
static uint32_t part_rows(const struct telar_geometry *image, bool small)
{
    const uint32_t rows = tl_encode_band_rows(image);

    return !small && rows > 1 && has_large_bands(image) ? rows / 2 : rows;
}

static struct tl_band filter_input(const struct telar_geometry *image,
                                   const struct telar_source *band)
{
    return (struct tl_band){
        .rows = band->data,
        .stride_bytes = band->stride_bytes,
        .row_count = telar_region_rows(&band->region),
        .shape = {telar_row_bytes(image), (unsigned)telar_pixel_bytes(image), image->depth == 16},
    };
}

static struct tl_band whole_band(const struct telar_geometry *image, uint32_t rows)
{
    struct telar_source band = {.stride_bytes = telar_row_bytes(image),
                                .region = {0, rows, 0, image->columns}};

    return filter_input(image, &band);
}

size_t tl_encode_slot_bytes(const struct telar_geometry *image, uint32_t band_rows)
{
    struct tl_band band = whole_band(image, band_rows);
    size_t bound = tl_deflate_bound(tl_filter_size(&band));

    return bound > TL_CHUNK_DATA_MAX - SLOT_FRAMES ? SIZE_MAX : bound + SLOT_FRAMES;
}

/*
 * Scratch, in this order: working memory of filter and compressors, one after the other in the same
 * place; the filtered rows; and, for small, a second slot, in which zlib may do better.
 */
struct division {
    size_t work_bytes, filtered_bytes, slot_bytes;
};

static struct division divide(const struct tl_band *band)
{
    size_t work = tl_filter_work_size(band), small = tl_encode_small_work_size(),
           filtered = tl_filter_size(band);

    return (struct division){aligned(work > small ? work : small), aligned(filtered),
                             tl_deflate_bound(filtered)};
}

size_t tl_encode_scratch_bytes(const struct telar_geometry *image, uint32_t band_rows, bool small)
{
    struct tl_band band = whole_band(image, band_rows);
    struct division division = divide(&band);

    return division.work_bytes + division.filtered_bytes + (small ? division.slot_bytes : 0);
}

/* How the parts of a band are compressed. */
struct compressor {
    void *work;
    unsigned char *second; /* room for as much as the slot has for a part */
    bool small;
    enum tl_search search;
};

/* Our encoder's and zlib's best: the smaller of the two. */
static size_t compress_small(const struct compressor *c, const unsigned char *filtered, size_t n,
                             unsigned char *out)
{
    size_t bytes =
        tl_deflate(c->work, filtered, n, out, tl_deflate_bound(n), TL_SEARCH_DEEP, false);
    size_t better = tl_encode_small(c->work, filtered, n, c->second, bytes);

    if (better == 0 || better >= bytes)
        return bytes;
    memcpy(out, c->second, better);
    return better;
}

static size_t compress(const struct compressor *c, const unsigned char *filtered, size_t n,
                       unsigned char *out)
{
    if (c->small)
        return compress_small(c, filtered, n, out);
    return tl_deflate(c->work, filtered, n, out, tl_deflate_bound(n), c->search, false);
}

/* Puts n filtered bytes into a chunk of their own, at `chunk`; returns its end. */
static unsigned char *put_part(const struct compressor *compressor, const unsigned char *filtered,
                               size_t n, bool first, unsigned char *chunk)
{
    unsigned char *data = chunk + TL_CHUNK_HEAD_BYTES;

    if (first) {
        memcpy(data, zlib_head, ZLIB_HEAD_BYTES);
        data += ZLIB_HEAD_BYTES;
    }
    data += compress(compressor, filtered, n, data);
    return tl_chunk_close(chunk, "IDAT", (size_t)(data - chunk) - TL_CHUNK_HEAD_BYTES);
}

struct tl_encoded tl_encode_band(const struct telar_geometry *image,
                                 const struct telar_source *source, bool first, bool small,
                                 void *scratch, unsigned char *slot)
{
    struct tl_band band = filter_input(image, source);
    struct division division = divide(&band);
    unsigned char *filtered = (unsigned char *)scratch + division.work_bytes, *out = slot;
    struct compressor compressor = {
        .work = scratch, .second = filtered + division.filtered_bytes, .small = small};
    const size_t n = tl_filter_size(&band), row_bytes = n / band.row_count;

    band.part_rows = part_rows(image, small);
    band.quick = !small && has_large_bands(image);
    if (small)
        tl_filter_band_smallest(&band, scratch, filtered);
    else
        compressor.search = tl_filter_search(&band, tl_filter_band(&band, scratch, filtered));
    for (uint32_t row = 0, rows; row < band.row_count; row += rows, first = false) {
        const uint32_t left = band.row_count - row;

        rows = left < band.part_rows ? left : band.part_rows;
        out = put_part(&compressor, filtered + row * row_bytes, rows * row_bytes, first, out);
    }
    return (struct tl_encoded){.bytes = (uint32_t)(out - slot),
                               .adler = tl_adler32(1, filtered, n)};
}

bool tl_encode_is_framed(const unsigned char *bytes, size_t n, bool first)
{
    int parts = 0;

    for (size_t at = 0, whole; at < n; at += whole, parts++, first = false) {
        const unsigned char *chunk = bytes + at;

        whole = tl_chunk_whole(chunk, n - at);
        if (!whole || !tl_chunk_is(chunk, "IDAT")
            || (first
                && (whole < TL_CHUNK_FRAME_BYTES + ZLIB_HEAD_BYTES
                    || memcmp(chunk + TL_CHUNK_HEAD_BYTES, zlib_head, ZLIB_HEAD_BYTES) != 0)))
            return false;
    }
    return parts == 1 || parts == 2;
}

uint32_t tl_encode_join(const struct telar_geometry *image, uint32_t adler, uint32_t band_adler,
                        uint32_t rows)
{
    struct tl_band band = whole_band(image, rows);

    return tl_adler32_join(adler, band_adler, tl_filter_size(&band));
}

/* ---- what stands around them ---- */

static unsigned char *put_ihdr(unsigned char *at, const struct telar_geometry *image)
{
    static const unsigned char color_types[] = {0, 0, 4, 2,
                                                6}; /* by channels; PNG specification, 11.2.1 */
    unsigned char *data = at + TL_CHUNK_HEAD_BYTES;

    memset(data, 0, IHDR_BYTES);
    tl_store_be32(data, image->columns);
    tl_store_be32(data + 4, image->rows);
    data[8] = (unsigned char)image->depth;
    data[9] = color_types[image->channels];
    return tl_chunk_close(at, "IHDR", IHDR_BYTES);
}

static unsigned char *put_telr(unsigned char *at, const struct tl_format *format)
{
    const uint32_t rows = part_rows(&format->image, format->small);
    unsigned char *data = at + TL_CHUNK_HEAD_BYTES;

    memset(data, 0, TELR_BYTES);
    data[0] = 1;
    tl_store_be32(data + 4, rows);
    tl_store_be32(data + 8, (format->image.rows + rows - 1) / rows);
    return tl_chunk_close(at, "teLR", TELR_BYTES);
}

telar_status tl_encode_head(struct tl_atomic_output *output, const struct tl_format *format,
                            const struct tl_chunks *chunks, struct telar_error *error)
{
    unsigned char bytes[FIXED_MAX], *at = bytes;
    telar_status status;

    memcpy(at, tl_png_signature, sizeof tl_png_signature);
    at = put_ihdr(at + sizeof tl_png_signature, &format->image);
    status = tl_atomic_output_write(output, bytes, (size_t)(at - bytes), error);
    if (status == TELAR_OK && chunks)
        status = tl_atomic_output_write(output, chunks->bytes, chunks->before_idat, error);
    if (status != TELAR_OK || !format->telr)
        return status;
    at = put_telr(bytes, format);
    return tl_atomic_output_write(output, bytes, (size_t)(at - bytes), error);
}

telar_status tl_encode_tail(struct tl_atomic_output *output, uint32_t adler,
                            const unsigned char *chunks, size_t n, struct telar_error *error)
{
    unsigned char bytes[FIXED_MAX], *data = bytes + TL_CHUNK_HEAD_BYTES, *at;
    telar_status status;

    data[0] = 3; /* a final block of fixed codes that holds its end only (RFC 1951, 3.2.3) */
    data[1] = 0;
    tl_store_be32(data + 2, adler);
    at = tl_chunk_close(bytes, "IDAT", 6);
    status = tl_atomic_output_write(output, bytes, (size_t)(at - bytes), error);
    if (status == TELAR_OK && n)
        status = tl_atomic_output_write(output, chunks, n, error);
    if (status != TELAR_OK)
        return status;
    at = tl_chunk_close(bytes, "IEND", 0);
    return tl_atomic_output_write(output, bytes, (size_t)(at - bytes), error);
}

/* ---- all of it, in series ---- */

static telar_status write_bands(struct tl_atomic_output *output, const struct telar_source *pixels,
                                const struct tl_format *format, void *scratch, unsigned char *slot,
                                uint32_t *adler, struct telar_error *error)
{
    const struct telar_geometry *image = &format->image;
    telar_status status = TELAR_OK;

    for (uint32_t row = 0, rows; status == TELAR_OK && row < image->rows; row += rows) {
        uint32_t left = image->rows - row;
        struct telar_source band = *pixels;
        struct tl_encoded encoded;

        rows = left < format->band_rows ? left : format->band_rows;
        band.data = telar_source_at(pixels, 0, row, 0);
        band.region = (struct telar_region){row, row + rows, 0, image->columns};
        encoded = tl_encode_band(image, &band, row == 0, false, scratch, slot);
        *adler = tl_encode_join(image, *adler, encoded.adler, rows);
        status = tl_atomic_output_write(output, slot, encoded.bytes, error);
    }
    return status;
}

telar_status tl_encode_all(struct tl_atomic_output *output, const struct telar_source *pixels,
                           const struct telar_geometry *image, const struct tl_chunks *chunks,
                           struct telar_error *error)
{
    static const struct tl_chunks none;
    struct tl_format format = {*image, tl_encode_band_rows(image), false, true};
    void *scratch = malloc(tl_encode_scratch_bytes(image, format.band_rows, false));
    unsigned char *slot = malloc(tl_encode_slot_bytes(image, format.band_rows));
    telar_status status = TELAR_OK;
    uint32_t adler = 1;

    if (!scratch || !slot)
        status = tl_fail(error, TELAR_HOST, ENOMEM, "no memory to encode the image");
    if (!chunks)
        chunks = &none;
    if (status == TELAR_OK)
        status = tl_encode_head(output, &format, chunks, error);
    if (status == TELAR_OK)
        status = write_bands(output, pixels, &format, scratch, slot, &adler, error);
    if (status == TELAR_OK)
        status = tl_encode_tail(output, adler, chunks->bytes + chunks->before_idat,
                                chunks->used - chunks->before_idat, error);
    free(scratch);
    free(slot);
    return status;
}
