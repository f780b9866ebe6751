/* SPDX-License-Identifier: MIT */
/*
 * filter.h - applies the PNG row filters to a band of rows (PNG specification, clause 9).
 * unfilter.h has the names of the filters.
 *
 * Nothing here allocates memory, takes a lock or keeps state. Every function may be called between
 * fork and _exit. The output depends on the pixels alone: it is the same on every processor.
 */
#ifndef TL_FILTER_H
#define TL_FILTER_H

#include "flate/deflate.h"
#include "png/unfilter.h"

/*
 * The rows to filter. The caller fills the struct and owns the rows, which are only read. A band
 * has at least one row and one pixel in it.
 */
struct tl_band {
    /* shape.swap: samples are 16 bits in host order and are written big-endian */
    struct tl_rows shape;
    const unsigned char *rows; /* The first row. The others follow at a distance of stride_bytes. */
    const unsigned char
        *above; /* The row above the first. NULL: the first row gets filter None or Sub only. */
    size_t stride_bytes;
    uint32_t row_count;
    /*
     * The height of a part. The first row of a part is filtered as if no row were above it, so the
     * part can be decoded alone. 0: no parts.
     */
    uint32_t part_rows;
    bool quick; /* part of a large image: leave out what takes long and saves little */
};

/*
 * Returns the bytes that filtering a band writes: row_bytes and a filter byte for each row. Returns
 * SIZE_MAX when the size overflows.
 */
size_t tl_filter_size(const struct tl_band *band);

/*
 * Returns the bytes of scratch memory for filtering a band, aligned like malloc. Its contents have
 * no meaning before and after. The size is at least tl_deflate_work_size(), so the same memory can
 * serve both. Returns SIZE_MAX when the size overflows.
 */
size_t tl_filter_work_size(const struct tl_band *band);

/*
 * How the rows of a band get their filters.
 * TL_WAY_RESIDUALS  each row gets the filter with the smallest sum of absolute residuals, without
 *                   Paeth. Good for photographs.
 * TL_WAY_REPEATS    each row gets None. Good for screens and drawings, where repetition saves more
 *                   than small residuals. Good too for images whose few sample values lie
 *                   far apart, as after equalize.
 * TL_WAY_SLOW       as RESIDUALS, with Paeth. Good for smooth drawings. Undoing it takes long.
 */
enum tl_filter_way { TL_WAY_RESIDUALS, TL_WAY_REPEATS, TL_WAY_SLOW, TL_WAYS };

/*
 * Chooses a way for the band, filters the band into `out`, and returns the way. `out` has
 * tl_filter_size() bytes and overlaps nothing.
 */
enum tl_filter_way tl_filter_band(const struct tl_band *band, void *work, unsigned char *out);

/* Returns the search that tl_deflate should use for a band that was filtered in this way. */
enum tl_search tl_filter_search(const struct tl_band *band, enum tl_filter_way way);

/* Filters the whole band in each way, compresses each, and keeps the smallest. Slow. */
void tl_filter_band_smallest(const struct tl_band *band, void *work, unsigned char *out);

/* The inner loops: in plain C, which is the reference, and for AVX2. Both give the same bytes. */
struct tl_filter_kernel {
    /*
     * Computes the sums of absolute residuals of None, Sub, Up and Average. Residuals count as
     * signed bytes. `above` must not be NULL.
     */
    void (*sums)(const struct tl_rows *shape, const unsigned char *row, const unsigned char *above,
                 uint64_t sums[4]);
    /* Writes the residuals of one filter. None and Sub do not read `above`. */
    void (*apply)(const struct tl_rows *shape, unsigned filter, const unsigned char *row,
                  const unsigned char *above, unsigned char *out);
};

extern const struct tl_filter_kernel tl_filter_plain;

/* Returns the AVX2 version, or NULL when this processor has no AVX2. */
const struct tl_filter_kernel *tl_filter_x86(void);

/* Filters a band in a given way with given loops. tl_filter_band and the tests call it. */
void tl_filter_band_as(const struct tl_band *band, enum tl_filter_way way,
                       const struct tl_filter_kernel *kernel, void *work, unsigned char *out);

/*
 * filter_choose.c: tl_filter_sample writes a sample of the band to `out`, each row with filter
 * None, and returns its number of bytes. No byte of the band occurs twice. tl_filter_choose returns
 * the best way for the band. `work` and `out` are as for tl_filter_band, and `out` is scratch
 * memory.
 */
size_t tl_filter_sample(const struct tl_band *band, const struct tl_filter_kernel *kernel,
                        void *work, unsigned char *out);
enum tl_filter_way tl_filter_choose(const struct tl_band *band,
                                    const struct tl_filter_kernel *kernel, void *work,
                                    unsigned char *out);

#endif
