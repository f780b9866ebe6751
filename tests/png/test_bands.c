/* SPDX-License-Identifier: MIT */
/*
 * Restart points: a file of bands is read by them, and one whose bands are not what they should be
 * never gives other pixels than libpng gives, whichever way it is read.
 */
#include <config.h>

#include "support/bands.h"

START_TEST(a_file_of_bands_is_read_by_them)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("in order", true, true);
    fill_rows();
    rows[band_rows * ROW] = 0;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("filter None", true, true);
}
END_TEST

START_TEST(bands_that_need_what_is_above_are_not)
{
    for (unsigned filter = 2; filter < 5; filter++) {
        setup();
        rows[band_rows * ROW] = (unsigned char)filter;
        make_parts(Z_FULL_FLUSH);
        put_together();
        expect("a first filter that looks up", false, true);
    }
    setup();
    rows[band_rows * ROW] = 5;
    make_parts(Z_FULL_FLUSH);
    put_together();
    expect("a filter that is none", false, false);
    setup();
    memcpy(rows + band_rows * ROW, rows, (size_t)ROW * 20); /* worth a match, 32 KiB or less away */
    memcpy(rows + band_rows * ROW - 20 * ROW, rows, (size_t)ROW * 20);
    make_parts(Z_SYNC_FLUSH);
    put_together();
    expect("matches that reach out of a band", false, true);
}
END_TEST

START_TEST(boundaries_elsewhere)
{
    static const int by[] = {-4000, -5, -4, -1, 1, 4, 1000};
    uint32_t cuts[BANDS_MAX];

    setup();
    for (size_t i = 0; i < sizeof by / sizeof *by;
         i++) /* chunks cut at other places of the same stream */
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
                expect("a chunk's end moved", false, true);
        }
    for (int more = -1; more <= 1; more += 2) { /* bands of other rows, each in order */
        make_parts(Z_FULL_FLUSH);
        for (uint32_t i = 0; i < parts.n_bands; i++)
            cuts[i] = i + 1 < parts.n_bands ? (i + 1) * band_rows : ROWS;
        cuts[0] = (uint32_t)((int)cuts[0] + more);
        for (uint32_t i = 0; i + 1 < parts.n_bands; i++)
            rows[cuts[i] * ROW] = 1;
        make_bands(cuts, parts.n_bands, Z_FULL_FLUSH);
        put_together();
        expect("bands of other rows", false, true);
    }
}
END_TEST

START_TEST(blocks_that_go_on)
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
    for (uint32_t i = 0; i + 1 < parts.n_bands; i++) /* in the middle of blocks */
        parts.end[i] = parts.end[parts.n_bands - 1] * (i + 1) / parts.n_bands;
    put_together();
    expect("within a block", false, true);
}
END_TEST

START_TEST(a_last_block_before_the_end)
{
    setup();
    for (uint32_t band = 0; band < 3; band++) {
        unsigned char *mark;

        make_parts(Z_FULL_FLUSH);
        mark = parts.stream + parts.end[band]
               - 5; /* the empty stored block: its first byte holds its type alone */
        ck_assert(memcmp(mark + 1, "\0\0\xff\xff", 4) == 0);
        if (*mark != 0)
            continue; /* it begins in the byte before */
        *mark = 1;
        put_together();
        expect("a final block", false, false);
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
        expect("a final block more", false, false);
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
    a = parts.end[0] - 2; /* of the first, without zlib's head */
    b = parts.end[1] - parts.end[0];
    n = 2;
    memcpy(parts.stream + n, copy + 2 + a, b);
    memcpy(parts.stream + n + b, copy + 2, a);
    parts.end[0] = 2 + b;
    put_together();
    expect("swapped, with the old checksum", false, false);
    for (size_t i = 0; i < (size_t)band_rows * ROW; i++) {
        unsigned char c = rows[i];

        rows[i] = rows[i + band_rows * ROW];
        rows[i + band_rows * ROW] = c;
    }
    put_adler();
    put_together();
    expect("swapped, with its checksum: another picture", true, true);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_file_of_bands_is_read_by_them,
        bands_that_need_what_is_above_are_not,
        boundaries_elsewhere,
        blocks_that_go_on,
        a_last_block_before_the_end,
        swapped_bands,
        NULL,
    };

    return run_both("bands", "bands of halves", tests);
}
