/* SPDX-License-Identifier: MIT */
/* Tests statements of libtelar(3) that concern all functions: ownership, the state after a failure,
 * and what a run leaves unchanged. */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <telar/telar.h>

enum { ROWS = 40, COLUMNS = 50, THREADS_AT_ONCE = 4, RUNS_EACH = 5 };

static const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
static const struct telar_options ways[] = {
    {.engine = TELAR_SERIAL},
    {.engine = TELAR_THREADS, .workers = 2},
    {.engine = TELAR_PROCESSES, .workers = 2},
};

static bool can(const struct telar_options *options)
{
    return options->engine != TELAR_PROCESSES || PROCESSES;
}

static telar_pipeline *pipeline_of(const char *text)
{
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_ptr_nonnull(pipeline);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
    return pipeline;
}

/* Checks the negative by its formula. */
static void check_inverted(telar_image *source, telar_image *result)
{
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t i = 0; i < COLUMNS * 3; i++)
            ck_assert_uint_eq(telar_image_row(result, row)[i],
                              255u - telar_image_row(source, row)[i]);
}

/* ---- ownership ---- */

/* Each function that frees accepts NULL. It frees nothing then, and errno stays. */
START_TEST(null_can_be_freed)
{
    size_t before = mallinfo2().uordblks;

    errno = EDOM;
    telar_image_free(NULL);
    telar_pipeline_free(NULL);
    telar_pool_free(NULL);
    telar_report_free(NULL);
    telar_plugin_info_free(NULL);
    ck_assert_int_eq(errno, EDOM);
    ck_assert_uint_eq(mallinfo2().uordblks, before);
}
END_TEST

