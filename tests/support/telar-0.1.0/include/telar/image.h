/* SPDX-License-Identifier: MIT */
/*
 * image.h - the shape of an image, and the parts of it that are handed about.
 *
 * Samples are unsigned, 8 or 16 bits, 16-bit ones in the byte order of the host. The channels of a
 * pixel stand beside each other: grey; grey, alpha; red, green, blue; red, green, blue, alpha.
 * Alpha is not premultiplied.
 */
#ifndef TELAR_IMAGE_H
#define TELAR_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Geometry of an image. Valid when rows and columns are 1 to 2^31 - 1 (PNG's own limit), channels 1
 * to 4, depth 8 or 16; telar_geometry_valid() says so. Everything in the library that takes one
 * expects a valid one.
 */
struct telar_geometry {
    uint32_t rows;
    uint32_t columns;
    uint32_t channels; /* 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha */
    uint32_t depth;    /* bits per sample: 8 or 16 */
};

/*
 * A rectangle of an image: rows [r0, r1) x columns [c0, c1), zero-based and half-open. Empty when
 * r0 == r1 or c0 == c1.
 */
struct telar_region {
    uint32_t r0, r1, c0, c1;
};

/*
 * Pixels to read: the rows and columns of `region`, in coordinates of the whole image. Pixel (r, c)
 * begins at data + (r - region.r0) * stride_bytes + (c - region.c0) * telar_pixel_bytes(). The view
 * does not own the bytes.
 */
struct telar_source {
    const unsigned char *data;
    size_t stride_bytes; /* from one row to the next */
    struct telar_region region;
};

/*
 * Pixels to write: like telar_source. Only the bytes of the pixels of `region` may be written, not
 * those between rows.
 */
struct telar_result {
    unsigned char *data;
    size_t stride_bytes;
    struct telar_region region;
};

/* Whether all four numbers are in range and a row fits in 2^31 - 1 bytes, so that products of them
 * in size_t are safe. */
bool telar_geometry_valid(const struct telar_geometry *geometry);

/* Bytes of one sample (1 or 2), one pixel (1 to 8), one row without padding. */
static inline size_t telar_sample_bytes(const struct telar_geometry *g)
{
    return g->depth / 8;
}
static inline size_t telar_pixel_bytes(const struct telar_geometry *g)
{
    return (size_t)g->channels * (g->depth / 8);
}
static inline size_t telar_row_bytes(const struct telar_geometry *g)
{
    return g->columns * telar_pixel_bytes(g);
}

/* Whether the last channel is alpha. */
static inline bool telar_has_alpha(const struct telar_geometry *g)
{
    return g->channels == 2 || g->channels == 4;
}

/* The region that is all of the image; the number of rows and columns of a region. */
static inline struct telar_region telar_region_all(const struct telar_geometry *g)
{
    struct telar_region all = {0, g->rows, 0, g->columns}; /* no compound literal: C++ has none */

    return all;
}
static inline uint32_t telar_region_rows(const struct telar_region *r)
{
    return r->r1 - r->r0;
}
static inline uint32_t telar_region_columns(const struct telar_region *r)
{
    return r->c1 - r->c0;
}

/* Where a pixel of a view begins. (r, c) must lie inside the view's region. */
static inline const unsigned char *telar_source_at(const struct telar_source *s, size_t pixel_bytes,
                                                   uint32_t r, uint32_t c)
{
    return s->data + (size_t)(r - s->region.r0) * s->stride_bytes
           + (size_t)(c - s->region.c0) * pixel_bytes;
}
static inline unsigned char *telar_result_at(const struct telar_result *d, size_t pixel_bytes,
                                             uint32_t r, uint32_t c)
{
    return d->data + (size_t)(r - d->region.r0) * d->stride_bytes
           + (size_t)(c - d->region.c0) * pixel_bytes;
}

#ifdef __cplusplus
}
#endif
#endif
