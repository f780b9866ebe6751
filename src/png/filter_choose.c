/* SPDX-License-Identifier: MIT */
/*
 * Which way of filtering suits a band? Residuals and repetition want opposite things: a smooth
 * picture has small residuals and seldom repeats itself; a screen repeats itself exactly, and
 * residuals hide that. Nothing simpler than trying says which of the two is stronger, so samples of
 * the band are filtered in both ways and compressed; where nothing repeats itself, it is enough to
 * count their bytes.
 */
#include <config.h>

#include "png/filter.h"

enum {
    WHOLE_BYTES = 65536, /* bands up to this size are tried whole, others by tiles */
    TILE_ROWS = 8, /* few and wide, so that the row above is as far away as it is in the band */
    EASY = 64,     /* unfiltered rows that shrink to one part in so many are good enough */
    SAMPLE_BYTES = 4096, /* of each tile, when only bytes are counted */
    CLEARLY = 16, /* unfiltered rows must save one part in so many to be chosen by such a sample */
};

/* Tiles of so many bytes: one, and another for every so many of the band. Where there is time, half
 * the band. */
struct sampling {
    size_t tile_bytes, bytes_per_tile;
};

static const struct sampling thorough = {65536, 131072}, quick = {8192, 196608};

/* The band is cut into tiles of one size, of which some are taken: what is left over at its right
 * and lower ends never is. */
struct tiling {
    size_t count, row_bytes;
    uint32_t row_count;
};

static size_t tiles_across(const struct tl_band *band, const struct tiling *tiling)
{
    return band->shape.row_bytes / tiling->row_bytes;
}

static struct tiling tile(const struct tl_band *band)
{
    const struct sampling sampling = band->quick ? quick : thorough;
    struct tiling tiling = {1, band->shape.row_bytes, band->row_count};
    size_t size = tl_filter_size(band), width, rows, most;

    if (size <= WHOLE_BYTES)
        return tiling;
    width = sampling.tile_bytes / (band->row_count < TILE_ROWS ? band->row_count : TILE_ROWS) - 1;
    width -= width % band->shape.pixel_bytes;
    if (width < tiling.row_bytes)
        tiling.row_bytes = width;
    rows = sampling.tile_bytes / (tiling.row_bytes + 1); /* a byte names the filter */
    if (rows < tiling.row_count)
        tiling.row_count = (uint32_t)rows;
    tiling.count = size / sampling.bytes_per_tile + 1;
    most = tiles_across(band, &tiling) * (band->row_count / tiling.row_count);
    if (tiling.count > most)
        tiling.count = most;
    return tiling;
}

/* Tile `index` of those that are taken, as a band of its own. */
static struct tl_band tile_band(const struct tl_band *band, const struct tiling *tiling,
                                size_t index)
{
    struct tl_band part = *band;
    size_t across = tiles_across(band, tiling),
           all = across * (band->row_count / tiling->row_count);
    size_t place = (2 * index + 1) * all / (2 * tiling->count);
    size_t row = place / across * tiling->row_count, column = place % across * tiling->row_bytes;

    part.rows += row * band->stride_bytes + column;
    if (row)
        part.above = part.rows - band->stride_bytes;
    else if (part.above)
        part.above += column;
    part.shape.row_bytes = tiling->row_bytes;
    part.row_count = tiling->row_count;
    return part;
}

/* Filters all the tiles in one way, one after the other into out; returns how many bytes that
 * makes. */
static size_t filter_tiles(const struct tl_band *band, const struct tiling *tiling,
                           enum tl_filter_way way, const struct tl_filter_kernel *kernel,
                           void *work, unsigned char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < tiling->count; i++) {
        struct tl_band part = tile_band(band, tiling, i);

        tl_filter_band_as(&part, way, kernel, work, out + n);
        n += tl_filter_size(&part);
    }
    return n;
}

/*
 * Sixteen times the logarithm of n > 0 to base 2, straight between powers of two: whole numbers,
 * the same everywhere.
 */
static uint64_t log2_times_16(uint64_t n)
{
    unsigned floor = 63 - (unsigned)__builtin_clzll(n);

    return 16 * floor + ((n << 4 >> floor) & 15);
}

/* What n bytes would take with an ideal code for single bytes, in sixteenths of a bit. */
static uint64_t cost_of_literals(const unsigned char *bytes, size_t n)
{
    uint32_t counts[256] = {0};
    uint64_t cost = 0;

    for (size_t i = 0; i < n; i++)
        counts[bytes[i]]++;
    for (int i = 0; i < 256; i++)
        if (counts[i])
            cost += counts[i] * (log2_times_16(n) - log2_times_16(counts[i]));
    return cost;
}

/*
 * Without repetition only the number of different bytes matters. Residuals of a photograph are
 * fewer than its colours; but when its few levels were pulled apart, as equalizing does, it is the
 * other way round.
 */
static enum tl_filter_way choose_by_counting(const struct tl_band *band, struct tiling tiling,
                                             const struct tl_filter_kernel *kernel, void *work,
                                             unsigned char *out)
{
    uint32_t rows =
        SAMPLE_BYTES / tiling.row_bytes ? (uint32_t)(SAMPLE_BYTES / tiling.row_bytes) : 1;
    uint64_t plain, residuals;
    size_t n;

    if (rows < tiling.row_count)
        tiling.row_count = rows;
    n = filter_tiles(band, &tiling, TL_WAY_REPEATS, kernel, work, out);
    plain = cost_of_literals(out, n);
    filter_tiles(band, &tiling, TL_WAY_RESIDUALS, kernel, work, out);
    residuals = cost_of_literals(out, n);
    return plain + residuals / CLEARLY < residuals ? TL_WAY_REPEATS : TL_WAY_RESIDUALS;
}

/*
 * A dense search would take longer than all the rest of a large band, so it is not tried: it saves
 * about a sixth of what the sparse one leaves.
 */
static size_t cost_of_repeats(const struct tl_band *band, void *work, const unsigned char *filtered,
                              size_t n)
{
    size_t cost =
        tl_deflate_cost(work, filtered, n, band->quick ? TL_SEARCH_SPARSE : TL_SEARCH_DEEP);

    return band->quick ? cost - cost / 6 : cost;
}

size_t tl_filter_sample(const struct tl_band *band, const struct tl_filter_kernel *kernel,
                        void *work, unsigned char *out)
{
    struct tiling tiling = tile(band);

    return filter_tiles(band, &tiling, TL_WAY_REPEATS, kernel, work, out);
}

enum tl_filter_way tl_filter_choose(const struct tl_band *band,
                                    const struct tl_filter_kernel *kernel, void *work,
                                    unsigned char *out)
{
    struct tiling tiling = tile(band);
    size_t n = tl_filter_sample(band, kernel, work, out), plain;

    /* Photographs are known at once, and are worth little more time. */
    if (!tl_deflate_repeats(work, out, n))
        return choose_by_counting(band, tiling, kernel, work, out);
    plain = cost_of_repeats(band, work, out, n);
    if (plain <= n / EASY)
        return TL_WAY_REPEATS;
    filter_tiles(band, &tiling, TL_WAY_RESIDUALS, kernel, work, out);
    return plain <= tl_deflate_cost(work, out, n, tl_filter_search(band, TL_WAY_RESIDUALS))
               ? TL_WAY_REPEATS
               : TL_WAY_RESIDUALS;
}
