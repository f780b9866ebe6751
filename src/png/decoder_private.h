/* SPDX-License-Identifier: MIT */
/*
 * decoder_private.h - what the files decoder_*.c share. Layer: png; for these files only.
 *
 *     decoder.c            opening and closing; what is known of a file
 *     decoder_scan.c       the chunks before the image data
 *     decoder_bands.c      rows without libpng, band by band
 *     decoder_libpng.c     all rows by libpng
 *     decoder_clean.c      the file as libpng gets it
 *     decoder_isolated.c   all rows by libpng inside a sandbox
 *
 * A decoder is opened by a scan of the chunks. Then either its bands are read without libpng, or
 * all rows at once by libpng, in this process or in a sandbox.
 */
#ifndef TL_DECODER_PRIVATE_H
#define TL_DECODER_PRIVATE_H

#include "png/decoder.h"

#include "png/decoder_clean.h"
#include "png/idat_stream.h"
#include "png/kept_chunks.h"
#include "png/png_input.h"

/* The header of a file, as it is stored. Written by decoder_scan.c. */
struct tl_header {
    struct telar_geometry geometry; /* as the picture will be decoded */
    uint8_t color_type, bit_depth;
    int passes;       /* 7 when interlaced, else 1 */
    bool transparent; /* has a usable tRNS */
};

/* What libpng uses. Written by decoder_libpng.c and, of the memory, by decoder_isolated.c. */
struct tl_libpng {
    struct png_struct_def *png; /* NULL: libpng is not used */
    struct png_info_def *info;
    char warning[128];     /* libpng's last, to say more in a message */
    unsigned char *memory; /* NULL: the heap; in a sandbox, what is left of the given memory */
    size_t memory_left;
};

/* How far the rows have been read in bands. Written by decoder_bands.c; of the stream, by
 * decoder_clean.c too. */
struct tl_band_state {
    struct tl_idat_stream stream; /* begun with the first row */
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
    struct tl_clean clean;
    bool used;                  /* rows have been read */
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

/* Begins to inflate at the first IDAT, whose head the scan has taken. */
void tl_decoder_begin_stream(struct tl_decoder *d);

/* Returns how many bytes the image data may have beyond the rows: as many as the largest picture
 * that the limits allow. */
uint64_t tl_decoder_beyond_limit(const struct tl_decoder *d);

/* Decodes all rows by libpng. On failure, sets the decoder's failure and returns its status. */
telar_status tl_decoder_read_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes);

/* Releases what libpng holds. */
void tl_decoder_close_libpng(struct tl_decoder *d);

#endif
