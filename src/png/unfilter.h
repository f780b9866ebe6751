/* SPDX-License-Identifier: MIT */
/*
 * unfilter.h - rows of a PNG as they come out of inflate, made into pixels (PNG specification,
 * clause 9). Layer: codec.
 *
 * Nothing here allocates, locks or keeps state; everything may be called between fork and _exit.
 */
#ifndef TL_UNFILTER_H
#define TL_UNFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shape of the rows of one image; telar_geometry in the words of a filter. */
struct tl_rows {
    size_t row_bytes;     /* of pixels, without the filter byte; a multiple of pixel_bytes */
    unsigned pixel_bytes; /* 1, 2, 3, 4, 6 or 8 */
    bool swap;            /* samples are 16 bits and are wanted in the byte order of the host */
};

/*
 * Makes pixels of `count` rows that follow one another in `filtered`, each a filter byte and
 * row_bytes bytes, and puts row i at data + i * stride_bytes. Writes only the row_bytes of each
 * row.
 *
 * `above` is the row before the first of these as it stands in the file, row_bytes long, never
 * swapped: zeros at the top of an image. It is replaced by the last of these rows, so that the same
 * buffer serves the next band, whatever became of the pixels meanwhile. The three areas do not
 * overlap.
 *
 * False: a filter byte above 4. `data` and `above` are undefined then.
 */
bool tl_unfilter(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                 unsigned char *above, unsigned char *data, size_t stride_bytes);

/* The same in plain C, whatever the machine is: the reference that every faster path must equal. */
bool tl_unfilter_plain(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                       unsigned char *above, unsigned char *data, size_t stride_bytes);

/*
 * A way of undoing filters: makes pixels of the rows at `filtered` from the top, at least one of
 * them and at most `count`, and says how many. `up` is the row above the first. All filter bytes
 * have been looked at.
 */
typedef size_t tl_unfilter_step(const struct tl_rows *rows, const unsigned char *filtered,
                                size_t count, const unsigned char *up, unsigned char *data,
                                size_t stride_bytes);

/* One row in plain C; and the way for x86-64, or NULL when this processor has no AVX2. */
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
 * One byte of prediction in plain C: left, above, and above left. The specification's words are
 * followed literally: ties go to left, then above.
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
