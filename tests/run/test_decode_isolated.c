/* SPDX-License-Identifier: MIT */
/*
 * Tests files at the sandboxed rung, which libpng decodes in a process of its own. For valid and
 * damaged files, output and message must be those of the guarded rung. libpng is also made to
 * misbehave.
 */
#include <config.h>

#include "support/png_maker.h"
#include "support/runs.h"
#include "support/sandboxed.h"

#include <fcntl.h>
#include <png.h>
#include <sys/socket.h>

/* The action of libpng, before it reads a row. */
static void (*action)(void);

void __real_png_read_row(png_structrp png, png_bytep row, png_bytep display);
void __wrap_png_read_row(png_structrp png, png_bytep row, png_bytep display);
void __wrap_png_read_row(png_structrp png, png_bytep row, png_bytep display)
{
    if (action)
        action();
    __real_png_read_row(png, row, display);
}

static const char *out_name = "test_reader.out.png";
static struct maker maker;

/* The outcome of a run: status, message, and the bytes of the output. */
struct outcome {
    telar_status status;
    struct telar_error error;
    unsigned char bytes[MAKER_BYTES];
    size_t n;
};

static void convert(const char *in, telar_isolation isolation, struct outcome *outcome)
{
    struct telar_options options = {.isolation = isolation,
                                    .workers = 2,
                                    .timeout_ms = action ? 300 : 0,
                                    .on_crash = TELAR_ON_CRASH_FAIL};
    telar_pipeline *pipeline = telar_pipeline_new();
    int descriptors = count_descriptors();
    FILE *file;

    *outcome = (struct outcome){0};
    remove(out_name);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    outcome->status = telar_run_file(in, out_name, pipeline, &options, NULL, &outcome->error);
    check_nothing_left(descriptors);
    file = fopen(out_name, "rb");
    ck_assert_int_eq(file != NULL, outcome->status == TELAR_OK);
    if (file) {
        outcome->n = fread(outcome->bytes, 1, sizeof outcome->bytes, file);
        fclose(file);
    }
    remove(out_name);
    telar_pipeline_free(pipeline);
}

/* Runs on the maker's file at both rungs and compares. */
static void check_same(const char *what)
{
    static struct outcome guarded, sandboxed;
    char name[32];
    int fd;

    memory_file(maker.bytes, maker.n, &fd, name);
    convert(name, TELAR_GUARDED, &guarded);
    convert(name, TELAR_SANDBOXED, &sandboxed);
    close(fd);
    if (guarded.status != sandboxed.status || strcmp(guarded.error.text, sandboxed.error.text) != 0)
        ck_abort_msg("%s: \"%s\" and \"%s\"", what, guarded.error.text, sandboxed.error.text);
    if (guarded.n != sandboxed.n || memcmp(guarded.bytes, sandboxed.bytes, guarded.n) != 0)
        ck_abort_msg("%s: the outputs differ", what);
}

/* Makes a file whose rows are zeros and ones. These values are valid filters, and valid indices of
 * two colours at any depth. */
static void make_kind(int depth, int color_type, int interlaced, bool palette, bool transparent)
{
    static const unsigned char colors[] = {1, 2, 3, 250, 251, 252}, clear[] = {0, 1, 0, 1, 0, 1};
    unsigned char rows[4096] = {0};

    maker_begin(&maker, 8, 8, depth, color_type, interlaced);
    maker_chunk(&maker, "tEXt", "Title\0before", 12);
    maker_chunk(&maker, "vpAg", "dropped", 7);
    if (palette)
        maker_chunk(&maker, "PLTE", colors, sizeof colors);
    if (transparent)
        maker_chunk(&maker, "tRNS", clear, color_type == 3 ? 1 : color_type == 0 ? 2 : 6);
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = 0;
    maker_idat(&maker, rows,
               interlaced ? 15 * 1 + 8 * 8 * (size_t)depth / 8 * (color_type == 2 ? 3 : 1)
                          : 8 * (1 + (size_t)depth * (color_type == 2 ? 3 : 1)));
    maker_chunk(&maker, "tEXt", "Comment\0behind", 14);
    maker_chunk(&maker, "vpBg", "dropped too", 11);
    maker_chunk(&maker, "IEND", NULL, 0);
}

static const struct kind {
    int depth, color_type, interlaced;
    bool palette, transparent;
} kinds[] = {
    {8, 2, 0, false, false}, {8, 0, 0, false, false}, {16, 2, 0, false, false},
    {8, 2, 0, true, false},  {8, 2, 0, false, true},  {8, 0, 0, false, true},
    {1, 0, 0, false, false}, {4, 0, 0, false, true},  {1, 3, 0, true, false},
    {2, 3, 0, true, true},   {8, 3, 0, true, true},   {8, 3, 0, false, false},
    {8, 0, 1, false, false}, {8, 2, 1, false, false}, {8, 0, 0, true, false},
};

