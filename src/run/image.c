/* SPDX-License-Identifier: MIT */
/* Images in memory: made, read from PNG files, written to them, freed. */
#include <config.h>

#include "run/image.h"

#include "base/status.h"
#include "isolate/segment.h"
#include "png/atomic_output.h"
#include "png/decoder.h"
#include "png/encode_bands.h"
#include "run/options.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* An image. telar_image_new fills it; only the pixels, and once the chunks and warnings,
 * change later. */
struct telar_image {
    struct telar_geometry geometry;
    size_t stride_bytes;            /* the bytes of a row: there is no padding */
    unsigned char *pixels;          /* of tl_private_map */
    struct tl_chunks *chunks;       /* kept from the file that it was read from; NULL: none */
    struct telar_warnings warnings; /* about that file */
};

/* Maps the pixels of an image. The product of a valid geometry is below 2^62. Returns NULL without
 * memory. */
static unsigned char *pixels_new(const struct telar_geometry *geometry)
{
    return tl_private_map(geometry->rows * telar_row_bytes(geometry));
}

telar_status telar_image_new(const struct telar_geometry *geometry, telar_image **image,
                             struct telar_error *error)
{
    telar_image *made;

    tl_error_clear(error);
    *image = NULL;
    if (!telar_geometry_valid(geometry))
        return tl_fail(error, TELAR_USAGE, 0,
                       "an image of %" PRIu32 " x %" PRIu32 " pixels with %" PRIu32
                       " channels of %" PRIu32
                       " bits: 1 to 4 channels of 8 or 16 bits and rows under 2 GiB are possible",
                       geometry->rows, geometry->columns, geometry->channels, geometry->depth);
    made = calloc(1, sizeof *made);
    if (made) {
        made->geometry = *geometry;
        made->stride_bytes = telar_row_bytes(geometry);
        made->pixels = pixels_new(geometry);
    }
    if (!made || !made->pixels) {
        telar_image_free(made);
        return tl_fail(error, TELAR_HOST, ENOMEM,
                       "no memory for an image of %" PRIu32 " x %" PRIu32 " pixels", geometry->rows,
                       geometry->columns);
    }
    *image = made;
    return TELAR_OK;
}

/* Gives the image its own copy of the chunks. */
static telar_status copy_chunks(telar_image *image, const struct tl_chunks *chunks,
                                struct telar_error *error)
{
    bool ok;

    image->chunks = tl_chunks_copy(chunks, &ok);
    return ok ? TELAR_OK : tl_fail(error, TELAR_HOST, ENOMEM, "no memory for an image's chunks");
}

telar_status tl_image_new_like(const telar_image *like, const struct telar_geometry *geometry,
                               telar_image **image, struct telar_error *error)
{
    telar_status status = telar_image_new(geometry, image, error);

    if (status != TELAR_OK)
        return status;
    status = copy_chunks(*image, like->chunks, error);
    if (status == TELAR_OK)
        return status;
    telar_image_free(*image);
    *image = NULL;
    return status;
}

telar_status telar_image_read(const char *path, const struct telar_limits *limits,
                              telar_image **image, struct telar_error *error)
{
    struct tl_decoder *decoder = NULL;
    struct telar_limits most;
    telar_image *made = NULL;
    telar_status status;

    tl_error_clear(error);
    *image = NULL;
    status = tl_options_copy_limits(limits, &most, error);
    if (status == TELAR_OK)
        status = tl_decoder_open(path, &most, &decoder, error);
    if (status == TELAR_OK)
        status = telar_image_new(tl_decoder_geometry(decoder), &made, error);
    if (status == TELAR_OK)
        status = tl_decoder_read(decoder, made->pixels, made->stride_bytes, error);
    if (status == TELAR_OK)
        status = copy_chunks(made, tl_decoder_chunks(decoder), error);
    if (status == TELAR_OK)
        tl_decoder_warnings(decoder, &made->warnings);
    tl_decoder_close(decoder);
    if (status == TELAR_OK)
        *image = made;
    else
        telar_image_free(made);
    return status;
}

telar_status telar_image_write(const telar_image *image, const char *path,
                               struct telar_error *error)
{
    const struct telar_source whole = {image->pixels, image->stride_bytes,
                                       telar_region_all(&image->geometry)};
    struct tl_atomic_output *output = NULL;
    telar_status status;

    tl_error_clear(error);
    status = tl_atomic_output_open(path, NULL, &output, error);
    if (status != TELAR_OK)
        return status;
    status = tl_encode_all(output, &whole, &image->geometry, image->chunks, error);
    if (status == TELAR_OK)
        return tl_atomic_output_commit(output, error);
    tl_atomic_output_abandon(output);
    return status;
}

void telar_image_free(telar_image *image)
{
    if (!image)
        return;
    tl_chunks_free(image->chunks);
    tl_private_unmap(image->pixels, image->geometry.rows * image->stride_bytes);
    free(image);
}

const struct telar_geometry *telar_image_geometry(const telar_image *image)
{
    return &image->geometry;
}

unsigned char *telar_image_row(telar_image *image, uint32_t row)
{
    assert(row < image->geometry.rows);
    return image->pixels + (size_t)row * image->stride_bytes;
}

size_t telar_image_stride(const telar_image *image)
{
    return image->stride_bytes;
}

const struct telar_warnings *telar_image_warnings(const telar_image *image)
{
    return &image->warnings;
}

const unsigned char *tl_image_pixels(const telar_image *image)
{
    return image->pixels;
}

const struct tl_chunks *tl_image_chunks(const telar_image *image)
{
    return image->chunks;
}
