/* SPDX-License-Identifier: MIT */
/*
 * Tests files with faults that leave every pixel certain: every chunk x what is wrong with it x
 * every colour type. A table says which of them deserve a warning. Verdict, warnings and pixels
 * must be equal for all engines and rungs, in bands and by libpng. A sample is tested; FULL tests
 * all.
 */
#include <config.h>

#include "support/png_maker.h"
#include "support/sandboxed.h"
#include "support/seed.h"

#include <fcntl.h>
#include <telar/telar.h>

enum { SIDE = 8, CHANNELS_MAX = 4, OUTPUT_BYTES = 1 << 16 };

/* ---- the table ---- */

enum {
    ONCE = 1,
    BEFORE_IDAT = 2,
    BEFORE_PLTE = 4,
    SHORT_OK = 8, /* valid with a byte less, or more */
    LONG_OK = 16,
    KEPT = 32,
};

static const struct kind {
    char name[5];
    unsigned flags;
    const char *data; /* valid data; NULL: depends on the colour type */
    size_t n;
} kinds[] = {
    {"gAMA", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT, "\0\0\xb1\x8f", 4},
    {"cHRM", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT,
     "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a\x98\0\0\x17"
     "\x70",
     32},
    {"sRGB", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT, "\1", 1},
    {"iCCP", ONCE | BEFORE_IDAT | BEFORE_PLTE | SHORT_OK | LONG_OK | KEPT,
     "a profile\0\0\x78\x9c\x03\0\0\0\0\1", 19},
    {"cICP", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT, "\x09\x10\0\1", 4},
    {"mDCV", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT, "abcdefghijklmnop\0\0\0\2\0\0\0\1", 24},
    {"cLLI", ONCE | BEFORE_IDAT | BEFORE_PLTE | KEPT, "\0\0\0\2\0\0\0\1", 8},
    {"pHYs", ONCE | BEFORE_IDAT | KEPT, "\0\0\1\0\0\0\1\0\1", 9},
    {"eXIf", ONCE | LONG_OK | KEPT, "MM\0*\0\0\0\x08", 8},
    {"tEXt", SHORT_OK | LONG_OK | KEPT, "Title\0a picture", 15},
    {"zTXt", SHORT_OK | LONG_OK | KEPT, "Comment\0\0\x78\x9c\x03\0\0\0\0\1", 17},
    {"iTXt", SHORT_OK | LONG_OK | KEPT, "Title\0\0\0de\0Titel\0ein Bild", 25},
    {"sBIT", ONCE | BEFORE_IDAT | BEFORE_PLTE, NULL, 0},
    {"sPLT", BEFORE_IDAT, "colours\0\x08\1\2\3\4\0\5", 15},
    {"tIME", ONCE, "\x07\xe8\1\1\1\1\1", 7},
    {"prVt", SHORT_OK | LONG_OK, "private", 7},
    {"bKGD", ONCE | BEFORE_IDAT, NULL, 0},
    {"hIST", ONCE | BEFORE_IDAT, NULL, 0},
    {"tRNS", ONCE | BEFORE_IDAT, NULL, 0},
    {"PLTE", ONCE | BEFORE_IDAT, NULL, 0},
};

static const int color_types[] = {0, 2, 3, 4, 6};

enum way { ABSENT, VALID, SHORT, LONG, WRONG_CRC, TWICE, BEHIND_IDAT, BEHIND_PLTE, WAYS };

static bool is(const struct kind *kind, const char *name)
{
    return strcmp(kind->name, name) == 0;
}

/* Returns the number of valid bytes, and the bytes. */
static size_t valid_data(const struct kind *kind, int type, unsigned char data[64])
{
    static const unsigned char bits[] = {1, 0, 3, 3, 2, 0, 4};
    size_t n = kind->n;

    if (is(kind, "sBIT"))
        n = bits[type];
    else if (is(kind, "bKGD"))
        n = type == 3 ? 1 : type & 2 ? 6 : 2;
    else if (is(kind, "tRNS"))
        n = type == 3 ? 4 : type & 2 ? 6 : 2; /* as many as the palette has */
    else if (is(kind, "hIST"))
        n = 2 * 4;
    else if (is(kind, "PLTE"))
        n = 4 * 3;
    if (kind->data)
        memcpy(data, kind->data, n);
    else
        memset(data, is(kind, "bKGD") ? 0 : 5, n);
    return n;
}

