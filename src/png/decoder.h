/* SPDX-License-Identifier: MIT */
/*
 * decoder.h - PNG files to rows, wherever the rows are to lie. Layer: png; over framing, input,
 * chunks, stream and band_reader. Only decoder_libpng.c includes <png.h>.
 */
#ifndef TL_DECODER_H
#define TL_DECODER_H

#include "png/kept_chunks.h"

#include <telar/png.h>

/* A PNG file being read. Used by one thread at a time. */
struct tl_decoder;

/* ---- opening and closing ---- */

/*
 * Opens a file ("-": standard input) and reads up to its first IDAT, without libpng. Checks the
 * signature, the chunks and the limits; NULL stands for the default limits. *decoder is NULL on
 * error. TELAR_INPUT: the file cannot be opened, is a directory, is no PNG, is damaged, or is over
 * a limit; the text names the file. TELAR_HOST: no memory. A decoder never allocates more than a
 * few rows and as much as the limits allow.
 */
telar_status tl_decoder_open(const char *path, const struct telar_limits *limits,
                             struct tl_decoder **decoder, struct telar_error *error);

/* Closes and releases. NULL is allowed. */
void tl_decoder_close(struct tl_decoder *decoder);

/* ---- what is known of a file ---- */

/* Returns the geometry of the decoded picture. Valid until tl_decoder_close. */
const struct telar_geometry *tl_decoder_geometry(const struct tl_decoder *decoder);

/* Returns how long the file is; 0 if it is not a regular file. */
uint64_t tl_decoder_file_bytes(const struct tl_decoder *decoder);

/* Returns whether the same file can be opened by its name again and read from its beginning. */
bool tl_decoder_can_reopen(const struct tl_decoder *decoder);

/* Returns whether another copy of the decoder, made before the first was read, can read the same
 * rows: from a regular file, but not from a pipe. */
bool tl_decoder_can_reread(const struct tl_decoder *decoder);

/* Returns the descriptor that the decoder reads from. */
int tl_decoder_descriptor(const struct tl_decoder *decoder);

/* Sets the number under which this process has that descriptor. */
void tl_decoder_move(struct tl_decoder *decoder, int descriptor);

/* Fills *info with what the file says of itself. To be called after all rows and the chunks behind
 * them are read. */
void tl_decoder_info(const struct tl_decoder *decoder, struct telar_info *info);

/* Fills *warnings with the faults that leave every pixel certain. To be called as tl_decoder_info.
 */
void tl_decoder_warnings(const struct tl_decoder *decoder, struct telar_warnings *warnings);

/* Returns the kept chunks, which stay the decoder's. To be called as tl_decoder_info. */
const struct tl_chunks *tl_decoder_chunks(const struct tl_decoder *decoder);

/* ---- all rows at once, by libpng ---- */

/*
 * Decodes all rows into `data`, row r at data + r * stride_bytes, and reads to IEND; interlaced
 * files too. May be called once. TELAR_INPUT: the file is damaged or truncated anywhere, checksums
 * included; `data` then holds anything.
 */
telar_status tl_decoder_read(struct tl_decoder *decoder, unsigned char *data, size_t stride_bytes,
                             struct telar_error *error);

/* The result of a process that decodes in a sandbox. That process writes it, into memory that it
 * shares with the coordinator. */
struct tl_found {
    struct telar_error error;
    uint64_t tail_bytes; /* in `chunks`: those behind the image data */
    struct tl_faults faults;
    char dropped[TELAR_CHUNK_NAMES_BYTES];
    unsigned char chunks[];
};

/* Returns how many bytes of memory tl_decoder_read_inside needs. */
size_t tl_decoder_memory_bytes(const struct tl_decoder *decoder);

/*
 * Decodes in a process of its own, a fork of the one that opened the decoder: as tl_decoder_read,
 * but libpng allocates only from `memory`. The result goes to *found, of found_bytes.
 * Async-signal-safe.
 */
void tl_decoder_read_inside(struct tl_decoder *decoder, void *memory, unsigned char *data,
                            size_t stride_bytes, struct tl_found *found, size_t found_bytes);

/*
 * Takes over the result in the coordinator, when that process is gone. Checks every field.
 * TELAR_INPUT: the file is no good, in that process's words. TELAR_WORKER: the result makes no
 * sense.
 * TELAR_HOST: no memory, here or there.
 */
telar_status tl_decoder_take_found(struct tl_decoder *decoder, const struct tl_found *found,
                                   size_t found_bytes, struct telar_error *error);

/* ---- rows in bands, without libpng ---- */

/*
 * Rows can be read in bands, as they lie in the file, by the decoder or by one copy of it after a
 * fork. A decoder in bands knows only success: if a pixel is in doubt, its functions return false,
 * and the file is to be read again from its beginning by tl_decoder_read, which says what is wrong.
 *
 * Returns whether the file is of a common kind, which can be read in bands. Async-signal-safe.
 */
bool tl_decoder_in_bands(const struct tl_decoder *decoder);

/*
 * Finds out whether the file was written in bands of so many rows, each of which can be read for
 * itself. If so, tl_decoder_bands says where, until the decoder is closed. To be called before
 * anything is read. Not async-signal-safe.
 */
bool tl_decoder_find_bands(struct tl_decoder *decoder, uint32_t band_rows);

/* Returns where the bands lie that tl_decoder_find_bands has found; NULL for none. */
const struct tl_bands *tl_decoder_bands(const struct tl_decoder *decoder);

/* Returns how many rows have been read in bands. */
uint32_t tl_decoder_rows_read(const struct tl_decoder *decoder);

/*
 * Reads the next rows: for each its filter and telar_row_bytes(), samples in the byte order of the
 * file. Async-signal-safe.
 */
bool tl_decoder_read_band(struct tl_decoder *decoder, unsigned char *filtered, uint32_t rows);

/* Returns the errno of a read that failed; 0 if no read has. */
int tl_decoder_errnum(const struct tl_decoder *decoder);

/*
 * Checks the end of the image data, after the last row, and writes to `rest`, *n bytes, where
 * another copy of the decoder has to read on. Async-signal-safe.
 */
enum { TL_REST_BYTES = 65536 + 24 };
bool tl_decoder_end_image(struct tl_decoder *decoder, unsigned char rest[TL_REST_BYTES], size_t *n);

/*
 * Reads the chunks behind the image data up to IEND, in the coordinator. Begins where `rest` says,
 * which may hold anything, or, after tl_decoder_find_bands, behind the last band. TELAR_INPUT: the
 * chunks are no good or cannot be read. With *doubt, `rest` is no good, so the file must be read
 * again. TELAR_HOST: no memory.
 */
telar_status tl_decoder_read_tail(struct tl_decoder *decoder, const unsigned char *rest, size_t n,
                                  bool *doubt, struct telar_error *error);

#endif
