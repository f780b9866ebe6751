/* SPDX-License-Identifier: MIT */
/*
 * Tests files whose restart points lie. The test reads each file in parallel by its chunk teLR. The
 * same file without teLR, read in series, gives the truth. Both must give the same picture, or both
 * must be refused.
 */
#include <config.h>

#include "support/png_maker.h"
#include "support/runs.h"
#include "support/seed.h"

enum { ROWS = 50, COLUMNS = 20000, BAND_ROWS = 16, BANDS = 4, ROW_BYTES = COLUMNS + 1 };

static const char *file_name = "test_restart.png", *plain_name = "test_restart.plain.png",
                  *out_name = "test_restart.out.png",
                  *plain_out_name = "test_restart.plain.out.png";

/* The image data of a file that the test builds: each band is one IDAT chunk. */
struct bands {
    unsigned char *at[BANDS];
    size_t n[BANDS];
    uint32_t adler;
};

/* Filtered rows, each a filter byte and residuals. Their pattern compresses and repeats across
 * bands. */
static unsigned char filtered[ROWS * ROW_BYTES];

static void fill(int first_filter)
{
    for (int row = 0; row < ROWS; row++) {
        unsigned char *at = filtered + (size_t)row * ROW_BYTES;

        *at++ = (unsigned char)(row % BAND_ROWS == 0 ? (row == 0 ? 1 : first_filter) : row % 3);
        for (int i = 0; i < COLUMNS; i++)
            at[i] = (unsigned char)(i % 97 == 0 ? row : i % 5);
    }
}

static size_t band_bytes(int band)
{
    return (size_t)(band == BANDS - 1 ? ROWS - band * BAND_ROWS : BAND_ROWS) * ROW_BYTES;
}

/*
 * Compresses with zlib. `flush` ends each band. With `apart` no band refers to bytes of another.
 * The first band begins with the head of the stream. An IDAT behind the last band holds the final
 * block and the checksum.
 */
static struct bands compress_bands(int flush, bool apart)
{
    struct bands bands = {.adler = (uint32_t)adler32(1, filtered, sizeof filtered)};
    z_stream stream = {0};
    size_t done = 0;

    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int band = 0; band < BANDS; band++) {
        size_t room = band_bytes(band) + 1000;

        bands.at[band] = malloc(room);
        if (band == 0)
            memcpy(bands.at[0], "\x78\x01", 2);
        if (apart)
            deflateReset(&stream);
        stream.next_in = filtered + done;
        stream.avail_in = (uInt)band_bytes(band);
        stream.next_out = bands.at[band] + (band ? 0 : 2);
        stream.avail_out = (uInt)(room - 2);
        ck_assert_int_eq(deflate(&stream, flush), Z_OK);
        bands.n[band] = (size_t)(stream.next_out - bands.at[band]);
        done += band_bytes(band);
    }
    deflateEnd(&stream);
    return bands;
}

static void release(struct bands *bands)
{
    for (int band = 0; band < BANDS; band++)
        free(bands->at[band]);
}

static void save(const struct maker *m, const char *name)
{
    FILE *file = fopen(name, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(m->bytes, 1, m->n, file), m->n);
    ck_assert_int_eq(fclose(file), 0);
}

/* The contents of the chunk teLR: rows of a band, number of bands. */
struct claim {
    uint32_t band_rows, n_bands;
};

static void write_file(const struct bands *bands, const struct claim *claim, const char *name)
{
    static struct maker m;
    unsigned char restart[12] = {1}, end[6] = {3, 0};

    m.n = 0;
    maker_begin(&m, COLUMNS, ROWS, 8, 0, 0);
    if (claim) {
        put_u32(restart + 4, claim->band_rows);
        put_u32(restart + 8, claim->n_bands);
        maker_chunk(&m, "teLR", restart, sizeof restart);
    }
    for (int band = 0; band < BANDS; band++)
        maker_chunk(&m, "IDAT", bands->at[band], bands->n[band]);
    put_u32(end + 2, bands->adler);
    maker_chunk(&m, "IDAT", end, sizeof end);
    maker_chunk(&m, "IEND", NULL, 0);
    save(&m, name);
}

static telar_status convert(const char *from, const char *to, const struct telar_options *options)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_status status = telar_run_file(from, to, pipeline, options, NULL, NULL);

    telar_pipeline_free(pipeline);
    return status;
}

static bool same_files(const char *a, const char *b)
{
    telar_image *left, *right;
    bool same;

    ck_assert_int_eq(telar_image_read(a, NULL, &left, NULL), TELAR_OK);
    ck_assert_int_eq(telar_image_read(b, NULL, &right, NULL), TELAR_OK);
    same = picture_same(left, right);
    telar_image_free(left);
    telar_image_free(right);
    return same;
}

/* Checks that both ways of reading end with the same status. An accepted file must give the pixels
 * that libpng reads. */
static telar_status check_alike(const struct bands *bands, struct claim claim)
{
    static const struct telar_options ways[] = {{.engine = TELAR_SERIAL},
                                                {.engine = TELAR_THREADS, .workers = 3}};
    telar_status status, plain;

    write_file(bands, &claim, file_name);
    write_file(bands, NULL, plain_name);
    plain = convert(plain_name, plain_out_name, &ways[0]);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        status = convert(file_name, out_name, &ways[i]);
        ck_assert_int_eq(status, plain);
        if (status == TELAR_OK)
            ck_assert(same_files(out_name, plain_out_name) && same_files(out_name, file_name));
    }
    unlink(file_name);
    unlink(plain_name);
    unlink(out_name);
    unlink(plain_out_name);
    return plain;
}

static const struct claim honest = {BAND_ROWS, BANDS};

