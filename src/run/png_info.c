/* SPDX-License-Identifier: MIT */
/* Reads the contents of a PNG file for telar info and for programs. */
#include <config.h>

#include "base/status.h"
#include "png/decoder.h"
#include "png/encode_bands.h"
#include "run/options.h"

#include <errno.h>
#include <stdlib.h>
#include <telar/png.h>

/* Decodes all rows into the same memory, each over the one before: only the checks count. */
static telar_status check_rows(struct tl_decoder *decoder, struct telar_error *error)
{
    unsigned char *row = malloc(telar_row_bytes(tl_decoder_geometry(decoder)));
    telar_status status;

    if (!row)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory for a row of the image");
    status = tl_decoder_read(decoder, row, 0, error);
    free(row);
    return status;
}

telar_status telar_info_read_warnings(const char *path, const struct telar_limits *limits,
                                      struct telar_info *info, struct telar_warnings *warnings,
                                      struct telar_error *error)
{
    struct tl_decoder *decoder = NULL;
    struct telar_limits most;
    telar_status status;

    tl_error_clear(error);
    status = tl_options_copy_limits(limits, &most, error);
    if (status == TELAR_OK)
        status = tl_decoder_open(path, &most, &decoder, error);
    if (status == TELAR_OK) {
        tl_decoder_find_bands(decoder, tl_encode_band_rows(tl_decoder_geometry(decoder)));
        status = check_rows(decoder, error);
    }
    if (status == TELAR_OK) {
        tl_decoder_info(decoder, info);
        tl_decoder_warnings(decoder, warnings);
    }
    tl_decoder_close(decoder);
    return status;
}

telar_status telar_info_read(const char *path, const struct telar_limits *limits,
                             struct telar_info *info, struct telar_error *error)
{
    struct telar_warnings warnings;

    return telar_info_read_warnings(path, limits, info, &warnings, error);
}
