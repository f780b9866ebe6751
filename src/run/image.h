/* SPDX-License-Identifier: MIT */
/*
 * image.h - what a run needs of a telar_image beside <telar/image.h>. Layer: run; over png.
 */
#ifndef TL_RUN_IMAGE_H
#define TL_RUN_IMAGE_H

#include "png/kept_chunks.h"

#include <telar/image.h>

/* Returns the first row, for reading. */
const unsigned char *tl_image_pixels(const telar_image *image);

/* Returns the chunks of the image, which stay its own; NULL for none. */
const struct tl_chunks *tl_image_chunks(const telar_image *image);

/*
 * Makes an image of another geometry, all zeros, with a copy of the chunks of `like`. TELAR_USAGE:
 * no such geometry. TELAR_HOST: no memory. *image is NULL on error.
 */
telar_status tl_image_new_like(const telar_image *like, const struct telar_geometry *geometry,
                               telar_image **image, struct telar_error *error);

#endif
