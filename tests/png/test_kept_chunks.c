/* SPDX-License-Identifier: MIT */
/* Tests the chunks that telar carries over, the limits, and the messages for files that are not
 * PNG. */
#include <config.h>

#include "support/png_maker.h"

#include "png/decoder.h"
#include <fcntl.h>
#include <telar/image.h>

static struct maker made;
static const unsigned char pixels[3 * 13]; /* 3 rows of 4 RGB pixels */

static telar_status info_of(const struct maker *m, const struct telar_limits *limits,
                            struct telar_info *info, struct telar_error *error)
{
    char name[32];
    int fd;
    telar_status status =
        telar_info_read(memory_file(m->bytes, m->n, &fd, name), limits, info, error);

    close(fd);
    return status;
}

/* Reads `made`, writes the image, and returns the written bytes. */
static void pass_through(struct maker *out)
{
    char path[] = "telar-chunks-XXXXXX", name[32];
    struct telar_error error;
    telar_image *image;
    ssize_t n;
    int fd;

    ck_assert_msg(telar_image_read(memory_file(made.bytes, made.n, &fd, name), NULL, &image, &error)
                      == TELAR_OK,
                  "%s", error.text);
    close(fd);
    close(mkstemp(path));
    ck_assert_msg(telar_image_write(image, path, &error) == TELAR_OK, "%s", error.text);
    telar_image_free(image);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = read(fd, out->bytes, sizeof out->bytes);
    ck_assert_int_gt(n, 0);
    out->n = (size_t)n;
    close(fd);
    unlink(path);
}

/* Copies the chunks of `m`, with CRC. IHDR, IEND and teLR are left out. Neighbouring IDAT chunks
 * become one name without data. */
static void without_image(const struct maker *m, struct maker *rest)
{
    bool in_image = false;

    rest->n = 0;
    for (size_t at = 8; at < m->n; at += 12 + get_u32(m->bytes + at)) {
        const unsigned char *type = m->bytes + at + 4;
        bool image = memcmp(type, "IDAT", 4) == 0;

        if (image && !in_image)
            maker_raw(rest, type, 4);
        in_image = image;
        if (!image && memcmp(type, "IHDR", 4) != 0 && memcmp(type, "IEND", 4) != 0
            && memcmp(type, "teLR", 4) != 0)
            maker_raw(rest, m->bytes + at, 12 + get_u32(m->bytes + at));
    }
}

START_TEST(chunks_that_stay_valid_are_carried_over)
{
    static struct maker out, expected, found;
    static unsigned char text[150000]; /* longer than the encoder's buffer */
    static const unsigned char chromaticities[32] = {0, 0, 0x7a, 0x26, 0, 0, 0x80, 0x84};

    memset(text, 'x', sizeof text);
    text[6] = '\0';
    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "tEXt", "Title\0one", 9);
    maker_chunk(&made, "gAMA", "\0\0\xb1\x8f", 4);
    maker_chunk(&made, "cHRM", chromaticities, sizeof chromaticities);
    maker_chunk(&made, "cICP", "\x09\x10\0\1", 4);
    maker_chunk(&made, "mDCV", chromaticities, 24);
    maker_chunk(&made, "cLLI", "\0\0\1\0\0\0\0\1", 8);
    maker_chunk(&made, "iCCP", "profile\0\0\x78\x9cnot really one", 26);
    maker_chunk(&made, "pHYs", "\0\0\1\0\0\0\1\0\1", 9);
    maker_chunk(&made, "eXIf", "MM\0*\0\0\0\x08", 8);
    maker_chunk(&made, "tEXt", "Title\0two", 9);
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "zTXt",
                "Comment\0\0\x78\x9c"
                "abc",
                14);
    maker_chunk(&made, "iTXt", "Comment\0\0\0\0\0abc", 15);
    maker_chunk(&made, "tEXt", text, sizeof text);
    maker_chunk(&made, "IEND", NULL, 0);
    pass_through(&out);
    without_image(&made, &expected);
    without_image(&out, &found);
    ck_assert_uint_eq(found.n, expected.n);
    ck_assert_mem_eq(found.bytes, expected.bytes, expected.n);
}
END_TEST

