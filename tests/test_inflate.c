/* Inflate: the same verdict and the same bytes as zlib, in pieces of any size, on streams good, bad and
 * crafted. */
#include <config.h>

#include "suite.h"

#include <string.h>
#include <zlib.h>

#include "checksum.h"
#include "inflate.h"

enum { OUT_MAX = 400000, IN_MAX = 450000 };

static unsigned char data[OUT_MAX], packed[IN_MAX], ours[OUT_MAX], theirs[OUT_MAX];
static struct tl_inflate inflater;

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* What became of a stream: whether it came to its end, how much it gave, and how much of the input it was. */
struct outcome {
    bool complete;
    size_t made, used;
};

static struct outcome by_zlib(const unsigned char *in, size_t n, bool raw)
{
    z_stream z = {.next_in = (Bytef *)in, .avail_in = (uInt)n, .next_out = theirs, .avail_out = OUT_MAX};
    int status;

    if (inflateInit2(&z, raw ? -15 : 0) != Z_OK)
        ck_abort();
    status = inflate(&z, Z_NO_FLUSH);
    inflateEnd(&z);
    return (struct outcome){status == Z_STREAM_END, z.total_out, z.total_in};
}

/* In pieces of in_piece and out_piece bytes, each in memory of its own size so that a sanitizer sees one byte
 * more. */
static struct outcome by_us(const unsigned char *in, size_t n, bool raw, size_t in_piece, size_t out_piece)
{
    struct tl_input_bytes i = {NULL, 0, 0};
    struct tl_output_bytes o = {malloc(out_piece), out_piece, 0};
    unsigned char *piece = NULL;
    struct outcome outcome = {false, 0, 0};
    tl_inflate_state state;
    size_t given = 0;

    tl_inflate_begin(&inflater, raw);
    for (;;) {
        bool full;

        state = tl_inflate_run(&inflater, &i, &o);
        full = o.used == o.n;
        if (full || state != TL_INFLATE_MORE) {
            if (outcome.made + o.used > OUT_MAX)
                ck_abort();
            memcpy(ours + outcome.made, o.bytes, o.used);
            outcome.made += o.used;
            o.used = 0;
        }
        if (state != TL_INFLATE_MORE || (!full && i.used == i.n && given == n))
            break;
        if (!full) {
            i = (struct tl_input_bytes){NULL, in_piece < n - given ? in_piece : n - given, 0};
            free(piece);
            i.bytes = piece = malloc(i.n);
            memcpy(piece, in + given, i.n);
            given += i.n;
        }
    }
    outcome.complete = state == TL_INFLATE_END;
    outcome.used = given - (i.n - i.used);
    free(piece);
    free(o.bytes);
    return outcome;
}

/* Whether both agree: complete or not, and if complete, on all bytes. */
static bool agree(const unsigned char *in, size_t n, bool raw, size_t in_piece, size_t out_piece)
{
    struct outcome a = by_zlib(in, n, raw), b = by_us(in, n, raw, in_piece, out_piece);

    if (!a.complete || !b.complete)
        return a.complete == b.complete;
    return a.made == b.made && a.used == b.used && memcmp(ours, theirs, a.made) == 0;
}

/* ---- streams that zlib makes ---- */

/* noise; small residuals; long runs; text of few words; copies from far back */
static void make_data(unsigned kind, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t x = random_next(&seed);

        switch (kind) {
        case 0:
            data[i] = (unsigned char)x;
            break;
        case 1:
            data[i] = (unsigned char)(__builtin_popcount(x & 0xff) - __builtin_popcount(x >> 8 & 0xff));
            break;
        case 2:
            data[i] = (unsigned char)(i / 1000);
            break;
        case 3:
            data[i] = (unsigned char)("the rain in spain "[(i + (x % 50 == 0)) % 18]);
            break;
        default:
            data[i] = i > 32768 && x % 300 ? data[i - 32768 + (i >> 12) % 7] : (unsigned char)x;
        }
    }
}

static size_t pack(size_t n, int level, int window_bits, int memory, int strategy)
{
    z_stream z = {.next_in = data, .avail_in = (uInt)n, .next_out = packed, .avail_out = IN_MAX};

    ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, window_bits, memory, strategy), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

START_TEST(inflates_what_zlib_deflates)
{
    static const size_t sizes[] = {0, 1, 2, 257, 258, 259, 5000, 70000, OUT_MAX - 100};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
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
                        ck_abort_msg("kind %u, %zu bytes, level %d, window %d, memory %d, strategy %d, in "
                                     "%zu, out %zu",
                                     kind, sizes[s], level, window, memory, strategy, in_piece, out_piece);
                }
        }
}
END_TEST

START_TEST(pieces_do_not_matter)
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

/* Every truncation, every byte changed in two ways; with a checksum, and without, where changes can go
 * unnoticed. */
