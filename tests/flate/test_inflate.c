/* SPDX-License-Identifier: MIT */
/* Tests inflate against zlib, with input in pieces of any size. For valid and broken streams the
 * verdict and the bytes must be the same. */
#include <config.h>

#include "support/inflate_judge.h"
#include "support/seed.h"

#include "flate/checksum.h"

START_TEST(inflates_what_zlib_deflates)
{
    static const size_t sizes[] = {0, 1, 2, 257, 258, 259, 5000, 70000, OUT_MAX - 100};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE,
                                     Z_FIXED};
    uint32_t seed = 5;

    for (unsigned kind = 0; kind < 5; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            make_data(kind, sizes[s], kind + 1);
            for (int level = 0; level < 10; level += 3)
                for (int memory = 1; memory < 10; memory += 4) {
                    int strategy = strategies[random_next(&seed) % 5],
                        window = 9 + (int)(random_next(&seed) % 7);
                    size_t n = pack(sizes[s], level, window, memory, strategy);
                    size_t in_piece = 1 + random_next(&seed) % 70000,
                           out_piece = 1 + random_next(&seed) % 100000;

                    if (!agree(packed, n, false, in_piece, out_piece)
                        || by_zlib(packed, n, false).made != sizes[s])
                        ck_abort_msg(
                            "kind %u, %zu bytes, level %d, window %d, memory %d, strategy %d, in "
                            "%zu, out %zu",
                            kind, sizes[s], level, window, memory, strategy, in_piece, out_piece);
                }
        }
}
END_TEST

START_TEST(the_size_of_pieces_does_not_matter)
{
    static const size_t pieces[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 300, 319, 4096, 65536};

    for (unsigned kind = 0; kind < 5; kind++) {
        size_t n;

        make_data(kind, 1500, kind + 11);
        n = pack(1500, 6, 15, 8, Z_DEFAULT_STRATEGY);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            for (size_t o = 0; o < sizeof pieces / sizeof *pieces; o++)
                if (!agree(packed, n, false, pieces[i], pieces[o]))
                    ck_abort_msg("kind %u, pieces of %zu and %zu", kind, pieces[i], pieces[o]);
    }
}
END_TEST

/* Cuts the stream at every byte, and changes every byte in three ways. The streams have a checksum
 * or none. Without a checksum a change may go unnoticed. */
START_TEST(broken_streams_are_judged_alike)
{
    static unsigned char whole[IN_MAX];
    uint32_t seed = 77;

    for (unsigned kind = 0; kind < 5; kind++)
        for (int raw = 0; raw < 2; raw++) {
            size_t n;

            make_data(kind, 1200, kind + 21);
            n = pack(1200, kind % 2 ? 9 : 1, raw ? -15 : 15, 8,
                     kind == 4 ? Z_FIXED : Z_DEFAULT_STRATEGY);
            memcpy(whole, packed, n);
            for (size_t i = 0; i < n; i++) {
                if (!agree(packed, i, raw, 1 + i % 50, 200 + i))
                    ck_abort_msg("kind %u, raw %d, the first %zu of %zu", kind, raw, i, n);
                for (unsigned way = 0; way < 3; way++) {
                    packed[i] =
                        (unsigned char)(whole[i]
                                        ^ (way == 0 ? 1u << i % 8 : 1 + random_next(&seed) % 255));
                    if (!agree(packed, n, raw, 1 + random_next(&seed) % 2000,
                               100 + random_next(&seed) % 2000))
                        ck_abort_msg("kind %u, raw %d, byte %zu made %u", kind, raw, i, packed[i]);
                    packed[i] = whole[i];
                }
            }
        }
}
END_TEST

/* Flips pairs of bits in the heads of dynamic blocks. The results are incomplete tables,
 * oversubscribed tables, and odd repeats. */
