/* SPDX-License-Identifier: MIT */
/* unfilter.c - unfiltering in plain C, and the choice of the version at run time. */
#include <config.h>

#include "png/unfilter.h"

#include <assert.h>
#include <string.h>

size_t tl_unfilter_row(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                       const unsigned char *up, unsigned char *data, size_t stride_bytes)
{
    const size_t n = rows->row_bytes, bpp = rows->pixel_bytes;
    const unsigned filter = *filtered++;

    (void)count;
    (void)stride_bytes;
    for (size_t i = 0; i < bpp && i < n; i++) /* the bytes left of the first pixel count as zeros */
        data[i] = (unsigned char)(filtered[i] + tl_filter_predict(filter, 0, up[i], 0));
    for (size_t i = bpp; i < n; i++)
        data[i] = (unsigned char)(filtered[i]
                                  + tl_filter_predict(filter, data[i - bpp], up[i], up[i - bpp]));
    return 1;
}

/* Checks all filter bytes of a band before any row is written. */
static bool filters_known(const struct tl_rows *rows, const unsigned char *filtered, size_t count)
{
    for (; count > 0; count--, filtered += rows->row_bytes + 1)
        if (*filtered >= TL_FILTERS)
            return false;
    return true;
}

/* Converts each sample from the file's byte order to the host's. */
static void swap_samples(unsigned char *row, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (size_t i = 0; i + 2 <= n; i += 2) {
        unsigned char high = row[i];

        row[i] = row[i + 1];
        row[i + 1] = high;
    }
#else
    (void)row;
    (void)n;
#endif
}

/*
 * Unfilters a band with the given step. Filters work on bytes in file order. So the samples are
 * swapped only after all rows are done, and `above` keeps the last row unswapped for the next band.
 */
static bool unfilter_with(tl_unfilter_step *step, const struct tl_rows *rows,
                          const unsigned char *filtered, size_t count, unsigned char *above,
                          unsigned char *data, size_t stride_bytes)
{
    const unsigned char *up = above;

    assert(rows->pixel_bytes > 0 && rows->row_bytes % rows->pixel_bytes == 0);
    if (!filters_known(rows, filtered, count))
        return false;
    for (size_t done = 0; done < count;) {
        size_t n = step(rows, filtered, count - done, up, data + done * stride_bytes, stride_bytes);

        done += n;
        filtered += n * (rows->row_bytes + 1);
        up = data + (done - 1) * stride_bytes;
    }
    if (count > 0)
        memcpy(above, up, rows->row_bytes);
    for (size_t i = 0; rows->swap && i < count; i++)
        swap_samples(data + i * stride_bytes, rows->row_bytes);
    return true;
}

bool tl_unfilter_plain(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                       unsigned char *above, unsigned char *data, size_t stride_bytes)
{
    return unfilter_with(tl_unfilter_row, rows, filtered, count, above, data, stride_bytes);
}

bool tl_unfilter(const struct tl_rows *rows, const unsigned char *filtered, size_t count,
                 unsigned char *above, unsigned char *data, size_t stride_bytes)
{
    tl_unfilter_step *fast = tl_unfilter_x86();

    return unfilter_with(fast ? fast : tl_unfilter_row, rows, filtered, count, above, data,
                         stride_bytes);
}
