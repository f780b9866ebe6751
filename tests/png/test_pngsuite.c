/* SPDX-License-Identifier: MIT */
/*
 * Tests every file of PngSuite: valid files must give the published pixels, broken files must be
 * refused. TELAR_PNGSUITE names the folder. Without it the test is skipped, and prints so. The
 * digests stand in expected.tsv, one file a line: name, "accept" or "refuse", columns, rows, bits
 * of a sample, SHA-256 of the pixels as RGBA, big-endian.
 */
#include <config.h>

#include "support/sha256.h"
#include "support/suite.h"

#include <stdio.h>
#include <string.h>
#include <telar/image.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static char folder[2048];

struct row {
    char file[64], verdict[16], columns[16], rows[16], bits[16], digest[65];
};

/* Reads the next line of expected.tsv that is not a comment. */
static bool next_row(FILE *list, struct row *row)
{
    char line[512];

    while (fgets(line, sizeof line, list)) {
        if (line[0] == '#')
            continue;
        ck_assert_msg(sscanf(line, "%63s %15s %15s %15s %15s %64s", row->file, row->verdict,
                             row->columns, row->rows, row->bits, row->digest)
                          == 6,
                      "%s", line);
        return true;
    }
    return false;
}

static FILE *open_list(void)
{
    char path[sizeof folder + 32];

    snprintf(path, sizeof path, "%s/expected.tsv", folder);
    return fopen(path, "r");
}

/* Writes one pixel as RGBA, big-endian. Grey is repeated three times. A missing alpha becomes
 * opaque. */
static unsigned char *put_rgba(unsigned char *to, const unsigned char *pixel,
                               const struct telar_geometry *g)
{
    uint32_t colors = g->channels < 3 ? 1 : 3;

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t from = i == 3 ? g->channels - 1 : i % colors;
        uint16_t value = 0xffff;

        if (i == 3 && !telar_has_alpha(g))
            ;
        else if (g->depth == 8)
            value = pixel[from];
        else
            memcpy(&value, pixel + 2 * from, 2);
        if (g->depth == 16)
            *to++ = (unsigned char)(value >> 8);
        *to++ = (unsigned char)value;
    }
    return to;
}

static void check_pixels(telar_image *image, const struct row *row)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    size_t n = (size_t)g->rows * g->columns * 4 * (g->depth / 8);
    unsigned char *rgba = malloc(n), *to = rgba;
    char hex[65];

    ck_assert_uint_eq(g->columns, strtoul(row->columns, NULL, 10));
    ck_assert_uint_eq(g->rows, strtoul(row->rows, NULL, 10));
    ck_assert_uint_eq(g->depth, strtoul(row->bits, NULL, 10));
    for (uint32_t r = 0; r < g->rows; r++)
        for (uint32_t c = 0; c < g->columns; c++)
            to = put_rgba(to, telar_image_row(image, r) + c * telar_pixel_bytes(g), g);
    sha256(rgba, n, hex);
    ck_assert_msg(strcmp(hex, row->digest) == 0, "%s: %s, not %s", row->file, hex, row->digest);
    free(rgba);
}

static telar_image *read_file(const struct row *row, struct telar_error *error)
{
    char path[sizeof folder + sizeof row->file + 1];
    telar_image *image;
    telar_status status;

    snprintf(path, sizeof path, "%s/%s", folder, row->file);
    status = telar_image_read(path, NULL, &image, error);
    ck_assert_msg((status == TELAR_OK) == (image != NULL), "%s", row->file);
    return image;
}

START_TEST(digests_are_right)
{
    char hex[65];

    /* The examples of FIPS 180-2, appendix B. */
    sha256((const unsigned char *)"abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256((const unsigned char *)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
           hex);
    ck_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
END_TEST

START_TEST(valid_files_give_their_pixels)
{
    FILE *list = open_list();
    struct row row;
    int accepted = 0;

    while (next_row(list, &row)) {
        struct telar_error error;
        telar_image *image;

        if (strcmp(row.verdict, "accept") != 0)
            continue;
        image = read_file(&row, &error);
        ck_assert_msg(image != NULL, "%s", error.text);
        check_pixels(image, &row);
        telar_image_free(image);
        accepted++;
    }
    fclose(list);
    ck_assert_int_eq(accepted, 161);
}
END_TEST

START_TEST(files_written_again_give_the_same_pixels)
{
    FILE *list = open_list();
    char copy[] = "telar-pngsuite-XXXXXX";
    int fd = mkstemp(copy);
    struct row row;

    ck_assert_int_ge(fd, 0);
    close(fd);
    while (next_row(list, &row)) {
        struct telar_error error;
        telar_image *image;

        if (strcmp(row.verdict, "accept") != 0)
            continue;
        image = read_file(&row, &error);
        ck_assert_msg(telar_image_write(image, copy, &error) == TELAR_OK, "%s", error.text);
        telar_image_free(image);
        ck_assert_msg(telar_image_read(copy, NULL, &image, &error) == TELAR_OK, "%s", error.text);
        check_pixels(image, &row);
        telar_image_free(image);
    }
    fclose(list);
    unlink(copy);
}
END_TEST

START_TEST(broken_files_are_refused)
{
    FILE *list = open_list();
    struct row row;
    int refused = 0;

    while (next_row(list, &row)) {
        struct telar_error error;

        if (strcmp(row.verdict, "refuse") != 0)
            continue;
        ck_assert_msg(read_file(&row, &error) == NULL, "%s", row.file);
        ck_assert_int_eq(error.status, TELAR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, row.file));
        refused++;
    }
    fclose(list);
    ck_assert_int_eq(refused, 14);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        digests_are_right,
        valid_files_give_their_pixels,
        files_written_again_give_the_same_pixels,
        broken_files_are_refused,
        NULL,
    };
    const char *given = getenv("TELAR_PNGSUITE");
    FILE *list;

    if (!given) {
        printf("skip - pngsuite: TELAR_PNGSUITE does not name its folder\n");
        return SKIPPED;
    }
    snprintf(folder, sizeof folder, "%s", given);
    list = open_list();
    if (!list) {
        printf("not ok - pngsuite: %s has no expected.tsv\n", folder);
        return EXIT_FAILURE;
    }
    fclose(list);
    return run_suite("pngsuite", tests);
}
