/* SPDX-License-Identifier: MIT */
/*
 * Rows to PNG, by libpng as it comes: level 6 and its own choice of filters. What telar writes
 * otherwise (encode.c) is measured against this.
 */
#include <config.h>

#include "png/decoder.h"

#include "png/kept_chunks.h"
#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUFFER_BYTES = 131072,
    IDAT_BYTES = 65536, /* data of one IDAT chunk */
};

struct encoder {
    struct tl_atomic_output *output;
    const struct telar_geometry *geometry;
    const struct tl_chunks *chunks; /* may be NULL */
    tl_row_getter *row;
    void *row_data;
    png_structp png;
    png_infop info;
    struct telar_error failure; /* kept here because libpng comes back by longjmp */
    size_t used;                /* bytes of the buffer */
    unsigned char buffer[BUFFER_BYTES];
};

/* ---- what libpng calls ---- */

static void on_error(png_structp png, png_const_charp message)
{
    struct encoder *e = png_get_error_ptr(png);

    tl_fail(&e->failure, TELAR_HOST, 0, "libpng cannot encode the image: %s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {}

static void *on_malloc(png_structp png, png_alloc_size_t n)
{
    struct encoder *e = png_get_mem_ptr(png);
    void *memory = malloc(n);

    if (!memory)
        tl_fail(&e->failure, TELAR_HOST, ENOMEM, "no memory to encode the image");
    return memory;
}

static void on_free(png_structp png, void *memory)
{
    free(memory);
}

static telar_status flush(struct encoder *e)
{
    size_t n = e->used;

    e->used = 0;
    return tl_atomic_output_write(e->output, e->buffer, n, &e->failure);
}

/* libpng writes in crumbs of 4 and 8 bytes; a system call for each would cost more than they do. */
static telar_status put(struct encoder *e, const unsigned char *bytes, size_t n)
{
    if (n > BUFFER_BYTES - e->used && flush(e) != TELAR_OK)
        return e->failure.status;
    if (n > BUFFER_BYTES)
        return tl_atomic_output_write(e->output, bytes, n, &e->failure);
    if (n > 0) /* a chunk without data has no address either */
        memcpy(e->buffer + e->used, bytes, n);
    e->used += n;
    return TELAR_OK;
}

static void on_write(png_structp png, png_bytep bytes, size_t n)
{
    if (put(png_get_io_ptr(png), bytes, n) != TELAR_OK)
        png_error(png, "write");
}

/* libpng asks for this at the end; without it, it would take our pointer for a FILE. */
static void on_flush(png_structp png) {}

/* ---- the steps of encoding ---- */

static void set_up(struct encoder *e)
{
    static const int color_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                      PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const struct telar_geometry *g = e->geometry;
    const uint16_t one = 1;

    png_set_write_fn(e->png, e, on_write, on_flush);
    png_set_user_limits(e->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_buffer_size(e->png, IDAT_BYTES);
    png_set_IHDR(e->png, e->info, g->columns, g->rows, (int)g->depth, color_types[g->channels - 1],
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(e->png, e->info);
    if (g->depth == 16 && *(const unsigned char *)&one == 1)
        png_set_swap(e->png); /* in libpng's copy of the row */
}

/* The kept chunks as they are: PLTE is never written, so that before and after the image data are
 * the only places. */
static void write_chunks(struct encoder *e, bool before)
{
    const struct tl_chunks *c = e->chunks;

    if (c
        && put(e, c->bytes + (before ? 0 : c->before_idat),
               before ? c->before_idat : c->used - c->before_idat)
               != TELAR_OK)
        png_error(e->png, "write");
}

static void write_all(struct encoder *e)
{
    set_up(e);
    write_chunks(e, true);
    for (uint32_t r = 0; r < e->geometry->rows; r++)
        png_write_row(e->png, e->row(e->row_data, r));
    write_chunks(e, false);
    png_write_end(e->png, NULL);
}

static telar_status encode(struct encoder *e)
{
    e->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, e, on_error, on_warning, e, on_malloc,
                                       on_free);
    if (e->png)
        e->info = png_create_info_struct(e->png);
    if (!e->info)
        return tl_fail(&e->failure, TELAR_HOST, ENOMEM, "libpng cannot be used");
    if (setjmp(png_jmpbuf(e->png)))
        return e->failure.status;
    write_all(e);
    return flush(e);
}

telar_status tl_encode_libpng(struct tl_atomic_output *output,
                              const struct telar_geometry *geometry, const struct tl_chunks *chunks,
                              tl_row_getter *row, void *data, struct telar_error *error)
{
    struct encoder *e = calloc(1, sizeof *e);
    telar_status status;

    assert(telar_geometry_valid(geometry));
    if (!e)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory to encode the image");
    e->output = output;
    e->geometry = geometry;
    e->chunks = chunks;
    e->row = row;
    e->row_data = data;
    status = encode(e);
    if (status != TELAR_OK && error && error->status == TELAR_OK)
        *error = e->failure;
    if (e->png)
        png_destroy_write_struct(&e->png, &e->info);
    free(e);
    return status;
}
