/* SPDX-License-Identifier: MIT */
/*
 * codec.h - PNG in and out, row by row, without knowing where rows lie. Layer: codec; over status
 * and image.
 *
 * Only codec_png_*.c include <png.h>. Only output.c creates, renames and removes files.
 */
#ifndef TL_CODEC_H
#define TL_CODEC_H

#include <telar/image.h>
#include <telar/output.h>

/*
 * Ancillary chunks that stay true whatever a transform does, byte for byte as they stood in the
 * file: gAMA, cHRM, sRGB, iCCP, pHYs, tEXt, zTXt, iTXt, eXIf. Opaque; NULL is an empty list.
 */
struct tl_chunks;

/* A copy of its own, or NULL (which also is an empty list) with *ok false when there is no memory.
 */
struct tl_chunks *tl_chunks_copy(const struct tl_chunks *chunks, bool *ok);
void tl_chunks_free(struct tl_chunks *chunks);

/* A PNG file being read. Belongs to one thread. */
struct tl_decoder;

/*
 * Opens a file ("-": standard input), reads up to its first IDAT, checks the signature and the
 * limits (NULL: defaults). *decoder is NULL on error. TELAR_INPUT: cannot be opened, is a
 * directory, not a PNG, damaged, over a limit; the text names the file. TELAR_HOST: no memory. The
 * decoder never allocates more than a few rows and the limits say.
 */
telar_status tl_decoder_open(const char *path, const struct telar_limits *limits,
                             struct tl_decoder **decoder, struct telar_error *error);

/*
 * The same without libpng: looks at the framing of the chunks only. What is unusual or wrong is
 * left for libpng to judge in a sandbox (tl_decoder_read_inside): such a file is never read in
 * bands. A geometry without rows: IHDR is no good, and there is nothing to decode. TELAR_INPUT: no
 * PNG at all, or over a limit.
 */
telar_status tl_decoder_open_scan(const char *path, const struct telar_limits *limits,
                                  struct tl_decoder **decoder, struct telar_error *error);

/* What a process that decodes in a sandbox says, in memory that it shares with the coordinator. */
struct tl_found {
    struct telar_error error;
    uint64_t tail_offset, tail_bytes; /* in `chunks`: those behind the image data */
    char dropped[TELAR_CHUNK_NAMES_BYTES];
    unsigned char chunks[];
};

/*
 * In the place of tl_decoder_read, of a decoder that tl_decoder_open_scan gave, in a process of its
 * own, with the memory that it may use: from the beginning, by libpng. `data` NULL: only to say
 * what is wrong. Async-signal-safe.
 */
size_t tl_decoder_memory_bytes(const struct tl_decoder *decoder);
void tl_decoder_read_inside(struct tl_decoder *decoder, void *memory, unsigned char *data,
                            size_t stride_bytes, struct tl_found *found, size_t found_bytes);

/* The coordinator's part, when that process is gone: believes nothing that it has not looked at. */
telar_status tl_decoder_take_found(struct tl_decoder *decoder, const struct tl_found *found,
                                   size_t found_bytes, struct telar_error *error);

/* The image's geometry as it will be decoded. Valid until tl_decoder_close. */
const struct telar_geometry *tl_decoder_geometry(const struct tl_decoder *decoder);

/*
 * Decodes all rows into `data`, row r at data + r * stride_bytes, then reads to IEND. Interlaced
 * files too. Once only. TELAR_INPUT: damaged or truncated anywhere, the checksums included; the
 * contents of `data` are undefined then.
 */
telar_status tl_decoder_read(struct tl_decoder *decoder, unsigned char *data, size_t stride_bytes,
                             struct telar_error *error);

/*
 * In the place of tl_decoder_read: rows in bands, as they lie in the file, by whoever has the
 * decoder or, after a fork, a copy of it, but always the same. It is for files of the common kinds
 * (tl_decoder_in_bands) and it cannot say what is wrong with a file: where anything is not as it
 * should be it is false, and the file is to be read again from its beginning with tl_decoder_read.
 * These are async-signal-safe.
 */
bool tl_decoder_in_bands(const struct tl_decoder *decoder);

/*
 * Whether the file was written in bands of so many rows, each of which can be read for itself: then
 * tl_decoder_bands says where, until the decoder is closed, and there is no need to read in
 * order. To be asked before anything is read. Not async-signal-safe.
 */
bool tl_decoder_find_bands(struct tl_decoder *decoder, uint32_t band_rows);
const struct tl_bands *tl_decoder_bands(const struct tl_decoder *decoder);