START_TEST(broken_streams_are_judged_alike)
{
    static unsigned char whole[IN_MAX];
    uint32_t seed = 77;

    for (unsigned kind = 0; kind < 5; kind++)
        for (int raw = 0; raw < 2; raw++) {
            size_t n;

            make_data(kind, 1200, kind + 21);
            n = pack(1200, kind % 2 ? 9 : 1, raw ? -15 : 15, 8, kind == 4 ? Z_FIXED : Z_DEFAULT_STRATEGY);
            memcpy(whole, packed, n);
            for (size_t i = 0; i < n; i++) {
                if (!agree(packed, i, raw, 1 + i % 50, 200 + i))
                    ck_abort_msg("kind %u, raw %d, the first %zu of %zu", kind, raw, i, n);
                for (unsigned way = 0; way < 3; way++) {
                    packed[i] =
                        (unsigned char)(whole[i] ^ (way == 0 ? 1u << i % 8 : 1 + random_next(&seed) % 255));
                    if (!agree(packed, n, raw, 1 + random_next(&seed) % 2000,
                               100 + random_next(&seed) % 2000))
                        ck_abort_msg("kind %u, raw %d, byte %zu made %u", kind, raw, i, packed[i]);
                    packed[i] = whole[i];
                }
            }
        }
}
END_TEST

/* Bits of the heads of dynamic blocks turned over, all of them: tables with holes, too full, odd repeats. */
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
        zlib_takes =
            head >> 12 < 8 && by_zlib(packed, n, false).complete; /* libpng looks at the window itself */
        if (by_us(packed, n, false, n, 1000).complete != zlib_takes)
            ck_abort_msg("head %04x", head);
    }
}
END_TEST

/* ---- streams made bit by bit ---- */

struct bits {
    unsigned char bytes[2000];
    size_t n;
};

static void put(struct bits *b, unsigned value, unsigned n)
{
    for (; n > 0; n--, value >>= 1, b->n++)
        b->bytes[b->n / 8] |= (unsigned char)((value & 1) << b->n % 8);
}

/*
 * The head of a last dynamic block whose code lengths are given. The code of code lengths is four bits for
 * each of 0 to 15, so that a length is written as its number, bits reversed; repeats are not used.
 */
static void put_head(struct bits *b, const unsigned char *lengths, unsigned n_literal, unsigned n_distance)
{
    static const unsigned char order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

    put(b, 1, 1);
    put(b, 2, 2);
    put(b, n_literal - 257, 5);
    put(b, n_distance - 1, 5);
    put(b, 15, 4);
    for (unsigned i = 0; i < 19; i++)
        put(b, order[i] < 16 ? 4 : 0, 3);
    for (unsigned i = 0; i < n_literal + n_distance; i++)
        for (unsigned bit = 4; bit > 0; bit--)
            put(b, lengths[i] >> (bit - 1) & 1, 1);
}

/* A block with the given sets of codes, and patterns of bits behind it. Whether it was accepted with any of
 * these. */
static bool judge_sets(const unsigned char *lengths, unsigned n_literal, unsigned n_distance)
{
    bool complete = false;

    for (unsigned tail = 0; tail < 4; tail++) {
        struct bits b = {.n = 0};

        put_head(&b, lengths, n_literal, n_distance);
        for (unsigned i = 0; i < 64; i++)
            put(&b, tail == 0 ? 0 : tail == 1 ? 1 : tail == 2 ? i & 1 : i >> 1 & 1, 1);
        ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 5, 50), "%u literal and %u distance codes, tail %u",
                      n_literal, n_distance, tail);
        complete |= by_us(b.bytes, (b.n + 7) / 8, true, 1000, 1000).complete;
    }
    return complete;
}

START_TEST(code_sets_are_judged_alike)
{
    unsigned char l[320];

    memset(l, 0, sizeof l);
    l[256] = 1; /* the end alone, in one bit; no distance */
    ck_assert(judge_sets(l, 257, 1));
    l[257] = 1; /* a distance of one bit */
    ck_assert(judge_sets(l, 257, 1));
    l[257] = 2; /* one of two bits: a hole */
    ck_assert(!judge_sets(l, 257, 1));
    l[257] = l[258] = 1; /* two of one bit */
    ck_assert(judge_sets(l, 257, 2));
    l[259] = 1; /* three: too many */
    ck_assert(!judge_sets(l, 257, 3));
    memset(l, 0, sizeof l);
    l[256] = 2; /* the end alone, in two bits: a hole */
    ck_assert(!judge_sets(l, 257, 1));
    l[0] = 1; /* still one */
    ck_assert(!judge_sets(l, 257, 1));
    l[1] = 2;
    ck_assert(judge_sets(l, 257, 1));
    l[2] = 15; /* too many */
    ck_assert(!judge_sets(l, 257, 1));
    memset(l, 0, sizeof l);
    l[0] = l[1] = 1; /* no end */
    ck_assert(!judge_sets(l, 257, 1));
}
END_TEST