static bool allowed(const struct kind *kind, int type)
{
    return is(kind, "tRNS")   ? !(type & 4)
           : is(kind, "hIST") ? type == 3
           : is(kind, "PLTE") ? type & 2
                              : true;
}

static bool deserves_warning(const struct kind *kind, enum way way, int type)
{
    if (way == ABSENT)
        return false;
    if (!allowed(kind, type) || way == WRONG_CRC)
        return true;
    switch (way) {
    case SHORT:
        return !(kind->flags & SHORT_OK) && !(is(kind, "tRNS") && type == 3);
    case LONG:
        return !(kind->flags & LONG_OK);
    case TWICE:
        return kind->flags & ONCE;
    case BEHIND_IDAT:
        return kind->flags & BEFORE_IDAT;
    case BEHIND_PLTE:
        return kind->flags & BEFORE_PLTE && type == 3;
    default:
        return false;
    }
}

/* ---- files ---- */

static struct maker made;

static void put(const struct kind *kind, enum way way, int type)
{
    unsigned char data[64];
    size_t n = valid_data(kind, type, data);

    data[n] = 'x';
    maker_chunk(&made, kind->name, data, way == SHORT ? n - 1 : way == LONG ? n + 1 : n);
    if (way == WRONG_CRC)
        made.bytes[made.n - 1] ^= 1;
    if (way == TWICE)
        maker_chunk(&made, kind->name, data, n);
}

/* Makes a picture of SIDE x SIDE with the chunk. Indices are 0 to 3. */
static void make(const struct kind *kind, enum way way, int type)
{
    static const unsigned char channels[] = {1, 0, 3, 1, 2, 0, 4}, palette[] = "abcdefghijkl";
    unsigned char rows[SIDE * (1 + SIDE * CHANNELS_MAX)];
    const size_t row = 1 + SIDE * (size_t)channels[type], n = SIDE * row;
    const bool early = kind->flags & BEFORE_PLTE && way != BEHIND_PLTE, late = way == BEHIND_IDAT;

    for (size_t i = 0; i < n; i++)
        rows[i] = i % row ? (unsigned char)(type == 3 ? i % 4 : i * 7) : 0;
    maker_begin(&made, SIDE, SIDE, 8, type, 0);
    if (way != ABSENT && early && !late)
        put(kind, way, type);
    if (type == 3)
        maker_chunk(&made, "PLTE", palette, 12);
    if (way != ABSENT && !early && !late)
        put(kind, way, type);
    maker_idat(&made, rows, n);
    if (late)
        put(kind, way, type);
    maker_chunk(&made, "IEND", NULL, 0);
}

/* ---- ways to read ---- */

static const struct engine_case {
    telar_engine engine;
    telar_isolation isolation;
    uint32_t workers;
} engines[] = {
    {TELAR_SERIAL, TELAR_ISOLATION_DEFAULT, 1}, {TELAR_THREADS, TELAR_ISOLATION_DEFAULT, 2},
    {TELAR_PROCESSES, TELAR_GUARDED, 1},        {TELAR_PROCESSES, TELAR_GUARDED, 2},
    {TELAR_PROCESSES, TELAR_SANDBOXED, 2},
};

enum { ENGINES = sizeof engines / sizeof *engines };

static char label[128];

/* Returns the image that telar reads from the file `made`; NULL if telar refuses it. */
static telar_image *read_image(bool strict)
{
    const struct telar_limits limits = {TELAR_LIMITS_INIT, .strict = strict};
    telar_image *image;
    char name[32];
    int fd;

    telar_image_read(memory_file(made.bytes, made.n, &fd, name), &limits, &image, NULL);
    close(fd);
    return image;
}

/* Runs from `made` to `out`. Returns the length of the output; 0 if telar refuses the file. */
static size_t run(const struct engine_case *engine, unsigned char out[OUTPUT_BYTES],
                  telar_report **report)
{
    const struct telar_options options = {TELAR_OPTIONS_INIT, .engine = engine->engine,
                                          .isolation = engine->isolation,
                                          .workers = engine->workers};
    char path[] = "telar-lenient-XXXXXX", name[32];
    telar_pipeline *none = telar_pipeline_new();
    struct telar_error error;
    telar_status status;
    ssize_t n = 0;
    int fd;

    close(mkstemp(path));
    status = telar_run_file(memory_file(made.bytes, made.n, &fd, name), path, none, &options,
                            report, &error);
    close(fd);
    telar_pipeline_free(none);
    if (status == TELAR_OK) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = read(fd, out, OUTPUT_BYTES);
        close(fd);
    } else {
        ck_assert_msg(status == TELAR_INPUT, "%s: %s", label, error.text);
    }
    unlink(path);
    ck_assert_int_ge(n, 0);
    return (size_t)n;
}