START_TEST(an_honest_file_is_read)
{
    struct bands bands;

    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, true);
    ck_assert_int_eq(check_alike(&bands, honest), TELAR_OK);
    release(&bands);
}
END_TEST

/* This file is valid, but its bands cannot be decoded alone. Their rows or matches refer to the
 * band before. */
START_TEST(bands_that_need_the_band_before)
{
    struct bands bands;

    for (int filter = 2; filter <= 4; filter++) {
        fill(filter);
        bands = compress_bands(Z_SYNC_FLUSH, true);
        ck_assert_int_eq(check_alike(&bands, honest), TELAR_OK);
        release(&bands);
    }
    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, false);
    ck_assert_int_eq(check_alike(&bands, honest), TELAR_OK);
    release(&bands);
}
END_TEST

/* The chunks end inside a block, with or without a whole number of bytes. */
START_TEST(bands_that_end_inside_a_block)
{
    struct bands bands;

    fill(1);
    for (size_t moved = 1; moved < 40; moved += 6) {
        bands = compress_bands(Z_SYNC_FLUSH, true);
        for (int band = 0; band + 1 < BANDS; band++) { /* moves its last bytes into the next band */
            unsigned char *grown = malloc(bands.n[band + 1] + moved);

            bands.n[band] -= moved;
            memcpy(grown, bands.at[band] + bands.n[band], moved);
            memcpy(grown + moved, bands.at[band + 1], bands.n[band + 1]);
            free(bands.at[band + 1]);
            bands.at[band + 1] = grown;
            bands.n[band + 1] += moved;
        }
        ck_assert_int_eq(check_alike(&bands, honest), TELAR_OK);
        release(&bands);
    }
    bands = compress_bands(Z_PARTIAL_FLUSH, true);
    check_alike(&bands, honest);
    release(&bands);
}
END_TEST

START_TEST(claims_that_are_wrong)
{
    static const struct claim claims[] = {
        {BAND_ROWS, BANDS + 1},  {BAND_ROWS, 1}, {BAND_ROWS, 0},
        {BAND_ROWS, UINT32_MAX}, {0, BANDS},     {BAND_ROWS / 2, 7},
        {BAND_ROWS * 2, 2},      {UINT32_MAX, 1}};
    struct bands bands;

    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, true);
    for (size_t i = 0; i < LENGTH(claims); i++)
        ck_assert_int_eq(check_alike(&bands, claims[i]), TELAR_OK);
    release(&bands);
}
END_TEST

START_TEST(bands_in_the_wrong_order)
{
    struct bands bands;
    unsigned char *at;
    size_t n;

    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, true);
    at = bands.at[1], n = bands.n[1];
    bands.at[1] = bands.at[2], bands.n[1] = bands.n[2];
    bands.at[2] = at, bands.n[2] = n;
    ck_assert_int_eq(check_alike(&bands, honest),
                     TELAR_INPUT); /* the checksum belongs to the right order */
    bands.adler = 0;
    ck_assert_int_eq(check_alike(&bands, honest), TELAR_INPUT);
    release(&bands);
}
END_TEST

START_TEST(a_last_block_in_the_middle)
{
    for (int band = 0; band < BANDS; band++) {
        struct bands bands;

        fill(1);
        bands = compress_bands(Z_SYNC_FLUSH, true);
        bands.at[band][band ? 0 : 2] |= 1; /* BFINAL of its first block */
        check_alike(&bands, honest);
        release(&bands);
    }
}
END_TEST

/* One band has too many rows, the next too few. The total is right. */
START_TEST(bands_with_wrong_numbers_of_rows)
{
    struct bands bands;
    z_stream stream = {0};

    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, true);
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int band = 1; band <= 2; band++) {
        size_t first = (size_t)(band == 1 ? BAND_ROWS : 2 * BAND_ROWS + 3) * ROW_BYTES;
        size_t end = (size_t)(band == 1 ? 2 * BAND_ROWS + 3 : 3 * BAND_ROWS) * ROW_BYTES;

        free(bands.at[band]);
        bands.at[band] = malloc(end - first + 1000);
        deflateReset(&stream);
        stream.next_in = filtered + first;
        stream.avail_in = (uInt)(end - first);
        stream.next_out = bands.at[band];
        stream.avail_out = (uInt)(end - first + 1000);
        ck_assert_int_eq(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
        bands.n[band] = (size_t)(stream.next_out - bands.at[band]);
    }
    deflateEnd(&stream);
    ck_assert_int_eq(check_alike(&bands, honest), TELAR_OK);
    release(&bands);
}
END_TEST

/* Flips one bit anywhere in a band. The CRC of the chunk is still right. The seed chooses one of
 * STEP bits. */
START_TEST(any_bit_may_be_wrong)
{
    enum { STEP = 5 };
    struct bands bands;
    uint32_t state = 77;

    fill(1);
    bands = compress_bands(Z_SYNC_FLUSH, true);
    for (int i = 0; i < 40; i++) {
        int band = (int)(next_random(&state) % BANDS);
        size_t at = next_random(&state) % bands.n[band];
        unsigned char bit = (unsigned char)(1 << next_random(&state) % 8);

        if (!chosen((uint64_t)i, STEP))
            continue;
        bands.at[band][at] ^= bit;
        check_alike(&bands, honest);
        bands.at[band][at] ^= bit;
    }
    release(&bands);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_honest_file_is_read,
        bands_that_need_the_band_before,
        bands_that_end_inside_a_block,
        claims_that_are_wrong,
        bands_in_the_wrong_order,
        a_last_block_in_the_middle,
        bands_with_wrong_numbers_of_rows,
        any_bit_may_be_wrong,
        NULL,
    };

    return run_suite("restart", tests);
}
