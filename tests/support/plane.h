/* SPDX-License-Identifier: MIT */
/* plane.h - images for tests, sample by sample. Shares no code with the library. */
#ifndef TESTS_PLANE_H
#define TESTS_PLANE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <telar/geometry.h>

struct plane {
    struct telar_geometry geometry;
    size_t stride_bytes; /* longer than a row */
    unsigned char *bytes;
};

/* The next number of a random sequence, the same on every host (Marsaglia, Xorshift RNGs, 2003).
 * *state must not be 0. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline struct plane plane_new(struct telar_geometry geometry)
{
    struct plane plane = {
        geometry, (size_t)geometry.columns * geometry.channels * (geometry.depth / 8) + 10, NULL};

    plane.bytes = malloc(plane.stride_bytes * geometry.rows);
    if (!plane.bytes)
        abort();
    memset(plane.bytes, 0xa5, plane.stride_bytes * geometry.rows);
    return plane;
}

static inline void plane_free(struct plane plane)
{
    free(plane.bytes);
}

static inline uint32_t plane_max(const struct plane *plane)
{
    return plane->geometry.depth == 8 ? 255 : 65535;
}

/* Returns sample `channel` of the pixel inside the image that is nearest to (r, c). */
static inline uint32_t plane_get(const struct plane *plane, int64_t r, int64_t c, uint32_t channel)
{
    const struct telar_geometry *g = &plane->geometry;
    const unsigned char *at;
    uint16_t wide;

    r = r < 0 ? 0 : r >= g->rows ? g->rows - 1 : r;
    c = c < 0 ? 0 : c >= g->columns ? g->columns - 1 : c;
    at = plane->bytes + (size_t)r * plane->stride_bytes
         + ((size_t)c * g->channels + channel) * (g->depth / 8);
    if (g->depth == 8)
        return *at;
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static inline void plane_put(struct plane *plane, uint32_t r, uint32_t c, uint32_t channel,
                             uint32_t value)
{
    const struct telar_geometry *g = &plane->geometry;
    unsigned char *at = plane->bytes + r * plane->stride_bytes
                        + ((size_t)c * g->channels + channel) * (g->depth / 8);
    uint16_t wide = (uint16_t)value;

    if (g->depth == 8)
        *at = (unsigned char)value;
    else
        memcpy(at, &wide, sizeof wide);
}

/* Kind 0: noise. Kind 1: black and white noise. Kind 2: a slope with little noise. Kind 3: one
 * value. */
static inline struct plane plane_picture(struct telar_geometry geometry, uint32_t kind,
                                         uint32_t seed)
{
    struct plane plane = plane_new(geometry);
    uint32_t state = seed * 2654435761u + 1, max = plane_max(&plane);

    for (uint32_t r = 0; r < geometry.rows; r++)
        for (uint32_t c = 0; c < geometry.columns; c++)
            for (uint32_t i = 0; i < geometry.channels; i++) {
                uint32_t random = next_random(&state) >> 8;
                const uint32_t value[] = {random & max, random & 1 ? max : 0,
                                          (7 * r + 11 * c + 50 * i + random % 9) & max,
                                          (max / 3) + i};

                plane_put(&plane, r, c, i, value[kind % 4]);
            }
    return plane;
}

/* Kinds of alpha, for plane_veil. */
enum veil { VEIL_RANDOM, VEIL_SPARSE, VEIL_ICON, VEIL_HIDDEN, VEIL_OPAQUE, VEILS };

/* Replaces alpha. Random: any value. Sparse: mostly 0, else 1, 2 or max. Icon: a disc with a soft
 * edge. Hidden: 0 everywhere. Opaque: max everywhere. */
static inline void plane_veil(struct plane *plane, enum veil veil, uint32_t *state)
{
    const struct telar_geometry *g = &plane->geometry;
    int64_t max = plane_max(plane), middle_r = g->rows / 2, middle_c = g->columns / 2,
            size = g->rows < g->columns ? g->rows : g->columns;

    for (int64_t r = 0; r < g->rows; r++)
        for (int64_t c = 0; c < g->columns; c++) {
            uint32_t random = next_random(state) >> 8;
            int64_t far = 4 * ((r - middle_r) * (r - middle_r) + (c - middle_c) * (c - middle_c))
                          * 100 / (size * size);
            int64_t value[VEILS] = {
                random & max,
                random % 3   ? 0
                : random % 5 ? (int64_t)(1 + random % 2)
                             : max,
                far > 60   ? 0
                : far < 30 ? max
                           : max * (60 - far) / 30,
                0,
                max,
            };

            plane_put(plane, (uint32_t)r, (uint32_t)c, g->channels - 1, (uint32_t)value[veil]);
        }
}

static inline struct telar_source plane_source(const struct plane *plane)
{
    return (struct telar_source){plane->bytes, plane->stride_bytes,
                                 telar_region_all(&plane->geometry)};
}

static inline struct telar_result plane_result(struct plane *plane)
{
    return (struct telar_result){plane->bytes, plane->stride_bytes,
                                 telar_region_all(&plane->geometry)};
}

/* Returns a random rectangle that is not empty. */
static inline struct telar_region random_region(const struct telar_geometry *g, uint32_t *state)
{
    struct telar_region region = {next_random(state) % g->rows, 0, next_random(state) % g->columns,
                                  0};

    region.r1 = region.r0 + 1 + next_random(state) % (g->rows - region.r0);
    region.c1 = region.c0 + 1 + next_random(state) % (g->columns - region.c0);
    return region;
}

/* Copies only the rectangle, so that a sanitizer detects a read beside it. The caller frees the
 * data. */
static inline struct telar_source plane_cut(const struct plane *plane, struct telar_region region)
{
    size_t pixel_bytes = plane->geometry.channels * (plane->geometry.depth / 8);
    size_t row_bytes = (region.c1 - region.c0) * pixel_bytes;
    unsigned char *bytes = malloc(row_bytes * (region.r1 - region.r0));

    if (!bytes)
        abort();
    for (uint32_t r = region.r0; r < region.r1; r++)
        memcpy(bytes + (r - region.r0) * row_bytes,
               plane->bytes + r * plane->stride_bytes + region.c0 * pixel_bytes, row_bytes);
    return (struct telar_source){bytes, row_bytes, region};
}

/* Returns whether `got` differs from `wanted` inside the region, or from 0xa5 in any other byte,
 * padding included. */
static inline bool plane_differs(const struct plane *got, const struct plane *wanted,
                                 struct telar_region region)
{
    size_t pixel_bytes = got->geometry.channels * (got->geometry.depth / 8);

    for (uint32_t r = 0; r < got->geometry.rows; r++)
        for (size_t i = 0; i < got->stride_bytes; i++) {
            bool inside = r >= region.r0 && r < region.r1 && i >= region.c0 * pixel_bytes
                          && i < region.c1 * pixel_bytes;
            size_t at = r * got->stride_bytes + i;

            if (got->bytes[at] != (inside ? wanted->bytes[at] : 0xa5))
                return true;
        }
    return false;
}

#endif
