/* SPDX-License-Identifier: MIT */
/*
 * PNG files without libpng, as far as that goes: for a coordinator that does not let a file come
 * near libpng outside of a sandbox. It looks at the framing of chunks, their CRCs, and the 13 bytes
 * of IHDR. A header that has nothing else to be understood is enough for workers to go on; what is
 * unusual, and what is wrong, libpng judges later, inside.
 */
#include <config.h>

#include "png/decoder_private.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "base/status.h"
#include "png/framing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { IHDR_BYTES = 13, TRUECOLOR = 2, PALETTE = 3, COLOR = 2, ALPHA = 4 };

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
    d->idat_limit_bytes = UINT64_MAX;
    d->passes = 1;
    d->scan.name = d->input.name;
    d->scan.limit_bytes = d->limits.max_chunks_bytes;
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
    d->geometry = (struct telar_geometry){
        .rows = rows,
        .columns = columns,
        .channels =
            (d->color_type & COLOR ? 3 : 1) + (d->color_type & ALPHA || d->transparent ? 1 : 0),
        .depth = d->bit_depth == 16 ? 16 : 8,
    };
    if (telar_geometry_valid(&d->geometry))
        return TELAR_OK;
    return tl_fail(&d->failure, TELAR_INPUT, 0,
                   "%s: a row of %" PRIu32 " pixels is more than telar can hold (2 GiB)",
                   d->input.name, d->geometry.columns);
}

/* ---- the header ---- */

/* Takes n bytes, adds them to the CRC, copies them unless `copy` is NULL. False: the file ends, or
 * a failure. */
static bool pass(struct tl_decoder *d, uint64_t n, uint32_t *crc, unsigned char *copy)
{
    const unsigned char *bytes;

    while (n > 0) {
        size_t ready = tl_png_input_peek(&d->input, &bytes), part = ready < n ? ready : (size_t)n;

        if (part == 0 || tl_chunk_scan_bytes(&d->scan, bytes, part, &d->failure) != TELAR_OK)
            return false;
        *crc = tl_crc32(*crc, bytes, part);
        if (copy) {
            memcpy(copy, bytes, part);
            copy += part;
        }
        tl_png_input_skip(&d->input, part);
        n -= part;
    }
    return true;
}

/* PNG specification, 11.2.2. */
static bool good_format(const unsigned char ihdr[IHDR_BYTES])
{
    static const uint8_t depths[] = {
        1 | 2 | 4 | 8 | 16, 0, 8 | 16, 1 | 2 | 4 | 8, 8 | 16, 0, 8 | 16};
    uint8_t depth = ihdr[8], type = ihdr[9];

    return tl_load_be32(ihdr) - 1 < 0x7fffffff && tl_load_be32(ihdr + 4) - 1 < 0x7fffffff
           && type < sizeof depths && (depth & (depth - 1)) == 0 && (depths[type] & depth)
           && ihdr[10] == 0 && ihdr[11] == 0 && ihdr[12] <= 1;
}

/* Takes the data and the CRC of the chunk with this head. Returns false if the chunk is not as it
 * should be. */
static bool body(struct tl_decoder *d, const unsigned char *head, unsigned char *copy)
{
    const uint32_t length = tl_chunk_length(head);
    uint32_t crc = tl_chunk_crc_of_name(head);
    unsigned char stored[TL_CHUNK_CRC_BYTES];
    uint32_t ignored = 0;

    return length <= TL_CHUNK_DATA_MAX && pass(d, length, &crc, copy)
           && pass(d, sizeof stored, &ignored, stored) && tl_load_be32(stored) == crc;
}

static bool first_chunk(struct tl_decoder *d)
{
    unsigned char head[TL_CHUNK_HEAD_BYTES], ihdr[IHDR_BYTES];
    uint32_t ignored = 0;

    if (!pass(d, sizeof head, &ignored, head) || tl_chunk_length(head) != IHDR_BYTES
        || !tl_chunk_is(head, "IHDR") || !body(d, head, ihdr) || !good_format(ihdr))
        return false;
    d->geometry.columns = tl_load_be32(ihdr);
    d->geometry.rows = tl_load_be32(ihdr + 4);
    d->bit_depth = ihdr[8];
    d->color_type = ihdr[9];
    d->passes = ihdr[12] ? 7 : 1;
    return true;
}

/* Up to the first IDAT, whose head is taken. False when anything but plain ancillary chunks comes
 * before. */
static bool further_chunks(struct tl_decoder *d)
{
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    uint32_t ignored = 0;
    bool plain = true;

    while (pass(d, sizeof head, &ignored, head)) {
        if (tl_chunk_is(head, "IDAT"))
            return plain && tl_chunk_length(head) <= TL_CHUNK_DATA_MAX;
        d->transparent |= tl_chunk_is(head, "tRNS");
        plain &=
            tl_chunk_has_letters(head) && tl_chunk_is_ancillary(head) && !tl_chunk_is(head, "tRNS");
        if (tl_chunk_is(head, "IEND") || !body(d, head, NULL))
            return false;
    }
    return false;
}

telar_status tl_decoder_open_scan(const char *path, const struct telar_limits *limits,
                                  struct tl_decoder **decoder, struct telar_error *error)
{
    telar_status status = tl_decoder_new(path, limits, decoder, error);
    struct tl_decoder *d = *decoder;
    bool known;

    if (status != TELAR_OK)
        return status;
    tl_png_input_remember(&d->input, (size_t)d->limits.max_chunks_bytes);
    known = first_chunk(d);
    if (known && tl_decoder_check_size(d, d->geometry.rows, d->geometry.columns) == TELAR_OK)
        d->unusual = !further_chunks(d);
    if (known && d->failure.status == TELAR_OK)
        tl_decoder_set_geometry(d, d->geometry.rows, d->geometry.columns);
    if (!known)
        d->geometry = (struct telar_geometry){0};
    d->unusual |= !known;
    if (d->failure.status == TELAR_OK) {
        if (tl_decoder_in_bands(d))
            tl_png_input_forget(&d->input);
        return TELAR_OK;
    }
    status = d->failure.status;
    if (error && error->status == TELAR_OK)
        *error = d->failure;
    tl_decoder_close(d);
    *decoder = NULL;
    return status;
}

/* ---- inside a sandbox, and what is believed of it ---- */

/*
 * libpng's own structures and zlib's; a row of pixels and the one above it, which libpng has at up
 * to 8 bytes a pixel.
 */
size_t tl_decoder_memory_bytes(const struct tl_decoder *d)
{
    return (1u << 20) + 32 * (size_t)d->geometry.columns;
}

/* Kept chunks go straight to where the coordinator reads them; the limit on them comes before there
 * is no room. */
void tl_decoder_read_inside(struct tl_decoder *d, void *memory, unsigned char *data,
                            size_t stride_bytes, struct tl_found *found, size_t found_bytes)
{
    const size_t room = found_bytes - sizeof *found;
    const struct tl_chunks none = {found->chunks, 0, room, 0};

    d->memory = memory;
    d->memory_left = tl_decoder_memory_bytes(d);
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