START_TEST(broken_tables_are_judged_alike)
{
    for (unsigned kind = 1; kind < 5; kind++) {
        size_t n;

        make_data(kind, 2000, kind + 31);
        n = pack(2000, 6, -15, 8, Z_DEFAULT_STRATEGY);
        for (size_t i = 0; i < 8 * n && i < 900; i++)
            for (size_t j = i; j < i + 6 && j < 8 * n; j++) {
                packed[i / 8] ^= (unsigned char)(1u << i % 8);
                packed[j / 8] ^= (unsigned char)(1u << j % 8);
                if (!agree(packed, n, true, n, 4000))
                    ck_abort_msg("kind %u, bits %zu and %zu", kind, i, j);
                packed[i / 8] ^= (unsigned char)(1u << i % 8);
                packed[j / 8] ^= (unsigned char)(1u << j % 8);
            }
    }
}
END_TEST

START_TEST(every_head_is_judged_alike)
{
    size_t n;

    make_data(1, 200, 3);
    n = pack(200, 6, 15, 8, Z_DEFAULT_STRATEGY);
    for (unsigned head = 0; head < 0x10000; head++) {
        bool zlib_takes;

        packed[0] = (unsigned char)(head >> 8);
        packed[1] = (unsigned char)head;
        zlib_takes = head >> 12 < 8
                     && by_zlib(packed, n, false).complete; /* libpng checks the window size too */
        if (by_us(packed, n, false, n, 1000).complete != zlib_takes)
            ck_abort_msg("head %04x", head);
    }
}
END_TEST

START_TEST(a_match_beyond_the_declared_window_is_refused)
{
    size_t n;

    make_data(0, 3000, 9);
    memcpy(data + 3000, data, 300);
    n = pack(3300, 9, 15, 8, Z_DEFAULT_STRATEGY);
    ck_assert(by_us(packed, n, false, n, 5000).complete);
    packed[0] = 0x38; /* declares a window of 2048 bytes */
    packed[1] = (unsigned char)(31 - 0x3800 % 31);
    ck_assert(!by_us(packed, n, false, n, 5000).complete);
}
END_TEST

START_TEST(block_ends_are_known)
{
    struct tl_inflate_output out = {ours, 100, 0};
    z_stream z = {.next_in = data, .avail_in = 1000, .next_out = packed, .avail_out = IN_MAX};
    struct tl_inflate_input in = {packed, 0, 0};

    make_data(1, 1000, 2);
    deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_SYNC_FLUSH);
    deflateEnd(&z);
    tl_inflate_begin(&inflater, true);
    for (size_t i = 0; i < 10; i++, out = (struct tl_inflate_output){ours + 100 * i, 100, 0}) {
        in.n = z.total_out;
        ck_assert_int_eq(tl_inflate_run(&inflater, &in, &out), TL_INFLATE_MORE);
        ck_assert_int_eq(tl_inflate_between_blocks(&inflater), i == 9);
    }
    ck_assert_uint_eq(in.used, in.n);
    ck_assert_uint_eq(inflater.adler, (uint32_t)adler32(1, data, 1000));
}
END_TEST

START_TEST(checksums_join)
{
    make_data(0, 5000, 4);
    ck_assert_uint_eq(tl_crc32(0, data, 5000), (uint32_t)crc32(0, data, 5000));
    ck_assert_uint_eq(tl_adler32(1, data, 5000), (uint32_t)adler32(1, data, 5000));
    for (size_t at = 0; at <= 5000; at += 250) {
        uint32_t joined = tl_adler32_join(tl_adler32(1, data, at),
                                          tl_adler32(1, data + at, 5000 - at), 5000 - at);

        ck_assert_uint_eq(joined, (uint32_t)adler32(1, data, 5000));
        ck_assert_uint_eq(tl_crc32(tl_crc32(0, data, at), data + at, 5000 - at),
                          (uint32_t)crc32(0, data, 5000));
    }
}
END_TEST

/* One of two streams. The input comes in pieces; the output buffer is whole. */
struct side {
    unsigned char in[IN_MAX], out[OUT_MAX];
    size_t n, given, piece;
    struct tl_inflate inflate;
    struct tl_inflate_input input;
    struct tl_inflate_output output;
    tl_inflate_state state;
};