static void put_srgb(void)
{
    maker_chunk(&made, "sRGB", "\1", 1);
}

static void put_profile(void)
{
    maker_chunk(&made, "iCCP", "a profile\0\0\x78\x9c\x03\0\0\0\0\1", 19);
}

static void put_gamma(void)
{
    maker_chunk(&made, "gAMA", "\0\0\xb1\x8f", 4);
}

/* Makes a file with three chunks in this order, but for the one that is left out. */
static void make_of(void (*const order[3])(void), void (*left_out)(void))
{
    maker_begin(&made, 4, 3, 8, 2, 0);
    for (int i = 0; i < 3; i++)
        if (order[i] != left_out)
            order[i]();
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "IEND", NULL, 0);
}

/* PNG specification, 4.3: a profile goes before sRGB. Readers such as pngcheck refuse both. */
START_TEST(a_profile_leaves_no_room_for_srgb)
{
    static void (*const orders[][3])(void) = {{put_gamma, put_srgb, put_profile},
                                              {put_srgb, put_gamma, put_profile},
                                              {put_profile, put_srgb, put_gamma}};
    static struct maker out, expected, found;

    for (size_t i = 0; i < LENGTH(orders); i++) {
        const struct telar_limits strict = {TELAR_LIMITS_INIT, .strict = true};
        struct telar_warnings warnings;
        struct telar_info info;
        struct telar_error error;
        char name[32];
        int fd;

        make_of(orders[i], put_srgb);
        without_image(&made, &expected);
        make_of(orders[i], NULL);
        ck_assert_msg(telar_info_read_warnings(memory_file(made.bytes, made.n, &fd, name), &strict,
                                               &info, &warnings, &error)
                          == TELAR_OK,
                      "%s", error.text);
        close(fd);
        ck_assert_str_eq(info.dropped, "sRGB");
        ck_assert_uint_eq(warnings.n, 1);
        ck_assert_str_eq(warnings.warning[0].text,
                         "sRGB is left out: the profile in iCCP goes before it");
        pass_through(&out);
        without_image(&out, &found);
        ck_assert_uint_eq(found.n, expected.n);
        ck_assert_mem_eq(found.bytes, expected.bytes, expected.n);
    }
}
END_TEST

