/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/after_idat.h"

#include "base/status.h"
#include "png/framing.h"

#include <string.h>

enum { READ_BYTES = 4096 };

/* Reads n bytes and shows them to the scan. */
static telar_status read_some(struct tl_png_input *input, struct tl_chunk_scan *scan,
                              unsigned char *bytes, size_t n, struct telar_error *error)
{
    telar_status status = tl_png_input_read(input, bytes, n, error);

    return status == TELAR_OK ? tl_chunk_scan_bytes(scan, bytes, n, error) : status;
}

/* Reads the data and the CRC of the chunk. */
static telar_status read_body(struct tl_png_input *input, struct tl_chunk_scan *scan,
                              struct telar_error *error)
{
    unsigned char bytes[READ_BYTES];
    telar_status status = TELAR_OK;

    while (status == TELAR_OK && scan->left_bytes > 0)
        status =
            read_some(input, scan, bytes,
                      scan->left_bytes < READ_BYTES ? (size_t)scan->left_bytes : READ_BYTES, error);
    return status;
}

static telar_status check_end(struct tl_png_input *input, const struct tl_chunk_scan *scan,
                              struct telar_error *error)
{
    const unsigned char *bytes;

    if (!scan->strict || tl_png_input_peek(input, &bytes) == 0)
        return TELAR_OK;
    return tl_fail(error, TELAR_INPUT, 0,
                   "%s: is not a valid PNG: bytes follow IEND; without strict telar reads it",
                   input->name);
}

telar_status tl_after_idat_read(struct tl_png_input *input, struct tl_chunk_scan *scan,
                                const unsigned char *head, struct telar_error *error)
{
    unsigned char bytes[TL_CHUNK_HEAD_BYTES];
    telar_status status;

    do {
        if (head)
            status = tl_chunk_scan_bytes(scan, head, TL_CHUNK_HEAD_BYTES, error);
        else
            status = read_some(input, scan, bytes, TL_CHUNK_HEAD_BYTES, error);
        head = NULL;
        if (status == TELAR_OK)
            status = read_body(input, scan, error);
    } while (status == TELAR_OK && !tl_chunk_is(scan->head, "IEND"));
    return status == TELAR_OK ? check_end(input, scan, error) : status;
}
