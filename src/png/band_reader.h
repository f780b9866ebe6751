/* SPDX-License-Identifier: MIT */
/*
 * band_reader.h - reads files that telar wrote in bands (encode_bands.h), in parallel. Layer: png;
 * over framing and flate.
 *
 * A band has one IDAT chunk, or two, one for each half. One worker inflates the two halves in
 * turns, symbol by symbol: while the processor waits for a table of one half, it works on the
 * other.
 *
 * A forged file might decode to one picture in series and to another in parallel. So a part is
 * accepted only if all of this is true; otherwise the file is read in series:
 *
 * - Its chunk has the right CRC.
 * - No match reaches out of the part.
 * - Its blocks end where the chunk ends, at a byte boundary, with no final block among them.
 * - Its blocks give exactly its rows.
 * - Its first row has filter None or Sub, which do not use the row above.
 * - The checksums of all parts together give the checksum of the stream.
 * - The last row, and the bytes behind it, have little image data without pixels.
 */
#ifndef TL_BAND_READER_H
#define TL_BAND_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TL_TELR_BYTES = 12, /* of data of the chunk teLR: see encode_bands.h */
    TL_BAND_PARTS = 2,  /* of a band, at most */
};

/* Where the parts of a file are. Written by tl_band_reader_find; all workers read it. */
struct tl_bands {
    uint32_t rows, part_rows, n_parts;
    uint32_t parts_of_band; /* 1 or 2 */
    uint32_t adler;         /* of the stream, as stored in the file */
    uint64_t tail_offset;   /* of the first chunk behind the image data */
    struct tl_bands_part {
        uint64_t offset; /* of the compressed data in the file */
        uint32_t bytes;
    } part[];
};

/*
 * Finds the parts in a file that can be read at any offset. `first` is the offset of the head of
 * the first IDAT, `data` the data of the chunk teLR. The picture has `rows` rows, and a band must
 * have `band_rows`. Returns NULL if the file was not written so, or there is no memory. The caller
 * frees the result with free().
 */
struct tl_bands *tl_band_reader_find(int fd, uint64_t first,
                                     const unsigned char data[TL_TELR_BYTES], uint32_t rows,
                                     uint32_t band_rows);

/* A band that was read: Adler-32 of its bytes; errno if the file could not be read, else 0. */
struct tl_band_read {
    uint32_t adler;
    int errnum;
};

/*
 * Inflates a band into `out`: rows with their filters, each of row_bytes. `work` has
 * tl_band_reader_work_bytes(), aligned as by malloc. Returns false if the file must be read in
 * series, or cannot be read. Async-signal-safe.
 */
bool tl_band_reader_read(const struct tl_bands *bands, int fd, uint32_t band, void *work,
                         unsigned char *out, size_t row_bytes, struct tl_band_read *told);
size_t tl_band_reader_work_bytes(void);

#endif
