/* SPDX-License-Identifier: MIT */
/*
 * kept_chunks.h - the chunks of a PNG file: watching them go by, and keeping those that stay true
 * whatever a transform does. Layer: png; over base and framing.
 */
#ifndef TL_KEPT_CHUNKS_H
#define TL_KEPT_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/png.h>

/*
 * Kept chunks, whole, one after the other as in the file: gAMA, cHRM, sRGB, iCCP, pHYs, tEXt, zTXt,
 * iTXt, eXIf. An empty list may be NULL.
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
 * The state of a walk over a file's chunks. Begin with zeros, but for `name` and `limit_bytes`. The
 * walk believes the framing and checks no CRC: the decoder of the same bytes does that.
 */
struct tl_chunk_scan {
    const char *name;     /* of the file, for messages */
    uint64_t limit_bytes; /* how much may be kept */

    unsigned char head[8]; /* length and type of the chunk at hand */
    size_t head_bytes;     /* how many of them are known */
    uint64_t left_bytes;   /* of its data and CRC, still to come */
    bool keeping;          /* whether it goes to `kept` */
    bool in_idat, idat_seen;

    bool in_restart;       /* the chunk at hand is teLR (encode.h) */
    uint32_t restart_used; /* how much of its data is known */
    unsigned char restart[12];

    uint64_t n_chunks;   /* whose heads have been seen */
    uint64_t idat_bytes; /* of image data seen, without framing */
    uint32_t kinds_seen; /* bit i: kind i of the kept kinds was there */
    struct tl_chunks kept;
    char names[TELAR_CHUNK_NAMES_BYTES], dropped[TELAR_CHUNK_NAMES_BYTES];
};

/*
 * Takes the next n bytes of the file; the first are those behind the signature. TELAR_INPUT: more
 * than limit_bytes would be kept. TELAR_HOST: no memory.
 */
telar_status tl_chunk_scan_bytes(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                                 struct telar_error *error);

/* Releases the kept chunks. */
void tl_chunk_scan_end(struct tl_chunk_scan *scan);

#endif
