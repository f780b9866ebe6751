/* SPDX-License-Identifier: MIT */
/* filter.c - the plain C loops of the PNG filters, and the choice of a filter for each row. */
#include <config.h>

#include "png/filter.h"

#include <assert.h>
#include <string.h>

/* Returns the absolute value of a residual as a signed byte: 255 counts 1. */
static inline unsigned magnitude(int residual)
{
    unsigned byte = (unsigned)residual & 0xff;

    return byte < 128 ? byte : 256 - byte;
}

static void sums_plain(const struct tl_rows *shape, const unsigned char *row,
                       const unsigned char *above, uint64_t sums[4])
{
    uint64_t none = 0, sub = 0, up = 0, average = 0;

    for (size_t i = 0; i < shape->row_bytes; i++) {
        int left = i < shape->pixel_bytes ? 0 : row[i - shape->pixel_bytes];

        none += magnitude(row[i]);
        sub += magnitude(row[i] - left);
        up += magnitude(row[i] - above[i]);
        average += magnitude(row[i] - (left + above[i]) / 2);
    }
    sums[TL_FILTER_NONE] = none;
    sums[TL_FILTER_SUB] = sub;
    sums[TL_FILTER_UP] = up;
    sums[TL_FILTER_AVERAGE] = average;
}

/* `filter` is constant in every caller, so the compiler removes the choice from the loop. */
static inline void apply_as(const struct tl_rows *shape, const unsigned filter,
                            const unsigned char *row, const unsigned char *above,
                            unsigned char *out)
{
    for (size_t i = 0; i < shape->row_bytes; i++) {
        int left = i < shape->pixel_bytes ? 0 : row[i - shape->pixel_bytes];

        out[i] = (unsigned char)(row[i] - tl_filter_predict(filter, left, above ? above[i] : 0, 0));
    }
}

/* Writes the residuals of Paeth, unless `out` is NULL. Returns the sum of their absolute values. */
static uint64_t apply_paeth(const struct tl_rows *shape, const unsigned char *row,
                            const unsigned char *above, unsigned char *out)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < shape->row_bytes; i++) {
        int left = i < shape->pixel_bytes ? 0 : row[i - shape->pixel_bytes];
        int corner = i < shape->pixel_bytes ? 0 : above[i - shape->pixel_bytes];
        int residual = row[i] - tl_filter_paeth(left, above[i], corner);

        sum += magnitude(residual);
        if (out)
            out[i] = (unsigned char)residual;
    }
    return sum;
}

static void apply_plain(const struct tl_rows *shape, unsigned filter, const unsigned char *row,
                        const unsigned char *above, unsigned char *out)
{
    assert(filter <= TL_FILTER_PAETH);
    if (filter == TL_FILTER_NONE)
        memcpy(out, row, shape->row_bytes);
    else if (filter == TL_FILTER_PAETH)
        apply_paeth(shape, row, above, out);
    else if (filter == TL_FILTER_SUB)
        apply_as(shape, TL_FILTER_SUB, row, NULL, out);
    else if (filter == TL_FILTER_UP)
        apply_as(shape, TL_FILTER_UP, row, above, out);
    else
        apply_as(shape, TL_FILTER_AVERAGE, row, above, out);
}

const struct tl_filter_kernel tl_filter_plain = {sums_plain, apply_plain};

/*
 * Returns the filter with the smallest sum of absolute residuals: the heuristic of the PNG
 * specification (12.7). Of equal sums the first wins. Only the slow way tries Paeth. Paeth makes
 * photographs no smaller, screens 0.1 % larger, and smooth drawings a third smaller. Undoing it
 * takes several times as long.
 */
static unsigned least_filter(const struct tl_band *band, bool slow,
                             const struct tl_filter_kernel *kernel, const unsigned char *row,
                             const unsigned char *above)
{
    uint64_t sums[4];
    unsigned least = TL_FILTER_NONE;

    /* Rows that repeat the row above are common, and memcmp finds them quickly. */
    if (above && memcmp(row, above, band->shape.row_bytes) == 0)
        return TL_FILTER_UP;
    kernel->sums(&band->shape, row, above ? above : row, sums);
    for (unsigned filter = TL_FILTER_SUB; filter <= (above ? TL_FILTER_AVERAGE : TL_FILTER_SUB);
         filter++)
        if (sums[filter] < sums[least])
            least = filter;
    return slow && above && apply_paeth(&band->shape, row, above, NULL) < sums[least]
               ? TL_FILTER_PAETH
               : least;
}

