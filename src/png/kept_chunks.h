/* SPDX-License-Identifier: MIT */
/*
 * chunks.h - the chunks of a PNG file: watching them go by, keeping those that stay true. Layer:
 * codec; over status.
 *
 * A chunk is: length of its data (4 bytes, big-endian), type (4 letters), data, CRC (4 bytes); PNG
 * specification, 5.3.
 */
#ifndef TL_CHUNKS_H
#define TL_CHUNKS_H

#include <telar/png.h>

#include "png/decoder.h"

/* Kept chunks, whole, one after the other as in a file. */
struct tl_chunks {
    unsigned char *bytes;
    size_t used, capacity;
    size_t before_idat; /* how many of the bytes stood before the image data; the others stand after
                           it */
};

/*
 * The state of a walk over a file's chunks. Begin with zeros but for `name` and `limit_bytes`. It
 * believes the framing and checks no CRC: whoever decodes the file does that, on the same bytes.
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

/* Takes the next n bytes of the file, behind the signature. TELAR_INPUT: over limit_bytes.
 * TELAR_HOST. */
telar_status tl_chunk_scan_bytes(struct tl_chunk_scan *scan, const unsigned char *bytes, size_t n,
                                 struct telar_error *error);

/* Releases what it has kept. */
void tl_chunk_scan_end(struct tl_chunk_scan *scan);

#endif
