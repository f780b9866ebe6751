/* SPDX-License-Identifier: MIT */
/*
 * Tests decoding in a process of its own, and the checks on the record of that process. Coordinator
 * and decoder run here without a sandbox, so that sanitizers see both. Decoding in this process
 * gives the expected result for the same file.
 */
#include <config.h>

#include "png/kept_chunks.h"
#include "png/decoder.h"
#include "support/seed.h"
#include "support/png_maker.h"
#include "support/runs.h"
#include "isolate/segment.h"
#include "support/suite.h"

enum { FOUND_BYTES = 1 << 16 };

static struct maker maker;
static const struct telar_limits limits = {.max_pixels = 100000, .max_chunks_bytes = 4096};

/* Makes a file of 8 x 8 pixels with rows of zeros. Other chunks stand before and behind the image
 * data. */
static void make(int depth, int color_type, bool palette, bool transparent)
{
    static const unsigned char colors[6] = {9, 8, 7, 6, 5, 4}, rows[8 * (1 + 8 * 2 * 4)];

    maker_begin(&maker, 8, 8, depth, color_type, 0);
    maker_chunk(&maker, "tEXt", "Title\0before", 12);
    maker_chunk(&maker, "vpAg", "dropped", 7);
    if (palette)
        maker_chunk(&maker, "PLTE", colors, sizeof colors);
    if (transparent)
        maker_chunk(&maker, "tRNS", colors, color_type == 3 ? 1 : color_type == 0 ? 2 : 6);
    maker_idat(&maker, rows,
               8
                   * (1
                      + (size_t)depth
                            * (color_type == 2   ? 3
                               : color_type == 6 ? 4
                                                 : 1)));
    maker_chunk(&maker, "tEXt", "Comment\0behind", 14);
    maker_chunk(&maker, "vpBg", "dropped too", 11);
    maker_chunk(&maker, "IEND", NULL, 0);
}

static const struct kind {
    int depth, color_type;
    bool palette, transparent;
} kinds[] = {
    {8, 2, false, false}, {16, 2, false, false}, {8, 6, false, false}, {8, 0, false, false},
    {8, 2, true, false},  {8, 2, false, true},   {8, 0, false, true},  {1, 0, false, false},
    {2, 3, true, false},  {8, 3, true, true},
};

static void same_chunks(const struct tl_decoder *a, const struct tl_decoder *b)
{
    const struct tl_chunks *p = tl_decoder_chunks(a), *q = tl_decoder_chunks(b);

    ck_assert_uint_eq(p->used, q->used);
    ck_assert_uint_eq(p->before_idat, q->before_idat);
    ck_assert_mem_eq(p->bytes, q->bytes, p->used);
}

/* Decodes in a child, as in a sandbox. There libpng's structures and the kept chunks are not on the
 * heap. */
static void read_in_child(struct tl_decoder *d, unsigned char *data, struct tl_found *found)
{
    void *memory = malloc(tl_decoder_memory_bytes(d));
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        tl_decoder_read_inside(d, memory, data, 64, found, FOUND_BYTES);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    free(memory);
}

/* Returns whether the pixels have room. A changed IHDR has a wrong CRC, so all files fit. */
static bool fits(const struct tl_decoder *d)
{
    return tl_decoder_geometry(d)->rows == 8 && tl_decoder_geometry(d)->columns == 8;
}

/* Reads the file by libpng directly, and as in a sandbox. Pixels, chunks and messages must be the
 * same. */
static void read_both_ways(void)
{
    struct tl_found *found = tl_shared_map(FOUND_BYTES);
    unsigned char direct_pixels[8 * 64] = {0}, *pixels = tl_shared_map(8 * 64);
    struct tl_decoder *direct = NULL, *scanned = NULL;
    struct telar_error said = {0}, heard = {0};
    char name[32];
    int fd;

    memory_file(maker.bytes, maker.n, &fd, name);
    if (tl_decoder_open(name, &limits, &direct, &said) == TELAR_OK && fits(direct))
        tl_decoder_read(direct, direct_pixels, 64, &said);
    if (tl_decoder_open(name, &limits, &scanned, &heard) == TELAR_OK && fits(scanned)) {
        read_in_child(scanned, pixels, found);
        tl_decoder_take_found(scanned, found, FOUND_BYTES, &heard);
    }
    ck_assert_int_eq(heard.status, said.status);
    if (said.status == TELAR_OK) {
        struct telar_warnings v, w;
        struct telar_info x, y;

        ck_assert_mem_eq(tl_decoder_geometry(direct), tl_decoder_geometry(scanned),
                         sizeof(struct telar_geometry));
        ck_assert_mem_eq(direct_pixels, pixels, sizeof direct_pixels);
        same_chunks(direct, scanned);
        tl_decoder_info(direct, &x);
        tl_decoder_info(scanned, &y);
        ck_assert_str_eq(x.dropped, y.dropped);
        tl_decoder_warnings(direct, &v);
        tl_decoder_warnings(scanned, &w);
        ck_assert_mem_eq(&v, &w, sizeof v);
    }
    tl_decoder_close(direct);
    tl_decoder_close(scanned);
    close(fd);
    tl_private_unmap(found, FOUND_BYTES);
    tl_private_unmap(pixels, 8 * 64);
}

