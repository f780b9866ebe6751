/* SPDX-License-Identifier: MIT */
/*
 * transform.h - the built-in transforms, and what they share. Layer: transform; over image and
 * status.
 *
 * Everything a transform calls while it works on pixels is async-signal-safe: no malloc, no stdio,
 * no lock.
 */
#ifndef TL_TRANSFORM_H
#define TL_TRANSFORM_H

#include <telar/transform.h>

/* The built-in ones. To add one: declare it here and name it in transform.c's list. */
extern const struct telar_transform tl_transform_copy;
extern const struct telar_transform tl_transform_invert;
extern const struct telar_transform tl_transform_gray;
extern const struct telar_transform tl_transform_threshold;
extern const struct telar_transform tl_transform_gamma;
extern const struct telar_transform tl_transform_blur;
extern const struct telar_transform tl_transform_sobel;
extern const struct telar_transform tl_transform_equalize;

/* The name of a transform or of a parameter, with its final zero, is never longer. */
enum { TL_NAME_BYTES = 32 };

/* Whether *transform can be used. TELAR_USAGE, with the reason, when not. Calls nothing of it. */
telar_status tl_transform_check(const struct telar_transform *transform, struct telar_error *error);

/* Whether it can work on such an image. TELAR_INPUT, with the remedy, when not. */
telar_status tl_transform_takes(const struct telar_transform *transform,
                                const struct telar_geometry *image, struct telar_error *error);

/* How many parameters it has. *transform must have passed tl_transform_check. */
uint32_t tl_transform_params(const struct telar_transform *transform);

/*
 * How far a misspelt name is from a right one: insertions, deletions, replacements and swaps of
 * neighbours, each counted as 1. SIZE_MAX when that is too far to be worth a "did you mean".
 */
size_t tl_name_distance(const char *misspelt, const char *right);

/*
 * Before a function that loops over samples: the compiler makes a version for AVX2 and one for
 * every x86-64, and the dynamic linker takes the right one when the program starts. Sanitizers do
 * not get on with the function that chooses (it runs before they are ready); other C libraries and
 * architectures have no such functions.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(TL_SANITIZED)
#define TL_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define TL_CLONES
#endif

/* `region` grown by `halo` pixels on all sides, as far as the image goes. */
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

/* Where the row r of a view begins. */
static inline const unsigned char *tl_source_row(const struct telar_source *source, uint32_t r)
{
    return source->data + (size_t)(r - source->region.r0) * source->stride_bytes;
}
static inline unsigned char *tl_result_row(const struct telar_result *result, uint32_t r)
{
    return result->data + (size_t)(r - result->region.r0) * result->stride_bytes;
}

/* How many samples one row of a region has. */
static inline size_t tl_row_samples(const struct telar_context *context,
                                    const struct telar_region *region)
{
    return (size_t)telar_region_columns(region) * context->image.channels;
}

/* The number of channels that are not alpha. */
uint32_t tl_colors(const struct telar_geometry *image);

/*
 * Writes a row of `pixels` pixels through tables of one entry for each possible sample: that of
 * colour i begins at tables + i * step. Alpha is passed through.
 */
void tl_row_look_up(const struct telar_geometry *image, void *out, const void *in, size_t pixels,
                    const uint16_t *tables, size_t step);

/* Passes alpha, if there is any, through from one row to another. */
void tl_row_keep_alpha(const struct telar_geometry *image, void *out, const void *in,
                       size_t pixels);

/* Replicates the first and the last of `inside` pixels, which begin `left` pixels after `row`. */
void tl_row_pad(void *row, size_t pixel_bytes, size_t left, size_t inside, size_t right);

#endif
