/* SPDX-License-Identifier: MIT */
/* png_maker.h - makes PNG files chunk by chunk, so that a test can make malformed ones. Gives files
 * in memory a name. Shares no code with the library. */
#ifndef TESTS_PNG_MAKER_H
#define TESTS_PNG_MAKER_H

#include "support/plane.h"
#include "support/suite.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { MAKER_BYTES = 1 << 18 };

struct maker {
    unsigned char bytes[MAKER_BYTES];
    size_t n;
};

static inline void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static inline uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void maker_raw(struct maker *m, const void *bytes, size_t n)
{
    ck_assert_uint_le(n, MAKER_BYTES - m->n);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

/* Adds a chunk with the right CRC. */
static inline void maker_chunk(struct maker *m, const char *type, const void *data, size_t n)
{
    unsigned char field[4];
    size_t begin = m->n + 4;

    put_u32(field, (uint32_t)n);
    maker_raw(m, field, 4);
    maker_raw(m, type, 4);
    if (n > 0)
        maker_raw(m, data, n);
    put_u32(field, (uint32_t)crc32(crc32(0, NULL, 0), m->bytes + begin, (uInt)(n + 4)));
    maker_raw(m, field, 4);
}

/* Begins a file with the signature and IHDR. */
static inline void maker_begin(struct maker *m, uint32_t columns, uint32_t rows, int depth,
                               int color_type, int interlaced)
{
    unsigned char ihdr[13] = {0};

    put_u32(ihdr, columns);
    put_u32(ihdr + 4, rows);
    ihdr[8] = (unsigned char)depth;
    ihdr[9] = (unsigned char)color_type;
    ihdr[12] = (unsigned char)interlaced;
    m->n = 0;
    maker_raw(m, "\x89PNG\r\n\x1a\n", 8);
    maker_chunk(m, "IHDR", ihdr, sizeof ihdr);
}

/* Compresses n bytes of filtered rows into `*packed`, which must have room. Returns the length of
 * the zlib stream. */
static inline size_t pack(unsigned char *packed, size_t room, const unsigned char *rows, size_t n)
{
    uLongf length = room;

    ck_assert_int_eq(compress2(packed, &length, rows, n, 6), Z_OK);
    return length;
}

static inline void maker_idat(struct maker *m, const unsigned char *rows, size_t n)
{
    static unsigned char packed[MAKER_BYTES];

    maker_chunk(m, "IDAT", packed, pack(packed, sizeof packed, rows, n));
}

/* Makes a whole RGB file of 3 rows and 4 columns, with rising samples and only critical chunks. */
static inline void maker_small(struct maker *m)
{
    unsigned char rows[3 * 13];

    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = i % 13 ? (unsigned char)i : 0;
    maker_begin(m, 4, 3, 8, 2, 0);
    maker_idat(m, rows, sizeof rows);
    maker_chunk(m, "IEND", NULL, 0);
}

/* Makes a file in memory and puts its name into `name`. The file can be opened many times by that
 * name, until the caller closes *fd. */
static inline const char *memory_file(const void *bytes, size_t n, int *fd, char name[32])
{
    *fd = memfd_create("telar-test", MFD_CLOEXEC);
    ck_assert_int_ge(*fd, 0);
    ck_assert_int_eq(write(*fd, bytes, n), (ssize_t)n);
    ck_assert_int_eq(lseek(*fd, 0, SEEK_SET), 0);
    snprintf(name, 32, "/proc/self/fd/%d", *fd);
    return name;
}

#endif