/* The output must be that of the first engine, and the warnings those of the image. */
static void check_engine(size_t e, const telar_image *image, unsigned char first[OUTPUT_BYTES],
                         size_t *first_n)
{
    static unsigned char out[OUTPUT_BYTES];
    telar_report *report = NULL;
    size_t n = run(&engines[e], out, &report);

    ck_assert_msg((n > 0) == (image != NULL), "%s, engine %zu: another verdict", label, e);
    if (e == 0) {
        memcpy(first, out, n);
        *first_n = n;
    }
    ck_assert_msg(n == *first_n && memcmp(first, out, n) == 0, "%s, engine %zu: other bytes", label,
                  e);
    if (image) {
        const struct telar_warnings *warnings = telar_image_warnings(image);

        ck_assert_msg(report->n_warnings == warnings->n
                          && (warnings->n == 0
                              || memcmp(report->warning, warnings->warning,
                                        warnings->n * sizeof *warnings->warning)
                                     == 0),
                      "%s, engine %zu: other warnings", label, e);
    }
    telar_report_free(report);
}

static void same_pixels(telar_image *a, telar_image *b)
{
    const struct telar_geometry *g = telar_image_geometry(a);

    ck_assert_mem_eq(g, telar_image_geometry(b), sizeof *g);
    for (uint32_t row = 0; row < g->rows; row++)
        ck_assert_msg(memcmp(telar_image_row(a, row), telar_image_row(b, row), telar_row_bytes(g))
                          == 0,
                      "%s: other pixels", label);
}

/* The output has the pixels of the image, no fault, and the chunk if it is kept. */
static void check_output(telar_image *image, const unsigned char *out, size_t n,
                         const struct kind *kind, bool kept)
{
    telar_image *again;

    ck_assert_uint_le(n, sizeof made.bytes);
    memcpy(made.bytes, out, n);
    made.n = n;
    again = read_image(true);
    ck_assert_msg(again != NULL, "%s: the output has a fault", label);
    same_pixels(image, again);
    telar_image_free(again);
    ck_assert_msg((memmem(out, n, kind->name, 4) != NULL) == kept, "%s: kept or not", label);
}

static void check_case(const struct kind *kind, enum way way, int type, bool sandbox)
{
    static unsigned char out[OUTPUT_BYTES];
    const bool warned = deserves_warning(kind, way, type),
               certain =
                   !(is(kind, "PLTE")
                     && (way == WRONG_CRC || (type == 3 && way != ABSENT && way != BEHIND_IDAT))),
               usable = way != ABSENT && (!warned || (way == TWICE && allowed(kind, type)));
    telar_image *image, *strict;
    size_t n = 0;

    snprintf(label, sizeof label, "%.4s, way %d, colour type %d", kind->name, way, type);
    make(kind, way, type);
    image = read_image(false);
    strict = read_image(true);
    ck_assert_msg((image != NULL) == certain, "%s: %s", label, certain ? "refused" : "read");
    ck_assert_msg((strict != NULL) == (certain && !warned), "%s: strict", label);
    if (image) {
        const struct telar_warnings *warnings = telar_image_warnings(image);

        ck_assert_msg(warnings->n == warned, "%s: %u warnings: %s", label, warnings->n,
                      warnings->warning[0].text);
        ck_assert(!warned || strcmp(warnings->warning[0].chunk, kind->name) == 0);
        ck_assert_uint_eq(telar_image_geometry(image)->channels,
                          (type & 2 ? 3 : 1) + (type & 4 || (usable && is(kind, "tRNS")) ? 1 : 0));
    }
    for (size_t e = 0; e < ENGINES; e++)
        if (sandbox || engines[e].isolation != TELAR_SANDBOXED)
            check_engine(e, image, out, &n);
    if (image)
        check_output(image, out, n, kind, usable && kind->flags & KEPT);
    telar_image_free(image);
    telar_image_free(strict);
}

