/* SPDX-License-Identifier: MIT */
/*
 * kept_chunks.h - the chunks of a PNG file: judging them as they go by, and keeping those that stay
 * true whatever a transform does. Layer: png; over base, framing and chunk_rules.
 */
#ifndef TL_KEPT_CHUNKS_H
#define TL_KEPT_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/png.h>

#include "png/chunk_rules.h"

/*
 * Kept chunks, whole, one after the other as in the file: gAMA, cHRM, sRGB, iCCP, cICP, mDCV, cLLI,
 * pHYs, eXIf, tEXt, zTXt, iTXt. Each is valid by chunk_rules.h. An empty list may be NULL.
 */
struct tl_chunks {
    unsigned char *bytes;
    size_t used, capacity;
    size_t before_idat; /* so many of the bytes stood before the image data, the others behind */
};

/*
 * Makes a copy, which the caller releases by tl_chunks_free. Returns NULL for an empty list, and,
 * with *ok false, when there is no memory.
 */
struct tl_chunks *tl_chunks_copy(const struct tl_chunks *chunks, bool *ok);

/* Releases a copy. NULL is allowed. */
void tl_chunks_free(struct tl_chunks *chunks);

/*
 * The state of a walk over a file's chunks. Begin with zeros, but for `name`, `limit_bytes` and
 * `strict`. The walk judges every chunk but the image data, so all ways to decode a file have the
 * same verdict on its chunks.
 */
struct tl_chunk_scan {
    const char *name;     /* of the file, for messages */
    uint64_t limit_bytes; /* how much may be kept */
    bool strict;          /* a fault that the specification forbids is an error */

    unsigned char head[8]; /* length and type of the chunk at hand */
    size_t head_bytes;     /* how many of them are known */
    uint64_t left_bytes;   /* of its data and CRC, still to come */
    uint32_t crc;          /* of its name and the data that has come */
    unsigned char stored_crc[4];
    unsigned char first[TL_PALETTE_BYTES_MAX]; /* its first bytes of data */
    size_t first_bytes;
    bool keeping;       /* whether it goes to `kept` */
    bool over_limit;    /* it would, but is too large */
    size_t kept_before; /* what `kept` had before it */

    uint32_t telr_bytes;    /* bytes of `telr`: all, or 0 without a usable teLR */
    unsigned char telr[12]; /* data of the chunk teLR (encode_bands.h) */

    uint64_t n_chunks; /* whose heads have been seen */
    struct tl_picture picture;
    struct tl_faults faults;
    struct tl_chunks kept;
    char names[TELAR_CHUNK_NAMES_BYTES], dropped[TELAR_CHUNK_NAMES_BYTES];
};

/*
 * Takes the next n bytes of the file; the first are those behind the signature. The image data is
 * left to the inflater: when the head of the first IDAT has been taken, tl_chunk_scan_pass_image
 * must follow before more bytes. TELAR_INPUT: a pixel is in doubt because of the chunks, or the
 * scan is strict and a chunk has a fault. TELAR_HOST: no memory.
 */
telar_status tl_chunk_scan_bytes(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                                 struct telar_error *error);

/* Goes on with the head of the chunk behind the image data. */
void tl_chunk_scan_pass_image(struct tl_chunk_scan *scan);

/* Notes a fault of a chunk that the scan has not seen. TELAR_INPUT: the scan is strict. */
telar_status tl_chunk_scan_fault(struct tl_chunk_scan *scan, const char *name, enum tl_fault fault,
                                 struct telar_error *error);

/* Releases the kept chunks. */
void tl_chunk_scan_end(struct tl_chunk_scan *scan);

#endif
