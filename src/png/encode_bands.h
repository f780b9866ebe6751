/* SPDX-License-Identifier: MIT */
/*
 * encode.h - a PNG written in bands: each is filtered and compressed for itself, by whoever takes
 * it, and put between the same head and tail. Layer: codec; over filter and deflate.
 *
 * The file is one ordinary PNG (PNG specification, 3rd edition; RFC 1950 and 1951): a zlib stream
 * in one IDAT chunk a part, and a last one that ends it. A part is a band, or half of one where
 * bands are large (restart.h says what that is good for). Its blocks end at a byte boundary, no
 * match reaches out of it, and its first row uses filter None or Sub, so that its rows can be
 * decoded without those before; the chunk teLR says so:
 *
 *     0  1  version, 1
 *     1  3  zeros
 *     4  4  rows of each part but the last, big-endian
 *     8  4  number of parts, big-endian
 */
#ifndef TL_ENCODE_H
#define TL_ENCODE_H

#include "png/atomic_output.h"
#include "png/kept_chunks.h"

#include <telar/image.h>

/* How a file is written. */
struct tl_format {
    struct telar_geometry image;
    uint32_t band_rows;
    bool small;   /* takes time to make the file small */
    bool restart; /* whether the chunk teLR is written */
};

/* What became of one band. */
struct tl_encoded {
    uint32_t bytes; /* in the slot: whole chunks */
    uint32_t adler; /* Adler-32 of the filtered bytes */
};

/* How many rows a band of such an image has: a power of two, whatever else is done with the image.
 */
uint32_t tl_encode_band_rows(const struct telar_geometry *image);

/*
 * Bytes that a band's slot must have, SIZE_MAX when that is too much; bytes of scratch for encoding
 * one, which `small` needs more of.
 */
size_t tl_encode_slot_bytes(const struct telar_geometry *image, uint32_t band_rows);
size_t tl_encode_scratch_bytes(const struct telar_geometry *image, uint32_t band_rows, bool small);

/*
 * Encodes the rows of a band into `slot`, the first one together with the stream's beginning.
 * `band` covers its rows and all columns; `first`: it is the first. scratch is aligned as malloc
 * does. Async-signal-safe.
 */
struct tl_encoded tl_encode_band(const struct telar_geometry *image,
                                 const struct telar_source *band, bool first, bool small,
                                 void *scratch, unsigned char *slot);

/*
 * Whether n bytes are what tl_encode_band makes, as far as a file's framing goes: one or two IDAT
 * chunks, whole, with the right CRCs, the first of all with the stream's head. For bytes of a
 * worker that is not believed; what the data inflates to is not looked at.
 */
bool tl_encode_is_framed(const unsigned char *bytes, size_t n, bool first);

/* The Adler-32 of a stream from that of its beginning (1 for none) and that of a band of `rows`
 * rows behind it. */
uint32_t tl_encode_join(const struct telar_geometry *image, uint32_t adler, uint32_t band_adler,
                        uint32_t rows);

/* Everything before the first band: signature, IHDR, the chunks that stand before image data.
 * TELAR_OUTPUT. */
telar_status tl_encode_head(struct tl_atomic_output *output, const struct tl_format *format,
                            const struct tl_chunks *chunks, struct telar_error *error);

/* Everything behind the last: the stream's end with its checksum, the chunks that stand behind,
 * IEND. TELAR_OUTPUT. */
telar_status tl_encode_tail(struct tl_atomic_output *output, uint32_t adler,
                            const unsigned char *chunks, size_t n, struct telar_error *error);

/* All of an image, in series. chunks may be NULL. TELAR_OUTPUT, TELAR_HOST. */
telar_status tl_encode_all(struct tl_atomic_output *output, const struct telar_source *pixels,
                           const struct telar_geometry *image, const struct tl_chunks *chunks,
                           struct telar_error *error);

#endif
