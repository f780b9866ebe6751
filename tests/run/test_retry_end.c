/* SPDX-License-Identifier: MIT */
/* Tests the limits of retrying: a region that loses every worker ends the run, or is left as the
 * source. Input from a pipe cannot be read again. Options without meaning are refused. */
#include <config.h>

#include "support/retry_fixture.h"

static const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED};

/* ---- the last attempt ---- */

/* Every worker that gets the task is lost. Checks the status, the message and the number of
 * attempts. */
static void check_end(const struct work *work, const struct strike *s, struct telar_options options,
                      uint32_t attempts)
{
    int descriptors = count_descriptors();
    const char *what = describe(s, options.workers);
    struct telar_error error;
    telar_report *report;
    telar_status status;

    atomic_store(struck, 0);
    strike = s;
    status = run(work, options, &report, &error);
    strike = NULL;
    ck_assert_msg(status == failures[s->failure].status, "%s: %s", what, telar_status_name(status));
    ck_assert_int_eq(error.status, status);
    ck_assert_msg(strstr(error.text, failures[s->failure].why) != NULL, "%s: %s", what, error.text);
    ck_assert_msg(atomic_load(struck) == attempts, "%s: tried %u times", what, atomic_load(struck));
    ck_assert_uint_ge(report->n_losses, attempts);
    ck_assert(error.has_region == (s->kind != TELAR_TASK_MERGE));
    telar_report_free(report);
    check_nothing_left(descriptors);
}

START_TEST(a_region_that_kills_every_worker_ends_the_run)
{
    const struct {
        int32_t retries;
        uint32_t attempts;
    } cases[] = {{0, 3}, {TELAR_RETRIES_NONE, 1}, {1, 2}, {7, 8}};

    make_input(false);
    for (size_t rung = 0; rung < LENGTH(rungs); rung++)
        for (size_t i = 0; i < LENGTH(cases); i++) {
            struct strike s = {
                .kind = TELAR_TASK_ENCODE, .index = 5, .times = 1000, .failure = SEGV};
            struct telar_options options = {.workers = 2,
                                            .isolation = rungs[rung],
                                            .retries = cases[i].retries,
                                            .on_crash = TELAR_ON_CRASH_RETRY};

            check_end(&chain, &s, options, cases[i].attempts);
            s.kind = TELAR_TASK_INFLATE;
            check_end(&chain, &s, options, cases[i].attempts);
        }
    remove_files();
}
END_TEST

START_TEST(without_retry_the_first_loss_ends_the_run)
{
    struct strike s = {.kind = TELAR_TASK_MERGE, .index = 0, .times = 1000, .failure = ABORT};
    struct telar_options options = {.workers = 2, .on_crash = TELAR_ON_CRASH_FAIL};

    make_input(false);
    check_end(&grid, &s, options, 1);
    options = (struct telar_options){.workers = 2,
                                     .isolation = TELAR_SHARED}; /* fail is the default there */
    check_end(&grid, &s, options, 1);
    remove_files();
}
END_TEST

START_TEST(a_region_that_always_hangs_ends_the_run_by_time)
{
    struct strike s = {.kind = TELAR_TASK_PROCESS, .index = 4, .times = 1000, .failure = HANG};
    struct telar_options options = {.workers = 1, .timeout_ms = 3000, .retries = 1};

    make_input(true);
    check_end(&grid, &s, options, 2);
    remove_files();
}
END_TEST

/* ---- skipping ---- */

static telar_image *read_picture(const char *path)
{
    telar_image *image;

    ck_assert_int_eq(telar_image_read(path, NULL, &image, NULL), TELAR_OK);
    return image;
}

/* Checks that `got` equals the source inside the region, and `expected` elsewhere. */
static void check_skipped(const char *expected_path, const struct telar_region *region)
{
    telar_image *source = read_picture(input), *expected = read_picture(expected_path),
                *got = read_picture(output);

    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++) {
            bool inside = row >= region->r0 && row < region->r1 && column >= region->c0
                          && column < region->c1;

            QUICK_ASSERT(telar_image_row(got, row)[column]
                         == telar_image_row(inside ? source : expected, row)[column]);
        }
    telar_image_free(source);
    telar_image_free(expected);
    telar_image_free(got);
}

