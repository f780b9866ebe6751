/* SPDX-License-Identifier: MIT */
/* Tests restart points: telar reads a valid file of bands by them. If the bands are wrong in any
 * way, every reader must give libpng's pixels or refuse the file. */
#include <config.h>

#include "support/bands.h"

START_TEST(a_valid_file_is_read_by_restart_points)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("a valid file", true, true);
    fill_rows();
    rows[band_rows * ROW] = 0;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("filter None", true, true);
}
END_TEST

START_TEST(bands_that_need_the_band_above_are_read_in_series)
{
    for (unsigned filter = 2; filter < 5; filter++) {
        setup();
        rows[band_rows * ROW] = (unsigned char)filter;
        make_parts(Z_FULL_FLUSH);
        put_together();
        expect("a first filter that uses the row above", false, true);
    }
    setup();
    rows[band_rows * ROW] = 5;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("an unknown filter", false, false);
    setup();
    memcpy(rows + band_rows * ROW, rows,
           (size_t)ROW * 20); /* long enough for a match, at most 32 KiB away */
    memcpy(rows + band_rows * ROW - 20 * ROW, rows, (size_t)ROW * 20);
    make_parts(Z_SYNC_FLUSH);
    put_together();
    expect("matches that begin in another band", false, true);
}
END_TEST

START_TEST(bands_that_end_in_other_places)
{
    static const int by[] = {-4000, -5, -4, -1, 1, 4, 1000};
    uint32_t cuts[BANDS_MAX];

    setup();
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) /* cuts the same stream at other places */
        for (uint32_t band = 0; band < 2; band++) {
            size_t before;

            make_parts(Z_FULL_FLUSH);
            before = band > 0 ? parts.end[band - 1] : 0;
            parts.end[band] = (size_t)((int64_t)parts.end[band] + by[i]);
            if (parts.end[band] < before || parts.end[band] > parts.end[band + 1])
                continue;
            put_together();
            if (by[i] == -5) /* perhaps just before the empty block: then it is a boundary as good
                                as the other */
                ck_assert_ptr_null(read_twice(made.bytes, made.n, 100).differ);
            else
                expect("a moved end of a chunk", false, true);
        }
    for (int more = -1; more <= 1; more += 2) { /* valid bands of other heights */
        make_parts(Z_FULL_FLUSH);
        for (uint32_t i = 0; i < parts.n_bands; i++)
            cuts[i] = i + 1 < parts.n_bands ? (i + 1) * band_rows : ROWS;
        cuts[0] = (uint32_t)((int)cuts[0] + more);
        for (uint32_t i = 0; i + 1 < parts.n_bands; i++)
            rows[cuts[i] * ROW] = 1;
        make_bands(cuts, parts.n_bands, Z_FULL_FLUSH);
        put_together();
        expect("bands of other heights", false, true);
    }
}
END_TEST

START_TEST(blocks_that_continue_in_the_next_band)
{
    setup();
    make_parts(
        Z_BLOCK); /* ends at a block's end, but not at a byte's: the bits go on in the next chunk */
    put_together();
    expect("pending bits", false, true);
    make_parts(Z_PARTIAL_FLUSH);
    put_together();
    expect("pending bits behind an empty block", false, true);
    make_parts(Z_NO_FLUSH);
    for (uint32_t i = 0; i + 1 < parts.n_bands; i++) /* cuts inside blocks */
        parts.end[i] = parts.end[parts.n_bands - 1] * (i + 1) / parts.n_bands;
    put_together();
    expect("cuts inside a block", false, true);
}
END_TEST

START_TEST(a_final_block_before_the_end)
{
    setup();
    for (uint32_t band = 0; band < 3; band++) {
        unsigned char *mark;

        make_parts(Z_FULL_FLUSH);
        mark = parts.stream + parts.end[band]
               - 5; /* the empty stored block: its first byte holds its type alone */
        ck_assert(memcmp(mark + 1, "\0\0\xff\xff", 4) == 0);
        if (*mark != 0)
            continue; /* the block begins in the byte before */
        *mark = 1;
        put_together();
        expect("a block marked as final", false, false);
    }
    for (uint32_t band = 0; band < 3;
         band++) { /* the same, but certain: a final block of its own, put in */
        size_t end;

        make_parts(Z_FULL_FLUSH);
        end = parts.end[band];
        memmove(parts.stream + end + 5, parts.stream + end, parts.end[parts.n_bands - 1] - end);
        memcpy(parts.stream + end, "\1\0\0\xff\xff", 5);
        for (uint32_t i = band; i < parts.n_bands; i++)
            parts.end[i] += 5;
        put_together();
        expect("an extra final block", false, false);
    }
}
END_TEST

START_TEST(swapped_bands)
{
    static unsigned char copy[STREAM_MAX];
    size_t a, b, n;

    setup();
    make_parts(Z_FULL_FLUSH);
    ck_assert_uint_ge(ROWS, 2 * band_rows);
    memcpy(copy, parts.stream, sizeof copy);
    a = parts.end[0] - 2; /* the first band without zlib's head */
    b = parts.end[1] - parts.end[0];
    n = 2;
    memcpy(parts.stream + n, copy + 2 + a, b);
    memcpy(parts.stream + n + b, copy + 2, a);
    parts.end[0] = 2 + b;
    put_together();
    expect("swapped bands with the old checksum", false, false);
    for (size_t i = 0; i < (size_t)band_rows * ROW; i++) {
        unsigned char c = rows[i];

        rows[i] = rows[i + band_rows * ROW];
        rows[i + band_rows * ROW] = c;
    }
    put_adler();
    put_together();
    expect("swapped bands with their checksum", true, true);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_valid_file_is_read_by_restart_points,
        bands_that_need_the_band_above_are_read_in_series,
        bands_that_end_in_other_places,
        blocks_that_continue_in_the_next_band,
        a_final_block_before_the_end,
        swapped_bands,
        NULL,
    };

    return run_both("bands", "bands of halves", tests);
}