START_TEST(other_chunks_are_dropped_and_named)
{
    static struct maker out, found;
    struct telar_info info;
    struct telar_error error;

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "sBIT", "\5\6\5", 3);
    maker_chunk(&made, "tRNS", "\0\1\0\2\0\3", 6);
    maker_chunk(&made, "bKGD", "\0\0\0\0\0\0", 6);
    maker_chunk(&made, "tIME", "\x07\xe8\1\1\1\1\1",
                7); /* the time of the last change; this run is a newer change */
    maker_chunk(&made, "gAMA", "\0\0\xb1\x8f", 4);
    maker_chunk(&made, "gAMA", "\0\1\xb1\x8f", 4); /* a second gAMA is not allowed */
    maker_chunk(&made, "prVt", "mine", 4);
    maker_chunk(&made, "prVt", "mine too", 8);
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "pHYs", "\0\0\1\0\0\0\1\0\1", 9); /* not allowed behind IDAT */
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_msg(info_of(&made, NULL, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_str_eq(info.chunks, "IHDR sBIT tRNS bKGD tIME gAMA prVt IDAT pHYs IEND");
    ck_assert_str_eq(info.dropped, "sBIT bKGD tIME gAMA prVt pHYs");
    ck_assert_uint_eq(info.image.channels, 4); /* tRNS became an alpha channel */
    pass_through(&out);
    without_image(&out, &found);
    ck_assert_uint_eq(found.n, 12 + 4 + 4);
    ck_assert_mem_eq(found.bytes, "\0\0\0\4gAMA\0\0\xb1\x8f", 12);
}
END_TEST

START_TEST(a_full_list_of_names_takes_no_more)
{
    char type[] = "aaaa";
    struct telar_info info;
    struct telar_error error;

    maker_begin(&made, 4, 3, 8, 2, 0);
    for (int i = 0; i < 100; i++) {
        type[2] = (char)('A' + i % 26); /* the third letter must be upper case */
        type[3] = (char)('a' + i / 26);
        maker_chunk(&made, type, "", 0);
    }
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_msg(info_of(&made, NULL, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_uint_eq(strlen(info.chunks),
                      51 * 5 - 1); /* 51 names and spaces take 254 of 256 bytes */
    ck_assert_uint_eq(strncmp(info.chunks, "IHDR aaAa aaBa", 14), 0);
}
END_TEST

START_TEST(a_copy_of_chunks_outlives_the_decoder)
{
    struct tl_decoder *decoder;
    struct tl_chunks *copy, *of_nothing;
    struct telar_error error = {0};
    char name[32];
    bool ok;
    int fd;

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "tEXt", "Title\0one", 9);
    maker_idat(&made, pixels, sizeof pixels);
    ck_assert_int_eq(
        tl_decoder_open(memory_file(made.bytes, made.n, &fd, name), NULL, &decoder, &error),
        TELAR_OK);
    copy = tl_chunks_copy(tl_decoder_chunks(decoder), &ok);
    ck_assert(ok && copy != NULL);
    tl_decoder_close(decoder);
    of_nothing = tl_chunks_copy(NULL, &ok);
    ck_assert(ok && of_nothing == NULL);
    tl_chunks_free(of_nothing);
    tl_chunks_free(copy);
    close(fd);
}
END_TEST

/* ---- limits ---- */

START_TEST(pixels_are_limited)
{
    struct telar_info info;
    struct telar_error error;

    maker_small(&made); /* 12 pixels */
    ck_assert_int_eq(info_of(&made, &(struct telar_limits){.max_pixels = 12}, &info, &error),
                     TELAR_OK);
    ck_assert_int_eq(info_of(&made, &(struct telar_limits){.max_pixels = 11}, &info, &error),
                     TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "3 x 4"));
    ck_assert_ptr_nonnull(strstr(error.text, "11 pixels"));
}
END_TEST

START_TEST(a_bomb_is_refused_for_its_size)
{
    struct telar_info info;
    struct telar_error error;

    maker_begin(&made, 65535, 65535, 8, 6, 0);
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_uint_lt(made.n, 100);
    ck_assert_int_eq(info_of(&made, NULL, &info, &error), TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "65535 x 65535"));

    /* Few pixels, but the rows are too long for memory. */
    maker_begin(&made, 0x7fffffff, 1, 16, 6, 0);
    maker_idat(&made, pixels, sizeof pixels);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_int_eq(
        info_of(&made, &(struct telar_limits){.max_pixels = UINT64_MAX}, &info, &error),
        TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "2147483647"));
}
END_TEST