static void check_skip(const struct work *work, const struct strike *s, struct telar_region region)
{
    struct telar_options options = {.workers = 2, .on_crash = TELAR_ON_CRASH_SKIP, .retries = 1};
    struct telar_error error;
    telar_report *report;
    char expected[96];
    uint64_t skipped = 0;

    make_input(work->restart);
    ck_assert_int_eq(run(work, (struct telar_options){.engine = TELAR_SERIAL}, NULL, NULL),
                     TELAR_OK);
    snprintf(expected, sizeof expected, "%s/expected.png", directory);
    ck_assert_int_eq(rename(output, expected), 0);
    atomic_store(struck, 0);
    strike = s;
    ck_assert_int_eq(run(work, options, &report, &error), TELAR_PARTIAL);
    strike = NULL;
    ck_assert_uint_eq(atomic_load(struck), 2);
    ck_assert_int_eq(error.status, TELAR_PARTIAL);
    ck_assert_msg(strstr(error.text, "1 region is left as the source") != NULL, "%s", error.text);
    for (uint64_t i = 0; i < report->n_tasks; i++)
        if (report->task[i].skipped) {
            skipped++;
            ck_assert_int_eq(report->task[i].kind, s->kind);
            ck_assert_mem_eq(&report->task[i].region, &region, sizeof region);
            ck_assert_uint_eq(report->task[i].attempts, 3);
        }
    ck_assert_uint_eq(skipped, 1);
    check_skipped(expected, &region);
    telar_report_free(report);
    unlink(expected);
}

START_TEST(a_region_may_be_left_as_the_source)
{
    struct strike band = {.kind = TELAR_TASK_ENCODE, .index = 5, .times = 1000, .failure = SEGV};
    struct strike region = {
        .kind = TELAR_TASK_PROCESS, .index = 3, .times = 1000, .failure = EXIT_3};

    check_skip(&chain, &band, (struct telar_region){5 * BAND_ROWS, 6 * BAND_ROWS, 0, COLUMNS});
    check_skip(&straight, &band, (struct telar_region){5 * BAND_ROWS, 6 * BAND_ROWS, 0, COLUMNS});
    check_skip(&grid, &region, (struct telar_region){ROWS / 3, 2 * ROWS / 3, COLUMNS / 2, COLUMNS});
    remove_files();
}
END_TEST

/* Only a region of the result can be replaced by the source. Other tasks have no replacement. */
START_TEST(only_regions_of_the_result_can_be_skipped)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_GATHER,
                                     TELAR_TASK_ENCODE};

    make_input(false);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct strike s = {.kind = kinds[i], .index = 1, .times = 1000, .failure = SEGV};
        struct telar_options options = {.workers = 2, .on_crash = TELAR_ON_CRASH_SKIP};

        check_end(&grid, &s, options, 3);
    }
    remove_files();
}
END_TEST

/* ---- stray writes ---- */

/* Writes into the source. At -j 1 only this worker ever writes there. */
static void write_into_source(const struct telar_context *context,
                              const struct telar_source *source, const struct telar_result *result)
{
    *(volatile unsigned char *)source->data ^= 1;
    copy_pixels(context, source, result);
}

/* Without this protection the worker could change finished bands unnoticed. */
START_TEST(a_stray_write_cannot_reach_finished_bands)
{
    const struct telar_transform writer = {
        .abi = TELAR_TRANSFORM_ABI,
        .struct_size = sizeof(struct telar_transform),
        .name = "writer",
        .summary = "for tests",
        .manual = "for tests",
        .process = write_into_source,
    };
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_add(pipeline, &writer, NULL, NULL), TELAR_OK);
    for (int restart = 0; restart < 2; restart++) {
        const struct telar_options options = {.workers = 1};
        struct telar_error error;

        make_input(restart);
        ck_assert_int_eq(telar_run_file(input, output, pipeline, &options, NULL, &error),
                         TELAR_WORKER);
        ck_assert_msg(strstr(error.text, "SIGSEGV") != NULL, "%s", error.text);
    }
    telar_pipeline_free(pipeline);
    remove_files();
}
END_TEST

/* ---- pipes ---- */

/* Runs an empty pipeline with the input on standard input, either through a pipe or as the file
 * itself. */
static telar_status run_from_standard_input(bool through_pipe, telar_isolation isolation,
                                            struct telar_error *error)
{
    struct telar_options options = {
        .workers = 2, .isolation = isolation, .on_crash = TELAR_ON_CRASH_RETRY};
    telar_pipeline *none = telar_pipeline_new();
    char command[128];
    FILE *feeder = NULL;
    telar_status status;
    int before = dup(STDIN_FILENO);

