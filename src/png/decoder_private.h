/* SPDX-License-Identifier: MIT */
/*
 * decoder_private.h - what the files decoder_*.c share. Layer: png; for these files only.
 *
 *     decoder.c            opening and closing; what is known of a file
 *     decoder_libpng.c     header and rows by libpng
 *     decoder_scan.c       the header without libpng
 *     decoder_bands.c      rows without libpng, band by band
 *     decoder_isolated.c   rows by libpng inside a sandbox
 *
 * A decoder is opened by libpng or by a scan. Then either its bands are read without libpng, or all
 * rows at once by libpng: in this process, or, of a decoder opened by a scan, in a sandbox.
 */
#ifndef TL_DECODER_PRIVATE_H
#define TL_DECODER_PRIVATE_H

#include "png/decoder.h"

#include "png/idat_stream.h"
#include "png/kept_chunks.h"
#include "png/png_input.h"

enum {
    /* Bytes of image data that the last row may take, beside twice its pixels: codes of a block. */
    TL_LAST_ROW_BYTES = 1024,
    /* Bytes of image data that may follow the last row: the end of a block, a checksum. */
    TL_AFTER_ROWS_BYTES = 64,
};

/* The header of a file, as it is stored. Written by whoever opens the file. */
struct tl_header {
    struct telar_geometry geometry; /* as the picture will be decoded; no rows: there is none */
    uint8_t color_type, bit_depth;
    int passes;       /* 7 when interlaced, else 1 */
    bool transparent; /* has tRNS */
    bool unusual;     /* seen by a scan: only libpng can decode the file or judge it */
};

/* What libpng uses. Written by decoder_libpng.c and, of the memory, by decoder_isolated.c. */
struct tl_libpng {
    struct png_struct_def *png; /* NULL: libpng is not used */
    struct png_info_def *info;
    bool size_checked;     /* against the limits, once IHDR is known */
    char warning[128];     /* libpng's last, to say more in a message */
    unsigned char *memory; /* NULL: the heap; in a sandbox, what is left of the given memory */
    size_t memory_left;
};

/* How far the rows have been read in bands. Written by decoder_bands.c. */
struct tl_band_state {
    struct tl_idat_stream stream; /* begun with the first band */
    uint32_t rows_read;
    struct tl_bands *found; /* NULL, or where the bands lie that the file was written in */
};

/*
 * A decoder. One thread at a time uses it. tl_decoder_new writes limits; the comments of the other
 * structs say who writes those. decoder.c and decoder_*.c write the rest.
 */
struct tl_decoder {
    struct tl_png_input input;
    struct tl_chunk_scan scan;
    struct telar_limits limits;
    struct tl_header header;
    struct tl_libpng libpng;
    struct tl_band_state bands;
    bool used;                  /* rows have been read */
    uint64_t idat_limit_bytes;  /* more image data than this is too much */
    struct telar_error failure; /* of the call at hand; here because libpng returns by longjmp */
};

/*
 * Makes a decoder, opens the file and reads its signature. TELAR_INPUT: the file cannot be opened,
 * or is no PNG. TELAR_HOST: no memory. *decoder is NULL on error.
 */
telar_status tl_decoder_new(const char *path, const struct telar_limits *limits,
                            struct tl_decoder **decoder, struct telar_error *error);

/* Checks that a picture of this size is within the limits. On failure, sets the decoder's failure
 * and returns its status. */
telar_status tl_decoder_check_size(struct tl_decoder *d, uint64_t rows, uint64_t columns);

/* Sets the geometry that libpng's png_set_expand leads to, from the rest of the header. On failure,
 * sets the decoder's failure and returns its status. */
telar_status tl_decoder_set_geometry(struct tl_decoder *d, uint32_t rows, uint32_t columns);

/*
 * Checks, at the beginning of the image data, that the file is long enough for its pixels: deflate
 * cannot make more than 1032 bytes from one. To be called before memory is taken for the pixels. On
 * failure, sets the decoder's failure and returns its status.
 */
telar_status tl_decoder_check_length(struct tl_decoder *d);

/* Copies the decoder's failure to *error, if that holds none yet, and returns its status. */
telar_status tl_decoder_hand_out(const struct tl_decoder *decoder, struct telar_error *error);

/*
 * Reads the file from its beginning by libpng: header, rows, chunks behind them. `data` NULL: only
 * to find out what is wrong with a file that has no good IHDR. On failure, sets the decoder's
 * failure and returns its status.
 */
telar_status tl_decoder_read_anew(struct tl_decoder *d, unsigned char *data, size_t stride_bytes);

/* Releases what libpng holds. */
void tl_decoder_close_libpng(struct tl_decoder *d);

#endif
