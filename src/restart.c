#include <config.h>

#include "restart.h"

#include "checksum.h"
#include "inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_BYTES = 8, CRC_BYTES = 4, ZLIB_HEAD_BYTES = 2, END_BYTES = 6, PIECE_BYTES = 65536 };

/*
 * How much image data may lie, beside its pixels, in the last row, and behind it. Less than libpng is allowed
 * to read there (codec_png_read.c), so that nothing is taken here which is too much for it.
 */
enum { LAST_ROW_BYTES = 960, TAIL_BYTES = 60 };

struct work {
    struct tl_inflate inflate;
    unsigned char piece[PIECE_BYTES];
};

size_t tl_restart_work_bytes(void)
{
    return sizeof(struct work);
}

static uint32_t get_32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Reads exactly n bytes from a place in the file, whatever its offset is. *errnum: 0, or why that cannot be.
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

/* Looks at the chunk at *offset, which must be IDAT, and goes behind it. */
static bool look_at_idat(int fd, uint64_t *offset, struct tl_restart_band *band)
{
    unsigned char head[HEAD_BYTES];
    int errnum;

    if (!read_at(fd, head, sizeof head, *offset, &errnum) || memcmp(head + 4, "IDAT", 4) != 0
        || get_32(head) > 0x7fffffff)
        return false;
    *band = (struct tl_restart_band){*offset + HEAD_BYTES, get_32(head)};
    *offset += HEAD_BYTES + (uint64_t)band->bytes + CRC_BYTES;
    return true;
}

/* The last IDAT: nothing but a final block of fixed codes without data, and the stream's checksum. */
static bool look_at_end(int fd, uint64_t *offset, uint32_t *adler)
{
    struct tl_restart_band end;
    unsigned char bytes[4 + END_BYTES + CRC_BYTES];
    int errnum;

    if (!look_at_idat(fd, offset, &end) || end.bytes != END_BYTES
        || !read_at(fd, bytes, sizeof bytes, end.offset - 4, &errnum))
        return false;
    *adler = get_32(bytes + 4 + 2);
    return bytes[4] == 3 && bytes[5] == 0
           && get_32(bytes + 4 + END_BYTES) == tl_crc32(0, bytes, 4 + END_BYTES);
}

/* The stream's own head (RFC 1950, 2.2): deflate with a window of 32 KiB, without a dictionary. It is not a
 * band's. */
static bool look_at_beginning(int fd, struct tl_restart_band *first)
{
    unsigned char head[ZLIB_HEAD_BYTES];
    int errnum;

    return first->bytes >= ZLIB_HEAD_BYTES && read_at(fd, head, sizeof head, first->offset, &errnum)
           && head[0] == 0x78 && (head[0] << 8 | head[1]) % 31 == 0 && !(head[1] & 0x20);
}

struct tl_restart *tl_restart_find(int fd, uint64_t first, const unsigned char data[TL_RESTART_BYTES],
                                   uint32_t rows)
{
    uint32_t band_rows = get_32(data + 4), n_bands = get_32(data + 8);
    struct tl_restart *restart;
    uint64_t offset = first;
    bool good = true;

    if (data[0] != 1 || data[1] || data[2] || data[3] || band_rows == 0
        || n_bands != ((uint64_t)rows + band_rows - 1) / band_rows)
        return NULL;
    restart = malloc(sizeof *restart + n_bands * sizeof restart->band[0]);
    if (!restart)
        return NULL;
    *restart = (struct tl_restart){.rows = rows, .band_rows = band_rows, .n_bands = n_bands};
    for (uint32_t i = 0; good && i < n_bands; i++)
        good = look_at_idat(fd, &offset, &restart->band[i]);
    good = good && look_at_beginning(fd, &restart->band[0]) && look_at_end(fd, &offset, &restart->adler);
    restart->tail_offset = offset;
    if (!good) {
        free(restart);
        return NULL;
    }
    return restart;
}

/* A band being inflated: its rows but the last, then that one. */
struct reading {
    struct tl_inflate *inflate;
    struct tl_output_bytes part[2];
    int errnum;          /* why the file could not be read */
    uint64_t used;       /* of the compressed data */
    uint64_t full_at[2]; /* what was used when the part was full */
};

/*
 * Inflates a piece. Once the output is full, blocks without output may follow, but nothing that gives more:
 * then input is left.
 */
static bool inflate_piece(struct reading *r, struct tl_input_bytes *in)
{
    struct tl_output_bytes none = {0};
    const uint64_t before = r->used - in->used;

    for (int i = 0; i < 2; i++)
        if (r->part[i].used < r->part[i].n) {
            if (tl_inflate_run(r->inflate, in, &r->part[i]) != TL_INFLATE_MORE)
                return false;
            r->full_at[i] = before + in->used;
            if (r->part[i].used < r->part[i].n)
                break;
        }
    if (in->used < in->n && tl_inflate_run(r->inflate, in, &none) != TL_INFLATE_MORE)
        return false;
    r->used = before + in->n;
    return in->used == in->n;
}

/* Reads the chunk of a band and inflates it. Its CRC must be right. */
static bool read_chunk(const struct tl_restart_band *band, int fd, size_t skip, unsigned char *piece,
                       struct reading *r)
{
    uint64_t offset = band->offset;
    uint32_t left = band->bytes, crc = tl_crc32(0, "IDAT", 4);
    unsigned char stored_crc[CRC_BYTES];

    r->used = skip;
    for (; left > 0; skip = 0) {
        size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        struct tl_input_bytes in = {.bytes = piece, .n = n, .used = skip};

        if (!read_at(fd, piece, n, offset, &r->errnum))
            return false;
        crc = tl_crc32(crc, piece, n);
        if (!inflate_piece(r, &in))
            return false;
        offset += n;
        left -= (uint32_t)n;
    }
    return read_at(fd, stored_crc, sizeof stored_crc, offset, &r->errnum) && get_32(stored_crc) == crc;
}

bool tl_restart_read(const struct tl_restart *restart, int fd, uint32_t band, void *memory,
                     unsigned char *bytes, size_t n, struct tl_restarted *told)
{
    struct work *work = memory;
    const bool is_last = band + 1 == restart->n_bands;
    const uint32_t rows = is_last ? restart->rows - band * restart->band_rows : restart->band_rows;
    const size_t row = n / rows;
    struct reading r = {.inflate = &work->inflate, .part = {{bytes, n - row, 0}, {bytes + n - row, row, 0}}};

    tl_inflate_begin(&work->inflate, true);
    *told = (struct tl_restarted){0};
    if (!read_chunk(&restart->band[band], fd, band == 0 ? ZLIB_HEAD_BYTES : 0, work->piece, &r)) {
        told->errnum = r.errnum;
        return false;
    }
    if (is_last
        && (r.full_at[1] - r.full_at[0] > 2 * row + LAST_ROW_BYTES
            || r.used + END_BYTES - r.full_at[1] > TAIL_BYTES))
        return false;
    told->adler = tl_adler32(1, bytes, n);
    return r.part[1].used == row && tl_inflate_between_blocks(&work->inflate) && bytes[0] <= 1;
}