START_TEST(every_kind_of_file)
{
    const struct kind *k = &kinds[_i];

    make_kind(k->depth, k->color_type, k->interlaced, k->palette, k->transparent);
    check_same("kind");
}
END_TEST

/* Changes each byte of a file in turn: every field, CRC and chunk name. */
START_TEST(damage_anywhere)
{
    unsigned char flips[] = {0x01, 0x20, 0x80};
    size_t n;

    make_kind(8, _i ? 3 : 2, 0, _i, false);
    n = maker.n;
    for (size_t at = 8; at < n; at++) {
        unsigned char flip = flips[at % sizeof flips];

        maker.bytes[at] ^= flip;
        check_same("damage");
        maker.bytes[at] ^= flip;
    }
}
END_TEST

START_TEST(truncation_anywhere)
{
    size_t n;

    make_kind(8, 2, 0, false, false);
    n = maker.n;
    for (maker.n = 0; maker.n < n; maker.n++)
        check_same("truncation");
}
END_TEST

START_TEST(limits_hold)
{
    struct telar_limits limits = {TELAR_LIMITS_INIT, .max_pixels = 63};
    const struct telar_options options = {TELAR_OPTIONS_INIT, .isolation = TELAR_SANDBOXED,
                                          .limits = &limits};
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_report *report = NULL;
    struct telar_error error;
    char name[32];
    int fd;

    make_kind(8, 3, 0, true, false);
    memory_file(maker.bytes, maker.n, &fd, name);
    ck_assert_int_eq(telar_run_file(name, out_name, pipeline, &options, NULL, &error), TELAR_INPUT);
    ck_assert_msg(strstr(error.text, "over the limit of 63 pixels"), "%s", error.text);
    limits = (struct telar_limits){.max_chunks_bytes = 30};
    ck_assert_int_eq(telar_run_file(name, out_name, pipeline, &options, &report, &error), TELAR_OK);
    ck_assert_uint_eq(report->n_warnings, 1); /* two texts are over the limit, one kind of fault */
    ck_assert_str_eq(report->warning[0].chunk, "tEXt");
    telar_report_free(report);
    remove(out_name);
    close(fd);
    telar_pipeline_free(pipeline);
}
END_TEST

/* telar has already read the header from the pipe when libpng starts. */
START_TEST(unusual_files_can_be_read_from_pipes)
{
    static struct outcome by_name, by_pipe;
    char name[32];
    int fd, ends[2];

    make_kind(8, 3, 0, true, true);
    memory_file(maker.bytes, maker.n, &fd, name);
    convert(name, TELAR_SANDBOXED, &by_name);
    ck_assert_msg(by_name.status == TELAR_OK, "%s", by_name.error.text);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], maker.bytes, maker.n), (ssize_t)maker.n);
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    convert("-", TELAR_SANDBOXED, &by_pipe);
    ck_assert_msg(by_pipe.status == TELAR_OK, "%s", by_pipe.error.text);
    ck_assert_uint_eq(by_pipe.n, by_name.n);
    ck_assert_mem_eq(by_pipe.bytes, by_name.bytes, by_name.n);
}
END_TEST

/* ---- a libpng that misbehaves ---- */

static void crash(void)
{
    static volatile int *volatile nowhere;

    *nowhere = 0;
}

static void hang(void)
{
    for (volatile int i = 0;; i++)
        ;
}

static void leave(void)
{
    _exit(0);
}

static void reach_out(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static const struct misbehaviour {
    void (*action)(void);
    telar_status status;
    const char *words;
} misbehaviours[] = {
    {crash, TELAR_WORKER, "SIGSEGV"},
    {hang, TELAR_TIMEOUT, "time limit"},
    {leave, TELAR_WORKER, "exit status 0"},
    {reach_out, TELAR_WORKER, "tried the system call socket"},
};

START_TEST(a_misbehaving_libpng)
{
    static struct outcome outcome;
    char name[32];
    int fd;

    make_kind(8, 3, 0, true, false);
    memory_file(maker.bytes, maker.n, &fd, name);
    action = misbehaviours[_i].action;
    convert(name, TELAR_SANDBOXED, &outcome);
    close(fd);
    ck_assert_int_eq(outcome.status, misbehaviours[_i].status);
    ck_assert_msg(strstr(outcome.error.text, misbehaviours[_i].words), "%s", outcome.error.text);
    ck_assert_msg(strstr(outcome.error.text, name) && strstr(outcome.error.text, "pid"), "%s",
                  outcome.error.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = tcase_create("reader");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!can_sandbox("decoding in a sandbox"))
        return 77;
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, every_kind_of_file, 0, LENGTH(kinds));
    tcase_add_loop_test(tcase, damage_anywhere, 0, 2);
    tcase_add_test(tcase, truncation_anywhere);
    tcase_add_test(tcase, limits_hold);
    tcase_add_test(tcase, unusual_files_can_be_read_from_pipes);
    tcase_add_loop_test(tcase, a_misbehaving_libpng, 0, LENGTH(misbehaviours));
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
