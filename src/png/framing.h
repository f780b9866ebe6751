/* SPDX-License-Identifier: MIT */
/*
 * framing.h - how a PNG file is put together: a signature, then chunks. Layer: over base and flate.
 *
 *     length (4 bytes, big-endian) | name (4 letters) | data (length bytes) | CRC of name and data
 *     `------------- head --------------------------'                         (4 bytes, big-endian)
 *
 * PNG specification, 5.3. All of these functions are async-signal-safe. A `head` is 8 bytes.
 */
#ifndef TL_FRAMING_H
#define TL_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_SIGNATURE_BYTES = 8,
    TL_CHUNK_HEAD_BYTES = 8,
    TL_CHUNK_NAME_BYTES = 4,
    TL_CHUNK_CRC_BYTES = 4,
    TL_CHUNK_FRAME_BYTES = TL_CHUNK_HEAD_BYTES + TL_CHUNK_CRC_BYTES, /* around the data */
    TL_CHUNK_DATA_MAX = 0x7fffffff,                                  /* a length is 31 bits */
};

extern const unsigned char tl_png_signature[TL_SIGNATURE_BYTES];

/* Returns the length that a head gives, which may be more than TL_CHUNK_DATA_MAX. */
uint32_t tl_chunk_length(const unsigned char *head);

/* Returns where the name stands in a head: 4 letters without an end. */
const unsigned char *tl_chunk_name(const unsigned char *head);

/* Returns whether a head has this name, of 4 letters. */
bool tl_chunk_is(const unsigned char *head, const char *name);

/* Returns whether the name is of letters, and whether it says that the chunk is ancillary: by a
 * small first letter (PNG specification, 5.4). */
bool tl_chunk_has_letters(const unsigned char *head);
bool tl_chunk_name_has_letters(const unsigned char *name);
bool tl_chunk_is_ancillary(const unsigned char *head);

/* Returns the CRC of the name, to which that of the data is added by tl_crc32. */
uint32_t tl_chunk_crc_of_name(const unsigned char *head);

/*
 * Returns the length of the whole chunk that n bytes begin with, frame included. Returns 0 if the
 * chunk is not all there, or its CRC is wrong.
 */
size_t tl_chunk_whole(const unsigned char *bytes, size_t n);

/*
 * Makes a chunk of n bytes of data that stand at chunk + TL_CHUNK_HEAD_BYTES: writes the head
 * before and the CRC behind them. Returns where the next chunk begins.
 */
unsigned char *tl_chunk_close(unsigned char *chunk, const char *name, size_t n);

#endif
