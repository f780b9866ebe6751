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

enum { IHDR_BYTES = 13 };

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
    d->header.geometry.columns = tl_load_be32(ihdr);
    d->header.geometry.rows = tl_load_be32(ihdr + 4);
    d->header.bit_depth = ihdr[8];
    d->header.color_type = ihdr[9];
    d->header.passes = ihdr[12] ? 7 : 1;
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
        d->header.transparent |= tl_chunk_is(head, "tRNS");
        plain &=
            tl_chunk_has_letters(head) && tl_chunk_is_ancillary(head) && !tl_chunk_is(head, "tRNS");
        if (tl_chunk_is(head, "IEND") || !body(d, head, NULL))
            return false;
    }
    return false;
}

/* Returns whether the file can hold its pixels. libpng says in the sandbox what is wrong with a
 * file that is too short: the same words as at the other rungs. */
static bool is_long_enough(struct tl_decoder *d)
{
    if (tl_decoder_check_length(d) != TELAR_INPUT)
        return true;
    tl_error_clear(&d->failure);
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
    if (known
        && tl_decoder_check_size(d, d->header.geometry.rows, d->header.geometry.columns)
               == TELAR_OK)
        d->header.unusual = !further_chunks(d);
    if (known && d->failure.status == TELAR_OK)
        tl_decoder_set_geometry(d, d->header.geometry.rows, d->header.geometry.columns);
    if (known && d->failure.status == TELAR_OK)
        known = is_long_enough(d);
    if (!known)
        d->header.geometry = (struct telar_geometry){0};
    d->header.unusual |= !known;
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