START_TEST(kinds_read_the_same_both_ways)
{
    make(kinds[_i].depth, kinds[_i].color_type, kinds[_i].palette, kinds[_i].transparent);
    read_both_ways();
}
END_TEST

enum { STEP = 5 }; /* one of so many damaged or cut bytes is tested */

START_TEST(damage_reads_the_same_both_ways)
{
    size_t n;

    make(kinds[_i].depth, kinds[_i].color_type, kinds[_i].palette, kinds[_i].transparent);
    n = maker.n;
    for (size_t at = 8; at < n; at++)
        if (chosen(at, STEP)) {
            maker.bytes[at] ^= 0x21;
            read_both_ways();
            maker.bytes[at] ^= 0x21;
        }
    for (maker.n = 9; maker.n < n; maker.n++)
        if (chosen(maker.n, STEP))
            read_both_ways();
}
END_TEST

/* Common files need no libpng. The palette of an RGB picture is only a suggestion. */
START_TEST(common_files_are_read_in_bands)
{
    struct tl_decoder *opened;
    char name[32];
    int fd;

    make(kinds[_i].depth, kinds[_i].color_type, kinds[_i].palette, kinds[_i].transparent);
    memory_file(maker.bytes, maker.n, &fd, name);
    ck_assert_int_eq(tl_decoder_open(name, &limits, &opened, NULL), TELAR_OK);
    ck_assert_int_eq(tl_decoder_in_bands(opened), _i < 5);
    tl_decoder_close(opened);
    close(fd);
}
END_TEST

/* ---- false records ---- */

static telar_status take(const struct tl_found *found, struct telar_error *error)
{
    struct tl_decoder *d;
    telar_status status;
    char name[32];
    int fd;

    make(8, 3, true, false);
    memory_file(maker.bytes, maker.n, &fd, name);
    ck_assert_int_eq(tl_decoder_open(name, &limits, &d, NULL), TELAR_OK);
    *error = (struct telar_error){0};
    status = tl_decoder_take_found(d, found, FOUND_BYTES, error);
    tl_decoder_close(d);
    close(fd);
    return status;
}

START_TEST(false_records_are_refused)
{
    struct tl_found *found = calloc(1, FOUND_BYTES);
    struct telar_error error;

    ck_assert_int_eq(take(found, &error), TELAR_OK);
    found->tail_bytes = FOUND_BYTES;
    ck_assert_int_eq(take(found, &error), TELAR_WORKER);
    found->tail_bytes = 2;
    ck_assert_int_eq(take(found, &error), TELAR_INPUT); /* a chunk has at least 12 bytes */
    found->tail_bytes = 0;
    found->faults.n = UINT32_MAX;
    ck_assert_int_eq(take(found, &error), TELAR_WORKER);
    found->faults.n = 1; /* a fault without a kind and a name */
    ck_assert_int_eq(take(found, &error), TELAR_WORKER);
    found->faults.n = 0;
    memset(found->dropped, 'a', sizeof found->dropped);
    ck_assert_int_eq(take(found, &error), TELAR_WORKER); /* a text without its final zero */
    strcpy(found->dropped, "vpAg\033[2J");
    ck_assert_int_eq(take(found, &error), TELAR_WORKER);
    found->dropped[0] = '\0';
    found->error.status = (telar_status)4711;
    memset(found->error.text, 'x', sizeof found->error.text);
    ck_assert_int_eq(take(found, &error), TELAR_INPUT);
    ck_assert_uint_lt(strlen(error.text), sizeof error.text);
    free(found);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scan");
    TCase *tcase = tcase_create("scan");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, common_files_are_read_in_bands, 0, LENGTH(kinds));
    tcase_add_loop_test(tcase, kinds_read_the_same_both_ways, 0, LENGTH(kinds));
    tcase_add_loop_test(tcase, damage_reads_the_same_both_ways, 0, LENGTH(kinds));
    tcase_add_test(tcase, false_records_are_refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
