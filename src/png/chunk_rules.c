/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/chunk_rules.h"

#include "base/bytes.h"
#include "png/framing.h"

#include <string.h>

enum {
    COLOR_TYPE = 9, /* offsets in IHDR */
    BIT_DEPTH = 8,
    UNSIGNED_MAX = 0x7fffffff, /* the largest integer in a chunk: PNG specification, 7.1 */
    WHOLE = 100000,            /* 1 in cHRM */
    KEYWORD_MAX = 79,
    TIFF_HEAD_BYTES = 8,
};

static enum tl_fault good_if(bool good)
{
    return good ? TL_FAULT_NONE : TL_FAULT_CONTENTS;
}

/* ---- values of fixed length ---- */

static bool is_date(const unsigned char *at)
{
    return at[2] >= 1 && at[2] <= 12 && at[3] >= 1 && at[3] <= 31 && at[4] <= 23 && at[5] <= 59
           && at[6] <= 60;
}

static enum tl_fault judge_gama(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(tl_load_be32(chunk->data) - 1 < UNSIGNED_MAX);
}

/* Four points x, y of the chromaticity diagram: no coordinate is negative, x + y is at most 1. The
 * white point has y > 0. */
static enum tl_fault judge_chrm(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    for (int i = 0; i < 4; i++) {
        const uint32_t x = tl_load_be32(chunk->data + 8 * i),
                       y = tl_load_be32(chunk->data + 8 * i + 4);

        if (x > WHOLE || y > WHOLE - x || (i == 0 && y == 0))
            return TL_FAULT_CONTENTS;
    }
    return TL_FAULT_NONE;
}

static enum tl_fault judge_srgb(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(chunk->data[0] <= 3);
}

static enum tl_fault judge_phys(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(tl_load_be32(chunk->data) <= UNSIGNED_MAX
                   && tl_load_be32(chunk->data + 4) <= UNSIGNED_MAX && chunk->data[8] <= 1);
}

/* Primaries and transfer function have gaps that a later standard may fill. The matrix must be that
 * of RGB. */
static enum tl_fault judge_cicp(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(chunk->data[2] == 0 && chunk->data[3] <= 1);
}

static enum tl_fault judge_clli(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(tl_load_be32(chunk->data) <= UNSIGNED_MAX
                   && tl_load_be32(chunk->data + 4) <= UNSIGNED_MAX);
}

static enum tl_fault judge_mdcv(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(tl_load_be32(chunk->data + 16) <= UNSIGNED_MAX
                   && tl_load_be32(chunk->data + 20) <= UNSIGNED_MAX);
}

static enum tl_fault judge_time(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(is_date(chunk->data));
}

/* ---- values whose length follows from the picture ---- */

static uint32_t colors(const struct tl_picture *picture)
{
    return picture->palette_bytes / 3;
}

/* Returns the samples of a colour in bKGD and tRNS, without alpha. */
static uint32_t color_bytes(const struct tl_picture *picture)
{
    return tl_picture_color_type(picture) & 2 ? 6 : 2;
}

static enum tl_fault judge_sbit(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    static const uint8_t lengths[] = {1, 0, 3, 3, 2, 0, 4};
    const unsigned most =
        tl_picture_color_type(picture) == TL_COLOR_PALETTE ? 8 : picture->ihdr[BIT_DEPTH];

    if (chunk->length != lengths[tl_picture_color_type(picture)])
        return TL_FAULT_LENGTH;
    for (uint32_t i = 0; i < chunk->length; i++)
        if (chunk->data[i] < 1 || chunk->data[i] > most)
            return TL_FAULT_CONTENTS;
    return TL_FAULT_NONE;
}

static enum tl_fault judge_bkgd(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    if (tl_picture_color_type(picture) != TL_COLOR_PALETTE)
        return chunk->length == color_bytes(picture) ? TL_FAULT_NONE : TL_FAULT_LENGTH;
    if (colors(picture) == 0)
        return TL_FAULT_PLACE;
    if (chunk->length != 1)
        return TL_FAULT_LENGTH;
    return good_if(chunk->data[0] < colors(picture));
}

static enum tl_fault judge_hist(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    if (colors(picture) == 0)
        return TL_FAULT_PLACE;
    return chunk->length == 2 * colors(picture) ? TL_FAULT_NONE : TL_FAULT_LENGTH;
}

static enum tl_fault judge_trns(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    if (tl_picture_color_type(picture) & 4)
        return TL_FAULT_COLOR;
    if (tl_picture_color_type(picture) != TL_COLOR_PALETTE)
        return chunk->length == color_bytes(picture) ? TL_FAULT_NONE : TL_FAULT_LENGTH;
    if (colors(picture) == 0)
        return TL_FAULT_PLACE;
    return chunk->length - 1 < colors(picture) ? TL_FAULT_NONE : TL_FAULT_LENGTH;
}

/* ---- texts ---- */

/*
 * Returns the length of the keyword that n bytes begin with, without its final zero. Returns 0 for
 * an invalid one: PNG specification, 11.3.3.2. A keyword is Latin-1 without control characters, and
 * has no space at its ends and no two in a row.
 */
