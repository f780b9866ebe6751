/* SPDX-License-Identifier: MIT */
/* Tests damaged files: telar refuses every one of them with a message, and no call crashes. */
#include <config.h>

#include "support/png_maker.h"

#include <ctype.h>
#include <telar/image.h>

static struct maker made;

/* Returns the status of reading n bytes. Checks that a failure comes with a message. */
static telar_status read_with(const struct telar_limits *limits, const unsigned char *bytes,
                              size_t n, char text[TELAR_ERROR_TEXT_BYTES])
{
    struct telar_error error;
    telar_image *image;
    char name[32];
    int fd;
    telar_status status =
        telar_image_read(memory_file(bytes, n, &fd, name), limits, &image, &error);

    if (status != TELAR_OK) {
        ck_assert_ptr_null(image);
        ck_assert_int_eq(error.status, status);
        ck_assert_ptr_nonnull(strstr(error.text, name));
        if (text)
            strcpy(text, error.text);
    }
    telar_image_free(image);
    close(fd);
    return status;
}

static telar_status read_bytes(const unsigned char *bytes, size_t n,
                               char text[TELAR_ERROR_TEXT_BYTES])
{
    return read_with(&(struct telar_limits){.max_pixels = 1000000}, bytes, n, text);
}

static void check_refused_with(const struct telar_limits *limits, const char *phrase)
{
    char text[TELAR_ERROR_TEXT_BYTES] = "accepted";

    ck_assert_int_eq(read_with(limits, made.bytes, made.n, text), TELAR_INPUT);
    ck_assert_msg(strstr(text, phrase) != NULL, "\"%s\" lacks \"%s\"", text, phrase);
}

static void check_refused(const char *phrase)
{
    check_refused_with(&(struct telar_limits){.max_pixels = 1000000}, phrase);
}

/* Makes a file to damage. Kind 0 is RGB. Kind 1 has a palette, tRNS and text. Kind 2 is interlaced
 * RGBA of 16 bits. */
static void make_kind(int kind)
{
    unsigned char rows[512] = {0};
    const unsigned char palette[] = {1, 2, 3, 40, 50, 60, 255, 254, 253, 0, 0, 0},
                        transparent[] = {0, 128};

    if (kind == 0) {
        maker_small(&made);
        return;
    }
    maker_begin(&made, 5, 5, kind == 1 ? 2 : 16, kind == 1 ? 3 : 6, kind == 2);
    if (kind == 1) {
        maker_chunk(&made, "PLTE", palette, sizeof palette);
        maker_chunk(&made, "tRNS", transparent, sizeof transparent);
        maker_chunk(&made, "tEXt", "Title\0a picture", 15);
        maker_idat(&made, rows, 5 * 3);
    } else {
        /* Adam7 cuts 5 x 5 pixels into seven passes. As rows x columns they are 1x1, 1x1, 1x2, 2x1,
         * 1x3, 3x2 and 2x5. */
        maker_idat(&made, rows,
                   (1 + 8) + (1 + 8) + (1 + 16) + 2 * (1 + 8) + (1 + 24) + 3 * (1 + 16)
                       + 2 * (1 + 40));
    }
    maker_chunk(&made, "IEND", NULL, 0);
}

START_TEST(undamaged_files_are_accepted)
{
    for (int kind = 0; kind < 3; kind++) {
        char text[TELAR_ERROR_TEXT_BYTES] = "";

        make_kind(kind);
        ck_assert_msg(read_bytes(made.bytes, made.n, text) == TELAR_OK, "%s", text);
    }
}
END_TEST

START_TEST(cut_short_anywhere_is_refused)
{
    for (int kind = 0; kind < 3; kind++) {
        make_kind(kind);
        for (size_t n = 0; n < made.n; n++)
            ck_assert_msg(read_bytes(made.bytes, n, NULL) == TELAR_INPUT, "kind %d, %zu bytes",
                          kind, n);
    }
}
END_TEST

/* A CRC detects every change of one bit. A change of the framing makes a CRC wrong too. Only in an
 * ancillary chunk does a flipped bit leave every pixel certain: in its CRC, in its data, and in its
 * name if that stays the name of an ancillary chunk. */
static bool is_certain(size_t bit)
{
    size_t at = 8, end;
    unsigned char changed;

    while ((end = at + 12 + get_u32(made.bytes + at)) <= bit / 8)
        at = end;
    changed = (unsigned char)(made.bytes[bit / 8] ^ 1 << bit % 8);
    if (!(made.bytes[at + 4] & 0x20) || bit / 8 < at + 4)
        return false;
    return bit / 8 >= at + 8 || (bit / 8 == at + 4 ? islower(changed) : isalpha(changed));
}