/*
 * How many rows it has read, which are forgotten; and whether another copy of it, made before the
 * first was read, can read them again: the file is a regular one, and no pipe.
 */
uint32_t tl_decoder_rows_read(const struct tl_decoder *decoder);
bool tl_decoder_can_reread(const struct tl_decoder *decoder);

/* How long the file is; 0: it is no regular one. */
uint64_t tl_decoder_file_bytes(const struct tl_decoder *decoder);

/* The next rows: for each its filter and telar_row_bytes(), samples in the byte order of the file.
 */
bool tl_decoder_read_band(struct tl_decoder *decoder, unsigned char *filtered, uint32_t rows);

/* Why it could not read on, as errno has it; 0: that was not it. */
int tl_decoder_errnum(const struct tl_decoder *decoder);

/*
 * After the last row: checks the end of the image data, and says in `rest`, *n bytes, where another
 * copy of the decoder has to read on.
 */
enum { TL_REST_BYTES = 65536 + 24 };
bool tl_decoder_end_image(struct tl_decoder *decoder, unsigned char rest[TL_REST_BYTES], size_t *n);

/* Whether the same file can be opened by its name again, and read from its beginning: a regular
 * file, no pipe. */
bool tl_decoder_can_reopen(const struct tl_decoder *decoder);

/* The descriptor that it reads from. */
int tl_decoder_descriptor(const struct tl_decoder *decoder);

/* In a process that has it under another number, which is then used. */
void tl_decoder_move(struct tl_decoder *decoder, int descriptor);

/*
 * The coordinator's part: reads the chunks behind the image data up to IEND, from where that says,
 * which may be nonsense, or where the file's own bands end. TELAR_INPUT: they are wrong, with
 * *doubt as above, or cannot be read, or are over a limit. TELAR_HOST: no memory.
 */
telar_status tl_decoder_read_tail(struct tl_decoder *decoder, const unsigned char *rest, size_t n,
                                  bool *doubt, struct telar_error *error);

/* After tl_decoder_read or tl_decoder_read_tail: what the file says of itself, and the kept chunks,
 * which stay the decoder's. */
void tl_decoder_info(const struct tl_decoder *decoder, struct telar_info *info);
const struct tl_chunks *tl_decoder_chunks(const struct tl_decoder *decoder);

/* Closes and releases. NULL is allowed. */
void tl_decoder_close(struct tl_decoder *decoder);

/*
 * An output file that takes its name only when it is complete. "-": standard output, written as it
 * comes. Made without a name where the filesystem can (O_TMPFILE), else as ".NAME.telar-XXXXXX"
 * beside it. If the path exists, its permission bits and, as far as allowed, its owner are kept,
 * but other hard links to it keep the old contents; a write-protected file is refused. A symbolic
 * link is followed, so that the file it names is replaced and the link stays; a link to nowhere is
 * refused. What is no regular file (a pipe, /dev/full) is written directly.
 */
struct tl_atomic_output;

/*
 * Opens it. While the file has a name that is not yet its own, *temporary tells it (NULL: nobody
 * wants to know). TELAR_OUTPUT: cannot be created there; the text names the path. *output is NULL
 * on error.
 */
telar_status tl_atomic_output_open(const char *path, struct telar_temporary *temporary,
                                   struct tl_atomic_output **output, struct telar_error *error);

/* Writes all of it (EINTR and short writes are handled). TELAR_OUTPUT: it cannot, EPIPE included
 * (SIGPIPE is not raised). */
telar_status tl_atomic_output_write(struct tl_atomic_output *output, const void *bytes, size_t n,
                                    struct telar_error *error);

/* fsync, close, put it in place of the old file, in that order. On error the old file is as it was.
 * Releases *output. */
telar_status tl_atomic_output_commit(struct tl_atomic_output *output, struct telar_error *error);

/* Whether what is written is out at once, and cannot be taken back: a pipe, a device, standard
 * output. */
bool tl_atomic_output_is_direct(const struct tl_atomic_output *output);

/* Gives up: the path is as it was, nothing stays behind. Releases output. NULL is allowed. */
void tl_atomic_output_abandon(struct tl_atomic_output *output);

/*
 * What run.c needs of a telar_image beside <telar/image.h>: its first row, for reading; its chunks,
 * which stay its own and may be NULL; a new image of another geometry, all zeros, that carries over
 * the chunks of `like`.
 */
const unsigned char *tl_image_pixels(const telar_image *image);
const struct tl_chunks *tl_image_chunks(const telar_image *image);
telar_status tl_image_new_like(const telar_image *like, const struct telar_geometry *geometry,
                               telar_image **image, struct telar_error *error);

#endif