static size_t keyword_bytes(const unsigned char *data, size_t n)
{
    size_t i = 0;

    for (; i < n && data[i] && i <= KEYWORD_MAX; i++) {
        const unsigned char c = data[i];

        if (c < ' ' || (c > '~' && c <= 0xa0) || (c == ' ' && (i == 0 || data[i - 1] == ' ')))
            return 0;
    }
    return i < n && i <= KEYWORD_MAX && i > 0 && data[i - 1] != ' ' ? i : 0;
}

/* Returns whether a zlib stream may begin like this (RFC 1950, 2.2). */
static bool is_zlib(const unsigned char *data, size_t n)
{
    return n >= 2 && (data[0] & 15) == 8 && data[0] >> 4 <= 7 && (data[0] << 8 | data[1]) % 31 == 0
           && !(data[1] & 0x20);
}

static enum tl_fault judge_text(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    const size_t keyword = keyword_bytes(chunk->data, chunk->known);

    (void)picture;
    return good_if(keyword > 0
                   && !memchr(chunk->data + keyword + 1, '\0', chunk->known - keyword - 1));
}

/* A keyword, its zero, method 0, and a zlib stream. */
static enum tl_fault judge_compressed(const struct tl_picture *picture,
                                      const struct tl_chunk *chunk)
{
    const size_t keyword = keyword_bytes(chunk->data, chunk->known), stream = keyword + 2;

    (void)picture;
    return good_if(keyword > 0 && stream < chunk->known && chunk->data[keyword + 1] == 0
                   && is_zlib(chunk->data + stream, chunk->known - stream));
}

/* Keyword, flag, method, language and translated keyword, which end with a zero, and the text. */
static enum tl_fault judge_itxt(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    const size_t keyword = keyword_bytes(chunk->data, chunk->known);
    const unsigned char *at = chunk->data + keyword + 1, *end = chunk->data + chunk->known,
                        *text = NULL;

    (void)picture;
    if (keyword == 0 || end - at < 2 || at[0] > 1 || at[1] != 0)
        return TL_FAULT_CONTENTS;
    text = memchr(at + 2, '\0', (size_t)(end - at - 2));
    if (text)
        text = memchr(text + 1, '\0', (size_t)(end - text - 1));
    if (!text)
        return TL_FAULT_CONTENTS;
    text++;
    return good_if(at[0] ? is_zlib(text, (size_t)(end - text))
                         : !memchr(text, '\0', (size_t)(end - text)));
}

static enum tl_fault judge_splt(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    const size_t keyword = keyword_bytes(chunk->data, chunk->known), head = keyword + 2;
    unsigned depth;

    (void)picture;
    if (keyword == 0 || head > chunk->known)
        return TL_FAULT_CONTENTS;
    depth = chunk->data[keyword + 1];
    if (depth != 8 && depth != 16)
        return TL_FAULT_CONTENTS;
    return (chunk->length - head) % (depth == 8 ? 6 : 10) == 0 ? TL_FAULT_NONE : TL_FAULT_LENGTH;
}

static enum tl_fault judge_exif(const struct tl_picture *picture, const struct tl_chunk *chunk)
{
    (void)picture;
    return good_if(memcmp(chunk->data, "II*\0", 4) == 0 || memcmp(chunk->data, "MM\0*", 4) == 0);
}

/* ---- the rules ---- */

enum {
    ONCE = 1,        /* a file may have one */
    BEFORE_PLTE = 2, /* must stand before the palette */
    BEFORE_IDAT = 4, /* must stand before the image data */
    KEPT = 8,        /* goes into the output: it stays true whatever a transform does */
    COLORIMETRY = ONCE | BEFORE_PLTE | BEFORE_IDAT,
};

/* PNG specification, table 7 and sections 11.3.1 to 11.3.5. */
static const struct {
    char name[TL_CHUNK_NAME_BYTES + 1];
    uint32_t flags, least, most; /* bytes of data */
    enum tl_fault (*judge)(const struct tl_picture *picture, const struct tl_chunk *chunk);
} rules[] = {
    {"gAMA", COLORIMETRY | KEPT, 4, 4, judge_gama},
    {"cHRM", COLORIMETRY | KEPT, 32, 32, judge_chrm},
    {"sRGB", COLORIMETRY | KEPT, 1, 1, judge_srgb},
    {"iCCP", COLORIMETRY | KEPT, 0, TL_CHUNK_DATA_MAX, judge_compressed},
    {"cICP", COLORIMETRY | KEPT, 4, 4, judge_cicp},
    {"mDCV", COLORIMETRY | KEPT, 24, 24, judge_mdcv},
    {"cLLI", COLORIMETRY | KEPT, 8, 8, judge_clli},
    {"pHYs", ONCE | BEFORE_IDAT | KEPT, 9, 9, judge_phys},
    {"eXIf", ONCE | KEPT, TIFF_HEAD_BYTES, TL_CHUNK_DATA_MAX, judge_exif},
    {"tEXt", KEPT, 0, TL_CHUNK_DATA_MAX, judge_text},
    {"zTXt", KEPT, 0, TL_CHUNK_DATA_MAX, judge_compressed},
    {"iTXt", KEPT, 0, TL_CHUNK_DATA_MAX, judge_itxt},
    {"tRNS", ONCE | BEFORE_IDAT, 0, TL_CHUNK_DATA_MAX, judge_trns},
    {"sBIT", COLORIMETRY, 0, TL_CHUNK_DATA_MAX, judge_sbit},
    {"bKGD", ONCE | BEFORE_IDAT, 0, TL_CHUNK_DATA_MAX, judge_bkgd},
    {"hIST", ONCE | BEFORE_IDAT, 0, TL_CHUNK_DATA_MAX, judge_hist},
    {"sPLT", BEFORE_IDAT, 0, TL_CHUNK_DATA_MAX, judge_splt},
    {"tIME", ONCE, 7, 7, judge_time},
};