static void begin_side(struct side *side, unsigned kind, size_t n, size_t piece)
{
    make_data(kind, n, kind + 31);
    side->n = pack(n, 6, 15, 8, Z_DEFAULT_STRATEGY);
    memcpy(side->in, packed, side->n);
    side->given = 0;
    side->piece = piece;
    side->input = (struct tl_inflate_input){0};
    side->output = (struct tl_inflate_output){side->out, n, 0};
    side->state = TL_INFLATE_MORE;
    tl_inflate_begin(&side->inflate, false);
}

/* Gives the side its next piece when the one before is used up. */
static void feed(struct side *side)
{
    if (side->input.used < side->input.n || side->given == side->n)
        return;
    side->input = (struct tl_inflate_input){
        side->in + side->given,
        side->piece < side->n - side->given ? side->piece : side->n - side->given, 0};
    side->given += side->input.n;
}

static bool goes_on(const struct side *side)
{
    return side->state == TL_INFLATE_MORE && side->output.used < side->output.n
           && (side->given < side->n || side->input.used < side->input.n);
}

static void inflate_both(struct side *a, struct side *b)
{
    struct side *const sides[2] = {a, b};
    struct tl_inflate *const inflate[2] = {&a->inflate, &b->inflate};
    struct tl_inflate_input *const in[2] = {&a->input, &b->input};
    struct tl_inflate_output *const out[2] = {&a->output, &b->output};

    while (goes_on(a) && goes_on(b)) {
        struct side *stuck;

        feed(a);
        feed(b);
        stuck = sides[tl_inflate_run_two(inflate, in, out)];
        if (goes_on(stuck))
            stuck->state = tl_inflate_run(&stuck->inflate, &stuck->input, &stuck->output);
    }
    for (int i = 0; i < 2; i++)
        for (feed(sides[i]); goes_on(sides[i]); feed(sides[i]))
            sides[i]->state =
                tl_inflate_run(&sides[i]->inflate, &sides[i]->input, &sides[i]->output);
}

/* Compares the side with zlib: all bytes, or as many as both gave before an error. */
static void judge_side(const struct side *side, const char *what)
{
    const struct outcome zlib = by_zlib(side->in, side->n, false);
    const size_t n = zlib.made < side->output.used ? zlib.made : side->output.used;

    ck_assert_msg(!zlib.complete || side->output.used == zlib.made, "%s: %zu of %zu bytes", what,
                  side->output.used, zlib.made);
    ck_assert_msg(memcmp(side->out, theirs, n) == 0, "%s: the bytes differ", what);
}

/* The seed chooses one of STEP pairs. */
START_TEST(two_streams_at_once_are_as_each_alone)
{
    static struct side a, b;
    static const size_t pieces[] = {1, 15, 17, 5000, 65536, IN_MAX};
    enum { STEP = 7 };
    uint32_t turn = 0;

    for (unsigned kind = 0; kind < 25; kind++)
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            uint32_t state = turn;

            if (!chosen(turn++, STEP))
                continue;
            begin_side(&a, kind / 5, 200000 - kind, pieces[i]);
            begin_side(&b, kind % 5, 1 + random_next(&state) % (OUT_MAX - 1),
                       pieces[random_next(&state) % 6]);
            if (i % 2)
                b.in[random_next(&state) % b.n] ^= (unsigned char)(1 << random_next(&state) % 8);
            inflate_both(&a, &b);
            ck_assert_uint_eq(a.output.used, a.output.n);
            judge_side(&a, "the first stream");
            judge_side(&b, "the second stream");
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        inflates_what_zlib_deflates,
        the_size_of_pieces_does_not_matter,
        broken_streams_are_judged_alike,
        broken_tables_are_judged_alike,
        every_head_is_judged_alike,
        a_match_beyond_the_declared_window_is_refused,
        block_ends_are_known,
        two_streams_at_once_are_as_each_alone,
        checksums_join,
        NULL,
    };

    return run_suite("inflate", tests);
}
