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

#include "png/band_reader.h"
#include "base/status.h"
#include "png/after_idat.h"
#include "png/framing.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAIL_BYTES = 1024, /* compressed bytes, beside its pixels, that the last row may need: the codes
                          of a block */
    SPLIT_BYTES =
        64, /* and those that may follow in further IDAT chunks: the end of a block, a checksum */
    ALIGNMENT = 64,
};

static telar_status hand_out(const struct tl_decoder *decoder, struct telar_error *error)
{
    if (error && error->status == TELAR_OK)
        *error = decoder->failure;
    return decoder->failure.status;
}

/* ---- what libpng calls ---- */

static void on_error(png_structp png, png_const_charp message)
{
    struct tl_decoder *d = png_get_error_ptr(png);
    const char *open = d->warning[0] ? " (" : "", *close = d->warning[0] ? ")" : "";

    tl_fail(&d->failure, TELAR_INPUT, 0,
            "%s: is damaged or not a valid PNG: %s%s%s%s; get an undamaged copy", d->input.name,
            message, open, d->warning, close);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    struct tl_decoder *d = png_get_error_ptr(png);

    strncpy(d->warning, message, sizeof d->warning - 1);
}

/* Of the memory that a decoder in a sandbox was given; none of it is given back. */
static void *take_memory(struct tl_decoder *d, size_t n)
{
    size_t taken = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (n > d->memory_left || taken > d->memory_left)
        return NULL;
    d->memory_left -= taken;
    d->memory += taken;
    return d->memory - taken;
}

static void *on_malloc(png_structp png, png_alloc_size_t n)
{
    struct tl_decoder *d = png_get_mem_ptr(png);
    void *memory = d->memory ? take_memory(d, n) : malloc(n);

    if (!memory)
        tl_fail(&d->failure, TELAR_HOST, ENOMEM, "%s: no memory to decode it", d->input.name);
    return memory;
}

static void on_free(png_structp png, void *memory)
{
    const struct tl_decoder *d = png_get_mem_ptr(png);

    if (!d->memory)
        free(memory);
}

/* After IHDR, before anything is allocated for the image. */
static telar_status check_size(struct tl_decoder *d)
{
    uint64_t rows = png_get_image_height(d->png, d->info),
             columns = png_get_image_width(d->png, d->info);

    d->size_checked = true;
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
        || (d->scan.n_chunks > 1 && !d->size_checked && check_size(d) != TELAR_OK))
        png_error(png, "read");
    if (d->scan.idat_bytes > d->idat_limit_bytes)
        png_error(png, "IDAT: Too much image data");
}

/* ---- the steps of decoding; each comes back false when libpng has come to an error ---- */

static void read_header(struct tl_decoder *d)
{
    png_set_read_fn(d->png, d, on_read);
    png_set_sig_bytes(d->png, TL_SIGNATURE_BYTES);
    png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(d->png, 0);
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL,
                                -1); /* -1: the known ones too, but tRNS */
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* max_pixels is the limit */
    png_set_chunk_malloc_max(d->png, 0); /* it stores no chunk, and may skip a large one */
    png_set_compression_buffer_size(d->png, TL_PNG_INPUT_BUFFER_BYTES);
    png_read_info(d->png, d->info);
}

static void prepare_rows(struct tl_decoder *d)
{
    const uint16_t one = 1;

    png_set_expand(d->png);
    if (*(const unsigned char *)&one == 1)
        png_set_swap(d->png);
    d->passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
}

static void read_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    uint64_t calls = (uint64_t)d->passes * d->geometry.rows;

    for (uint64_t call = 0; call < calls; call++) {
        /* Otherwise a few bytes of picture with gigabytes of zeros behind it would be inflated to
         * the end. */
        if (call == calls - 1)
            d->idat_limit_bytes =
                d->scan.idat_bytes + 2 * telar_row_bytes(&d->geometry) + TAIL_BYTES;
        png_read_row(d->png, data + (size_t)(call % d->geometry.rows) * stride_bytes, NULL);
    }
    d->idat_limit_bytes = d->scan.idat_bytes + SPLIT_BYTES;
    png_read_end(d->png, NULL);
}

static bool try_header(struct tl_decoder *d)
{
    if (setjmp(png_jmpbuf(d->png)))
        return false;
    read_header(d);
    return true;
}

static bool try_prepare(struct tl_decoder *d)
{
    if (setjmp(png_jmpbuf(d->png)))
        return false;
    prepare_rows(d);
    return true;
}

static bool try_rows(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    if (setjmp(png_jmpbuf(d->png)))
        return false;
    read_rows(d, data, stride_bytes);
    return true;
}

static telar_status settle_geometry(struct tl_decoder *d)
{
    d->transparent = png_get_valid(d->png, d->info, PNG_INFO_tRNS) != 0;
    d->color_type = png_get_color_type(d->png, d->info);
    d->bit_depth = png_get_bit_depth(d->png, d->info);
    return tl_decoder_set_geometry(d, png_get_image_height(d->png, d->info),
                                   png_get_image_width(d->png, d->info));
}

