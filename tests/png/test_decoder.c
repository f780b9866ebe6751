/* SPDX-License-Identifier: MIT */
/* Tests reading and writing of images through files. The test expands every colour type and depth
 * itself and compares. libpng judges the round trips. */
#include <config.h>

#include "support/png_maker.h"

#include "png/atomic_output.h"
#include "png/decoder.h"
#include <fcntl.h>
#include <png.h>
#include <sys/stat.h>
#include <telar/image.h>

enum { GUARD = 0xa5 };

static struct maker made;

/* ---- decoding every kind of file ---- */

/* A colour type of PNG, with the number of its stored channels. */
static const struct {
    int type, channels;
    uint32_t depths; /* bit d: depth d is allowed */
} types[] = {
    {0, 1, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16},
    {2, 3, 1 << 8 | 1 << 16},
    {3, 1, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8},
    {4, 2, 1 << 8 | 1 << 16},
    {6, 4, 1 << 8 | 1 << 16},
};

enum { ROWS = 11, COLUMNS = 13, STORED_MAX = COLUMNS * 8 };

/* A picture as PNG stores it: packed samples, 16-bit samples big-endian. */
struct stored {
    int type, channels, depth;
    bool transparent; /* the file has a tRNS chunk */
    unsigned char rows[ROWS][STORED_MAX];
    unsigned char palette[256][3], alpha[256];
    uint16_t key[3]; /* the colour that tRNS makes transparent */
};

/* Returns sample i of a stored row. */
static unsigned stored_sample(const struct stored *s, int row, int i)
{
    const unsigned char *bytes = s->rows[row];

    if (s->depth == 16)
        return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    return bytes[i * s->depth / 8] >> (8 - s->depth - i * s->depth % 8) & ((1u << s->depth) - 1);
}

static void make_stored(struct stored *s, int type, int channels, int depth, bool transparent)
{
    uint32_t state = (uint32_t)(type * 100 + depth);

    *s = (struct stored){
        .type = type, .channels = channels, .depth = depth, .transparent = transparent};
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < STORED_MAX; i++)
            s->rows[r][i] = (unsigned char)next_random(&state);
    for (int i = 0; i < 256; i++)
        for (int c = 0; c < 4; c++)
            *(c < 3 ? &s->palette[i][c] : &s->alpha[i]) = (unsigned char)next_random(&state);
    for (int c = 0; c < channels && c < 3; c++) /* a colour that the picture contains */
        s->key[c] = (uint16_t)stored_sample(s, ROWS / 2, COLUMNS / 2 * channels + c);
}

/* Returns sample `channel` of a pixel as telar must decode it. See the PNG specification, 11.2.2,
 * 11.3.2.1 and 13.12 (left bit replication). */
static unsigned expanded(const struct stored *s, int row, int column, int channel)
{
    int colors = s->type == 3 || s->type == 2 || s->type == 6 ? 3 : 1;
    unsigned first = stored_sample(s, row, column * s->channels), most = (1u << s->depth) - 1;
    bool key = true;

    if (s->type == 3)
        return channel < 3 ? s->palette[first][channel] : s->alpha[first];
    if (channel < colors || s->type & 4)
        return stored_sample(s, row, column * s->channels + channel)
               * (s->depth < 8 ? 255 / most : 1);
    for (int c = 0; c < colors; c++)
        key &= stored_sample(s, row, column * s->channels + c) == s->key[c];
    return key ? 0 : s->depth == 16 ? 0xffff : 0xff;
}

static void add_bytes(png_structp png, png_bytep bytes, size_t n)
{
    maker_raw(png_get_io_ptr(png), bytes, n);
}

static void no_flush(png_structp png) {}

/* Writes the picture into `made` with libpng alone. */
static void write_stored(struct stored *s, bool interlaced)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[ROWS];
    png_color_16 key = {0, s->key[0], s->key[1], s->key[2], s->key[0]};

    made.n = 0;
    for (int r = 0; r < ROWS; r++)
        rows[r] = s->rows[r];
    png_set_write_fn(png, &made, add_bytes, no_flush);
    png_set_IHDR(png, info, COLUMNS, ROWS, s->depth, s->type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    png_set_gAMA(png, info, 0.1); /* gAMA must not change the pixels */
    if (s->type == 3)
        png_set_PLTE(png, info, (png_const_colorp)s->palette, 1 << s->depth);
    if (s->transparent)
        png_set_tRNS(png, info, s->alpha, s->type == 3 ? 1 << s->depth : 0, &key);
    png_set_rows(png, info, rows);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
}

