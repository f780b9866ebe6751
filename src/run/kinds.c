/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/kinds.h"

#include "png/png_steps.h"
#include "transform/transform_steps.h"

const struct tl_kind *const tl_kinds[TL_KINDS] = {
    [TL_READ_RAW] = &tl_kind_inflate_rows,
    [TL_READ_PIXELS] = &tl_kind_inflate_pixels,
    [TL_READ_REST] = &tl_kind_inflate_rest,
    [TL_DECODE_BAND] = &tl_kind_decode_band,
    [TL_MAKE_PIXELS] = &tl_kind_unfilter,
    [TL_PREPARE] = &tl_kind_prepare,
    [TL_GATHER] = &tl_kind_gather,
    [TL_MERGE] = &tl_kind_merge,
    [TL_PROCESS] = &tl_kind_process,
    [TL_ENCODE_RESULTS] = &tl_kind_encode_results,
    [TL_ENCODE_SOURCE] = &tl_kind_encode_source,
    [TL_ENCODE_FILE] = &tl_kind_encode_file,
};
