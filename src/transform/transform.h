/* SPDX-License-Identifier: MIT */
/*
 * transform.h - the built-in transforms and helper functions that they share.
 *
 * A transform's callbacks and all functions that they call are async-signal-safe: no malloc, no
 * stdio, no lock. A worker process calls them between fork and _exit.
 */
#ifndef TL_TRANSFORM_H
#define TL_TRANSFORM_H

#include <telar/status.h>
#include <telar/transform.h>

/* The built-in transforms. To add one, declare it here and add it to the list in transform.c. */
extern const struct telar_transform tl_transform_copy;
extern const struct telar_transform tl_transform_invert;
extern const struct telar_transform tl_transform_gray;
extern const struct telar_transform tl_transform_threshold;
extern const struct telar_transform tl_transform_gamma;
extern const struct telar_transform tl_transform_blur;
extern const struct telar_transform tl_transform_sobel;
extern const struct telar_transform tl_transform_equalize;

/*
 * Checks that *transform follows the rules of <telar/transform.h>. Calls none of its functions.
 * Fails with TELAR_USAGE and the reason.
 */
telar_status tl_transform_check(const struct telar_transform *transform, struct telar_error *error);

/*
 * Checks that the transform accepts the depth and channels of this image. Fails with TELAR_INPUT
 * and the remedy.
 */
telar_status tl_transform_takes(const struct telar_transform *transform,
                                const struct telar_geometry *image, struct telar_error *error);

/* Returns the number of parameters. *transform must have passed tl_transform_check. */
uint32_t tl_transform_params(const struct telar_transform *transform);

/*
 * Put before a function that loops over samples. The compiler makes two versions, one for AVX2 and
 * one for every x86-64. The dynamic linker chooses when the program starts (GNU indirect
 * functions). Sanitizer builds go without: the choice runs before the sanitizer is ready. Other C
 * libraries and processors have no such functions.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(TL_SANITIZED)
#define TL_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define TL_CLONES
#endif

/* Returns `region` grown by `halo` pixels on all sides, but not beyond the image. */
static inline struct telar_region tl_region_grow(const struct telar_region *region, uint32_t halo,
                                                 const struct telar_geometry *image)
{
    return (struct telar_region){
        .r0 = region->r0 > halo ? region->r0 - halo : 0,
        .r1 = image->rows - region->r1 > halo ? region->r1 + halo : image->rows,
        .c0 = region->c0 > halo ? region->c0 - halo : 0,
        .c1 = image->columns - region->c1 > halo ? region->c1 + halo : image->columns,
    };
}

/* Return the address of the first pixel of row r in a view. */
static inline const unsigned char *tl_source_row(const struct telar_source *source, uint32_t r)
{
    return source->data + (size_t)(r - source->region.r0) * source->stride_bytes;
}
static inline unsigned char *tl_result_row(const struct telar_result *result, uint32_t r)
{
    return result->data + (size_t)(r - result->region.r0) * result->stride_bytes;
}

/* Returns the number of samples in one row of a region. */
static inline size_t tl_row_samples(const struct telar_context *context,
                                    const struct telar_region *region)
{
    return (size_t)telar_region_columns(region) * context->image.channels;
}

#endif
