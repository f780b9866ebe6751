/* SPDX-License-Identifier: MIT */
/* two_readings.h - reads a file in memory in several ways: by libpng, in bands in order, and by its
 * restart points. All ways must have the verdict of png_judge.h. The fuzzer uses this file too, so
 * there is no Check in it. */
#ifndef TESTS_TWO_READINGS_H
#define TESTS_TWO_READINGS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "png/kept_chunks.h"
#include "png/decoder.h"
#include "png/encode_bands.h"
#include "png/band_reader.h"
#include "png/unfilter.h"
#include "support/png_judge.h"

struct two_readings {
    bool opened;        /* libpng accepts everything before the image data */
    bool ordinary;      /* and the rows can be read in bands */
    bool libpng;        /* libpng accepts the rest */
    bool in_bands;      /* the reader in bands accepts the file */
    bool restarted;     /* the reader by restart points accepts the file */
    const char *differ; /* the difference between two readers, or NULL */
};

/* One way of reading, and its outcome. */
struct reading {
    struct tl_decoder *decoder;
    unsigned char *pixels;
    size_t pixel_bytes, row_bytes;
    bool good;
};

static inline void *or_die(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static inline struct reading open_reading(const char *path)
{
    const struct telar_limits limits = {.max_pixels = 1000000};
    struct reading r = {0};

    if (tl_decoder_open(path, &limits, &r.decoder, NULL) == TELAR_OK) {
        const struct telar_geometry *g = tl_decoder_geometry(r.decoder);

        r.row_bytes = telar_row_bytes(g);
        r.pixel_bytes = g->rows * r.row_bytes;
        r.pixels = or_die(calloc(1, r.pixel_bytes));
    }
    return r;
}

static inline void close_reading(struct reading *r)
{
    tl_decoder_close(r->decoder);
    free(r->pixels);
}

static inline struct tl_rows rows_of(const struct telar_geometry *g)
{
    return (struct tl_rows){telar_row_bytes(g), (unsigned)telar_pixel_bytes(g), g->depth == 16};
}

/* Reads in order, in bands of `band_rows`, as a run does. */
static inline void read_in_bands(struct reading *r, uint32_t band_rows)
{
    const struct telar_geometry *g = tl_decoder_geometry(r->decoder);
    const struct tl_rows rows = rows_of(g);
    unsigned char *filtered = or_die(malloc(band_rows * (r->row_bytes + 1)));
    unsigned char *above = or_die(calloc(1, r->row_bytes)), *rest = or_die(malloc(TL_REST_BYTES));
    bool doubt;
    size_t n;

    r->good = true;
    for (uint32_t row = 0; r->good && row < g->rows; row += band_rows) {
        uint32_t count = g->rows - row < band_rows ? g->rows - row : band_rows;

        r->good = tl_decoder_read_band(r->decoder, filtered, count)
                  && tl_unfilter(&rows, filtered, count, above, r->pixels + row * r->row_bytes,
                                 r->row_bytes);
    }
    r->good = r->good && tl_decoder_end_image(r->decoder, rest, &n)
              && tl_decoder_read_tail(r->decoder, rest, n, &doubt, NULL) == TELAR_OK;
    free(filtered);
    free(above);
    free(rest);
}

/* Reads one band alone into its place. */
static inline bool read_band_alone(struct reading *r, uint32_t band, uint32_t band_rows,
                                   uint32_t *adler, void *work)
{
    const struct telar_geometry *g = tl_decoder_geometry(r->decoder);
    const struct tl_rows rows = rows_of(g);
    const uint32_t row = band * band_rows,
                   count = g->rows - row < band_rows ? g->rows - row : band_rows;
    unsigned char *filtered = or_die(malloc(count * (r->row_bytes + 1))),
                  *above = or_die(malloc(r->row_bytes));
    const uint32_t part_rows = tl_decoder_bands(r->decoder)->part_rows;
    struct tl_band_read told;
    bool good = tl_band_reader_read(tl_decoder_bands(r->decoder), tl_decoder_descriptor(r->decoder),
                                    band, work, filtered, r->row_bytes + 1, &told);

    for (uint32_t i = 0, n; good && i < count; i += n) {
        n = count - i < part_rows ? count - i : part_rows;
        memset(above, 0xa5, r->row_bytes); /* the row above must have no influence */
        good = tl_unfilter(&rows, filtered + i * (r->row_bytes + 1), n, above,
                           r->pixels + (row + i) * r->row_bytes, r->row_bytes);
    }
    *adler = told.adler;
    free(filtered);
    free(above);
    return good;
}

/* Returns the rows of a part that the first chunk teLR claims, or 0 without such a chunk. */
static inline uint32_t claimed_rows(const unsigned char *bytes, size_t n)
{
    const unsigned char *at = memmem(bytes, n, "teLR", 4);

    if (!at || bytes + n - at < 4 + TL_TELR_BYTES)
        return 0;
    return (uint32_t)at[8] << 24 | (uint32_t)at[9] << 16 | (uint32_t)at[10] << 8 | at[11];
}

/* Reads the bands from the last to the first. */
static inline void read_restarted(struct reading *r, uint32_t band_rows)
{
    const struct telar_geometry *g = tl_decoder_geometry(r->decoder);
    uint32_t *adlers, adler = 1, n_bands;
    bool doubt;
    void *work;

    if (band_rows == 0 || !tl_decoder_find_bands(r->decoder, band_rows))
        return;
    n_bands = (uint32_t)((g->rows + (uint64_t)band_rows - 1) / band_rows);
    adlers = or_die(calloc(n_bands, sizeof *adlers));
    work = or_die(malloc(tl_band_reader_work_bytes()));
    r->good = true;
    for (uint32_t band = n_bands; r->good && band-- > 0;)
        r->good = read_band_alone(r, band, band_rows, &adlers[band], work);
    for (uint32_t band = 0; r->good && band < n_bands; band++) {
        uint32_t left = g->rows - band * band_rows;

        adler = tl_encode_join(g, adler, adlers[band], left < band_rows ? left : band_rows);
    }
    r->good = r->good && adler == tl_decoder_bands(r->decoder)->adler
              && tl_decoder_read_tail(r->decoder, NULL, 0, &doubt, NULL) == TELAR_OK;
    free(adlers);
    free(work);
}

static inline const char *difference(const struct reading *a, const struct reading *b)
{
    const struct tl_chunks *x = tl_decoder_chunks(a->decoder), *y = tl_decoder_chunks(b->decoder);
    struct telar_info p, q;
    struct telar_warnings v, w;

    tl_decoder_info(a->decoder, &p);
    tl_decoder_info(b->decoder, &q);
    if (memcmp(a->pixels, b->pixels, a->pixel_bytes) != 0)
        return "pixels";
    tl_decoder_warnings(a->decoder, &v);
    tl_decoder_warnings(b->decoder, &w);
    if (memcmp(&v, &w, sizeof v) != 0)
        return "warnings";
    if (strcmp(p.chunks, q.chunks) != 0 || strcmp(p.dropped, q.dropped) != 0)
        return "names of chunks";
    if (x->used != y->used || x->before_idat != y->before_idat
        || (x->used > 0 && memcmp(x->bytes, y->bytes, x->used) != 0))
        return "kept chunks";
    return NULL;
}

static inline void read_all(struct two_readings *two, const char *path, struct reading *libpng,
                            uint32_t band_rows, uint32_t claimed)
{
    struct reading bands = open_reading(path), restarted = open_reading(path),
                   halves = open_reading(path);

    two->ordinary = tl_decoder_in_bands(libpng->decoder);
    if (two->ordinary) {
        read_in_bands(&bands, band_rows);
        read_restarted(&restarted, claimed); /* takes each part as a band */
        read_restarted(&halves,
                       claimed <= UINT32_MAX / 2 ? 2 * claimed : 0); /* takes two parts as a band */
    }
    libpng->good =
        tl_decoder_read(libpng->decoder, libpng->pixels, libpng->row_bytes, NULL) == TELAR_OK;
    two->libpng = libpng->good;
    two->in_bands = bands.good;
    two->restarted = restarted.good;
    if (bands.good && !libpng->good)
        two->differ = "the reader in bands accepts the file, libpng refuses it";
    else if (restarted.good && !libpng->good)
        two->differ = "the reader by restart points accepts the file, libpng refuses it";
    else if (two->ordinary && libpng->good && !bands.good)
        two->differ = "the reader in bands refuses the file, libpng accepts it";
    else if (bands.good)
        two->differ = difference(&bands, libpng);
    if (restarted.good && !two->differ)
        two->differ = difference(&restarted, libpng);
    if (halves.good && !two->differ)
        two->differ = difference(&halves, libpng);
    if (restarted.good != halves.good && !two->differ)
        two->differ =
            "the reader by restart points accepts bands of one size and refuses the other";
    close_reading(&bands);
    close_reading(&restarted);
    close_reading(&halves);
}

/* Reads a file in all ways that can read it. Each must take or refuse the file as the judge does,
 * and all must give the same. Otherwise `differ` names the difference. */
static inline struct two_readings read_twice(const void *bytes, size_t n, uint32_t band_rows)
{
    const enum judge_verdict judged = judge_png(bytes, n);
    struct two_readings two = {0};
    struct reading libpng;
    char path[32];
    int fd = memfd_create("telar-test", MFD_CLOEXEC);

    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    libpng = open_reading(path);
    two.opened = libpng.decoder != NULL;
    if (two.opened) {
        read_all(&two, path, &libpng, band_rows, claimed_rows(bytes, n));
        close_reading(&libpng);
    }
    close(fd);
    if (!two.differ && judged != JUDGE_OPEN && two.libpng != (judged == JUDGE_ACCEPTED))
        two.differ = two.libpng ? "a pixel is in doubt, and the file is taken"
                                : "every pixel is certain, and the file is refused";
    return two;
}

#endif
