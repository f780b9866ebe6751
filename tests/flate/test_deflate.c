/* SPDX-License-Identifier: MIT */
/* Tests deflate: zlib inflates the output to the input. The output stays within the bound and
 * depends on the input alone. */
#include <config.h>

#include "support/suite.h"

#include <string.h>
#include <zlib.h>

#include "flate/deflate.h"
#include "support/samples.h"

enum { FENCE = 0xa5, FENCE_BYTES = 64 };

/* Returns the deflated form of n bytes at `in`; the caller frees it. Checks that nothing is written
 * behind the bound. */
static unsigned char *deflated(enum tl_search search, const unsigned char *in, size_t n, bool final,
                               size_t *size)
{
    size_t bound = tl_deflate_bound(n);
    unsigned char *out = malloc(bound + FENCE_BYTES), fence[FENCE_BYTES];
    void *work = malloc(tl_deflate_work_size());

    memset(fence, FENCE, sizeof fence);
    memset(out + bound, FENCE, sizeof fence);
    memset(work, (int)n, tl_deflate_work_size());
    *size = tl_deflate(work, in, n, out, bound, search, final);
    ck_assert_uint_le(*size, bound);
    ck_assert_mem_eq(out + bound, fence, sizeof fence);
    free(work);
    return out;
}

/*
 * Checks that zlib inflates the raw stream to the n bytes at `expected`. Without `final`, zlib must
 * use the whole input and ask for more. The stream must then end at a byte boundary behind a block
 * that is not the last (see data_type and Z_BLOCK in zlib.h).
 */
static void check_inflates(unsigned char *stream, size_t size, const unsigned char *expected,
                           size_t n, bool final)
{
    unsigned char *got = malloc(n + 1);
    z_stream z = {
        .next_in = stream, .avail_in = (uInt)size, .next_out = got, .avail_out = (uInt)n + 1};
    int status, where = 0;

    ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
    while ((status = inflate(&z, Z_BLOCK)) == Z_OK)
        where = z.data_type;
    ck_assert_int_eq(status, final ? Z_STREAM_END : Z_BUF_ERROR);
    ck_assert_uint_eq(z.avail_in, 0);
    ck_assert_uint_eq(z.total_out, n);
    ck_assert_mem_eq(got, expected, n);
    if (!final)
        ck_assert_int_eq(where & (128 | 64 | 7), 128);
    inflateEnd(&z);
    free(got);
}

/* Checks every search. Returns the size that the deepest search gives. */
static size_t check_round_trip(const unsigned char *in, size_t n, bool final)
{
    size_t size;

    for (int search = TL_SEARCH_RUNS; search <= TL_SEARCH_DEEP; search++) {
        unsigned char *out = deflated((enum tl_search)search, in, n, final, &size);

        check_inflates(out, size, in, n, final);
        free(out);
    }
    return size;
}

static size_t check_sample(size_t n, enum sample kind, size_t misalignment, bool final)
{
    unsigned char *room = malloc(n + misalignment);
    size_t size;

    sample_fill(room + misalignment, n, kind, (uint32_t)n + 1);
    size = check_round_trip(room + misalignment, n, final);
    free(room);
    return size;
}

START_TEST(every_short_length_comes_back)
{
    for (int kind = 0; kind < SAMPLES; kind++)
        for (size_t n = 0; n <= 600; n++)
            check_sample(n, (enum sample)kind, n % 16, n % 2);
}
END_TEST