/* The old value of a pointer must not survive a failed call. The error argument may be NULL. */
START_TEST(a_failed_call_sets_its_results_to_null)
{
    static const struct telar_geometry no_rows = {0, 5, 3, 8};
    const struct telar_options wrong = {
        .engine = TELAR_THREADS, .workers = 2, .plan = {.rows = 0, .columns = 3}};
    telar_pipeline *pipeline = pipeline_of("invert");
    telar_image *source = picture_new(ROWS, COLUMNS, 3, 8), *const junk = source, *image = junk;
    telar_pool *pool = (telar_pool *)junk;
    telar_report *report = (telar_report *)junk;
    telar_plugin_info *info = (telar_plugin_info *)junk;

    ck_assert_int_eq(telar_image_new(&no_rows, &image, NULL), TELAR_USAGE);
    ck_assert_ptr_null(image);
    image = junk;
    ck_assert_int_eq(telar_image_read("/none/such.png", NULL, &image, NULL), TELAR_INPUT);
    ck_assert_ptr_null(image);
    image = junk;
    ck_assert_int_eq(telar_run(source, &image, pipeline, &wrong, &report, NULL), TELAR_USAGE);
    ck_assert_ptr_null(image);
    ck_assert_ptr_null(report);
    report = (telar_report *)junk;
    ck_assert_int_eq(
        telar_run_file("/none/such.png", "/none/out.png", pipeline, NULL, &report, NULL),
        TELAR_INPUT);
    ck_assert_ptr_null(report);
    ck_assert_int_eq(telar_pool_new(&geometry, pipeline, &wrong, &pool, NULL), TELAR_USAGE);
    ck_assert_ptr_null(pool);
    if (PROCESSES) {
        ck_assert_int_eq(telar_plugin_describe("/none/such.so", TELAR_GUARDED, 0, &info, NULL),
                         TELAR_INPUT);
        ck_assert_ptr_null(info);
    }
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

static void die(const struct telar_context *context, const struct telar_source *source,
                const struct telar_result *result)
{
    if (result->region.r0 > 0)
        raise(SIGKILL);
    copy_pixels(context, source, result);
}

static const struct telar_transform deadly = {.abi = TELAR_TRANSFORM_ABI,
                                              .struct_size = sizeof deadly,
                                              .name = "deadly",
                                              .summary = "d",
                                              .manual = "d",
                                              .process = die};

START_TEST(a_failed_run_still_gives_a_report)
{
    const struct telar_options options = {
        .engine = TELAR_PROCESSES, .workers = 1, .plan = {4, 1}, .on_crash = TELAR_ON_CRASH_FAIL};
    telar_image *source = picture_new(ROWS, COLUMNS, 3, 8), *result = source;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_report *report = NULL;
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_add(pipeline, &deadly, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(source, &result, pipeline, &options, &report, &error), TELAR_WORKER);
    ck_assert_ptr_null(result);
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_eq(report->n_tasks, 4);
    ck_assert_uint_gt(report->task[0].end_ns, 0);
    ck_assert_uint_eq(report->n_losses, 1);
    telar_report_free(report);
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

/* The test overwrites or frees everything that it passed to telar_pool_new() before it uses the
 * pool. */
START_TEST(no_pointer_is_kept_longer_than_the_call)
{
    const size_t ways_can = PROCESSES ? LENGTH(ways) : LENGTH(ways) - 1;

    for (size_t i = 0; i < ways_can; i++) {
        double level[] = {0.5};
        struct telar_options options = ways[i];
        struct telar_geometry shape = geometry;
        telar_pipeline *pipeline = telar_pipeline_new();
        telar_image *source = picture_new(ROWS, COLUMNS, 3, 8), *result;
        telar_pool *pool;

        ck_assert_int_eq(
            telar_pipeline_add(pipeline, telar_transform_find("threshold"), level, NULL), TELAR_OK);
        level[0] = 0;
        ck_assert_int_eq(telar_pool_new(&shape, pipeline, &options, &pool, NULL), TELAR_OK);
        memset(&options, 0xff, sizeof options);
        memset(&shape, 0xff, sizeof shape);
        telar_pipeline_free(pipeline);
        ck_assert_int_eq(telar_pool_run(pool, source, &result, NULL, NULL), TELAR_OK);
        telar_pool_free(pool);
        for (uint32_t row = 0; row < ROWS; row++)
            for (uint32_t k = 0; k < COLUMNS * 3; k++)
                ck_assert_uint_eq(telar_image_row(result, row)[k],
                                  telar_image_row(source, row)[k] >= 128 ? 255 : 0);
        telar_image_free(source);
        telar_image_free(result);
    }
}
END_TEST

START_TEST(no_options_are_options_of_zeros)
{
    const struct telar_options zeros = {0};
    const struct telar_options *const both[] = {NULL, &zeros};
    telar_image *source = picture_new(ROWS, COLUMNS, 3, 8), *result;
    telar_pipeline *pipeline = pipeline_of("invert");
    uint32_t workers[2];

    for (int i = 0; i < 2; i++) {
        telar_report *report;

        ck_assert_int_eq(telar_run(source, &result, pipeline, both[i], &report, NULL), TELAR_OK);
        check_inverted(source, result);
        ck_assert_str_eq(report->engine, "processes");
        workers[i] = report->workers_wanted;
        telar_report_free(report);
        telar_image_free(result);
    }
    ck_assert_uint_eq(workers[0], workers[1]);
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

/* The header allows NULL for the reason. The number must be the same. */
START_TEST(the_reason_may_be_null)
{
    char reason[TELAR_REASON_BYTES];

    ck_assert_uint_eq(telar_host_workers(NULL), telar_host_workers(reason));
    ck_assert_str_ne(reason, "");
}
END_TEST

START_TEST(an_unknown_isolation_is_refused)
{
    telar_plugin_info *info = (telar_plugin_info *)&info;
    struct telar_error error;

    ck_assert_int_eq(telar_plugin_describe("/none/such.so", (telar_isolation)17, 0, &info, &error),
                     TELAR_USAGE);
    ck_assert_ptr_null(info);
    ck_assert_msg(strstr(error.text, "isolation 17"), "%s", error.text);
}
END_TEST

/* ---- threads ---- */

static struct {
    telar_image *source;
    telar_pipeline *pipeline;
} common;

static void *run_some(void *given)
{
    const struct telar_options *options = given;

    for (int i = 0; i < RUNS_EACH; i++) {
        telar_image *result;

        if (telar_run(common.source, &result, common.pipeline, options, NULL, NULL) != TELAR_OK)
            return given; /* any non-NULL value reports a failure */
        check_inverted(common.source, result);
        telar_image_free(result);
    }
    return NULL;
}

START_TEST(a_pipeline_and_an_image_serve_several_runs)
{
    pthread_t thread[THREADS_AT_ONCE];

    common.source = picture_new(ROWS, COLUMNS, 3, 8);
    common.pipeline = pipeline_of("invert");
    for (size_t i = 0; i < THREADS_AT_ONCE; i++) {
        const struct telar_options *options = &ways[i % LENGTH(ways)];

        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, run_some, (void *)(can(options) ? options : &ways[0])),
            0);
    }
    for (size_t i = 0; i < THREADS_AT_ONCE; i++) {
        void *failed;

        ck_assert_int_eq(pthread_join(thread[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    telar_pipeline_free(common.pipeline);
    telar_image_free(common.source);
}
END_TEST

/* ---- signals, and the thread of callbacks ---- */

struct watched {
    pthread_t caller;
    sigset_t mask;
    struct sigaction action[NSIG];
    unsigned calls;
};

static void look_around(struct watched *w)
{
    pthread_sigmask(SIG_SETMASK, NULL, &w->mask);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, NULL, &w->action[number]);
}

static bool as_before(const struct watched *w)
{
    struct watched now = {0};

    look_around(&now);
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&now.mask, number) != sigismember(&w->mask, number)
            || now.action[number].sa_handler != w->action[number].sa_handler)
            return false;
    return true;
}

static void on_progress(void *data, uint64_t done, uint64_t total)
{
    struct watched *w = data;

    ck_assert(pthread_equal(pthread_self(), w->caller));
    ck_assert_uint_le(done, total);
    ck_assert(as_before(w));
    w->calls++;
}

static void handle(int number)
{
    (void)number;
}

START_TEST(a_run_keeps_the_callers_handlers_and_mask)
{
    struct watched w = {.caller = pthread_self()};
    telar_image *source = picture_new(ROWS, COLUMNS, 3, 8), *result;
    telar_pipeline *pipeline = pipeline_of("invert");
    sigset_t some;

    signal(SIGUSR1, handle);
    signal(SIGPIPE, handle);
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGTERM);
    pthread_sigmask(SIG_SETMASK, &some, NULL);
    look_around(&w);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        struct telar_options options = ways[i];

        if (!can(&options))
            continue;
        options.progress = on_progress;
        options.progress_data = &w;
        w.calls = 0;
        ck_assert_int_eq(telar_run(source, &result, pipeline, &options, NULL, NULL), TELAR_OK);
        ck_assert_uint_gt(w.calls, 0);
        ck_assert(as_before(&w));
        telar_image_free(result);
    }
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        null_can_be_freed,
        a_failed_call_sets_its_results_to_null,
        no_pointer_is_kept_longer_than_the_call,
        a_pipeline_and_an_image_serve_several_runs,
        a_run_keeps_the_callers_handlers_and_mask,
        PROCESSES ? a_failed_run_still_gives_a_report : NULL,
        no_options_are_options_of_zeros,
        the_reason_may_be_null,
        an_unknown_isolation_is_refused,
        NULL,
    };

    return run_suite("libtelar", tests);
}
