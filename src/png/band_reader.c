/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/band_reader.h"

#include "base/bytes.h"
#include "flate/checksum.h"
#include "flate/inflate.h"
#include "png/framing.h"
#include "png/unfilter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ZLIB_HEAD_BYTES = 2, END_BYTES = 6, PIECE_BYTES = 65536 };

/*
 * Bytes of image data that the last row may have beside its pixels, and that may follow it. A file
 * with more was not written by telar, and is read in series.
 */
enum { LAST_ROW_BYTES = 960, TAIL_BYTES = 60 };

/* Working memory for one part. */
struct work {
    struct tl_inflate inflate;
    unsigned char piece[PIECE_BYTES];
};

size_t tl_band_reader_work_bytes(void)
{
    return TL_BAND_PARTS * sizeof(struct work);
}

/* Reads exactly n bytes at an offset. On failure *errnum is the errno, or 0 at the end of the file.
 */
static bool read_at(int fd, void *bytes, size_t n, uint64_t offset, int *errnum)
{
    unsigned char *at = bytes;

    while (n > 0) {
        ssize_t got = pread(fd, at, n, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        *errnum = got < 0 ? errno : 0;
        if (got <= 0)
            return false;
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* Reads the head of the chunk at *offset, which must be IDAT, and moves *offset behind the chunk.
 */
static bool look_at_idat(int fd, uint64_t *offset, struct tl_bands_part *part)
{
    unsigned char head[TL_CHUNK_HEAD_BYTES];
    int errnum;

    if (!read_at(fd, head, sizeof head, *offset, &errnum) || !tl_chunk_is(head, "IDAT")
        || tl_chunk_length(head) > TL_CHUNK_DATA_MAX)
        return false;
    *part = (struct tl_bands_part){*offset + TL_CHUNK_HEAD_BYTES, tl_chunk_length(head)};
    *offset += (uint64_t)part->bytes + TL_CHUNK_FRAME_BYTES;
    return true;
}

/* Checks the last IDAT: a final block of fixed codes without data, and the checksum of the stream.
 */
static bool look_at_end(int fd, uint64_t *offset, uint32_t *adler)
{
    struct tl_bands_part end;
    unsigned char bytes[4 + END_BYTES + TL_CHUNK_CRC_BYTES];
    int errnum;

    if (!look_at_idat(fd, offset, &end) || end.bytes != END_BYTES
        || !read_at(fd, bytes, sizeof bytes, end.offset - 4, &errnum))
        return false;
    *adler = tl_load_be32(bytes + 4 + 2);
    return bytes[4] == 3 && bytes[5] == 0
           && tl_load_be32(bytes + 4 + END_BYTES) == tl_crc32(0, bytes, 4 + END_BYTES);
}

/*
 * Checks the head of the stream (RFC 1950, 2.2): deflate with a window of 32 KiB, without a
 * dictionary. These two bytes stand before the first part.
 */
static bool look_at_beginning(int fd, struct tl_bands_part *first)
{
    unsigned char head[ZLIB_HEAD_BYTES];
    int errnum;

    return first->bytes >= ZLIB_HEAD_BYTES && read_at(fd, head, sizeof head, first->offset, &errnum)
           && head[0] == 0x78 && (head[0] << 8 | head[1]) % 31 == 0 && !(head[1] & 0x20);
}

struct tl_bands *tl_band_reader_find(int fd, uint64_t first,
                                     const unsigned char data[TL_TELR_BYTES], uint32_t rows,
                                     uint32_t band_rows)
{
    const uint32_t part_rows = tl_load_be32(data + 4), n_parts = tl_load_be32(data + 8);
    struct tl_bands *bands;
    uint64_t offset = first;
    bool good = true;

    if (data[0] != 1 || data[1] || data[2] || data[3] || part_rows == 0
        || (part_rows != band_rows && part_rows != band_rows / TL_BAND_PARTS)
        || n_parts != ((uint64_t)rows + part_rows - 1) / part_rows)
        return NULL;
    bands = malloc(sizeof *bands + n_parts * sizeof bands->part[0]);
    if (!bands)
        return NULL;
    *bands = (struct tl_bands){.rows = rows,
                               .part_rows = part_rows,
                               .parts_of_band = band_rows / part_rows,
                               .n_parts = n_parts};
    for (uint32_t i = 0; good && i < n_parts; i++)
        good = look_at_idat(fd, &offset, &bands->part[i]);
    good =
        good && look_at_beginning(fd, &bands->part[0]) && look_at_end(fd, &offset, &bands->adler);
    bands->tail_offset = offset;
    if (!good) {
        free(bands);
        return NULL;
    }
    return bands;
}

static uint32_t part_rows(const struct tl_bands *bands, uint32_t part)
{
    const uint32_t left = bands->rows - part * bands->part_rows;

    return left < bands->part_rows ? left : bands->part_rows;
}

/* A part being inflated: first its rows but the last, then the last row. */
struct reading {
    struct tl_inflate *inflate;
    int fd;
    uint64_t offset;      /* in the file, of the next piece of compressed data */
    uint32_t left;        /* bytes that are still there */
    uint32_t crc;         /* of what was read */
    size_t skip;          /* bytes at the beginning of the next piece that are not the part's */
    unsigned char *piece; /* room for a piece */
    struct tl_inflate_input in; /* the piece at hand */
    uint64_t before;            /* bytes before it */
    struct tl_inflate_output out[2];
    uint64_t full_at[2]; /* bytes that were used when the output was full */
    int errnum;          /* why the file could not be read */
};

static uint64_t used(const struct reading *r)
{
    return r->before + r->in.used;
}

/* Reads the next piece if the one at hand is used up. Checks the CRC behind the last piece. */
static bool fetch(struct reading *r)
{
    const uint32_t n = r->left < PIECE_BYTES ? r->left : PIECE_BYTES;
    unsigned char crc[TL_CHUNK_CRC_BYTES];

    if (r->in.used < r->in.n || n == 0)
        return true;
    if (!read_at(r->fd, r->piece, n, r->offset, &r->errnum))
        return false;
    r->crc = tl_crc32(r->crc, r->piece, n);
    r->before += r->in.n;
    r->in = (struct tl_inflate_input){.bytes = r->piece, .n = n, .used = r->skip};
    r->skip = 0;
    r->offset += n;
    r->left -= n;
    return r->left > 0
           || (read_at(r->fd, crc, sizeof crc, r->offset, &r->errnum)
               && tl_load_be32(crc) == r->crc);
}

/* Where the data was when an output was full. */
static void mark(struct reading *r, int i)
{
    if (r->out[i].used == r->out[i].n && !r->full_at[i])
        r->full_at[i] = used(r);
}

/*
 * Inflates the piece at hand. Once the output is full, blocks without output may follow, but
 * nothing that gives more: then input is left.
 */
static bool inflate_piece(struct reading *r)
{
    struct tl_inflate_output none = {0};

    for (int i = 0; i < 2 && (i == 0 || r->out[0].used == r->out[0].n); i++)
        if (r->out[i].used < r->out[i].n) {
            if (tl_inflate_run(r->inflate, &r->in, &r->out[i]) != TL_INFLATE_MORE)
                return false;
            mark(r, i);
        }
    return r->in.used == r->in.n
           || (tl_inflate_run(r->inflate, &r->in, &none) == TL_INFLATE_MORE
               && r->in.used == r->in.n);
}

/* Two parts at once, as far as both go. */
static bool inflate_two(struct reading r[2])
{
    struct tl_inflate *const inflate[2] = {r[0].inflate, r[1].inflate};
    struct tl_inflate_input *const in[2] = {&r[0].in, &r[1].in};
    struct tl_inflate_output *const out[2] = {&r[0].out[0], &r[1].out[0]};
    int stuck;

    while (r[0].out[0].used < r[0].out[0].n && r[1].out[0].used < r[1].out[0].n) {
        if (!fetch(&r[0]) || !fetch(&r[1]))
            return false;
        if (r[0].in.used == r[0].in.n || r[1].in.used == r[1].in.n)
            return true;
        stuck = tl_inflate_run_two(inflate, in, out);
        mark(&r[0], 0);
        mark(&r[1], 0);
        if (!inflate_piece(&r[stuck]))
            return false;
    }
    return true;
}

/* The rest of a part, or all of it. */
static bool inflate_rest(struct reading *r)
{
    do
        if (!fetch(r) || !inflate_piece(r))
            return false;
    while (r->left > 0);
    return r->out[1].used == r->out[1].n && tl_inflate_between_blocks(r->inflate);
}

/* Returns whether the image data ends as telar ends it. */
static bool ends_well(const struct reading *last)
{
    const uint64_t in_last_row = last->full_at[1] - last->full_at[0],
                   behind = used(last) - last->full_at[1];

    return in_last_row <= 2 * last->out[1].n + LAST_ROW_BYTES && behind + END_BYTES <= TAIL_BYTES;
}

/* Begins with a part of the file, whose rows go to `bytes`. */
static void begin_part(const struct tl_bands *bands, int fd, uint32_t part, size_t row_bytes,
                       struct work *work, unsigned char *bytes, struct reading *r)
{
    const size_t n = part_rows(bands, part) * row_bytes;

    tl_inflate_begin(&work->inflate, true);
    *r = (struct reading){
        .inflate = &work->inflate,
        .fd = fd,
        .piece = work->piece,
        .skip = part == 0 ? ZLIB_HEAD_BYTES : 0,
        .offset = bands->part[part].offset,
        .left = bands->part[part].bytes,
        .crc = tl_crc32(0, "IDAT", 4),
        .out = {{bytes, n - row_bytes, 0}, {bytes + n - row_bytes, row_bytes, 0}},
    };
}

/* Inflates the parts that were begun. */
static bool inflate_parts(struct reading *r, uint32_t count)
{
    if (count == 2 && !inflate_two(r))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!inflate_rest(&r[i]) || r[i].out[0].bytes[0] > TL_FILTER_SUB)
            return false;
    return true;
}

bool tl_band_reader_read(const struct tl_bands *bands, int fd, uint32_t band, void *memory,
                         unsigned char *bytes, size_t row_bytes, struct tl_band_read *told)
{
    const uint32_t first = band * bands->parts_of_band, left = bands->n_parts - first;
    const uint32_t count = left < bands->parts_of_band ? left : bands->parts_of_band;
    struct work *work = memory;
    struct reading r[TL_BAND_PARTS] = {0};
    size_t n = 0;
    bool good;

    for (uint32_t i = 0; i < count; i++) {
        begin_part(bands, fd, first + i, row_bytes, &work[i], bytes + n, &r[i]);
        n += part_rows(bands, first + i) * row_bytes;
    }
    good = inflate_parts(r, count) && (count < left || ends_well(&r[count - 1]));
    *told = (struct tl_band_read){
        .adler = good ? tl_adler32(1, bytes, n) : 0,
        .errnum = r[0].errnum ? r[0].errnum : r[1].errnum,
    };
    return good;
}