static unsigned sample_at(const unsigned char *row, uint32_t depth, size_t i)
{
    uint16_t wide;

    if (depth == 8)
        return row[i];
    memcpy(&wide, row + 2 * i, 2);
    return wide;
}

/* Decodes `made` into rows with a stride. The bytes between the rows must stay untouched. */
static void check_decoding(const struct stored *s, bool interlaced)
{
    static unsigned char plane[ROWS][256];
    struct tl_decoder *decoder;
    struct telar_error error = {0};
    const struct telar_geometry *g;
    struct telar_info info;
    char name[32];
    int fd;

    ck_assert_msg(
        tl_decoder_open(memory_file(made.bytes, made.n, &fd, name), NULL, &decoder, &error)
            == TELAR_OK,
        "%s", error.text);
    g = tl_decoder_geometry(decoder);
    ck_assert_uint_eq(g->rows, ROWS);
    ck_assert_uint_eq(g->columns, COLUMNS);
    ck_assert_uint_eq(g->channels, (s->type & 2 ? 3u : 1u) + (s->transparent || s->type & 4));
    ck_assert_uint_eq(g->depth, s->depth == 16 ? 16 : 8);
    memset(plane, GUARD, sizeof plane);
    ck_assert_msg(tl_decoder_read(decoder, plane[0], sizeof plane[0], &error) == TELAR_OK, "%s",
                  error.text);
    for (int r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < COLUMNS * g->channels; i++)
            QUICK_ASSERT(sample_at(plane[r], g->depth, i)
                         == expanded(s, r, (int)(i / g->channels), (int)(i % g->channels)));
        for (size_t i = telar_row_bytes(g); i < sizeof plane[r]; i++)
            QUICK_ASSERT(plane[r][i] == GUARD);
    }
    tl_decoder_info(decoder, &info);
    ck_assert_uint_eq(info.color_type, (unsigned)s->type);
    ck_assert_uint_eq(info.bit_depth, (unsigned)s->depth);
    ck_assert(info.interlaced == interlaced);
    ck_assert_uint_eq(info.file_bytes, made.n);
    tl_decoder_close(decoder);
    close(fd);
}

START_TEST(every_kind_of_file_is_decoded)
{
    static struct stored s;

    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int depth = 1; depth <= 16; depth++)
            for (int variant = 0; variant < 4 && types[t].depths & 1u << depth; variant++) {
                bool transparent = variant & 1, interlaced = variant & 2;

                if (transparent && types[t].type & 4)
                    continue;
                make_stored(&s, types[t].type, types[t].channels, depth, transparent);
                write_stored(&s, interlaced);
                check_decoding(&s, interlaced);
            }
}
END_TEST

/* ---- round trips ---- */

static void fill(telar_image *image)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    uint32_t state = g->rows + g->columns;

    for (uint32_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < telar_row_bytes(g); i++)
            telar_image_row(image, r)[i] = (unsigned char)next_random(&state);
}

static void check_equal(telar_image *a, telar_image *b)
{
    const struct telar_geometry *g = telar_image_geometry(a);

    ck_assert_mem_eq(g, telar_image_geometry(b), sizeof *g);
    for (uint32_t r = 0; r < g->rows; r++)
        ck_assert_mem_eq(telar_image_row(a, r), telar_image_row(b, r), telar_row_bytes(g));
}

/* Reads the file with libpng alone. The samples, channels and depth must be those of the image. */
static void check_by_libpng(const char *path, telar_image *image)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    const int color_types[] = {0, 4, 2, 6};
    FILE *file = fopen(path, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytepp rows;

    ck_assert_ptr_nonnull(file);
    png_init_io(png, file);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    ck_assert_uint_eq(png_get_image_height(png, info), g->rows);
    ck_assert_uint_eq(png_get_image_width(png, info), g->columns);
    ck_assert_uint_eq(png_get_bit_depth(png, info), g->depth);
    ck_assert_int_eq(png_get_color_type(png, info), color_types[g->channels - 1]);
    rows = png_get_rows(png, info);
    for (uint32_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < (size_t)g->columns * g->channels; i++)
            QUICK_ASSERT(
                (g->depth == 8 ? rows[r][i] : (unsigned)rows[r][2 * i] << 8 | rows[r][2 * i + 1])
                == sample_at(telar_image_row(image, r), g->depth, i));
    png_destroy_read_struct(&png, &info, NULL);
    fclose(file);
}

