/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/after_idat.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "base/status.h"
#include "png/framing.h"

#include <string.h>

enum { READ_BYTES = 4096 };

/*
 * Returns whether libpng skips a chunk with this head when the picture is complete. It skips all
 * but IHDR, if the name is of letters. IEND must be empty.
 */
static bool is_skipped(const unsigned char *head)
{
    return tl_chunk_has_letters(head) && !tl_chunk_is(head, "IHDR")
           && tl_chunk_length(head) <= (tl_chunk_is(head, "IEND") ? 0 : TL_CHUNK_DATA_MAX);
}

/* Reads n bytes and shows them to the scan. */
static telar_status read_some(struct tl_png_input *input, struct tl_chunk_scan *scan,
                              unsigned char *bytes, size_t n, struct telar_error *error)
{
    telar_status status = tl_png_input_read(input, bytes, n, error);

    return status == TELAR_OK ? tl_chunk_scan_bytes(scan, bytes, n, error) : status;
}

/* Reads the data and the CRC of the chunk. *good: the CRC is right. */
static telar_status read_body(struct tl_png_input *input, struct tl_chunk_scan *scan,
                              const unsigned char *head, bool *good, struct telar_error *error)
{
    unsigned char bytes[READ_BYTES];
    uint32_t left = tl_chunk_length(head), crc = tl_chunk_crc_of_name(head);
    telar_status status = TELAR_OK;

    while (status == TELAR_OK && left > 0) {
        size_t n = left < READ_BYTES ? left : READ_BYTES;

        status = read_some(input, scan, bytes, n, error);
        crc = tl_crc32(crc, bytes, n);
        left -= (uint32_t)n;
    }
    if (status == TELAR_OK)
        status = read_some(input, scan, bytes, TL_CHUNK_CRC_BYTES, error);
    *good = status == TELAR_OK && tl_load_be32(bytes) == crc;
    return status;
}

telar_status tl_after_idat_read(struct tl_png_input *input, struct tl_chunk_scan *scan,
                                const struct tl_after_idat *from, bool *doubt,
                                struct telar_error *error)
{
    const uint64_t idat_limit = scan->idat_bytes + from->idat_bytes;
    const unsigned char *first = from->head;
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    telar_status status = TELAR_OK;
    bool good = true;

    do {
        if (first)
            memcpy(head, first, TL_CHUNK_HEAD_BYTES);
        else
            status = tl_png_input_read(input, head, TL_CHUNK_HEAD_BYTES, error);
        first = NULL;
        if (status != TELAR_OK || !(good = is_skipped(head)))
            break;
        status = tl_chunk_scan_bytes(scan, head, TL_CHUNK_HEAD_BYTES, error);
        if (status == TELAR_OK)
            status = read_body(input, scan, head, &good, error);
        good = good && scan->idat_bytes <= idat_limit;
    } while (status == TELAR_OK && good && !tl_chunk_is(head, "IEND"));
    *doubt = status == TELAR_OK && !good;
    if (*doubt)
        status = tl_fail(
            error, TELAR_INPUT, 0,
            "%s: has damaged or misplaced chunks behind its image data; get an undamaged copy",
            input->name);
    return status;
}