START_TEST(long_codes_find_their_second_tables)
{
    unsigned char l[320] = {0};

    for (unsigned i = 0; i < 14; i++) /* 1, 2, ... 14, 15, 15 bits, the end among the longest */
        l[i] = (unsigned char)(i + 1);
    l[14] = l[256] = 15;
    for (unsigned i = 0; i < 14; i++)
        l[257 + i] = (unsigned char)(i + 1);
    l[257 + 14] = l[257 + 15] = 15;
    for (unsigned length = 1; length < 16; length++) {
        struct bits b = {.n = 0};

        put_head(&b, l, 257, 16);
        put(&b, (1u << (length - 1)) - 1, length); /* symbol length - 1: ones, then a zero */
        put(&b, 0x7fff, 15);
        ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 1, 1), "%u bits", length);
        ck_assert(by_us(b.bytes, (b.n + 7) / 8, true, 100, 100).complete);
        ck_assert_uint_eq(ours[0], length - 1);
    }
}
END_TEST

/* Fixed codes: every code of 7 to 9 bits, every distance code, behind none and two literals. */
START_TEST(fixed_codes_are_judged_alike)
{
    for (unsigned code = 0; code < 512; code++)
        for (unsigned distance = 0; distance < 32; distance++)
            for (unsigned literals = 0; literals < 3; literals += 2) {
                struct bits b = {.n = 0};

                put(&b, 3, 3);
                for (unsigned i = 0; i < literals; i++)
                    put(&b, 0x0c, 8); /* literal 0 is 00110000 */
                put(&b, code, 9);
                put(&b, distance, 5);
                put(&b, 0, 60);
                ck_assert_msg(agree(b.bytes, (b.n + 7) / 8, true, 100, 300), "code %x, distance %x after %u",
                              code, distance, literals);
            }
}
END_TEST

/* A match of 258 at each distance of interest, after `before` bytes, with the output cut at odd places. */
START_TEST(matches_reach_exactly_as_far_as_there_is_something)
{
    static const unsigned distances[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 100, 4096, 32767, 32768};

    for (size_t d = 0; d < sizeof distances / sizeof *distances; d++)
        for (int extra = -1; extra < 2; extra++)
            for (size_t out_piece = 1000; out_piece < 70000; out_piece = out_piece * 5 + 7) {
                size_t before = distances[d] + (size_t)(extra + 1) * 13, n;

                make_data(0, before, d);
                for (size_t i = 0; i < 258 * 3; i++)
                    data[before + i] = data[before + i - distances[d]];
                n = pack(before + 258 * 3, 9, 15, 8, Z_DEFAULT_STRATEGY);
                ck_assert(agree(packed, n, false, n, out_piece));
                ck_assert(memcmp(ours, data, before + 258 * 3) == 0);
            }
    for (unsigned distance = 1; distance < 20; distance++) /* too far: into nothing */
        for (unsigned before = 0; before < 20; before++) {
            static const unsigned base[] = {1, 2, 3, 4, 5, 7, 9, 13, 17};
            struct bits b = {.n = 0};
            unsigned symbol = 0;

            while (symbol < 8 && base[symbol + 1] <= distance)
                symbol++;
            put(&b, 3, 3);
            for (unsigned i = 0; i < before; i++)
                put(&b, 0x0c, 8);
            put(&b, 0x40, 7); /* length 3 is 0000001 */
            for (unsigned bit = 5; bit > 0; bit--)
                put(&b, symbol >> (bit - 1) & 1, 1);
            put(&b, distance - base[symbol], symbol < 4 ? 0 : (symbol - 2) / 2);
            put(&b, 0, 7); /* the end */
            ck_assert(agree(b.bytes, (b.n + 7) / 8, true, 100, 300));
            ck_assert_int_eq(by_us(b.bytes, (b.n + 7) / 8, true, 100, 300).complete, distance <= before);
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
    packed[0] = 0x38; /* a window of 2048 bytes */
    packed[1] = (unsigned char)(31 - 0x3800 % 31);
    ck_assert(!by_us(packed, n, false, n, 5000).complete);
}
END_TEST

START_TEST(knows_where_blocks_end)
{
    struct tl_output_bytes out = {ours, 100, 0};
    z_stream z = {.next_in = data, .avail_in = 1000, .next_out = packed, .avail_out = IN_MAX};
    struct tl_input_bytes in = {packed, 0, 0};

    make_data(1, 1000, 2);
    deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_SYNC_FLUSH);
    deflateEnd(&z);
    tl_inflate_begin(&inflater, true);
    for (size_t i = 0; i < 10; i++, out = (struct tl_output_bytes){ours + 100 * i, 100, 0}) {
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
        uint32_t joined =
            tl_adler32_join(tl_adler32(1, data, at), tl_adler32(1, data + at, 5000 - at), 5000 - at);

        ck_assert_uint_eq(joined, (uint32_t)adler32(1, data, 5000));
        ck_assert_uint_eq(tl_crc32(tl_crc32(0, data, at), data + at, 5000 - at),
                          (uint32_t)crc32(0, data, 5000));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        inflates_what_zlib_deflates,
        pieces_do_not_matter,
        broken_streams_are_judged_alike,
        broken_tables_are_judged_alike,
        every_head_is_judged_alike,
        code_sets_are_judged_alike,
        long_codes_find_their_second_tables,
        fixed_codes_are_judged_alike,
        matches_reach_exactly_as_far_as_there_is_something,
        a_match_beyond_the_declared_window_is_refused,
        knows_where_blocks_end,
        checksums_join,
        NULL,
    };

    return run_suite("inflate", tests);
}