static telar_status open_png(struct tl_decoder *d)
{
    d->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, d, on_error, on_warning, d, on_malloc,
                                      on_free);
    if (d->png)
        d->info = png_create_info_struct(d->png);
    if (!d->info)
        return tl_fail(&d->failure, TELAR_HOST, ENOMEM, "%s: libpng cannot be used", d->input.name);
    if (!try_header(d) || settle_geometry(d) != TELAR_OK || !try_prepare(d))
        return d->failure.status;
    if (png_get_rowbytes(d->png, d->info) != telar_row_bytes(&d->geometry))
        return tl_fail(&d->failure, TELAR_INPUT, 0, "%s: libpng would decode it to another shape",
                       d->input.name);
    return TELAR_OK;
}

/* ---- codec.h ---- */

telar_status tl_decoder_open(const char *path, const struct telar_limits *limits,
                             struct tl_decoder **decoder, struct telar_error *error)
{
    telar_status status = tl_decoder_new(path, limits, decoder, error);

    if (status != TELAR_OK || open_png(*decoder) == TELAR_OK)
        return status;
    status = hand_out(*decoder, error);
    tl_decoder_close(*decoder);
    *decoder = NULL;
    return status;
}

telar_status tl_decoder_read_anew(struct tl_decoder *d, unsigned char *data, size_t stride_bytes)
{
    struct telar_geometry expected = d->geometry;

    if (!tl_png_input_rewind(&d->input))
        return tl_fail(&d->failure, TELAR_INPUT, 0,
                       "%s: comes through a pipe, and too much stands before its image data to "
                       "read it again in the "
                       "sandbox; give a file",
                       d->input.name);
    if (open_png(d) != TELAR_OK)
        return d->failure.status;
    if (!data || memcmp(&expected, &d->geometry, sizeof expected) != 0)
        return tl_fail(&d->failure, TELAR_INPUT, 0, "%s: libpng would decode it to another shape",
                       d->input.name);
    try_rows(d, data, stride_bytes);
    return d->failure.status;
}

const struct telar_geometry *tl_decoder_geometry(const struct tl_decoder *decoder)
{
    return &decoder->geometry;
}

telar_status tl_decoder_read(struct tl_decoder *decoder, unsigned char *data, size_t stride_bytes,
                             struct telar_error *error)
{
    assert(!decoder->used);
    decoder->used = true;
    return try_rows(decoder, data, stride_bytes) ? TELAR_OK : hand_out(decoder, error);
}

/* ---- in bands, without libpng ---- */

bool tl_decoder_in_bands(const struct tl_decoder *d)
{
    return !d->unusual && d->color_type != PNG_COLOR_TYPE_PALETTE && d->bit_depth >= 8
           && d->passes == 1 && !d->transparent && d->scan.left_bytes >= TL_CHUNK_CRC_BYTES;
}

bool tl_decoder_find_bands(struct tl_decoder *d, uint32_t band_rows)
{
    if (!tl_decoder_in_bands(d) || !d->input.owned || !d->input.file_bytes
        || d->scan.restart_used != sizeof d->scan.restart)
        return false;
    d->restart = tl_band_reader_find(d->input.fd, d->input.position - TL_CHUNK_HEAD_BYTES,
                                     d->scan.restart, d->geometry.rows, band_rows);
    return d->restart != NULL;
}

const struct tl_bands *tl_decoder_bands(const struct tl_decoder *decoder)
{
    return decoder->restart;
}

bool tl_decoder_can_reopen(const struct tl_decoder *decoder)
{
    return decoder->input.owned && decoder->input.file_bytes > 0;
}

bool tl_decoder_can_reread(const struct tl_decoder *decoder)
{
    return decoder->input.next >= 0;
}

uint64_t tl_decoder_file_bytes(const struct tl_decoder *decoder)
{
    return decoder->input.file_bytes;
}

uint32_t tl_decoder_rows_read(const struct tl_decoder *decoder)
{
    return decoder->rows_read;
}

int tl_decoder_descriptor(const struct tl_decoder *decoder)
{
    return decoder->input.fd;
}

void tl_decoder_move(struct tl_decoder *decoder, int descriptor)
{
    decoder->input.fd = descriptor;
}

int tl_decoder_errnum(const struct tl_decoder *decoder)
{
    return decoder->input.errnum;
}

/* The last row is where image data without pixels could be long: libpng is not allowed more either
 * (read_rows). */
static bool read_last_row(struct tl_decoder *d, unsigned char *filtered)
{
    const size_t row_bytes = telar_row_bytes(&d->geometry);

    d->idat_limit_bytes = tl_idat_stream_loaded(&d->stream) + 2 * row_bytes + TAIL_BYTES;
    return tl_idat_stream_read(&d->stream, &d->input, filtered, row_bytes + 1);
}

