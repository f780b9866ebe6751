/* SPDX-License-Identifier: MIT */
/*
 * png_judge.h - says whether every pixel of a PNG file is certain, by zlib and by the rule alone:
 * framing, CRCs of critical chunks, a header, a palette where one is needed, a complete stream with
 * its checksum, known filters. Knows nothing of the code under test. Uses no Check.
 */
#ifndef TESTS_PNG_JUDGE_H
#define TESTS_PNG_JUDGE_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* JUDGE_OPEN: the judge does not look at interlaced pictures and at large ones. */
enum judge_verdict { JUDGE_REFUSED, JUDGE_ACCEPTED, JUDGE_OPEN };

struct judge {
    const unsigned char *bytes;
    size_t n;
    const unsigned char *ihdr; /* its 13 bytes of data */
    unsigned char *stream;     /* the image data of the first IDAT chunks in a row */
    size_t stream_n;
    bool palette, image, image_over, end;
};

static inline uint32_t judge_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline bool judge_ihdr(const unsigned char *d)
{
    static const char *const formats[] = {"\1\2\4\10\20", "", "\10\20", "\1\2\4\10",
                                          "\10\20",       "", "\10\20"};

    return judge_u32(d) > 0 && judge_u32(d) < 0x80000000 && judge_u32(d + 4) > 0
           && judge_u32(d + 4) < 0x80000000 && d[9] < 7 && d[8] && strchr(formats[d[9]], d[8])
           && !d[10] && !d[11] && d[12] < 2;
}

/* Judges the palette of a picture of indices. Other pictures do without theirs. */
static inline bool judge_palette(struct judge *j, uint32_t length)
{
    if (j->ihdr[9] != 3 || j->image)
        return true;
    if (j->palette || length == 0 || length > 768 || length % 3)
        return false;
    return j->palette = true;
}

static inline bool judge_critical(struct judge *j, const unsigned char *name, uint32_t length)
{
    const unsigned char *data = name + 4;

    if (judge_u32(data + length) != crc32(0, name, length + 4))
        return false;
    if (memcmp(name, "IHDR", 4) == 0) {
        bool first = !j->ihdr && length == 13 && judge_ihdr(data);

        j->ihdr = data;
        return first;
    }
    if (memcmp(name, "PLTE", 4) == 0)
        return judge_palette(j, length);
    if (memcmp(name, "IDAT", 4) == 0) {
        if (j->ihdr[9] == 3 && !j->palette)
            return false;
        if (!j->image_over)
            memcpy(j->stream + j->stream_n, data, length);
        j->stream_n += j->image_over ? 0 : length;
        return j->image = true;
    }
    j->end = memcmp(name, "IEND", 4) == 0;
    return j->image;
}

/* Walks over the chunks up to IEND. */
static inline bool judge_chunks(struct judge *j)
{
    size_t at = 8;

    while (!j->end) {
        const unsigned char *name = j->bytes + at + 4;
        uint32_t length;

        if (at > j->n || j->n - at < 12 || (length = judge_u32(j->bytes + at)) > j->n - at - 12)
            return false;
        for (int i = 0; i < 4; i++)
            if (!isalpha(name[i]))
                return false;
        if (!j->ihdr && memcmp(name, "IHDR", 4) != 0)
            return false;
        j->image_over |= j->image && memcmp(name, "IDAT", 4) != 0;
        if (isupper(name[0]) && !judge_critical(j, name, length))
            return false;
        at += 12 + (size_t)length;
    }
    return true;
}

/* Inflates the stream to its end, whatever window it declares. */
static inline bool judge_stream(const struct judge *j, size_t row_bytes, uint32_t rows)
{
    unsigned char *out = malloc(row_bytes * rows), beyond[4096];
    z_stream z = {.next_in = j->stream,
                  .avail_in = (uInt)j->stream_n,
                  .next_out = out,
                  .avail_out = (uInt)(row_bytes * rows)};
    int result;
    bool good;

    if (!out || inflateInit2(&z, 15) != Z_OK)
        abort();
    while ((result = inflate(&z, Z_NO_FLUSH)) == Z_OK && z.total_out >= row_bytes * rows) {
        z.next_out = beyond;
        z.avail_out = sizeof beyond;
    }
    good = result == Z_STREAM_END && z.total_out >= row_bytes * rows;
    for (uint32_t row = 0; good && row < rows; row++)
        good = out[row * row_bytes] <= 4;
    inflateEnd(&z);
    free(out);
    return good;
}

static inline enum judge_verdict judge_png(const void *bytes, size_t n)
{
    static const unsigned char channels[] = {1, 0, 3, 1, 2, 0, 4};
    struct judge j = {.bytes = bytes, .n = n, .stream = malloc(n + 1)};
    enum judge_verdict verdict = JUDGE_REFUSED;

    if (!j.stream)
        abort();
    if (n >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0 && judge_chunks(&j)) {
        const uint64_t columns = judge_u32(j.ihdr), rows = judge_u32(j.ihdr + 4);

        if (j.ihdr[12] || columns * rows > 1000000)
            verdict = JUDGE_OPEN;
        else if (judge_stream(&j, 1 + (columns * channels[j.ihdr[9]] * j.ihdr[8] + 7) / 8,
                              (uint32_t)rows))
            verdict = JUDGE_ACCEPTED;
    }
    free(j.stream);
    return verdict;
}

#endif