START_TEST(every_chunk_in_every_way_is_judged_the_same)
{
    const bool sandbox = can_sandbox("sandboxed");
    uint64_t index = 0;

    for (size_t k = 0; k < LENGTH(kinds); k++)
        for (int way = 0; way < WAYS; way++)
            for (size_t t = 0; t < LENGTH(color_types); t++)
                if (chosen(index++, 7))
                    check_case(&kinds[k], (enum way)way, color_types[t], sandbox);
}
END_TEST

/* Values that the specification forbids, each in a chunk of the right length. */
START_TEST(values_out_of_range_are_left_out)
{
    static const struct {
        const char *name, *data;
        size_t n;
    } wrong[] = {
        {"gAMA", "\0\0\0\0", 4},
        {"gAMA", "\x80\0\0\0", 4},
        {"cHRM", "\0\1\x86\xa1\0\0\0\1abcdabcdabcdabcdabcdabcd", 32},
        {"sRGB", "\4", 1},
        {"pHYs", "\0\0\0\1\0\0\0\1\2", 9},
        {"pHYs", "\x80\0\0\0\0\0\0\1\1", 9},
        {"eXIf", "JPEG\0\0\0\0", 8},
        {"cICP", "\1\1\1\1", 4},
        {"cICP", "\1\1\0\2", 4},
        {"iCCP", "\0\0\x78\x9c", 4},
        {"iCCP", "name\0\1\x78\x9c", 8},
        {"iCCP", "name\0\0xy", 8},
        {"tEXt", " Title\0x", 8},
        {"tEXt", "Title  x\0x", 10},
        {"tEXt", "no zero", 7},
        {"tEXt", "a\0b\0c", 5},
        {"zTXt", "a\0\1\x78\x9c", 5},
        {"iTXt", "a\0\2\0\0\0x", 7},
        {"iTXt", "a\0\0\0no end", 10},
        {"tIME", "\x07\xe8\x0d\1\1\1\1", 7},
        {"sBIT", "\0\5\5", 3},
    };

    for (size_t i = 0; i < LENGTH(wrong); i++) {
        unsigned char rows[SIDE * (1 + SIDE * 3)] = {0};
        telar_image *image;

        maker_begin(&made, SIDE, SIDE, 8, 2, 0);
        maker_chunk(&made, wrong[i].name, wrong[i].data, wrong[i].n);
        maker_idat(&made, rows, sizeof rows);
        maker_chunk(&made, "IEND", NULL, 0);
        image = read_image(false);
        ck_assert_msg(image && telar_image_warnings(image)->n == 1, "%s, case %zu", wrong[i].name,
                      i);
        ck_assert_ptr_nonnull(
            strstr(telar_image_warnings(image)->warning[0].text, "contents are not valid"));
        ck_assert_ptr_null(read_image(true));
        telar_image_free(image);
    }
}
END_TEST

/* More kinds of fault than places: the last place says so. */
START_TEST(a_full_list_of_warnings_says_so)
{
    unsigned char rows[SIDE * (1 + SIDE * 3)] = {0};
    char name[] = "aaAa";
    const struct telar_warnings *warnings;
    telar_image *image;

    maker_begin(&made, SIDE, SIDE, 8, 2, 0);
    for (int i = 0; i < 2 * TELAR_WARNINGS_MAX; i++) {
        name[0] = (char)('a' + i % 26);
        name[1] = (char)('a' + i / 26);
        maker_chunk(&made, name, "x", 1);
        made.bytes[made.n - 1] ^= 1;
    }
    maker_idat(&made, rows, sizeof rows);
    maker_chunk(&made, "IEND", NULL, 0);
    image = read_image(false);
    ck_assert_ptr_nonnull(image);
    warnings = telar_image_warnings(image);
    ck_assert_uint_eq(warnings->n, TELAR_WARNINGS_MAX);
    ck_assert_ptr_nonnull(strstr(warnings->warning[TELAR_WARNINGS_MAX - 1].text, "full"));
    telar_image_free(image);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_chunk_in_every_way_is_judged_the_same,
        values_out_of_range_are_left_out,
        a_full_list_of_warnings_says_so,
        NULL,
    };

    return run_suite("lenient", tests);
}
