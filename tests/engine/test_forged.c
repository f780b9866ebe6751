/* SPDX-License-Identifier: MIT */
/*
 * A sandboxed worker that is an attacker's writes what it likes where it may write, and says what
 * it likes of it. Nothing of that is a length or an index to anybody else, no other process
 * suffers, and nothing but image data gets into the file. What it may spoil are pixels.
 */
#include <config.h>

#include "support/retry_fixture.h"
#include "support/sandboxed.h"
#include "support/seed.h"

#include "flate/checksum.h"

#include <telar/telar.h>

static void put_32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static uint32_t get_32_at(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Makes the CRC of a chunk right. PNG specification, 5.3. */
static void seal(unsigned char *chunk)
{
    uint32_t n = get_32_at(chunk);

    put_32(chunk + 8 + n, tl_crc32(0, chunk + 4, n + 4));
}

/* ---- of a band that is encoded ---- */

static void another_kind(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)n;
    (void)record;
    memcpy(extent + 4, "tEXt", 4);
    seal(extent);
}

static void wrong_crc(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)n;
    extent[record->bytes - 1] ^= 1;
}

static void longer_chunk(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)n;
    (void)record;
    put_32(extent, get_32_at(extent) + 1);
}

static void longest_chunk(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)n;
    (void)record;
    memset(extent, 0xff, 4);
}

static void one_chunk_more(unsigned char *extent, size_t n, struct tl_record *record)
{
    static const unsigned char text[] = "\0\0\0\3tEXta\0b";
    unsigned char *more = extent + record->bytes;

    (void)n;
    memcpy(more, text, 11);
    seal(more);
    record->bytes += 15;
}

static void nothing(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)extent;
    (void)n;
    record->bytes = 0;
}

static void a_byte_less(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)extent;
    (void)n;
    record->bytes--;
}

static void more_than_fits(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)extent;
    record->bytes = (uint32_t)n + 1;
}

static void as_much_as_can_be_said(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)extent;
    (void)n;
    record->bytes = UINT32_MAX;
}

static void no_head_of_a_stream(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)n;
    (void)record;
    extent[8] = 0;
    seal(extent);
}

static const struct {
    const char *name, *text;
    uint64_t index;
    void (*forge)(unsigned char *extent, size_t n, struct tl_record *record);
} bands[] = {
    {"another kind of chunk", "something else than image data", 1, another_kind},
    {"a wrong CRC", "something else than image data", 1, wrong_crc},
    {"a longer chunk", "something else than image data", 1, longer_chunk},
    {"the longest chunk", "something else than image data", 1, longest_chunk},
    {"a chunk more", "something else than image data", 1, one_chunk_more},
    {"nothing", "something else than image data", 1, nothing},
    {"a byte less", "something else than image data", 1, a_byte_less},
    {"more than fits", "claims to have written more than its slot holds", 1, more_than_fits},
    {"the most", "claims to have written more than its slot holds", 1, as_much_as_can_be_said},
    {"no head of a stream", "something else than image data", 0, no_head_of_a_stream},
};

static const char old[] = "old";

