/* SPDX-License-Identifier: MIT */
/*
 * Tests restart points of a file with valid bands and wrong surroundings: the claim, the chunks
 * between the bands, checksums, the head and the end of the stream. Every reader must give libpng's
 * pixels or refuse the file.
 */
#include <config.h>

#include "support/bands.h"
#include "support/seed.h"

START_TEST(false_claims_are_ignored)
{
    static const struct {
        size_t at;
        uint32_t value;
    } claims[] = {{0, 0},          {0, 0x02000000}, {0, 0x01000001}, {4, 0}, {4, 1},
                  {4, 0x7fffffff}, {4, 0xffffffff}, {8, 0},          {8, 1}, {8, 2},
                  {8, 99},         {8, 0xffffffff}, {8, 0x80000000}};

    setup();
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        make_parts(Z_FULL_FLUSH);
        put_u32(parts.restart + claims[i].at, claims[i].value);
        put_together();
        expect("a false claim", false, true);
    }
    for (size_t n = 0; n < 20; n += 3) {
        make_parts(Z_FULL_FLUSH);
        parts.restart_bytes = n;
        put_together();
        expect("a claim of another length", n == 12, true);
    }
    for (int more = -1; more <= 1;
         more++) { /* both numbers agree, and are those of another band size */
        make_parts(Z_FULL_FLUSH);
        put_u32(parts.restart + 4, band_rows + (uint32_t)more);
        put_u32(parts.restart + 8,
                (ROWS + band_rows + (uint32_t)more - 1) / (band_rows + (uint32_t)more));
        put_together();
        expect("other numbers that agree", more == 0, true);
    }
    make_parts(Z_FULL_FLUSH); /* a second chunk teLR */
    maker_begin(&made, COLUMNS, ROWS, 8, 2, 0);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
    maker_chunk(&made, "teLR", parts.restart, parts.restart_bytes);
    put_bands();
    maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
    check_run("a second chunk teLR");
}
END_TEST

static uint32_t reported_rows(void)
{
    struct telar_info info;
    char name[32];
    int fd;

    ck_assert_int_eq(telar_info_read(memory_file(made.bytes, made.n, &fd, name), NULL, &info, NULL),
                     TELAR_OK);
    close(fd);
    return info.restart_rows;
}

/* telar info must report bands exactly if telar reads the bands in parallel. */
START_TEST(info_reports_bands_that_are_read_in_parallel)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    ck_assert_uint_eq(reported_rows(), band_rows);
    for (int more = -1; more <= 1;
         more += 2) { /* numbers that agree, of bands that are none of telar's */
        uint32_t other = band_rows + (uint32_t)more;

        make_parts(Z_FULL_FLUSH);
        put_u32(parts.restart + 4, other);
        put_u32(parts.restart + 8, (ROWS + other - 1) / other);
        put_together();
        ck_assert_uint_eq(reported_rows(), 0);
    }
    make_parts(Z_FULL_FLUSH);
    put_u32(parts.restart + 8, parts.n_bands + 1);
    put_together();
    ck_assert_uint_eq(reported_rows(), 0);
    make_parts(Z_FULL_FLUSH);
    begin_file(); /* the claim is right, but one chunk holds all bands */
    maker_chunk(&made, "IDAT", parts.stream, parts.end[parts.n_bands - 1]);
    maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_uint_eq(reported_rows(), 0);
}
END_TEST

START_TEST(chunks_between_the_bands)
{
    static const char *const names[] = {"IDAT", "tEXt", "teLR", "IEND"};

    setup();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (uint32_t after = 0; after < 3; after++) {
            make_parts(Z_FULL_FLUSH);
            begin_file();
            for (uint32_t band = 0; band < parts.n_bands; band++) {
                size_t begin = band > 0 ? parts.end[band - 1] : 0;

                maker_chunk(&made, "IDAT", parts.stream + begin, parts.end[band] - begin);
                if (band == after)
                    maker_chunk(&made, names[i], NULL, 0);
            }
            maker_chunk(&made, "IDAT", parts.tail, parts.tail_bytes);
            maker_chunk(&made, "IEND", NULL, 0);
            expect(names[i], false, i == 0); /* an empty IDAT is allowed */
        }
}
END_TEST