static void check_round_trip(const struct telar_geometry *g, const char *path)
{
    struct telar_error error;
    telar_image *image, *before, *again;

    ck_assert_int_eq(telar_image_new(g, &image, &error), TELAR_OK);
    ck_assert_int_eq(telar_image_new(g, &before, &error), TELAR_OK);
    fill(image);
    fill(before);
    ck_assert_msg(telar_image_write(image, path, &error) == TELAR_OK, "%s", error.text);
    check_equal(image, before);
    check_by_libpng(path, image);
    ck_assert_msg(telar_image_read(path, NULL, &again, &error) == TELAR_OK, "%s", error.text);
    check_equal(image, again);
    telar_image_free(image);
    telar_image_free(before);
    telar_image_free(again);
}

START_TEST(images_survive_a_round_trip)
{
    /* Some rows are longer than the encoder's buffers and an IDAT chunk. */
    const uint32_t sizes[][2] = {{1, 1}, {1, 37}, {41, 1}, {13, 7}, {67, 101}, {3, 50021}};
    char path[] = "telar-codec-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t channels = 1; channels <= 4; channels++)
            for (uint32_t depth = 8; depth <= 16; depth += 8) {
                struct telar_geometry g = {sizes[i][0], sizes[i][1], channels, depth};

                check_round_trip(&g, path);
            }
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(an_image_may_be_written_over_its_own_file)
{
    const struct telar_geometry g = {20, 30, 3, 8};
    char path[] = "telar-codec-XXXXXX";
    int fd = mkstemp(path);
    struct tl_decoder *decoder;
    struct tl_atomic_output *output;
    struct telar_error error = {0};
    unsigned char plane[20][90];
    telar_image *image, *again;

    ck_assert_int_eq(telar_image_new(&g, &image, &error), TELAR_OK);
    fill(image);
    ck_assert_int_eq(telar_image_write(image, path, &error), TELAR_OK);
    /* The output is opened before all of the input is read. */
    ck_assert_int_eq(tl_decoder_open(path, NULL, &decoder, &error), TELAR_OK);
    ck_assert_int_eq(tl_atomic_output_open(path, NULL, &output, &error), TELAR_OK);
    ck_assert_int_eq(tl_atomic_output_write(output, "x", 1, &error), TELAR_OK);
    ck_assert_int_eq(tl_decoder_read(decoder, plane[0], sizeof plane[0], &error), TELAR_OK);
    tl_atomic_output_abandon(output);
    tl_decoder_close(decoder);
    ck_assert_mem_eq(plane[19], telar_image_row(image, 19), sizeof plane[19]);
    ck_assert_int_eq(telar_image_read(path, NULL, &again, &error), TELAR_OK);
    ck_assert_int_eq(telar_image_write(again, path, &error), TELAR_OK);
    telar_image_free(again);
    ck_assert_int_eq(telar_image_read(path, NULL, &again, &error), TELAR_OK);
    check_equal(image, again);
    telar_image_free(again);
    telar_image_free(image);
    close(fd);
    unlink(path);
}
END_TEST

/* ---- geometry of new images ---- */

START_TEST(impossible_images_are_refused)
{
    const struct telar_geometry bad[] = {{0, 1, 1, 8}, {1, 1, 5, 8}, {1, 1, 3, 12}};
    struct telar_error error;
    telar_image *image;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(telar_image_new(&bad[i], &image, &error), TELAR_USAGE);
        ck_assert_ptr_null(image);
    }
#ifndef TL_SANITIZED /* a sanitizer would report the failing allocation */
    ck_assert_int_eq(
        telar_image_new(&(struct telar_geometry){0x7fffffff, 0x7fffffff, 1, 8}, &image, &error),
        TELAR_HOST);
    ck_assert_ptr_null(image);
#endif
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_kind_of_file_is_decoded,
        images_survive_a_round_trip,
        an_image_may_be_written_over_its_own_file,
        impossible_images_are_refused,
        NULL,
    };

    return run_suite("codec", tests);
}
