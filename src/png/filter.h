/* SPDX-License-Identifier: MIT */
/*
 * filter.h - PNG row filters for a band of rows (PNG specification, clause 9). Layer: codec; over
 * deflate, and over unfilter.h, which has the names of the filters.
 *
 * Nothing here allocates, locks or keeps state; everything may be called between fork and _exit.
 * What comes out depends on the pixels alone, not on the machine or the path taken.
 */
#ifndef TL_FILTER_H
#define TL_FILTER_H

#include "flate/deflate.h"
#include "png/unfilter.h"

/* Rows to be filtered: the caller's memory, only read. There is at least one row, and a pixel in
 * it. */
struct tl_band {
    struct tl_rows shape; /* swap: samples are 16 bits in host order, and are written big-endian */
    const unsigned char
        *rows; /* the first row; the others follow stride_bytes apart, which may be anything */
    const unsigned char
        *above; /* the row above the first, or NULL: the first row then takes None or Sub only */
    size_t stride_bytes;
    uint32_t row_count;
    uint32_t part_rows; /* each row after so many is filtered like one that has none above; 0: no
                           such row */
    bool quick;         /* part of a large image: what is not worth its time is left out */
};

/* Bytes that filtering a band writes: for each row its filter and row_bytes. SIZE_MAX: too large.
 */
size_t tl_filter_size(const struct tl_band *band);

/*
 * Bytes of scratch memory for filtering a band, aligned as malloc does; what it holds means nothing
 * before and after. At least tl_deflate_work_size(), so that one memory may serve both. SIZE_MAX:
 * too large.
 */
size_t tl_filter_work_size(const struct tl_band *band);

/*
 * How the rows of a band get their filters.
 * TL_WAY_RESIDUALS: each row the one with the least sum of absolute residuals, which suits
 * photographs. TL_WAY_SLOW: the same with Paeth among them, which suits smooth drawings, and takes
 * long to undo. TL_WAY_REPEATS: every row None, which suits screens and drawings, where repetition
 * is worth more than smoothness, and pictures of few levels far apart.
 */
enum tl_filter_way { TL_WAY_RESIDUALS, TL_WAY_REPEATS, TL_WAY_SLOW, TL_WAYS };

/*
 * Filters the band into out, tl_filter_size() long, which overlaps nothing. The way is chosen from
 * the band, and returned.
 */
enum tl_filter_way tl_filter_band(const struct tl_band *band, void *work, unsigned char *out);

/* What is to be looked for in a band that was filtered like that. */
enum tl_search tl_filter_search(const struct tl_band *band, enum tl_filter_way way);

/* The same for who has time: each way is tried on the whole band, and the smallest taken. */
void tl_filter_band_smallest(const struct tl_band *band, void *work, unsigned char *out);

/* The loops over bytes: once in plain C, which is the reference, and again for machines that can do
 * better. */
struct tl_filter_kernel {
    /* Sums of the absolute residuals of None, Sub, Up and Average, as signed bytes. above is not
     * NULL. */
    void (*sums)(const struct tl_rows *shape, const unsigned char *row, const unsigned char *above,
                 uint64_t sums[4]);
    /* Writes the residuals of one of these filters. Only Up, Average and Paeth look at above. */
    void (*apply)(const struct tl_rows *shape, unsigned filter, const unsigned char *row,
                  const unsigned char *above, unsigned char *out);
};

extern const struct tl_filter_kernel tl_filter_plain;

/* The kernel for x86-64, or NULL when this processor has no AVX2. */
const struct tl_filter_kernel *tl_filter_x86(void);

/* tl_filter_band with the way and the kernel given. */
void tl_filter_band_as(const struct tl_band *band, enum tl_filter_way way,
                       const struct tl_filter_kernel *kernel, void *work, unsigned char *out);

/*
 * filter_choose.c: what of a band is looked at, each row with None; returns how many bytes that is.
 * No byte of the band is in it twice. And the way for a band. work and out as for tl_filter_band;
 * out is scratch.
 */
size_t tl_filter_sample(const struct tl_band *band, const struct tl_filter_kernel *kernel,
                        void *work, unsigned char *out);
enum tl_filter_way tl_filter_choose(const struct tl_band *band,
                                    const struct tl_filter_kernel *kernel, void *work,
                                    unsigned char *out);

#endif
