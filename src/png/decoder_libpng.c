/* SPDX-License-Identifier: MIT */
/*
 * PNG to rows, by libpng.
 *
 * The bytes of the file pass through a tl_chunk_scan on their way to libpng. The scan keeps the
 * chunks; libpng is told to skip all ancillary ones but tRNS, so that none can change a sample
 * (gAMA), cost memory (iCCP, zTXt) or be judged by it. What it skips it still checks the CRC of.
 *
 * What is refused: all that libpng calls an error, and what it calls a benign error too, which in
 * this setting is damage to the image data (checksum, too much of it), to PLTE, tRNS or IEND. Its
 * plain warnings are only used to say more in the message. What follows IEND is not read.
 *
 * What libpng lets pass, and so does telar: an index without a colour in the palette (it is black),
 * a wrong Adler-32 of the image data where boundaries of IDAT chunks cut through it (their CRCs
 * cover the same bytes), and chunks of any name behind the image data.
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

/* After IHDR, before anything is allocated for the image. */
static telar_status check_size(struct tl_decoder *d)
{
    uint64_t rows = png_get_image_height(d->libpng.png, d->libpng.info),
             columns = png_get_image_width(d->libpng.png, d->libpng.info);

    d->libpng.size_checked = true;
    if (rows == 0 || columns == 0) /* another chunk came first, which libpng has skipped: it does
                                      not know them yet */
        return tl_fail(
            &d->failure, TELAR_INPUT, 0,
            "%s: is damaged or not a valid PNG: IHDR is not its first chunk; get an undamaged copy",
            d->input.name);
    return tl_decoder_check_size(d, rows, columns);
}

/* libpng has judged IHDR, its CRC included, when it asks for the second chunk. */
static void on_read(png_structp png, png_bytep bytes, size_t n)
{
    struct tl_decoder *d = png_get_io_ptr(png);

    if (tl_png_input_read(&d->input, bytes, n, &d->failure) != TELAR_OK
        || tl_chunk_scan_bytes(&d->scan, bytes, n, &d->failure) != TELAR_OK
        || (d->scan.n_chunks > 1 && !d->libpng.size_checked && check_size(d) != TELAR_OK))
        png_error(png, "read");
    if (d->scan.idat_bytes > d->idat_limit_bytes)
        png_error(png, "IDAT: Too much image data");
}

/* ---- the steps of decoding; each comes back false when libpng has come to an error ---- */

static void read_header(struct tl_decoder *d)
{
    png_set_read_fn(d->libpng.png, d, on_read);
    png_set_sig_bytes(d->libpng.png, TL_SIGNATURE_BYTES);
    png_set_crc_action(d->libpng.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(d->libpng.png, 0);
    png_set_keep_unknown_chunks(d->libpng.png, PNG_HANDLE_CHUNK_NEVER, NULL,
                                -1); /* -1: the known ones too, but tRNS */
    png_set_user_limits(d->libpng.png, PNG_UINT_31_MAX,
                        PNG_UINT_31_MAX);       /* max_pixels is the limit */
    png_set_chunk_malloc_max(d->libpng.png, 0); /* it stores no chunk, and may skip a large one */
    png_set_compression_buffer_size(d->libpng.png, TL_PNG_INPUT_BUFFER_BYTES);
    png_read_info(d->libpng.png, d->libpng.info);
}

static void prepare_rows(struct tl_decoder *d)
{
    const uint16_t one = 1;

    png_set_expand(d->libpng.png);
    if (*(const unsigned char *)&one == 1)
        png_set_swap(d->libpng.png);
    d->header.passes = png_set_interlace_handling(d->libpng.png);
    png_read_update_info(d->libpng.png, d->libpng.info);
}

static void read_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    uint64_t calls = (uint64_t)d->header.passes * d->header.geometry.rows;

    for (uint64_t call = 0; call < calls; call++) {
        /* Otherwise a few bytes of picture with gigabytes of zeros behind it would be inflated to
         * the end. */
        if (call == calls - 1)
            d->idat_limit_bytes =
                d->scan.idat_bytes + 2 * telar_row_bytes(&d->header.geometry) + TL_LAST_ROW_BYTES;
        png_read_row(d->libpng.png, data + (size_t)(call % d->header.geometry.rows) * stride_bytes,
                     NULL);
    }
    d->idat_limit_bytes = d->scan.idat_bytes + TL_AFTER_ROWS_BYTES;
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

static telar_status settle_geometry(struct tl_decoder *d)
{
    d->header.transparent = png_get_valid(d->libpng.png, d->libpng.info, PNG_INFO_tRNS) != 0;
    d->header.color_type = png_get_color_type(d->libpng.png, d->libpng.info);
    d->header.bit_depth = png_get_bit_depth(d->libpng.png, d->libpng.info);
    return tl_decoder_set_geometry(d, png_get_image_height(d->libpng.png, d->libpng.info),
                                   png_get_image_width(d->libpng.png, d->libpng.info));
}

static telar_status open_png(struct tl_decoder *d)
{
    d->libpng.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, d, on_error, on_warning, d,
                                             on_malloc, on_free);
    if (d->libpng.png)
        d->libpng.info = png_create_info_struct(d->libpng.png);
    if (!d->libpng.info)
        return tl_fail(&d->failure, TELAR_HOST, ENOMEM, "%s: libpng cannot be used", d->input.name);
    if (!try_header(d) || settle_geometry(d) != TELAR_OK || tl_decoder_check_length(d) != TELAR_OK
        || !try_prepare(d))
        return d->failure.status;
    if (png_get_rowbytes(d->libpng.png, d->libpng.info) != telar_row_bytes(&d->header.geometry))
        return tl_fail(&d->failure, TELAR_INPUT, 0, "%s: libpng would decode it to another shape",
                       d->input.name);
    return TELAR_OK;
}

/* ---- for the other files ---- */

telar_status tl_decoder_open(const char *path, const struct telar_limits *limits,
                             struct tl_decoder **decoder, struct telar_error *error)
{
    telar_status status = tl_decoder_new(path, limits, decoder, error);

    if (status != TELAR_OK || open_png(*decoder) == TELAR_OK)
        return status;
    status = tl_decoder_hand_out(*decoder, error);
    tl_decoder_close(*decoder);
    *decoder = NULL;
    return status;
}

telar_status tl_decoder_read_anew(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    struct telar_geometry expected = d->header.geometry;

    if (!tl_png_input_rewind(&d->input))
        return tl_fail(&d->failure, TELAR_INPUT, 0,
                       "%s: comes through a pipe, and too much stands before its image data to "
                       "read it again in the "
                       "sandbox; give a file",
                       d->input.name);
    if (open_png(d) != TELAR_OK)
        return d->failure.status;
    if (!data || memcmp(&expected, &d->header.geometry, sizeof expected) != 0)
        return tl_fail(&d->failure, TELAR_INPUT, 0, "%s: libpng would decode it to another shape",
                       d->input.name);
    try_rows(d, data, stride_bytes);
    return d->failure.status;
}

telar_status tl_decoder_read(struct tl_decoder *decoder, unsigned char *data, size_t stride_bytes,
                             struct telar_error *error)
{
    assert(!decoder->used);
    decoder->used = true;
    return try_rows(decoder, data, stride_bytes) ? TELAR_OK : tl_decoder_hand_out(decoder, error);
}

void tl_decoder_close_libpng(struct tl_decoder *d)
{
    if (d->libpng.png)
        png_destroy_read_struct(&d->libpng.png, &d->libpng.info, NULL);
}