START_TEST(every_flipped_bit_is_refused)
{
    for (int kind = 0; kind < 3; kind++) {
        make_kind(kind);
        for (size_t bit = 0; bit < 8 * made.n; bit++) {
            const telar_status expected = is_certain(bit) ? TELAR_OK : TELAR_INPUT;

            made.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            ck_assert_msg(read_bytes(made.bytes, made.n, NULL) == expected, "kind %d, bit %zu",
                          kind, bit);
            made.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
}
END_TEST

/* Flips each bit of a chunk's data and repairs its CRC, so that later checks see the damage. */
static void flip_behind_crc(size_t begin, uint32_t length)
{
    for (size_t bit = 0; bit < 8 * (size_t)length; bit++) {
        unsigned char *byte = made.bytes + begin + 8 + bit / 8, crc[4];
        telar_status status;

        *byte ^= (unsigned char)(1 << bit % 8);
        memcpy(crc, made.bytes + begin + 8 + length, 4);
        put_u32(made.bytes + begin + 8 + length,
                (uint32_t)crc32(0, made.bytes + begin + 4, length + 4));
        status = read_bytes(made.bytes, made.n, NULL);
        ck_assert_msg(status == TELAR_OK || status == TELAR_INPUT, "chunk at %zu, bit %zu: %d",
                      begin, bit, status);
        memcpy(made.bytes + begin + 8 + length, crc, 4);
        *byte ^= (unsigned char)(1 << bit % 8);
    }
}

START_TEST(damage_with_a_right_crc_causes_no_crash)
{
    for (int kind = 0; kind < 3; kind++) {
        make_kind(kind);
        for (size_t at = 8; at < made.n; at += 12 + get_u32(made.bytes + at))
            flip_behind_crc(at, get_u32(made.bytes + at));
    }
}
END_TEST

START_TEST(image_data_must_be_complete)
{
    const unsigned char rows[3 * 13] = {0};

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused("IEND");

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_idat(&made, rows, sizeof rows - 1);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused("Not enough image data");

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_idat(&made, rows, sizeof rows);
    check_refused("truncated");
}
END_TEST

/* The rows of a picture of twelve pixels, and zeros behind them: a byte, and one MiB. */
START_TEST(more_image_data_than_rows_is_read)
{
    static unsigned char rows[1 << 20];
    const size_t sizes[] = {3 * 13 + 1, sizeof rows};

    for (size_t i = 0; i < 2; i++) {
        maker_begin(&made, 4, 3, 8, 2, 0);
        maker_idat(&made, rows, sizes[i]);
        maker_chunk(&made, "IEND", NULL, 0);
        ck_assert_int_eq(read_bytes(made.bytes, made.n, NULL), TELAR_OK);
    }
}
END_TEST

/* A small file could otherwise cost hours: zeros are packed 1000 to 1. */
START_TEST(image_data_beyond_the_limit_of_pixels_is_refused)
{
    static unsigned char rows[1 << 20];

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_idat(&made, rows, sizeof rows);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused_with(&(struct telar_limits){.max_pixels = 1000}, "Too much image data");
}
END_TEST

START_TEST(bytes_behind_the_stream_are_passed)
{
    const unsigned char rows[3 * 13] = {0}, more[128] = {0};

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_idat(&made, rows, sizeof rows);
    maker_chunk(&made, "IDAT", more, sizeof more);
    maker_chunk(&made, "IEND", NULL, 0);
    ck_assert_int_eq(read_bytes(made.bytes, made.n, NULL), TELAR_OK);
    made.bytes[made.n - 13] ^= 1; /* the CRC of these bytes */
    check_refused("IDAT: CRC error");
}
END_TEST

START_TEST(image_data_checksum_is_checked)
{
    const unsigned char rows[3 * 13] = {0};
    unsigned char packed[256];
    size_t n = pack(packed, sizeof packed, rows, sizeof rows);

    packed[n - 1] ^= 1;
    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "IDAT", packed, n);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused("checksum is wrong");
}
END_TEST

/* Otherwise telar would check the size before it knows the size, and no limit would hold. */
START_TEST(the_header_must_come_first)
{
    static const char *const names[] = {"gAMA", "tEXt", "prVt"};
    const unsigned char rows[3 * 13] = {0};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (uint32_t columns = 4; columns <= 400000000;
             columns = columns < 400000000 ? columns * 100 : UINT32_MAX) {
            static struct maker whole;

            maker_begin(&whole, columns, 3, 8, 2, 0);
            made.n = 0;
            maker_raw(&made, whole.bytes, 8);
            maker_chunk(&made, names[i], "\0\0\1\2", 4);
            maker_raw(&made, whole.bytes + 8, whole.n - 8);
            maker_idat(&made, rows, sizeof rows);
            maker_chunk(&made, "IEND", NULL, 0);
            check_refused("IHDR is not its first chunk");
        }
}
END_TEST

START_TEST(a_palette_image_must_have_a_palette)
{
    const unsigned char rows[2] = {0, 0x1b};

    maker_begin(&made, 4, 1, 2, 3, 0);
    maker_idat(&made, rows, sizeof rows);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused("PLTE");
}
END_TEST

START_TEST(unknown_critical_chunks_are_refused)
{
    const unsigned char rows[3 * 13] = {0};

    maker_begin(&made, 4, 3, 8, 2, 0);
    maker_chunk(&made, "CgBI", rows, 4);
    maker_idat(&made, rows, sizeof rows);
    maker_chunk(&made, "IEND", NULL, 0);
    check_refused("CgBI");
}
END_TEST

START_TEST(bytes_behind_iend_are_not_read)
{
    maker_small(&made);
    maker_raw(&made, "thumbnail of some camera", 24);
    ck_assert_int_eq(read_bytes(made.bytes, made.n, NULL), TELAR_OK);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        undamaged_files_are_accepted,
        cut_short_anywhere_is_refused,
        every_flipped_bit_is_refused,
        damage_with_a_right_crc_causes_no_crash,
        image_data_must_be_complete,
        more_image_data_than_rows_is_read,
        image_data_beyond_the_limit_of_pixels_is_refused,
        bytes_behind_the_stream_are_passed,
        image_data_checksum_is_checked,
        the_header_must_come_first,
        a_palette_image_must_have_a_palette,
        unknown_critical_chunks_are_refused,
        bytes_behind_iend_are_not_read,
        NULL,
    };

    return run_suite("codec_damage", tests);
}