/* Each chunk counts with its 12 bytes of framing. */
START_TEST(kept_chunks_are_limited_together)
{
    static unsigned char text[1000];
    const struct telar_limits enough = {.max_chunks_bytes = 2 * 1012},
                              less = {.max_chunks_bytes = 2 * 1012 - 1};
    struct telar_info info;
    struct telar_error error;

    memset(text, 'x', sizeof text);
    text[5] = '\0';
    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "tEXt", text, sizeof text);
    maker_chunk(&made, "prVt", pixels, sizeof pixels); /* dropped, so not counted */
    maker_idat(&made, pixels, sizeof pixels);
    memset(text + 5, 0, 5);
    maker_chunk(&made, "iTXt", text, sizeof text);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_msg(info_of(&made, &enough, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_str_eq(info.dropped, "prVt");
    ck_assert_msg(info_of(&made, &less, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_str_eq(info.dropped, "prVt iTXt");
}
END_TEST

/* A length field may claim 2 GiB. telar allocates memory only for bytes that arrive. */
START_TEST(a_chunk_that_claims_much_costs_little)
{
    const struct telar_limits no_limit = {.max_chunks_bytes = UINT64_MAX};
    struct telar_info info;
    struct telar_error error;

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_raw(&made, "\x7f\xff\xff\xfftEXt", 8);
    ck_assert_int_eq(info_of(&made, NULL, &info, &error), TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "truncated"));
    ck_assert_int_eq(info_of(&made, &no_limit, &info, &error), TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "truncated"));
}
END_TEST

/* ---- files that are not PNG ---- */

static void check_said(const char *path, const char *phrase, const char *remedy)
{
    struct telar_info info;
    struct telar_error error;

    ck_assert_int_eq(telar_info_read(path, NULL, &info, &error), TELAR_INPUT);
    ck_assert_msg(strstr(error.text, phrase) && strstr(error.text, remedy), "\"%s\"", error.text);
    ck_assert_msg(strlen(path) > 100 || strstr(error.text, path), "\"%s\"", error.text);
    ck_assert_ptr_null(strchr(error.text, '\n'));
}

static void check_contents_said(const char *contents, size_t n, const char *phrase)
{
    char name[32];
    int fd;

    check_said(memory_file(contents, n, &fd, name), phrase, ";");
    close(fd);
}

START_TEST(files_that_are_not_png_are_explained)
{
    char long_path[3000];

    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    check_said("/nonexistent/galaxy.png", "No such file", "check the name");
    check_said("/", "is a directory", "name a PNG file");
    check_said(long_path, "too long", "check the name");
    check_contents_said("", 0, "is empty");
    check_contents_said("\xff\xd8\xff\xe0\0\x10JFIF", 10, "JPEG");
    check_contents_said("GIF89a..........", 16, "GIF");
    check_contents_said("hello, world\n", 13, "not a PNG");
    check_contents_said("\x89PNG", 4, "truncated after 4 bytes");
    check_contents_said("\x89PNG\n\x1a\n\0\0\0\rIHDR", 16, "transfer as text");
}
END_TEST

START_TEST(standard_input_is_read_from_a_pipe)
{
    struct telar_info info;
    struct telar_error error;
    int ends[2];

    maker_small(&made);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], made.bytes, made.n), (ssize_t)made.n);
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    ck_assert_msg(telar_info_read("-", NULL, &info, &error) == TELAR_OK, "%s", error.text);
    ck_assert_uint_eq(info.image.columns, 4);
    ck_assert_uint_eq(info.file_bytes, 0);
    ck_assert_int_eq(telar_info_read("-", NULL, &info, &error), TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "standard input: is empty"));
    close(STDIN_FILENO);
    ck_assert_int_eq(telar_info_read("-", NULL, &info, &error), TELAR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "standard input"));
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
    struct telar_info info;
    struct telar_error error;
    int lowest = dup(STDIN_FILENO), now;

    close(lowest);
    maker_small(&made);
    for (size_t n = 0; n <= made.n; n += 7) {
        struct maker cut = made;

        cut.n = n;
        info_of(&cut, NULL, &info, &error);
    }
    telar_info_read("/", NULL, &info, &error);
    now = dup(STDIN_FILENO);
    ck_assert_int_eq(now, lowest);
    close(now);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        chunks_that_stay_valid_are_carried_over,
        a_profile_leaves_no_room_for_srgb,
        other_chunks_are_dropped_and_named,
        a_full_list_of_names_takes_no_more,
        a_copy_of_chunks_outlives_the_decoder,
        pixels_are_limited,
        a_bomb_is_refused_for_its_size,
        kept_chunks_are_limited_together,
        a_chunk_that_claims_much_costs_little,
        files_that_are_not_png_are_explained,
        standard_input_is_read_from_a_pipe,
        no_descriptor_stays_open,
        NULL,
    };

    return run_suite("codec_chunks", tests);
}