    snprintf(command, sizeof command, "cat %s 2>/dev/null", input);
    feeder = through_pipe ? popen(command, "re") : fopen(input, "rbe");
    ck_assert_ptr_nonnull(feeder);
    dup2(fileno(feeder), STDIN_FILENO);
    status = telar_run_file("-", output, none, &options, NULL, error);
    dup2(before, STDIN_FILENO);
    close(before);
    if (through_pipe)
        pclose(feeder);
    else
        fclose(feeder);
    telar_pipeline_free(none);
    return status;
}

START_TEST(a_pipe_cannot_be_read_again)
{
    const struct strike s = {.kind = TELAR_TASK_INFLATE, .index = 5, .times = 1, .failure = KILLED};
    struct telar_error error;

    make_input(false);
    atomic_store(struck, 0);
    strike = &s;
    ck_assert_int_eq(run_from_standard_input(true, TELAR_GUARDED, &error), TELAR_WORKER);
    ck_assert_msg(strstr(error.text, "a pipe cannot be read again") != NULL, "%s", error.text);
    atomic_store(struck, 0);
    ck_assert_int_eq(run_from_standard_input(true, TELAR_SHARED, &error), TELAR_WORKER);
    ck_assert_msg(strstr(error.text, "what went through a pipe cannot") != NULL, "%s", error.text);
    atomic_store(struck, 0);
    ck_assert_int_eq(run_from_standard_input(false, TELAR_GUARDED, &error), TELAR_OK);
    ck_assert_uint_eq(atomic_load(struck), 1);
    strike = NULL;
    remove_files();
}
END_TEST

/* ---- from memory to memory ---- */

START_TEST(regions_in_memory_are_retried)
{
    make_input(false);
    for (size_t rung = 0; rung < LENGTH(rungs); rung++)
        for (uint32_t times = 1; times <= 3; times++) {
            const struct strike s = {
                .kind = TELAR_TASK_PROCESS, .index = 2, .times = times, .failure = SEGV};
            struct telar_options options = {.workers = 3,
                                            .isolation = rungs[rung],
                                            .plan = {2, 3},
                                            .on_crash = TELAR_ON_CRASH_RETRY};
            telar_report *report;

            atomic_store(struck, 0);
            strike = &s;
            ck_assert_int_eq(run_invert(&options, &report, NULL),
                             times < 3 ? TELAR_OK : TELAR_WORKER);
            strike = NULL;
            ck_assert_uint_eq(report->n_losses, times);
            telar_report_free(report);
        }
    remove_files();
}
END_TEST

START_TEST(options_without_meaning_are_refused)
{
    const struct telar_options bad[] = {
        {.engine = TELAR_THREADS, .on_crash = TELAR_ON_CRASH_RETRY},
        {.engine = TELAR_SERIAL, .on_crash = TELAR_ON_CRASH_RETRY},
        {.engine = TELAR_GIL, .on_crash = TELAR_ON_CRASH_SKIP},
        {.isolation = TELAR_SHARED, .on_crash = TELAR_ON_CRASH_SKIP},
        {.on_crash = (telar_on_crash)4},
        {.retries = TELAR_RETRIES_MAX + 1},
        {.retries = -2},
    };
    const struct telar_options good[] = {
        {.engine = TELAR_THREADS, .on_crash = TELAR_ON_CRASH_FAIL},
        {.retries = TELAR_RETRIES_MAX},
    };

    for (size_t i = 0; i < LENGTH(bad); i++)
        ck_assert_int_eq(run_invert(&bad[i], NULL, NULL), TELAR_USAGE);
    for (size_t i = 0; i < LENGTH(good); i++)
        ck_assert_int_eq(run_invert(&good[i], NULL, NULL), TELAR_OK);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_region_that_kills_every_worker_ends_the_run,
        without_retry_the_first_loss_ends_the_run,
        a_region_that_always_hangs_ends_the_run_by_time,
        a_region_may_be_left_as_the_source,
        only_regions_of_the_result_can_be_skipped,
        a_stray_write_cannot_reach_finished_bands,
        a_pipe_cannot_be_read_again,
        regions_in_memory_are_retried,
        options_without_meaning_are_refused,
        NULL,
    };

    return run_suite("retry_end", tests);
}