bool tl_decoder_read_band(struct tl_decoder *decoder, unsigned char *filtered, uint32_t rows)
{
    const size_t row_bytes = telar_row_bytes(&decoder->geometry) + 1;

    if (!decoder->used)
        tl_idat_stream_begin(&decoder->stream,
                             (uint32_t)(decoder->scan.left_bytes - TL_CHUNK_CRC_BYTES));
    decoder->used = true;
    decoder->rows_read += rows;
    if (decoder->rows_read < decoder->geometry.rows)
        return tl_idat_stream_read(&decoder->stream, &decoder->input, filtered, rows * row_bytes);
    return tl_idat_stream_read(&decoder->stream, &decoder->input, filtered, (rows - 1) * row_bytes)
           && read_last_row(decoder, filtered + (rows - 1) * row_bytes);
}

/* What one copy of a decoder leaves to another. */
struct rest {
    uint64_t position;   /* how much of the file was read */
    uint64_t idat_bytes; /* as in struct tl_after_idat */
    unsigned char
        head[TL_CHUNK_HEAD_BYTES]; /* the last of that: of the chunk behind the image data */
    unsigned char bytes[TL_PNG_INPUT_BUFFER_BYTES];
};
_Static_assert(sizeof(struct rest) == TL_REST_BYTES, "as codec.h has it");

bool tl_decoder_end_image(struct tl_decoder *decoder, unsigned char bytes[TL_REST_BYTES], size_t *n)
{
    const struct tl_png_input *input = &decoder->input;
    struct rest *rest = (void *)bytes;

    rest->idat_bytes = SPLIT_BYTES;
    if (!tl_idat_stream_end(&decoder->stream, &decoder->input, decoder->idat_limit_bytes,
                            &rest->idat_bytes))
        return false;
    rest->position = input->position;
    memcpy(rest->head, decoder->stream.head, TL_CHUNK_HEAD_BYTES);
    memcpy(rest->bytes, input->buffer + input->begin, input->end - input->begin);
    *n = offsetof(struct rest, bytes) + (input->end - input->begin);
    return true;
}

telar_status tl_decoder_read_tail(struct tl_decoder *decoder, const unsigned char *bytes, size_t n,
                                  bool *doubt, struct telar_error *error)
{
    const struct rest *rest = (const void *)bytes;
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    struct tl_after_idat from = {.idat_bytes = SPLIT_BYTES};

    decoder->scan.head_bytes = 0; /* the scan goes on behind IDAT, whose data it has not seen */
    decoder->scan.left_bytes = 0;
    if (decoder->restart) {
        tl_png_input_resume(&decoder->input, decoder->restart->tail_offset, NULL, 0);
    } else if (n >= offsetof(struct rest, bytes) && n <= sizeof *rest) {
        /* What is in the segment may change while it is looked at, and may be anything. */
        const uint64_t position = __atomic_load_n(&rest->position, __ATOMIC_RELAXED);
        const uint64_t idat_bytes = __atomic_load_n(&rest->idat_bytes, __ATOMIC_RELAXED);

        memcpy(head, rest->head, TL_CHUNK_HEAD_BYTES);
        from = (struct tl_after_idat){head, idat_bytes < SPLIT_BYTES ? idat_bytes : SPLIT_BYTES};
        tl_png_input_resume(&decoder->input, position < INT64_MAX / 2 ? position : INT64_MAX / 2,
                            rest->bytes, n - offsetof(struct rest, bytes));
    } else {
        *doubt = true;
        return tl_fail(error, TELAR_INPUT, 0, "%s: the end of its image data was lost; try again",
                       decoder->input.name);
    }
    if (tl_after_idat_read(&decoder->input, &decoder->scan, &from, doubt, &decoder->failure)
        == TELAR_OK)
        return TELAR_OK;
    return hand_out(decoder, error);
}

/* ---- what is known of the file ---- */

void tl_decoder_info(const struct tl_decoder *decoder, struct telar_info *info)
{
    *info = (struct telar_info){
        .image = decoder->geometry,
        .color_type = decoder->color_type,
        .bit_depth = decoder->bit_depth,
        .interlaced = decoder->passes > 1,
        .restart_rows = decoder->restart ? decoder->restart->part_rows : 0,
        .file_bytes = decoder->input.file_bytes,
    };
    memcpy(info->chunks, decoder->scan.names, sizeof info->chunks);
    memcpy(info->dropped, decoder->scan.dropped, sizeof info->dropped);
}

const struct tl_chunks *tl_decoder_chunks(const struct tl_decoder *decoder)
{
    return &decoder->scan.kept;
}

void tl_decoder_close(struct tl_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->png)
        png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
    free(decoder->restart);
    tl_chunk_scan_end(&decoder->scan);
    tl_png_input_close(&decoder->input);
    free(decoder);
}
