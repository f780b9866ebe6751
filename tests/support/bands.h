/* SPDX-License-Identifier: MIT */
/* bands.h - the parts of a file of bands with the chunk teLR, which a test changes before it joins
 * them. Checks that all readers agree on the file. Each of test_bands*.c includes this file. */
#ifndef TESTS_BANDS_H
#define TESTS_BANDS_H

#include "support/png_maker.h"
#include "support/two_readings.h"

#include <telar/telar.h>

enum { COLUMNS = 520, ROWS = 300, ROW = COLUMNS * 3 + 1, BANDS_MAX = 16, STREAM_MAX = 200000 };

static struct maker made;
static unsigned char rows[ROWS * ROW];
static uint32_t band_rows;
static bool halves; /* each band has half of telar's usual height */

/* The parts of a file. The test changes them before it joins them. */
struct parts {
    unsigned char stream[STREAM_MAX]; /* zlib's head, then the bands */
    size_t end[BANDS_MAX];            /* the end of each band in the stream */
    uint32_t n_bands;
    unsigned char tail[64]; /* the last IDAT */
    size_t tail_bytes;
    unsigned char restart[32]; /* the chunk teLR */
    size_t restart_bytes;
};

static struct parts parts;

/* Fills rows with two samples, one of them rare. The first row of each band has filter Sub, the
 * others any filter. */
static inline void fill_rows(void)
{
    uint32_t seed = 3;

    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (unsigned char)(i % ROW ? next_random(&seed) % 16 == 0 : next_random(&seed) % 5);
    for (size_t r = 0; r < ROWS; r += band_rows)
        rows[r * ROW] = 1;
}

static inline void put_adler(void)
{
    put_u32(parts.tail + parts.tail_bytes - 4, (uint32_t)adler32(1, rows, sizeof rows));
}

/* Compresses bands with zlib. The flush behind each band decides whether the band can be read
 * alone. Band i ends at row cuts[i]. */
static inline void make_bands(const uint32_t *cuts, uint32_t n_bands, int flush)
{
    z_stream z = {.next_in = rows, .next_out = parts.stream, .avail_out = STREAM_MAX};

    ck_assert_int_eq(deflateInit(&z, 1), Z_OK);
    parts.n_bands = n_bands;
    for (uint32_t i = 0; i < n_bands; i++) {
        z.avail_in = (uInt)(rows + (size_t)cuts[i] * ROW - z.next_in);
        ck_assert_int_eq(deflate(&z, flush), Z_OK);
        ck_assert_uint_eq(z.avail_in, 0);
        parts.end[i] = z.total_out;
    }
    if (flush == Z_FULL_FLUSH || flush == Z_SYNC_FLUSH) {
        parts.tail_bytes = 6;
        memcpy(parts.tail, "\3\0", 2);
        put_adler();
    } else { /* zlib's own end; its last bytes are the tail */
        ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
        parts.tail_bytes = 6;
        parts.end[n_bands - 1] = z.total_out - 6;
        memcpy(parts.tail, parts.stream + z.total_out - 6, 6);
    }
    deflateEnd(&z);
}

static inline void make_parts(int flush)
{
    uint32_t cuts[BANDS_MAX], n = (ROWS + band_rows - 1) / band_rows;

    ck_assert_uint_le(n, BANDS_MAX);
    ck_assert_uint_gt(n, 2);
    for (uint32_t i = 0; i < n; i++)
        cuts[i] = i + 1 < n ? (i + 1) * band_rows : ROWS;
    make_bands(cuts, n, flush);
    memset(parts.restart, 0, sizeof parts.restart);
    parts.restart[0] = 1;
    put_u32(parts.restart + 4, band_rows);
    put_u32(parts.restart + 8, n);
    parts.restart_bytes = 12;
}

static inline void put_bands(void)
{
    for (uint32_t i = 0; i < parts.n_bands; i++) {
        size_t begin = i > 0 ? parts.end[i - 1] : 0;

        maker_chunk(&made, "IDAT", parts.stream + begin, parts.end[i] - begin);
    }
}

static inline void begin_file(void)
{
    maker_begin(&made, COLUMNS, ROWS, 8, 2, 0);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
}

static inline void put_together(void)
{
    begin_file();
    put_bands();
    maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
    maker_chunk(&made, "tEXt", "Title\0bands", 11);
    maker_chunk(&made, "IEND", NULL, 0);
}

/* Runs telar on two workers and compares the pixels with libpng's. */
static inline void check_run(const char *what)
{
    const struct telar_options options = {.engine = TELAR_THREADS, .workers = 2};
    telar_pipeline *none = telar_pipeline_new();
    telar_image *libpng = NULL, *out = NULL;
    struct telar_error error;
    char name[32], written[] = "telar-bands-XXXXXX";
    int fd, to = mkstemp(written);
    telar_status read, run;

    ck_assert_int_ge(to, 0);
    close(to);
    memory_file(made.bytes, made.n, &fd, name);
    read = telar_image_read(name, NULL, &libpng, NULL);
    run = telar_run_file(name, written, none, &options, NULL, &error);
    ck_assert_msg(run == read, "%s: a run has status %d (%s), libpng %d", what, run, error.text,
                  read);
    run = telar_run_file(name, "/dev/null", none, &options, NULL,
                         &error); /* bytes sent to a device cannot be taken back */
    ck_assert_msg(run == read, "%s: a run to a device has status %d (%s), libpng %d", what, run,
                  error.text, read);
    if (read == TELAR_OK) {
        ck_assert_int_eq(telar_image_read(written, NULL, &out, NULL), TELAR_OK);
        for (uint32_t r = 0; r < ROWS; r++)
            if (memcmp(telar_image_row(out, r), telar_image_row(libpng, r), ROW - 1) != 0)
                ck_abort_msg("%s: a run gives other pixels in row %u", what, r);
    }
    telar_image_free(libpng);
    telar_image_free(out);
    telar_pipeline_free(none);
    unlink(written);
    close(fd);
}

/* Checks the outcome of the file: whether the reader by restart points and libpng accept it. No two
 * readers may differ. */
static inline void expect(const char *what, bool restarted, bool valid)
{
    struct two_readings two = read_twice(made.bytes, made.n, 100);

    ck_assert_msg(!two.differ, "%s: %s", what, two.differ);
    ck_assert_msg(two.restarted == restarted, "%s: the reader by restart points has %s the file",
                  what, two.restarted ? "accepted" : "refused");
    ck_assert_msg(two.libpng == valid, "%s: libpng has %s the file", what,
                  two.libpng ? "accepted" : "refused");
    check_run(what);
}

static inline void setup(void)
{
    const struct telar_geometry g = {ROWS, COLUMNS, 3, 8};

    band_rows =
        tl_encode_band_rows(&g) / (halves ? 2 : 1); /* telar accepts only these two heights */
    fill_rows();
}

/* Runs the suite twice: with bands of the usual height and of half that height. */
static inline int run_both(const char *name, const char *name_of_halves, const TTest *const *tests)
{
    int status = run_suite(name, tests);

    halves = true;
    return run_suite(name_of_halves, tests) | status;
}

#endif
