/* SPDX-License-Identifier: MIT */
/*
 * codec.h - images in memory, and as PNG files.
 */
#ifndef TELAR_CODEC_H
#define TELAR_CODEC_H

#include <telar/image.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a reader accepts before it believes a file. Zeros mean the defaults, TELAR_MAX_PIXELS and
 * TELAR_MAX_CHUNKS_BYTES.
 */
struct telar_limits {
    uint64_t max_pixels;       /* rows x columns */
    uint64_t max_chunks_bytes; /* all ancillary chunks that are kept, together */
};

#define TELAR_MAX_PIXELS UINT64_C(1000000000)
#define TELAR_MAX_CHUNKS_BYTES UINT64_C(8388608)

enum { TELAR_CHUNK_NAMES_BYTES = 256 };

/*
 * What a PNG file says of itself. `file` is the colour type and depth as stored, `image` the
 * geometry as telar decodes it: palettes and depths under 8 bits are expanded, tRNS becomes an
 * alpha channel.
 */
struct telar_info {
    struct telar_geometry image;
    uint8_t color_type; /* 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha (PNG
                           specification, 11.2.2) */
    uint8_t bit_depth;  /* 1, 2, 4, 8 or 16, as stored */
    bool interlaced;
    uint32_t restart_rows; /* rows of the bands that telar decodes in parallel; 0: none, or no
                              regular file */
    uint64_t file_bytes;   /* 0 when the input is not a regular file */
    char chunks[TELAR_CHUNK_NAMES_BYTES];  /* names of the chunks in the file in order, each kind
                                              once: "IHDR gAMA IDAT" */
    char dropped[TELAR_CHUNK_NAMES_BYTES]; /* names of those not carried over, "" when none; tRNS
                                              becomes alpha */
};

/*
 * Reads the whole file, checks it, and fills *info. "-" is standard input. limits NULL: the
 * defaults. TELAR_INPUT: not a PNG, damaged, or over a limit. TELAR_HOST: no memory.
 */
telar_status telar_info_read(const char *path, const struct telar_limits *limits,
                             struct telar_info *info, struct telar_error *error);

/* Pixels in memory of their own, with the ancillary chunks they were read with. Opaque; belongs to
 * the caller. */
typedef struct telar_image telar_image;

/* A new image, all zeros. TELAR_USAGE: geometry is not valid. TELAR_HOST: no memory. *image is NULL
 * on error. */
telar_status telar_image_new(const struct telar_geometry *geometry, telar_image **image,
                             struct telar_error *error);

/* Reads a PNG file; otherwise as telar_info_read and telar_image_new. */
telar_status telar_image_read(const char *path, const struct telar_limits *limits,
                              telar_image **image, struct telar_error *error);

/*
 * Writes a PNG file: into a temporary file in the same directory, which takes the name when it is
 * complete and on disk.
 * "-" is standard output. TELAR_OUTPUT: it could not be written, and the path is as it was.
 */
telar_status telar_image_write(const telar_image *image, const char *path,
                               struct telar_error *error);

/* Releases it. NULL is allowed. */
void telar_image_free(telar_image *image);

/* Its geometry; a row of it, row < rows, telar_row_bytes() long; the bytes from one row to the
 * next. */
const struct telar_geometry *telar_image_geometry(const telar_image *image);
unsigned char *telar_image_row(telar_image *image, uint32_t row);
size_t telar_image_stride(const telar_image *image);

#ifdef __cplusplus
}
#endif
#endif
