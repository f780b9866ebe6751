/* SPDX-License-Identifier: MIT */
/*
 * restart.h - reading in parallel what telar has written in bands (encode.h). Layer: codec; over
 * inflate and checksum.
 *
 * A band is one part of the file, with a chunk of its own, or two halves, which one worker inflates
 * in turns, symbol by symbol: a processor that waits for a table in one has something to do in the
 * other.
 *
 * The danger of such files is one that decodes to one picture in series and to another in parallel.
 * So a part is taken only if it can be decoded in no other way: its chunk has the right CRC, no
 * match reaches out of it, its blocks end where the chunk ends, at a byte boundary, without a last
 * one among them, and give exactly its rows; its first row is filtered by None or Sub, which do not
 * look at the row above; and the checksums of all parts together give that of the stream. And there
 * is no more image data without pixels in the last row and behind it than libpng is allowed
 * (codec_png_read.c). Whatever is not so means: read it in series.
 */
#ifndef TL_RESTART_H
#define TL_RESTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_TELR_BYTES = 12, /* of data of the chunk teLR: see encode.h */
    TL_BAND_PARTS = 2,  /* of a band, at most */
};

/* Where the parts of a file are. Read-only once made; shared by all workers. */
struct tl_bands {
    uint32_t rows, part_rows, n_parts;
    uint32_t parts_of_band; /* 1 or 2 */
    uint32_t adler;         /* of the stream, as it says itself */
    uint64_t tail_offset;   /* of the first chunk behind the image data */
    struct tl_bands_part {
        uint64_t offset; /* of the compressed data in the file */
        uint32_t bytes;
    } part[];
};

/*
 * Looks the parts up in a file that can be read at any place: `first` is where the head of its
 * first IDAT begins, `data` what the chunk teLR holds; the picture has so many rows, and a band is
 * to have `band_rows` of them. NULL when the file is not like that, or there is no memory: then
 * nothing in it can be decoded for itself. To be freed with free().
 */
struct tl_bands *tl_band_reader_find(int fd, uint64_t first,
                                     const unsigned char data[TL_TELR_BYTES], uint32_t rows,
                                     uint32_t band_rows);

/* What else a band has told: the Adler-32 of its bytes; 0, or why the file cannot be read. */
struct tl_band_read {
    uint32_t adler;
    int errnum;
};

/*
 * Inflates a band: rows with their filters, each of row_bytes. work: tl_band_reader_work_bytes(),
 * aligned as malloc does. False: the file is to be read in series, or cannot be read.
 * Async-signal-safe.
 */
bool tl_band_reader_read(const struct tl_bands *restart, int fd, uint32_t band, void *work,
                         unsigned char *out, size_t row_bytes, struct tl_band_read *told);
size_t tl_band_reader_work_bytes(void);

#endif
