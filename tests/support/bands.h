/* SPDX-License-Identifier: MIT */
/*
 * bands.h - a file of bands with the chunk teLR in parts, to be changed before it is put together,
 * and the check that all ways of reading it agree. For test_bands*.c, one of which has it each.
 */
#ifndef TESTS_BANDS_H
#define TESTS_BANDS_H

#include "support/png_maker.h"
#include "support/two_readings.h"

#include <telar/telar.h>

enum { COLUMNS = 520, ROWS = 300, ROW = COLUMNS * 3 + 1, BANDS_MAX = 16, STREAM_MAX = 200000 };

static struct maker made;
static unsigned char rows[ROWS * ROW];
static uint32_t band_rows;
static bool halves; /* whether two bands of the file are one of telar's */

/* The parts of a file, to be changed before it is put together. */
struct parts {
    unsigned char stream[STREAM_MAX]; /* zlib's head, then the bands */
    size_t end[BANDS_MAX];            /* where in it each band ends */
    uint32_t n_bands;
    unsigned char tail[64]; /* the last IDAT */
    size_t tail_bytes;
    unsigned char restart[32]; /* the chunk teLR */
    size_t restart_bytes;
};

static struct parts parts;

/* Rows of two samples, one of them rare; the first of each band has filter Sub, the others any. */
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

/*
 * The bands by zlib, with the flush given behind each, which tells whether it can be read alone.
 * Band i ends at row cuts[i].
 */
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
    } else { /* whatever zlib makes of its end; its last bytes are the tail */
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

/* As a user sees it: telar run on two workers, and the picture that libpng sees. */
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
    ck_assert_msg(run == read, "%s: telar run says %d (%s), libpng %d", what, run, error.text,
                  read);
    run = telar_run_file(name, "/dev/null", none, &options, NULL,
                         &error); /* what goes there cannot be taken back */
    ck_assert_msg(run == read, "%s: to a device telar run says %d (%s), libpng %d", what, run,
                  error.text, read);
    if (read == TELAR_OK) {
        ck_assert_int_eq(telar_image_read(written, NULL, &out, NULL), TELAR_OK);
        for (uint32_t r = 0; r < ROWS; r++)
            if (memcmp(telar_image_row(out, r), telar_image_row(libpng, r), ROW - 1) != 0)
                ck_abort_msg("%s: telar run gives other pixels in row %u", what, r);
    }
    telar_image_free(libpng);
    telar_image_free(out);
    telar_pipeline_free(none);
    unlink(written);
    close(fd);
}

/* What must become of the file at hand. Whatever it is, no two ways differ. */
static inline void expect(const char *what, bool restarted, bool valid)
{
    struct two_readings two = read_twice(made.bytes, made.n, 100);

    ck_assert_msg(!two.differ, "%s: %s", what, two.differ);
    ck_assert_msg(two.restarted == restarted, "%s: by restart points it is %s", what,
                  two.restarted ? "taken" : "refused");
    ck_assert_msg(two.libpng == valid, "%s: libpng has %s it", what,
                  two.libpng ? "taken" : "refused");
    check_run(what);
}

static inline void setup(void)
{
    const struct telar_geometry g = {ROWS, COLUMNS, 3, 8};

    band_rows = tl_encode_band_rows(&g) / (halves ? 2 : 1); /* otherwise telar run would not look */
    fill_rows();
}

/* All of a suite, with bands of either kind. */
static inline int run_both(const char *name, const char *name_of_halves, const TTest *const *tests)
{
    int status = run_suite(name, tests);

    halves = true;
    return run_suite(name_of_halves, tests) | status;
}

#endif
