/* SPDX-License-Identifier: MIT */
/* Tests pools: each run gives the result of a single run, and the workers stay the same. A pool
 * survives the loss of a worker during a run and between runs. A pool leaves nothing behind. */
#include <config.h>

#include "support/runs.h"
#include "support/sandboxed.h"

#include <signal.h>
#include <sys/mman.h>
#include <telar/pool.h>

static const struct telar_options ways[] = {
    {.engine = TELAR_SERIAL},
    {.engine = TELAR_THREADS, .workers = 3},
    {.engine = TELAR_GIL, .workers = 2},
    {.engine = TELAR_THREADS, .workers = 2, .plan = {3, 2}},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_SHARED},
    {.engine = TELAR_PROCESSES, .workers = 3, .isolation = TELAR_GUARDED},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_GUARDED, .plan = {2, 2}},
    {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_SANDBOXED},
};

enum { ROWS = 40, COLUMNS = 60, RUNS = 4 };

static bool sandboxed;

static bool can(const struct telar_options *options)
{
    return (options->engine != TELAR_PROCESSES || PROCESSES)
           && (options->isolation != TELAR_SANDBOXED || sandboxed);
}

/* Returns a different picture for each number. */
static telar_image *picture(int run)
{
    telar_image *image = picture_new(ROWS, COLUMNS, 3, 8);

    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t i = 0; i < COLUMNS * 3; i++)
            telar_image_row(image, row)[i] =
                (unsigned char)(telar_image_row(image, row)[i] + run * (int)row);
    return image;
}

/* Adds the transforms of a text, which blanks separate. */
static void parse_all(telar_pipeline *pipeline, const char *texts)
{
    char copy[100], *rest = copy, *text;

    snprintf(copy, sizeof copy, "%s", texts);
    while ((text = strsep(&rest, " ")))
        ck_assert_int_eq(telar_pipeline_parse(pipeline, text, NULL), TELAR_OK);
}

static telar_pool *pool_of(const char *texts, const telar_pipeline *given,
                           const struct telar_options *options)
{
    const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;
    telar_pool *pool;

    if (texts)
        parse_all(pipeline, texts);
    ck_assert_msg(telar_pool_new(&geometry, texts ? pipeline : given, options, &pool, &error)
                      == TELAR_OK,
                  "%s", error.text);
    telar_pipeline_free(pipeline); /* the pool has a copy */
    return pool;
}

/* Compares a run of the pool with a serial run. Returns the report if the caller wants one. */
static void run_once(telar_pool *pool, const char *texts, int number, telar_report **report)
{
    const struct telar_options alone = {.engine = TELAR_SERIAL};
    telar_image *source = picture(number), *expected, *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    parse_all(pipeline, texts);
    ck_assert_int_eq(telar_run(source, &expected, pipeline, &alone, NULL, NULL), TELAR_OK);
    ck_assert_msg(telar_pool_run(pool, source, &result, report, &error) == TELAR_OK, "run %d: %s",
                  number, error.text);
    ck_assert_msg(picture_same(result, expected), "run %d gives other pixels", number);
    telar_image_free(source);
    telar_image_free(expected);
    telar_image_free(result);
    telar_pipeline_free(pipeline);
}

START_TEST(every_run_equals_a_single_run)
{
    static const char *const texts[] = {"invert", "blur:sigma=2 sobel", "equalize gamma:gamma=2"};
    int descriptors = count_descriptors();

    for (size_t w = 0; w < LENGTH(ways); w++)
        for (size_t t = 0; t < LENGTH(texts) && can(&ways[w]); t++) {
            telar_pool *pool = pool_of(texts[t], NULL, &ways[w]);

            for (int run = 0; run < RUNS; run++)
                run_once(pool, texts[t], run, NULL);
            telar_pool_free(pool);
            check_nothing_left(descriptors);
        }
}
END_TEST

/* Checks that times and counters are those of this run, and that the workers stayed. */
static void check_kept(const telar_report *report, const int64_t *pids)
{
    for (uint32_t i = 0; i < report->n_workers; i++) {
        const struct telar_worker_report *w = &report->worker[i];

        ck_assert_int_eq(w->pid, pids[i]);
        ck_assert_uint_eq(w->spawn_ns, w->ready_ns);
        ck_assert_uint_le(w->ready_ns, w->leave_ns);
        ck_assert_uint_eq(w->leave_ns, report->dismiss_ns);
        ck_assert_uint_eq(w->end_ns, report->dismiss_ns);
        ck_assert_uint_le(report->dismiss_ns, report->total_ns);
        ck_assert_str_eq(w->cause, "is kept for the next run");
        ck_assert_uint_lt(w->user_ns, UINT64_C(3600) * 1000000000);
        ck_assert_uint_lt(w->minor_faults, 1000000);
        ck_assert_uint_lt(w->voluntary_switches, 1000000);
    }
}

