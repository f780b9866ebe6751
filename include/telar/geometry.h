/* SPDX-License-Identifier: MIT */
/*
 * geometry.h - the shape of an image, its regions, and views of its pixels.
 *
 * Samples are unsigned, of 8 or 16 bits. Samples of 16 bits have the byte order of the host. The
 * channels of a pixel stand side by side: grey; grey, alpha; red, green, blue; red, green, blue,
 * alpha. Alpha is not premultiplied. These are the pixel formats of PNG (PNG specification, third
 * edition, section 6.1), but for the byte order.
 *
 * The functions here only compute. None allocates, keeps a pointer or accepts NULL. All may be
 * called from any thread, from a transform, from a signal handler, and between fork and exec.
 */
#ifndef TELAR_GEOMETRY_H
#define TELAR_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The geometry of an image. It is valid when rows and columns are 1 to 2^31 - 1 (the limit of PNG,
 * section 11.2.1 of its specification), channels 1 to 4, depth 8 or 16, and a row has less than
 * 2^31 bytes. Functions that take a geometry expect a valid one, but for telar_geometry_valid and
 * those that say otherwise. The caller owns it.
 */
struct telar_geometry {
    uint32_t rows;
    uint32_t columns;
    uint32_t channels; /* 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha */
    uint32_t depth;    /* bits per sample: 8 or 16 */
};

/*
 * A rectangle of an image: rows [r0, r1) and columns [c0, c1), counted from 0, the ends not
 * included. It is empty when r0 == r1 or c0 == c1.
 */
struct telar_region {
    uint32_t r0, r1, c0, c1;
};

/*
 * A view of pixels to read: those of `region`, in coordinates of the whole image. Pixel (r, c)
 * begins at data + (r - region.r0) * stride_bytes + (c - region.c0) * telar_pixel_bytes(). A view
 * does not own its bytes.
 */
struct telar_source {
    const unsigned char *data;
    size_t stride_bytes; /* from one row to the next */
    struct telar_region region;
};

/*
 * A view of pixels to write, laid out like telar_source. Only the pixels of `region` may be
 * written. The bytes between the end of one row and the begin of the next belong to others.
 */
struct telar_result {
    unsigned char *data;
    size_t stride_bytes;
    struct telar_region region;
};

/* Returns whether the geometry is valid. Products of the numbers of a valid one cannot overflow
 * size_t. */
bool telar_geometry_valid(const struct telar_geometry *geometry);

/* Return the bytes of one sample (1 or 2), of one pixel (1 to 8), of one row without padding. */
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

/* Returns whether the last channel is alpha. */
static inline bool telar_has_alpha(const struct telar_geometry *g)
{
    return g->channels == 2 || g->channels == 4;
}

/* Return the region that is the whole image, the number of rows of a region, and of columns. */
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

/* Return the address of pixel (r, c) of a view. The pixel must lie in the view's region. */
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
