/* SPDX-License-Identifier: MIT */
/*
 * chunk_rules.h - what the PNG specification demands of each chunk it defines: place, number,
 * length, values. Layer: png; over framing and faults.
 *
 * A rule looks at a chunk alone, and at what is known of the picture before it. No rule inflates
 * compressed contents: a coordinator that keeps foreign bytes in a sandbox judges chunks too.
 */
#ifndef TL_CHUNK_RULES_H
#define TL_CHUNK_RULES_H

#include "png/faults.h"

#include <stddef.h>

enum {
    TL_IHDR_BYTES = 13,
    TL_PALETTE_BYTES_MAX = 768,
    TL_TRNS_BYTES_MAX = 256,
    TL_COLOR_PALETTE = 3, /* colour type of indices: PNG specification, 11.2.1 */
};

/* The chunks of a picture so far. The scan of the chunks writes this after each chunk. */
struct tl_picture {
    unsigned char ihdr[TL_IHDR_BYTES];
    unsigned char palette[TL_PALETTE_BYTES_MAX], trns[TL_TRNS_BYTES_MAX];
    uint32_t palette_bytes, trns_bytes; /* 0: the file has no usable one so far */
    uint32_t seen;                      /* bit i: the file has a valid chunk of rule i */
    bool idat_seen;
};

/* Returns the colour type that IHDR gives. */
static inline unsigned tl_picture_color_type(const struct tl_picture *picture)
{
    return picture->ihdr[9];
}

/* A complete chunk. `data` has `known` bytes, which are all of them or the first of them. */
struct tl_chunk {
    const unsigned char *name, *data;
    size_t known;
    uint32_t length;
};

/* Returns whether chunks of this name are kept. */
bool tl_chunk_rules_keep(const unsigned char *name);

/*
 * Judges an ancillary chunk whose CRC is right. Returns TL_FAULT_NONE and remembers in *picture
 * that the file has it, or returns the fault. Chunks that no rule knows have none.
 */
enum tl_fault tl_chunk_rules_judge(struct tl_picture *picture, const struct tl_chunk *chunk);

/* Judges a palette in the same way. TL_FAULT_COLORS: the palette is taken, cut to the bit depth. */
enum tl_fault tl_chunk_rules_palette(struct tl_picture *picture, const struct tl_chunk *chunk);

/* Returns whether the data of IHDR describes a picture: PNG specification, 11.2.1. */
bool tl_chunk_rules_header(const unsigned char ihdr[TL_IHDR_BYTES]);

#endif
