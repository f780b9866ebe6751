/* SPDX-License-Identifier: MIT */
/*
 * image.h - images in memory, and their way from and to PNG files.
 */
#ifndef TELAR_IMAGE_H
#define TELAR_IMAGE_H

#include <telar/geometry.h>
#include <telar/png.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The pixels of an image, and the ancillary chunks of the file that it was read from. Opaque. The
 * caller owns it and ends its life with telar_image_free(). Several threads may read one image at a
 * time; while a thread writes or frees it no other may use it.
 */
typedef struct telar_image telar_image;

/*
 * Makes an image whose samples are all 0, without chunks. geometry and image must not be NULL,
 * error may be. *image is NULL after an error. May be called from any thread. Errors:
 * TELAR_USAGE: the geometry is not valid.
 * TELAR_HOST: no memory.
 */
telar_status telar_image_new(const struct telar_geometry *geometry, telar_image **image,
                             struct telar_error *error);

/*
 * Makes an image of a PNG file. The path "-" is standard input. limits may be NULL (the defaults),
 * error may be NULL, the others not. *image is NULL after an error. May be called from any thread.
 * Errors: those of telar_info_read().
 */
telar_status telar_image_read(const char *path, const struct telar_limits *limits,
                              telar_image **image, struct telar_error *error);

/*
 * Writes an image and its chunks as a PNG file. The bytes go into a temporary file in the same
 * directory, which gets the name `path` when it is complete and on disk. The path "-" is standard
 * output. image and path must not be NULL, error may be. May be called from any thread. Errors:
 * TELAR_OUTPUT: the file could not be written. What was at `path` is unchanged.
 * TELAR_HOST: no memory.
 */
telar_status telar_image_write(const telar_image *image, const char *path,
                               struct telar_error *error);

/* Frees an image. NULL is allowed and does nothing. */
void telar_image_free(telar_image *image);

/*
 * Return facts of an image, which must not be NULL: its geometry, the first byte of row `row` (row
 * < rows; the row has telar_row_bytes() bytes), and the bytes from one row to the next. The two
 * pointers are into the image and valid until telar_image_free(). The caller may write the row.
 */
const struct telar_geometry *telar_image_geometry(const telar_image *image);
unsigned char *telar_image_row(telar_image *image, uint32_t row);
size_t telar_image_stride(const telar_image *image);

/*
 * Returns the faults of the file that telar_image_read() has made the image of. They leave every
 * pixel certain. The list is empty for every other image. The pointer is into the image and valid
 * until telar_image_free(). image must not be NULL.
 */
const struct telar_warnings *telar_image_warnings(const telar_image *image);

#ifdef __cplusplus
}
#endif
#endif
