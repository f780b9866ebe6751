/* SPDX-License-Identifier: MIT */
/*
 * PNG to rows, by libpng, for pictures that telar does not decode itself: palettes, fewer than 8
 * bits, tRNS, interlaced ones.
 *
 * libpng reads the clean copy of the file (decoder_clean.h). The judge has
 * found every fault before libpng sees the file, but for unknown row filters. libpng lets an index
 * without a colour in the palette pass (it is black), and so does telar.
 */
#include <config.h>

#include "png/decoder_private.h"

#include "base/status.h"
#include "png/framing.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

/* ---- what libpng calls ---- */

static void on_error(png_structp png, png_const_charp message)
{
    struct tl_decoder *d = png_get_error_ptr(png);
    const char *open = d->libpng.warning[0] ? " (" : "", *close = d->libpng.warning[0] ? ")" : "";

    tl_fail(&d->failure, TELAR_INPUT, 0,
            "%s: is damaged or not a valid PNG: %s%s%s%s; get an undamaged copy", d->input.name,
            message, open, d->libpng.warning, close);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    struct tl_decoder *d = png_get_error_ptr(png);

    strncpy(d->libpng.warning, message, sizeof d->libpng.warning - 1);
}

/* Of the memory that a decoder in a sandbox was given; none of it is given back. */
static void *take_memory(struct tl_decoder *d, size_t n)
{
    size_t taken = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (n > d->libpng.memory_left || taken > d->libpng.memory_left)
        return NULL;
    d->libpng.memory_left -= taken;
    d->libpng.memory += taken;
    return d->libpng.memory - taken;
}

static void *on_malloc(png_structp png, png_alloc_size_t n)
{
    struct tl_decoder *d = png_get_mem_ptr(png);
    void *memory = d->libpng.memory ? take_memory(d, n) : malloc(n);

    if (!memory)
        tl_fail(&d->failure, TELAR_HOST, ENOMEM, "%s: no memory to decode it", d->input.name);
    return memory;
}

static void on_free(png_structp png, void *memory)
{
    const struct tl_decoder *d = png_get_mem_ptr(png);

    if (!d->libpng.memory)
        free(memory);
}

static void on_read(png_structp png, png_bytep bytes, size_t n)
{
    if (tl_clean_read(png_get_io_ptr(png), bytes, n) != TELAR_OK)
        png_error(png, "read");
}

/* ---- the steps of decoding; each comes back false when libpng has come to an error ---- */

static void read_header(struct tl_decoder *d)
{
    png_set_read_fn(d->libpng.png, d, on_read);
    png_set_sig_bytes(d->libpng.png, TL_SIGNATURE_BYTES);
    png_set_crc_action(d->libpng.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(d->libpng.png, 0);
    png_set_user_limits(d->libpng.png, PNG_UINT_31_MAX,
                        PNG_UINT_31_MAX); /* max_pixels is the limit */
    png_set_compression_buffer_size(d->libpng.png, TL_CLEAN_BYTES);
    png_read_info(d->libpng.png, d->libpng.info);
}

static void prepare_rows(struct tl_decoder *d)
{
    const uint16_t one = 1;

    png_set_expand(d->libpng.png);
    if (*(const unsigned char *)&one == 1)
        png_set_swap(d->libpng.png);
    png_set_interlace_handling(d->libpng.png);
    png_read_update_info(d->libpng.png, d->libpng.info);
}

static void read_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    uint64_t calls = (uint64_t)d->header.passes * d->header.geometry.rows;

    for (uint64_t call = 0; call < calls; call++)
        png_read_row(d->libpng.png, data + (size_t)(call % d->header.geometry.rows) * stride_bytes,
                     NULL);
    png_read_end(d->libpng.png, NULL);
}

static bool try_header(struct tl_decoder *d)
{
    if (setjmp(png_jmpbuf(d->libpng.png)))
        return false;
    read_header(d);
    return true;
}

static bool try_prepare(struct tl_decoder *d)
{
    if (setjmp(png_jmpbuf(d->libpng.png)))
        return false;
    prepare_rows(d);
    return true;
}

static bool try_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    if (setjmp(png_jmpbuf(d->libpng.png)))
        return false;
    read_rows(d, data, stride_bytes);
    return true;
}

/* Returns whether libpng would decode to the shape that the header promises. */
static bool same_shape(const struct tl_decoder *d)
{
    return png_get_rowbytes(d->libpng.png, d->libpng.info) == telar_row_bytes(&d->header.geometry)
           && png_get_image_height(d->libpng.png, d->libpng.info) == d->header.geometry.rows
           && png_get_image_width(d->libpng.png, d->libpng.info) == d->header.geometry.columns
           && png_get_channels(d->libpng.png, d->libpng.info) == d->header.geometry.channels;
}

static telar_status open_png(struct tl_decoder *d)
{
    d->libpng.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, d, on_error, on_warning, d,
                                             on_malloc, on_free);
    if (d->libpng.png)
        d->libpng.info = png_create_info_struct(d->libpng.png);
    if (!d->libpng.info)
        return tl_fail(&d->failure, TELAR_HOST, ENOMEM, "%s: libpng cannot be used", d->input.name);
    tl_clean_begin(d);
    if (!try_header(d) || !try_prepare(d))
        return d->failure.status;
    if (!same_shape(d))
        return tl_fail(&d->failure, TELAR_INPUT, 0, "%s: libpng would decode it to another shape",
                       d->input.name);
    return TELAR_OK;
}

/* ---- for the other files ---- */

telar_status tl_decoder_read_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    assert(!d->used);
    if (open_png(d) == TELAR_OK)
        try_rows(d, data, stride_bytes);
    return d->failure.status;
}

telar_status tl_decoder_read(struct tl_decoder *decoder, unsigned char *data, size_t stride_bytes,
                             struct telar_error *error)
{
    return tl_decoder_read_rows(decoder, data, stride_bytes) == TELAR_OK
               ? TELAR_OK
               : tl_decoder_hand_out(decoder, error);
}

void tl_decoder_close_libpng(struct tl_decoder *d)
{
    if (d->libpng.png)
        png_destroy_read_struct(&d->libpng.png, &d->libpng.info, NULL);
}
