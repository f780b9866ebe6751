/* SPDX-License-Identifier: MIT */
/*
 * encode_bands.h - writes a PNG in bands: any worker can filter and compress one band by itself.
 * Layer: png; over framing, filter and flate.
 *
 * The file is one ordinary PNG (PNG specification, 3rd edition; RFC 1950 and 1951). Its zlib stream
 * has one IDAT chunk for each part, and a last one that ends the stream. A part is a band, or half
 * of a large band (band_reader.h says why). The blocks of a part end at a byte boundary, no match
 * reaches out of it, and its first row has filter None or Sub. So the rows of a part can be decoded
 * without those before. The chunk teLR says so:
 *
 *     0  1  version, 1
 *     1  3  zeros
 *     4  4  rows of each part but the last, big-endian
 *     8  4  number of parts, big-endian
 */
#ifndef TL_ENCODE_BANDS_H
#define TL_ENCODE_BANDS_H

#include "png/atomic_output.h"
#include "png/kept_chunks.h"

#include <telar/image.h>

/* How a file is written. Set by the caller. */
struct tl_format {
    struct telar_geometry image;
    uint32_t band_rows;
    bool small; /* the file is made small, which takes longer */
    bool telr;  /* whether the chunk teLR is written */
};

/* The result of encoding one band. */
struct tl_encoded {
    uint32_t bytes; /* in the slot: whole chunks */
    uint32_t adler; /* Adler-32 of the filtered bytes */
};

/* Returns how many rows a band of an image has: a power of two, from the geometry alone. */
uint32_t tl_encode_band_rows(const struct telar_geometry *image);

/*
 * Returns how many bytes the slot of a band must have; SIZE_MAX if no chunk can be so long.
 */
size_t tl_encode_slot_bytes(const struct telar_geometry *image, uint32_t band_rows);

/* Returns how many bytes of scratch memory encoding a band needs; `small` needs more. */
size_t tl_encode_scratch_bytes(const struct telar_geometry *image, uint32_t band_rows, bool small);

/*
 * Encodes a band into `slot`: one or two IDAT chunks. `band` covers its rows and all columns. The
 * `first` band of a picture begins with the head of the zlib stream. `scratch` is aligned as by
 * malloc. Async-signal-safe.
 */
struct tl_encoded tl_encode_band(const struct telar_geometry *image,
                                 const struct telar_source *band, bool first, bool small,
                                 void *scratch, unsigned char *slot);

/*
 * Returns whether n bytes have the framing that tl_encode_band makes: one or two whole IDAT chunks
 * with the right CRCs, and the head of the stream if the band is the `first`. The data is not
 * inflated. For bytes of a worker that is not trusted.
 */
bool tl_encode_is_framed(const unsigned char *bytes, size_t n, bool first);

/* Returns the Adler-32 of a stream, from that of its beginning (1 for none) and that of the band of
 * `rows` rows behind it. */
uint32_t tl_encode_join(const struct telar_geometry *image, uint32_t adler, uint32_t band_adler,
                        uint32_t rows);

/* Writes everything before the first band: signature, IHDR, the kept chunks before the image data,
 * teLR. chunks may be NULL. TELAR_OUTPUT: it cannot be written. */
telar_status tl_encode_head(struct tl_atomic_output *output, const struct tl_format *format,
                            const struct tl_chunks *chunks, struct telar_error *error);

/* Writes everything behind the last band: the end of the stream with its checksum, the n bytes of
 * kept chunks, IEND. TELAR_OUTPUT: it cannot be written. */
telar_status tl_encode_tail(struct tl_atomic_output *output, uint32_t adler,
                            const unsigned char *chunks, size_t n, struct telar_error *error);

/* Writes a whole image, one band after the other. chunks may be NULL. TELAR_OUTPUT: it cannot be
 * written. TELAR_HOST: no memory. */
telar_status tl_encode_all(struct tl_atomic_output *output, const struct telar_source *pixels,
                           const struct telar_geometry *image, const struct tl_chunks *chunks,
                           struct telar_error *error);

#endif
