/* SPDX-License-Identifier: MIT */
/*
 * codec_png.h - what reading PNG files with and without libpng have in common. Layer: codec; only
 * for codec_png_*.c.
 */
#ifndef TL_CODEC_PNG_H
#define TL_CODEC_PNG_H

#include "png/decoder.h"

#include "png/kept_chunks.h"
#include "png/png_input.h"
#include "png/idat_stream.h"

enum { REASON_BYTES = 128 };

struct tl_decoder {
    struct tl_png_input input;
    struct tl_chunk_scan scan;
    struct telar_limits limits;
    struct telar_geometry geometry;
    uint8_t color_type, bit_depth; /* as stored */
    int passes;                    /* 7 when interlaced, else 1 */
    bool size_checked, used;
    uint32_t rows_read;         /* in bands */
    bool transparent;           /* has tRNS */
    uint64_t idat_limit_bytes;  /* more image data than this is too much */
    char warning[REASON_BYTES]; /* libpng's last */
    struct png_struct_def *png;
    struct png_info_def *info;
    struct tl_idat_stream
        stream; /* in the place of libpng, from the first IDAT on, where rows are read in bands */
    struct tl_bands *restart; /* NULL, or where in the file the bands lie that it was written in */
    unsigned char *memory;    /* NULL: libpng's memory is the heap; otherwise, in a sandbox, what is
                                 left of this */
    size_t memory_left;
    bool unusual; /* of a header that was only scanned: the rest is for libpng to judge */
    struct telar_error
        failure; /* of the call at hand; kept here because libpng comes back by longjmp */
};

/* Opens the file and takes its signature off. */
telar_status tl_decoder_new(const char *path, const struct telar_limits *limits,
                            struct tl_decoder **decoder, struct telar_error *error);

/* Whether so many pixels are allowed. The failure is the decoder's. */
telar_status tl_decoder_check_size(struct tl_decoder *d, uint64_t rows, uint64_t columns);

/* The geometry that libpng's png_set_expand leads to, from what the decoder knows of the file. */
telar_status tl_decoder_set_geometry(struct tl_decoder *d, uint32_t rows, uint32_t columns);

/*
 * From the beginning, by libpng, all of it: header, rows, tail. `data` NULL: only to hear what is
 * wrong with a file that has no good IHDR. The failure is the decoder's.
 */
telar_status tl_decoder_read_anew(struct tl_decoder *d, unsigned char *data, size_t stride_bytes);

#endif
