/* SPDX-License-Identifier: MIT */
/*
 * unfilter.h - undoes the PNG row filters: inflated rows become pixels (PNG specification, clause
 * 9).
 *
 * Nothing here allocates memory, takes a lock or keeps state. Every function may be called between
 * fork and _exit.
 */
#ifndef TL_UNFILTER_H
#define TL_UNFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shape of an image's rows. The caller fills it. */
struct tl_rows {
    size_t row_bytes;     /* bytes of pixels without the filter byte; a multiple of pixel_bytes */
    unsigned pixel_bytes; /* 1, 2, 3, 4, 6 or 8 */
    bool swap; /* samples are 16 bits, and are converted between file order and host order */
};

/*
 * Unfilters `count` rows that follow one another in `filtered`, each a filter byte and row_bytes
 * bytes. Writes the pixels of row i to data + i * stride_bytes, and no byte between the rows.
 *
 * `above` has row_bytes bytes: the row before the first one in the file's byte order, or zeros at
 * the top of an image. The function replaces it by the last of these rows. So the caller can pass
 * the same buffer for the next band, even if the pixels have been overwritten since. The three
 * areas must not overlap.
 *
 * Returns false for a filter byte above 4. `data` and `above` are then undefined.
 */
bool tl_unfilter(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                 unsigned char *above, unsigned char *data, size_t stride_bytes);

/* The same in plain C. The tests compare every faster version with it. */
bool tl_unfilter_plain(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                       unsigned char *above, unsigned char *data, size_t stride_bytes);

/*
 * One step of unfiltering: handles at least one and at most `count` rows from `filtered` on, and
 * returns how many. `up` is the row above the first. The caller has checked all filter bytes.
 */
typedef size_t tl_unfilter_step(const struct tl_rows *rows, const unsigned char *filtered,
                                size_t count, const unsigned char *up, unsigned char *data,
                                size_t stride_bytes);

/*
 * One row in plain C. tl_unfilter_x86 returns the AVX2 version, or NULL when this processor has no
 * AVX2.
 */
tl_unfilter_step tl_unfilter_row;
tl_unfilter_step *tl_unfilter_x86(void);

/* Filter types, PNG specification 9.2. */
enum {
    TL_FILTER_NONE,
    TL_FILTER_SUB,
    TL_FILTER_UP,
    TL_FILTER_AVERAGE,
    TL_FILTER_PAETH,
    TL_FILTERS
};

/*
 * Predicts one byte from its left, upper and upper left neighbours. Written exactly as in the
 * specification (9.4), because the order of comparisons decides ties: left first, then up.
 */
static inline unsigned char tl_filter_paeth(int left, int up, int corner)
{
    int to_left = up - corner, to_up = left - corner, to_corner = to_left + to_up;

    to_left = to_left < 0 ? -to_left : to_left;
    to_up = to_up < 0 ? -to_up : to_up;
    to_corner = to_corner < 0 ? -to_corner : to_corner;
    if (to_left <= to_up && to_left <= to_corner)
        return (unsigned char)left;
    return (unsigned char)(to_up <= to_corner ? up : corner);
}

/* Returns the prediction of any filter for one byte (PNG specification, 9.2). */
static inline unsigned char tl_filter_predict(unsigned filter, int left, int up, int corner)
{
    switch (filter) {
    case TL_FILTER_SUB:
        return (unsigned char)left;
    case TL_FILTER_UP:
        return (unsigned char)up;
    case TL_FILTER_AVERAGE:
        return (unsigned char)((left + up) / 2);
    case TL_FILTER_PAETH:
        return tl_filter_paeth(left, up, corner);
    default:
        return 0;
    }
}

#endif