START_TEST(the_workers_stay)
{
    for (size_t w = 0; w < LENGTH(ways); w++) {
        int64_t pids[8];
        telar_pool *pool;

        if (!can(&ways[w]) || ways[w].engine == TELAR_SERIAL)
            continue;
        pool = pool_of("invert", NULL, &ways[w]);
        for (int run = 0; run < RUNS; run++) {
            telar_report *report;

            run_once(pool, "invert", run, &report);
            ck_assert_uint_ge(report->n_workers, 2);
            for (uint32_t i = 0; run == 0 && i < report->n_workers; i++)
                pids[i] = report->worker[i].pid;
            if (run > 0)
                check_kept(report, pids);
            telar_report_free(report);
        }
        telar_pool_free(pool);
    }
}
END_TEST

static void kill_first(telar_pool *pool, int run)
{
    telar_report *report;

    run_once(pool, "invert", run, &report);
    ck_assert_int_eq(kill((pid_t)report->worker[0].pid, SIGKILL), 0);
    telar_report_free(report);
}

START_TEST(a_worker_killed_between_runs_is_replaced)
{
    int descriptors = count_descriptors();

    for (size_t w = 0; w < LENGTH(ways); w++) {
        struct telar_options options = ways[w];
        telar_report *report;
        telar_pool *pool;

        if (!can(&options) || options.engine != TELAR_PROCESSES)
            continue;
        options.on_crash = TELAR_ON_CRASH_RETRY;
        pool = pool_of("invert", NULL, &options);
        for (int run = 0; run < RUNS; run++)
            kill_first(pool, run);
        run_once(pool, "invert", RUNS, &report);
        telar_report_free(report);
        telar_pool_free(pool);
        check_nothing_left(descriptors);
    }
}
END_TEST

/* How often the transform below still crashes. All processes share this memory. */
static volatile int *failures;

static void fail_sometimes(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_result *result)
{
    if (result->region.r0 == 0 && *failures > 0) {
        --*failures;
        raise(SIGSEGV);
    }
    copy_pixels(context, source, result);
}

static const struct telar_transform failing = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "failing",
    .summary = "for tests",
    .manual = "for tests",
    .process = fail_sometimes,
};

/* A run that fails or loses a worker is followed by one that succeeds. */
START_TEST(a_crash_does_not_affect_the_next_run)
{
    const struct telar_options options[] = {
        {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_GUARDED},
        {.engine = TELAR_PROCESSES,
         .workers = 2,
         .isolation = TELAR_GUARDED,
         .on_crash = TELAR_ON_CRASH_FAIL},
        {.engine = TELAR_PROCESSES, .workers = 2, .isolation = TELAR_SHARED},
        {.engine = TELAR_PROCESSES,
         .workers = 2,
         .isolation = TELAR_SHARED,
         .on_crash = TELAR_ON_CRASH_RETRY},
    };
    telar_pipeline *pipeline = telar_pipeline_new();
    int descriptors = count_descriptors();

    failures =
        mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &failing, NULL, NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(options) && PROCESSES; i++) {
        telar_pool *pool = pool_of(NULL, pipeline, &options[i]);

        for (int run = 0; run < RUNS; run++) {
            bool fails = i == 1 || i == 2;
            telar_image *source = picture(run), *result;
            telar_report *report;

            *failures = run % 2;
            ck_assert_int_eq(telar_pool_run(pool, source, &result, &report, NULL),
                             run % 2 && fails ? TELAR_WORKER : TELAR_OK);
            ck_assert_uint_eq(report->n_losses,
                              run % 2 && !(i == 1 || i == 2) ? 1 : report->n_losses);
            ck_assert((result != NULL) == !(run % 2 && fails));
            ck_assert(!result || picture_same(source, result));
            telar_report_free(report);
            telar_image_free(result);
            telar_image_free(source);
        }
        telar_pool_free(pool);
        check_nothing_left(descriptors);
    }
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(another_geometry_is_refused)
{
    telar_pool *pool = pool_of("invert", NULL, &ways[1]);
    telar_image *other = picture_new(ROWS, COLUMNS + 1, 3, 8), *result = other;
    struct telar_error error;

    ck_assert_int_eq(telar_pool_run(pool, other, &result, NULL, &error), TELAR_USAGE);
    ck_assert_ptr_null(result);
    ck_assert(strstr(error.text, "geometry"));
    run_once(pool, "invert", 0, NULL);
    telar_image_free(other);
    telar_pool_free(pool);
    telar_pool_free(NULL);
}
END_TEST

START_TEST(wrong_options_are_refused_at_once)
{
    const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
    const struct telar_options wrong = {.engine = TELAR_THREADS, .isolation = TELAR_GUARDED};
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_pool *pool = NULL;
    struct telar_error error;

    ck_assert_int_eq(telar_pool_new(&geometry, pipeline, &wrong, &pool, &error), TELAR_USAGE);
    ck_assert_ptr_null(pool);
    telar_pipeline_free(pipeline);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_run_equals_a_single_run,
        the_workers_stay,
        a_worker_killed_between_runs_is_replaced,
        a_crash_does_not_affect_the_next_run,
        another_geometry_is_refused,
        wrong_options_are_refused_at_once,
        NULL,
    };

    sandboxed = can_sandbox("pools with a sandbox");
    return run_suite("pool", tests);
}