static void make_old(void)
{
    FILE *file = fopen(output, "wbe");

    ck_assert_ptr_nonnull(file);
    fputs(old, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void check_old(const char *what)
{
    struct content content = load(output);

    ck_assert_msg(content.n == strlen(old) && memcmp(content.bytes, old, content.n) == 0,
                  "%s: the output is touched", what);
    free(content.bytes);
}

/* The picture is not written: neither the first time, nor where it may be tried again. */
START_TEST(nothing_but_image_data_is_written)
{
    const struct strike s = {.kind = TELAR_TASK_ENCODE,
                             .index = bands[_i].index,
                             .times = 100,
                             .forge = bands[_i].forge};
    const struct telar_options options = {.isolation = TELAR_SANDBOXED, .workers = 2};
    struct telar_error error = {.text = ""};
    int descriptors;

    make_input(true);
    make_old();
    descriptors = count_descriptors();
    atomic_store(struck, 0);
    strike = &s;
    ck_assert_msg(run(&alone, options, NULL, &error) == TELAR_WORKER, "%s: %s", bands[_i].name,
                  error.text);
    strike = NULL;
    ck_assert_msg(strstr(error.text, bands[_i].text), "%s: %s", bands[_i].name, error.text);
    check_old(bands[_i].name);
    check_nothing_left(descriptors);
    remove_files();
}
END_TEST

/* ---- of what others read ---- */

static void all_ones(unsigned char *extent, size_t n, struct tl_record *record)
{
    memset(extent, 0xff, n);
    (void)record;
}

static void all_ones_and_all_of_it(unsigned char *extent, size_t n, struct tl_record *record)
{
    memset(extent, 0xff, n);
    record->bytes = (uint32_t)n;
}

static void other_checksum(unsigned char *extent, size_t n, struct tl_record *record)
{
    (void)extent;
    (void)n;
    record->input_sum ^= 0x10001;
}

static void noise(unsigned char *extent, size_t n, struct tl_record *record)
{
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++)
        extent[i] = (unsigned char)((state = state * 1664525 + 1013904223) >> 24);
    record->bytes = (uint32_t)n;
    record->output_sum = record->input_sum = state;
}

static void (*const spoilers[])(unsigned char *extent, size_t n, struct tl_record *record) = {
    all_ones, all_ones_and_all_of_it, other_checksum, noise};

/* Every kind of task in every kind of pipeline, the first, one in the middle, and the one behind
 * the last band. */
static const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_PREPARE,
                                        TELAR_TASK_GATHER,  TELAR_TASK_MERGE,    TELAR_TASK_PROCESS,
                                        TELAR_TASK_ENCODE};
static const uint64_t places[] = {0, 1, N_BANDS / 2, N_BANDS - 1, N_BANDS};

/* Each place of each work gets one of the spoilers, which the seed chooses. */
static bool in_sample(size_t work, size_t place, size_t spoiler)
{
    return chosen(work + place + spoiler, LENGTH(spoilers));
}

/* The run ends by itself: with spoilt pixels, or with a refusal. Nobody is killed by what another
 * has written. */
static void check_spoilt(const struct work *work, const struct strike *s)
{
    const struct telar_options options = {
        .isolation = TELAR_SANDBOXED, .workers = 2, .on_crash = TELAR_ON_CRASH_FAIL};
    struct telar_error error = {.text = ""};
    int descriptors;
    telar_status status;

    make_old();
    descriptors = count_descriptors();
    atomic_store(struck, 0);
    strike = s;
    status = run(work, options, NULL, &error);
    strike = NULL;
    if (status == TELAR_OK) {
        telar_image *image = NULL;

        ck_assert_msg(telar_image_read(output, NULL, &image, &error) == TELAR_OK, "%s: %s",
                      telar_task_kind_name(s->kind), error.text);
        telar_image_free(image);
    } else {
        ck_assert_msg(status == TELAR_INPUT || status == TELAR_WORKER, "%s", error.text);
        ck_assert_msg(!strstr(error.text, "SIG"), "%s %u: %s", telar_task_kind_name(s->kind),
                      (unsigned)s->index, error.text);
        check_old(telar_task_kind_name(s->kind));
    }
    check_nothing_left(descriptors);
}

START_TEST(others_do_not_suffer)
{
    const struct work *const works[] = {&chain, &alone, &straight, &grid};
    unsigned forged = 0;

    for (size_t w = 0; w < LENGTH(works); w++) {
        bool reached = true; /* where a work has no such task at a place, it has none behind it */

        make_input(works[w]->restart);
        for (size_t p = 0; p < LENGTH(places) && reached; p++)
            for (size_t f = 0; f < LENGTH(spoilers); f++) {
                const struct strike s = {
                    .kind = kinds[_i], .index = places[p], .times = 1, .forge = spoilers[f]};

                if (!in_sample(w, p, f))
                    continue;
                check_spoilt(works[w], &s);
                reached = atomic_load(struck) > 0;
                forged += reached;
            }
    }
    remove_files();
    ck_assert_uint_gt(forged, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forged");
    TCase *file = tcase_create("file"), *neighbours = tcase_create("neighbours");
    SRunner *runner;
    int failed;

    tcase_set_timeout(file, 300);
    tcase_set_timeout(neighbours, 300);
    if (can_sandbox("what an attacker's worker forges")) {
        tcase_add_loop_test(file, nothing_but_image_data_is_written, 0, LENGTH(bands));
        tcase_add_loop_test(neighbours, others_do_not_suffer, 0, LENGTH(kinds));
    }
    suite_add_tcase(suite, file);
    suite_add_tcase(suite, neighbours);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
