/* SPDX-License-Identifier: MIT */
/* inflate_judge.h - inflates a stream with zlib and with telar, and compares. Each of
 * test_inflate*.c includes this file. */
#ifndef TESTS_INFLATE_JUDGE_H
#define TESTS_INFLATE_JUDGE_H

#include "support/suite.h"

#include <string.h>
#include <zlib.h>

#include "flate/inflate.h"

enum { OUT_MAX = 400000, IN_MAX = 450000 };

static unsigned char data[OUT_MAX], packed[IN_MAX], ours[OUT_MAX], theirs[OUT_MAX];
static struct tl_inflate inflater;

static inline uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The outcome of a stream: whether its end was reached, the bytes made, the bytes of input used. */
struct outcome {
    bool complete;
    size_t made, used;
};

static inline struct outcome by_zlib(const unsigned char *in, size_t n, bool raw)
{
    z_stream z = {
        .next_in = (Bytef *)in, .avail_in = (uInt)n, .next_out = theirs, .avail_out = OUT_MAX};
    int status;

    if (inflateInit2(&z, raw ? -15 : 0) != Z_OK)
        ck_abort();
    status = inflate(&z, Z_NO_FLUSH);
    inflateEnd(&z);
    return (struct outcome){status == Z_STREAM_END, z.total_out, z.total_in};
}

/* Inflates in pieces of in_piece and out_piece bytes. Each piece has memory of its exact size, so
 * that a sanitizer detects an access to the next byte. */
static inline struct outcome by_us(const unsigned char *in, size_t n, bool raw, size_t in_piece,
                                   size_t out_piece)
{
    struct tl_inflate_input i = {NULL, 0, 0};
    struct tl_inflate_output o = {malloc(out_piece), out_piece, 0};
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
            i = (struct tl_inflate_input){NULL, in_piece < n - given ? in_piece : n - given, 0};
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

/* Returns whether both agree: on completeness, and on all bytes of a complete stream. */
static inline bool agree(const unsigned char *in, size_t n, bool raw, size_t in_piece,
                         size_t out_piece)
{
    struct outcome a = by_zlib(in, n, raw), b = by_us(in, n, raw, in_piece, out_piece);

    if (!a.complete || !b.complete)
        return a.complete == b.complete;
    return a.made == b.made && a.used == b.used && memcmp(ours, theirs, a.made) == 0;
}

/* ---- streams that zlib makes ---- */

/* The kinds of data: noise; small residuals; long runs; text of few words; copies from far back. */
static inline void make_data(unsigned kind, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t x = random_next(&seed);

        switch (kind) {
        case 0:
            data[i] = (unsigned char)x;
            break;
        case 1:
            data[i] =
                (unsigned char)(__builtin_popcount(x & 0xff) - __builtin_popcount(x >> 8 & 0xff));
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

static inline size_t pack(size_t n, int level, int window_bits, int memory, int strategy)
{
    z_stream z = {.next_in = data, .avail_in = (uInt)n, .next_out = packed, .avail_out = IN_MAX};

    ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, window_bits, memory, strategy), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

#endif