START_TEST(long_inputs_come_back)
{
    static const size_t sizes[] = {4095, 16384, 16385, 32768, 65277, 65535, 65536, 131073, 1000003};

    for (int kind = 0; kind < SAMPLES; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            check_sample(sizes[s], (enum sample)kind, s % 8, s % 2);
}
END_TEST

START_TEST(sizes_are_near_the_entropy)
{
    const size_t n = 1000000;

    ck_assert_uint_le(check_sample(n, SAMPLE_RANDOM, 0, true), n + n / 5000);
    ck_assert_uint_le(check_sample(n, SAMPLE_FLAT, 0, true), n / 500);
    ck_assert_uint_le(check_sample(n, SAMPLE_REPEAT, 0, true), n / 100);
    ck_assert_uint_le(check_sample(n, SAMPLE_ISLANDS, 0, true), n / 20);
    /* Such a byte is the sum of two values of 0 to 3, minus a value of 0 to 7. Its entropy is 3.50
     * bits, which is 0.44 of a byte. */
    ck_assert_uint_le(check_sample(n, SAMPLE_NOISE, 0, true), n / 100 * 45);
}
END_TEST

/* A run of 258 bytes costs two symbols of one or two bits. In SAMPLE_ISLANDS, 30 of every 777 bytes
 * are random and cannot be compressed. */
START_TEST(the_search_for_runs_finds_runs)
{
    const size_t n = 1000000;
    unsigned char *in = malloc(n);
    size_t size;

    sample_fill(in, n, SAMPLE_FLAT, 1);
    free(deflated(TL_SEARCH_RUNS, in, n, true, &size));
    ck_assert_uint_le(size, n / 500);
    sample_fill(in, n, SAMPLE_ISLANDS, 1);
    free(deflated(TL_SEARCH_RUNS, in, n, true, &size));
    ck_assert_uint_le(size, n / 20);
    free(in);
}
END_TEST

START_TEST(no_input_exceeds_the_bound)
{
    for (size_t n = 0; n < 40; n++)
        ck_assert_uint_ge(tl_deflate_bound(n), n + 5);
    ck_assert_uint_eq(tl_deflate_bound(SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(tl_deflate_bound(SIZE_MAX - 10), SIZE_MAX);
}
END_TEST

/*
 * A random block, and a copy of its end `distance` bytes behind. The distances lie at both ends of
 * each code of RFC 1951 (section 3.2.5), with every length. Only the copy repeats, so a shorter
 * output shows that deflate found it.
 */
static void check_repetition(unsigned char *bytes, size_t distance, size_t length)
{
    size_t n = distance + length, alone, repeated;

    sample_fill(bytes, n, SAMPLE_RANDOM, (uint32_t)distance);
    alone = check_round_trip(bytes, n, false);
    for (size_t i = 0; i < length; i++)
        bytes[distance + i] = bytes[i];
    repeated = check_round_trip(bytes, n, false);
    if (length >= 64)
        ck_assert_uint_lt(repeated, alone);
}

START_TEST(every_distance_and_length_comes_back)
{
    unsigned char *bytes = malloc(32768 + 600);

    for (size_t length = 1; length <= 600; length++)
        check_repetition(bytes, 300, length);
    for (unsigned bits = 0; bits < 14; bits++)
        for (unsigned half = 2; half < 4; half++) {
            size_t first = ((size_t)half << bits) + 1, last = ((size_t)(half + 1) << bits);

            check_repetition(bytes, first, 300);
            check_repetition(bytes, last, 300);
        }
    check_repetition(bytes, 1, 300);
    check_repetition(bytes, 2, 300);
    free(bytes);
}
END_TEST

/* A match may not reach beyond the window, so the second half counts as random. */
START_TEST(repetition_out_of_reach_comes_back)
{
    unsigned char *bytes = malloc(2 * 32769);

    sample_fill(bytes, 32769, SAMPLE_RANDOM, 1);
    memcpy(bytes + 32769, bytes, 32769);
    ck_assert_uint_gt(check_round_trip(bytes, 2 * 32769, true), 2 * 32769);
    free(bytes);
}
END_TEST

/* Without a limit, Huffman's algorithm would give these frequencies codes of up to 22 bits. */
START_TEST(fibonacci_frequencies_come_back)
{
    unsigned char *bytes = malloc(200000);
    size_t n = 0, a = 1, b = 1;

    for (unsigned symbol = 0; symbol < 23; symbol++) {
        for (size_t i = 0; i < a; i++)
            bytes[n++] = (unsigned char)(symbol * 11);
        b += a;
        a = b - a;
    }
    /* Shuffles by large steps, so that equal bytes are not neighbours. */
    for (size_t i = 0, j = 0; i < n; i++, j = (j + 30011) % n) {
        unsigned char byte = bytes[i];

        bytes[i] = bytes[j];
        bytes[j] = byte;
    }
    check_round_trip(bytes, n, true);
    free(bytes);
}
END_TEST

/* A block has no room for this many matches. They are runs of four bytes that cannot be joined. */
START_TEST(blocks_full_of_matches_come_back)
{
    unsigned char *bytes = malloc(600000);
    uint32_t seed = 9;

    for (size_t i = 0; i < 600000; i += 4)
        memset(bytes + i, (int)(sample_random(&seed) % 7), 4);
    check_round_trip(bytes, 600000, true);
    free(bytes);
}
END_TEST

/* Puts a run that repeats after `period` bytes between random bytes. The run must survive the round
 * trip and cost almost nothing. */
static void check_run(unsigned char *bytes, size_t period, size_t length)
{
    const size_t around = 300, n = 2 * around + length;

    sample_fill(bytes, n, SAMPLE_RANDOM, (uint32_t)(length + period));
    for (size_t i = around + period; i < around + length; i++)
        bytes[i] = bytes[i - period];
    ck_assert_uint_le(check_round_trip(bytes, n, length % 2),
                      2 * around + period + 100 + length / 250);
}

START_TEST(runs_of_pixels_come_back)
{
    static const size_t lengths[] = {63,  64,  65,  256, 257, 258,   259,   273,
                                     274, 275, 516, 532, 533, 65277, 65400, 600000};
    unsigned char *bytes = malloc(601000);

    for (size_t period = 1; period <= 9; period++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            check_run(bytes, period, lengths[l]);
    free(bytes);
}
END_TEST

START_TEST(bands_put_together_are_one_stream)
{
    static const size_t bands[] = {70000, 1, 0, 5, 33333, 600};
    size_t count = sizeof bands / sizeof *bands, n = 0, total = 0;
    unsigned char *in = malloc(200000), *all = malloc(300000);

    for (size_t b = 0; b < count; b++) {
        size_t size;
        unsigned char *part;

        sample_fill(in + n, bands[b], (enum sample)b, 3);
        part = deflated((enum tl_search)(b % 3), in + n, bands[b], b == count - 1, &size);
        memcpy(all + total, part, size);
        free(part);
        n += bands[b];
        total += size;
    }
    check_inflates(all, total, in, n, true);
    free(in);
    free(all);
}
END_TEST

static void check_bytes(enum tl_search search)
{
    const size_t n = 400000, work_size = tl_deflate_work_size();
    unsigned char *in = malloc(n + 9), *out[2], *work = malloc(work_size);
    size_t size[2];

    for (int k = 0; k < 2; k++) {
        sample_fill(in + 9 * k, n, SAMPLE_MIXED, 4);
        out[k] = malloc(tl_deflate_bound(n));
        for (size_t i = 0; i < work_size; i++)
            work[i] = (unsigned char)(k * (i + (i >> 8)));
        size[k] = tl_deflate(work, in + 9 * k, n, out[k], tl_deflate_bound(n), search, true);
    }
    ck_assert_uint_eq(size[0], size[1]);
    ck_assert_mem_eq(out[0], out[1], size[0]);
    free(out[0]);
    free(out[1]);
    free(work);
    free(in);
}

START_TEST(bytes_depend_on_the_input_alone)
{
    check_bytes(TL_SEARCH_RUNS);
    check_bytes(TL_SEARCH_SPARSE);
    check_bytes(TL_SEARCH_DENSE);
    check_bytes(TL_SEARCH_DEEP);
}
END_TEST

static void check_costs(enum tl_search search)
{
    unsigned char *in = malloc(300000);
    void *work = malloc(tl_deflate_work_size());

    for (int kind = 0; kind < SAMPLES; kind++) {
        size_t size, cost;

        sample_fill(in, 300000, (enum sample)kind, 8);
        free(deflated(search, in, 300000, false, &size));
        cost = tl_deflate_cost(work, in, 300000, search);
        ck_assert_uint_le(cost, size);
        ck_assert_uint_ge(cost + 5 + 2 * 5,
                          size); /* the end, and padding of at most 5 stored blocks */
    }
    free(work);
    free(in);
}

START_TEST(costs_match_the_written_size)
{
    check_costs(TL_SEARCH_RUNS);
    check_costs(TL_SEARCH_SPARSE);
    check_costs(TL_SEARCH_DENSE);
    check_costs(TL_SEARCH_DEEP);
}
END_TEST

START_TEST(repetition_is_seen)
{
    unsigned char *in = malloc(300000);
    void *work = malloc(tl_deflate_work_size());

    sample_fill(in, 300000, SAMPLE_NOISE, 8);
    ck_assert(!tl_deflate_repeats(work, in, 300000));
    sample_fill(in, 300000, SAMPLE_ISLANDS, 8);
    ck_assert(tl_deflate_repeats(work, in, 300000));
    free(work);
    free(in);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_short_length_comes_back,
        long_inputs_come_back,
        sizes_are_near_the_entropy,
        no_input_exceeds_the_bound,
        every_distance_and_length_comes_back,
        repetition_out_of_reach_comes_back,
        fibonacci_frequencies_come_back,
        blocks_full_of_matches_come_back,
        runs_of_pixels_come_back,
        bands_put_together_are_one_stream,
        bytes_depend_on_the_input_alone,
        costs_match_the_written_size,
        repetition_is_seen,
        the_search_for_runs_finds_runs,
        NULL,
    };

    return run_suite("deflate", tests);
}