enum { N_RULES = sizeof rules / sizeof *rules };
_Static_assert(N_RULES <= 32, "`seen` has a bit for each");

/* Returns the number of the rule for a name, or N_RULES. */
static uint32_t find(const unsigned char *name)
{
    uint32_t i = 0;

    while (i < N_RULES && memcmp(rules[i].name, name, TL_CHUNK_NAME_BYTES) != 0)
        i++;
    return i;
}

static bool has_seen(const struct tl_picture *picture, const char *name)
{
    return picture->seen >> find((const unsigned char *)name) & 1;
}

bool tl_chunk_rules_keep(const unsigned char *name)
{
    const uint32_t i = find(name);

    return i < N_RULES && rules[i].flags & KEPT;
}

static enum tl_fault judge(const struct tl_picture *picture, const struct tl_chunk *chunk,
                           uint32_t i)
{
    if ((rules[i].flags & BEFORE_IDAT && picture->idat_seen)
        || (rules[i].flags & BEFORE_PLTE && picture->palette_bytes > 0))
        return TL_FAULT_PLACE;
    if (rules[i].flags & ONCE && picture->seen >> i & 1)
        return TL_FAULT_TWICE;
    if (chunk->length < rules[i].least || chunk->length > rules[i].most)
        return TL_FAULT_LENGTH;
    return rules[i].judge(picture, chunk);
}

enum tl_fault tl_chunk_rules_judge(struct tl_picture *picture, const struct tl_chunk *chunk)
{
    const uint32_t i = find(chunk->name);
    enum tl_fault fault;

    if (i == N_RULES)
        return TL_FAULT_NONE;
    fault = judge(picture, chunk, i);
    if (fault != TL_FAULT_NONE)
        return fault;
    picture->seen |= UINT32_C(1) << i;
    if (memcmp(chunk->name, "tRNS", TL_CHUNK_NAME_BYTES) == 0) {
        picture->trns_bytes = chunk->length;
        memcpy(picture->trns, chunk->data, chunk->length);
    }
    return TL_FAULT_NONE;
}

enum tl_fault tl_chunk_rules_palette(struct tl_picture *picture, const struct tl_chunk *chunk)
{
    const uint32_t most = tl_picture_color_type(picture) == TL_COLOR_PALETTE
                              ? 3u << picture->ihdr[BIT_DEPTH]
                              : TL_PALETTE_BYTES_MAX;

    if (!(tl_picture_color_type(picture) & 2))
        return TL_FAULT_COLOR;
    if (picture->idat_seen)
        return TL_FAULT_PLACE;
    if (picture->palette_bytes > 0)
        return TL_FAULT_TWICE;
    if (tl_picture_color_type(picture) != TL_COLOR_PALETTE
        && (has_seen(picture, "tRNS") || has_seen(picture, "bKGD")))
        return TL_FAULT_PLACE;
    if (chunk->length == 0 || chunk->length % 3 || chunk->length > TL_PALETTE_BYTES_MAX)
        return TL_FAULT_LENGTH;
    picture->palette_bytes = chunk->length < most ? chunk->length : most;
    memcpy(picture->palette, chunk->data, picture->palette_bytes);
    return chunk->length > most ? TL_FAULT_COLORS : TL_FAULT_NONE;
}

/* ---- the header ---- */

bool tl_chunk_rules_header(const unsigned char ihdr[TL_IHDR_BYTES])
{
    static const uint8_t depths[] = {
        1 | 2 | 4 | 8 | 16, 0, 8 | 16, 1 | 2 | 4 | 8, 8 | 16, 0, 8 | 16};
    uint8_t depth = ihdr[BIT_DEPTH], type = ihdr[COLOR_TYPE];

    return tl_load_be32(ihdr) - 1 < UNSIGNED_MAX && tl_load_be32(ihdr + 4) - 1 < UNSIGNED_MAX
           && type < sizeof depths && (depth & (depth - 1)) == 0 && (depths[type] & depth)
           && ihdr[10] == 0 && ihdr[11] == 0 && ihdr[12] <= 1;
}
