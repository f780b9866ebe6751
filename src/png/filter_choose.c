/* SPDX-License-Identifier: MIT */
/*
 * filter_choose.c - chooses the way of filtering for a band.
 *
 * Small residuals and repetition want opposite things. A smooth picture has small residuals and
 * seldom repeats itself. A screen repeats itself exactly, and residuals hide that. No simple
 * measure tells which of the two saves more. So samples of the band are filtered in both ways and
 * compressed. If nothing repeats, counting their bytes is enough.
 */
#include <config.h>

#include "png/filter.h"

enum {
    WHOLE_BYTES = 65536, /* bands of up to this size are tried whole, larger ones by tiles */
    /*
     * Tiles have few and wide rows, so that the distance to the row above is close to that in the
     * band.
     */
    TILE_ROWS = 8,
    EASY = 64,           /* choose None at once if the unfiltered rows shrink to 1/64 */
    SAMPLE_BYTES = 4096, /* bytes counted in each tile */
    CLEARLY = 16,        /* choose None by counting only if it saves at least 1/16 */
};

/*
 * Size of a tile, and the bytes of the band for each tile. Thorough sampling reads half the band.
 */
struct sampling {
    size_t tile_bytes, bytes_per_tile;
};

static const struct sampling thorough = {65536, 131072}, quick = {8192, 196608};

/*
 * The band is cut into tiles of equal size, and `count` of them are sampled. The rest at the right
 * and lower edges is never sampled.
 */
struct tiling {
    size_t count, row_bytes;
    uint32_t row_count;
};

static size_t tiles_across(const struct tl_band *band, const struct tiling *tiling)
{
    return band->shape.row_bytes / tiling->row_bytes;
}

/* Computes the size and number of the tiles for a band. */
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
    rows = sampling.tile_bytes / (tiling.row_bytes + 1); /* one more byte: the filter */
    if (rows < tiling.row_count)
        tiling.row_count = (uint32_t)rows;
    tiling.count = size / sampling.bytes_per_tile + 1;
    most = tiles_across(band, &tiling) * (band->row_count / tiling.row_count);
    if (tiling.count > most)
        tiling.count = most;
    return tiling;
}

/* Returns sampled tile `index` as a band. The samples are spread evenly over all tiles. */
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

/*
 * Filters all sampled tiles in one way into `out`, one after the other. Returns the number of
 * bytes.
 */
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
 * Returns 16 log2(n) for n > 0, linear between powers of two. Only whole numbers are used, so the
 * result is the same on every machine.
 */
static uint64_t log2_times_16(uint64_t n)
{
    unsigned floor = 63 - (unsigned)__builtin_clzll(n);

    return 16 * floor + ((n << 4 >> floor) & 15);
}

/* Returns the size of n bytes in an ideal code for single bytes (their entropy), in 1/16 bit. */
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
 * Chooses by entropy, for a band without repetition. A photograph usually has fewer different
 * residuals than different samples. Equalizing spreads few levels far apart, and then None is
 * better.
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
 * Returns the compressed size of the unfiltered sample. For a large band a dense search would take
 * longer than all the rest, so the sparse result is reduced by a sixth: that much a dense search
 * saves.
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

    /* Photographs are recognised here, quickly. More time would save little on them. */
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