/*
 * Returns the row in the byte order of the file: the row itself, or `copy` with the bytes of each
 * sample swapped.
 */
static const unsigned char *file_order(const struct tl_rows *shape, const unsigned char *row,
                                       unsigned char *copy)
{
    if (!shape->swap || __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        return row;
    for (size_t i = 0; i + 1 < shape->row_bytes; i += 2) {
        copy[i] = row[i + 1];
        copy[i + 1] = row[i];
    }
    return copy;
}

size_t tl_filter_size(const struct tl_band *band)
{
    size_t size;

    if (__builtin_add_overflow(band->shape.row_bytes, 1, &size)
        || __builtin_mul_overflow(size, band->row_count, &size))
        return SIZE_MAX;
    return size;
}

/*
 * The scratch memory holds two rows in the byte order of the file, or a trial compression. The two
 * are never needed at the same time.
 */
size_t tl_filter_work_size(const struct tl_band *band)
{
    size_t rows;

    if (__builtin_mul_overflow(band->shape.row_bytes, 2, &rows))
        return SIZE_MAX;
    return rows > tl_deflate_work_size() ? rows : tl_deflate_work_size();
}

void tl_filter_band_as(const struct tl_band *band, enum tl_filter_way way,
                       const struct tl_filter_kernel *kernel, void *work, unsigned char *out)
{
    const struct tl_rows *shape = &band->shape;
    unsigned char *copies[2] = {work, (unsigned char *)work + shape->row_bytes};
    const unsigned char *above = band->above ? file_order(shape, band->above, copies[1]) : NULL;

    assert(shape->pixel_bytes >= 1 && shape->pixel_bytes <= 8
           && shape->row_bytes % shape->pixel_bytes == 0);
    for (uint32_t r = 0; r < band->row_count; r++) {
        const unsigned char *row =
            file_order(shape, band->rows + r * band->stride_bytes, copies[r & 1]);
        unsigned filter;

        if (r > 0 && band->part_rows && r % band->part_rows == 0)
            above = NULL;
        filter = way == TL_WAY_REPEATS ? TL_FILTER_NONE
                                       : least_filter(band, way == TL_WAY_SLOW, kernel, row, above);
        *out++ = (unsigned char)filter;
        kernel->apply(shape, filter, row, above, out);
        out += shape->row_bytes;
        above = row;
    }
}

static const struct tl_filter_kernel *best_kernel(void)
{
    const struct tl_filter_kernel *kernel = tl_filter_x86();

    return kernel ? kernel : &tl_filter_plain;
}

enum tl_filter_way tl_filter_band(const struct tl_band *band, void *work, unsigned char *out)
{
    const struct tl_filter_kernel *kernel = best_kernel();
    enum tl_filter_way way = tl_filter_choose(band, kernel, work, out);

    tl_filter_band_as(band, way, kernel, work, out);
    return way;
}

/*
 * Residuals contain few repetitions except runs. A search for others would take longer than all the
 * rest of the work on the band.
 */
enum tl_search tl_filter_search(const struct tl_band *band, enum tl_filter_way way)
{
    if (!band->quick)
        return TL_SEARCH_DEEP;
    return way == TL_WAY_RESIDUALS ? TL_SEARCH_RUNS : TL_SEARCH_DENSE;
}

void tl_filter_band_smallest(const struct tl_band *band, void *work, unsigned char *out)
{
    const struct tl_filter_kernel *kernel = best_kernel();
    enum tl_filter_way best = TL_WAY_RESIDUALS;
    size_t least = SIZE_MAX, n = tl_filter_size(band);

    for (int way = 0; way < TL_WAYS; way++) {
        size_t cost;

        tl_filter_band_as(band, (enum tl_filter_way)way, kernel, work, out);
        cost = tl_deflate_cost(work, out, n, TL_SEARCH_DEEP);
        if (cost < least) {
            least = cost;
            best = (enum tl_filter_way)way;
        }
    }
    tl_filter_band_as(band, best, kernel, work, out);
}