START_TEST(wrong_checksums)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    parts.tail[5] ^= 1;
    put_together();
    expect("a wrong checksum of the stream", false, false);
    make_parts(Z_FULL_FLUSH);
    put_together();
    for (size_t at = 8; at < made.n; at += 12 + get_u32(made.bytes + at)) {
        made.bytes[at + 8 + get_u32(made.bytes + at)] ^= 0x10;
        expect("a wrong checksum of a chunk",
               made.bytes[at + 4] & 0x20 && memcmp(made.bytes + at + 4, "teLR", 4) != 0,
               made.bytes[at + 4] & 0x20);
        made.bytes[at + 8 + get_u32(made.bytes + at)] ^= 0x10;
    }
}
END_TEST

START_TEST(other_ends_of_the_stream)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool restarted;
    } ends[] = {{"\3\0", 2, true},
                {"\1\0\0\xff\xff", 5, false},
                {"\2\0\3\0", 4, false},
                {"\0\0\0\xff\xff\3\0", 7, false}};

    setup();
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        bool valid = i != 2; /* an empty block of fixed codes takes 10 bits: what follows it here is
                                no block */

        make_parts(Z_FULL_FLUSH);
        memcpy(parts.tail, ends[i].bytes, ends[i].n);
        parts.tail_bytes = ends[i].n + 4;
        put_adler();
        put_together();
        if (valid)
            expect("another end", ends[i].restarted, true);
        else
            ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
        check_run("another end");
    }
    for (size_t empties = 1; empties < 3000;
         empties *= 3) { /* empty blocks at the end of the last band */
        make_parts(Z_FULL_FLUSH);
        for (size_t k = 0; k < empties; k++, parts.end[parts.n_bands - 1] += 5)
            memcpy(parts.stream + parts.end[parts.n_bands - 1], "\0\0\0\xff\xff", 5);
        put_together();
        ck_assert_ptr_null(read_twice(made.bytes, made.n, 50).differ);
        check_run("empty blocks");
    }
}
END_TEST

START_TEST(other_heads_of_the_stream)
{
    setup();
    make_parts(Z_FULL_FLUSH);
    for (unsigned head = 0; head < 0x10000; head += head < 0x7800 || head > 0x7900 ? 0x333 : 1) {
        struct two_readings two;

        if (!chosen(head, 5))
            continue;
        parts.stream[0] = (unsigned char)(head >> 8);
        parts.stream[1] = (unsigned char)head;
        put_together();
        two = read_twice(made.bytes, made.n, 100);
        ck_assert_msg(!two.differ, "%04x: %s", head, two.differ);
        ck_assert_msg(two.restarted == (head >> 8 == 0x78 && head % 31 == 0 && !(head & 0x20)),
                      "%04x", head);
    }
}
END_TEST

START_TEST(damage_anywhere)
{
    static struct maker whole;
    uint32_t state = seed() + 1;

    setup();
    make_parts(Z_FULL_FLUSH);
    put_together();
    whole = made;
    for (int round = 0; round < (full() ? 500 : 100); round++) {
        size_t chunk = 8, target = next_random(&state) % whole.n;
        struct two_readings two;

        if (round % 3 == 0) /* near the borders of chunks, where damage has most effects */
            target = 8 + next_random(&state) % 60;
        made.bytes[target] ^= (unsigned char)(1u << next_random(&state) % 8);
        while (chunk + 12 <= made.n && get_u32(made.bytes + chunk) <= made.n - chunk - 12) {
            uint32_t n = get_u32(made.bytes + chunk);

            put_u32(made.bytes + chunk + 8 + n, (uint32_t)crc32(0, made.bytes + chunk + 4, n + 4));
            chunk += 12 + (size_t)n;
        }
        two = read_twice(made.bytes, made.n, 100);
        ck_assert_msg(!two.differ, "byte %zu: %s", target, two.differ);
        memcpy(made.bytes, whole.bytes, whole.n);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        false_claims_are_ignored, info_reports_bands_that_are_read_in_parallel,
        chunks_between_the_bands, wrong_checksums,
        other_ends_of_the_stream, other_heads_of_the_stream,
        damage_anywhere,          NULL,
    };

    return run_both("bands_claims", "bands_claims of halves", tests);
}
