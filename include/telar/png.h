/* SPDX-License-Identifier: MIT */
/*
 * png.h - what a PNG file contains, and how large a file telar accepts.
 *
 * References to PNG are to the third edition of its specification (W3C, 2025).
 */
#ifndef TELAR_PNG_H
#define TELAR_PNG_H

#include <stdbool.h>
#include <telar/geometry.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The largest file that a reader accepts. telar checks max_pixels before it reserves memory, and
 * max_chunks_bytes while it reads the chunks. The caller owns the struct and fills it; the library
 * copies it during the call. All zeros mean the defaults.
 */
struct telar_limits {
    uint32_t struct_size;      /* TELAR_LIMITS_INIT sets it; 0: the struct of version 0.1 */
    uint64_t max_pixels;       /* rows x columns; 0: TELAR_MAX_PIXELS */
    uint64_t max_chunks_bytes; /* of all ancillary chunks that telar keeps; 0:
                                  TELAR_MAX_CHUNKS_BYTES */
    bool strict; /* refuse a file with any fault that the PNG specification forbids. Without it
                    telar reads a file if every pixel is certain, and gives a warning for each kind
                    of fault */
};

/* The first initializer of a struct telar_limits; see TELAR_OPTIONS_INIT in run.h. */
#define TELAR_LIMITS_INIT .struct_size = (uint32_t)sizeof(struct telar_limits)

#define TELAR_MAX_PIXELS UINT64_C(1000000000)
#define TELAR_MAX_CHUNKS_BYTES UINT64_C(8388608)

enum { TELAR_CHUNK_NAMES_BYTES = 256, TELAR_WARNINGS_MAX = 32 };

/*
 * A fault of a file that leaves every pixel certain. The library fills it. The struct never grows,
 * because a program steps through lists of it.
 */
struct telar_warning {
    char chunk[8];  /* name of the chunk: "gAMA" */
    char text[120]; /* what telar did, and why: "gAMA is left out: its CRC is wrong" */
};

/*
 * The warnings of a file in its order, one for each kind of fault of each chunk name. The library
 * fills it. The last one says so when the file has more kinds of fault than the list has places.
 * The struct keeps this size in all versions with the same soname.
 */
struct telar_warnings {
    uint32_t n;
    struct telar_warning warning[TELAR_WARNINGS_MAX];
};

/*
 * The contents of a PNG file. `color_type` and `bit_depth` are as stored. `image` is the geometry
 * after decoding: telar expands palettes and depths below 8 bits, and makes an alpha channel of a
 * tRNS chunk. The caller owns the struct; telar_info_read fills it. The struct keeps this size in
 * all versions with the same soname.
 */
struct telar_info {
    struct telar_geometry image;
    uint8_t color_type; /* 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha (section
                           11.2.1) */
    uint8_t bit_depth;  /* 1, 2, 4, 8 or 16 */
    bool interlaced;
    uint32_t restart_rows; /* rows of each band that telar can decode on its own; 0: telar decodes
                              this file in one piece */
    uint64_t file_bytes;   /* 0 when the input is not a regular file */
    char chunks[TELAR_CHUNK_NAMES_BYTES];  /* names of the chunks in their order, each name once:
                                              "IHDR gAMA IDAT" */
    char dropped[TELAR_CHUNK_NAMES_BYTES]; /* names of the chunks that telar would not carry over
                                              to an output, "" when there are none */
};

/*
 * Reads the whole file at `path`, checks it, and fills *info. The path "-" is standard input.
 * limits may be NULL (the defaults), error may be NULL, the others not. *info is undefined after an
 * error. May be called from any thread. Errors:
 * TELAR_USAGE: limits->struct_size is wrong, or a member that this library does not know is set.
 * TELAR_INPUT: the file cannot be read, is no PNG file, is damaged, or is over a limit.
 * TELAR_HOST: no memory.
 */
telar_status telar_info_read(const char *path, const struct telar_limits *limits,
                             struct telar_info *info, struct telar_error *error);

/*
 * Does the same and fills *warnings too, which must not be NULL and is undefined after an error.
 */
telar_status telar_info_read_warnings(const char *path, const struct telar_limits *limits,
                                      struct telar_info *info, struct telar_warnings *warnings,
                                      struct telar_error *error);

#ifdef __cplusplus
}
#endif
#endif
