/* SPDX-License-Identifier: MIT */
/* Tests the options of telar_run() and the contents of its report. */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"

static const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL, TELAR_PROCESSES};

/* ---- options ---- */

START_TEST(options_without_meaning_are_refused)
{
    char long_name[300] = "";
    const struct telar_options wrong[] = {
        {.engine = (telar_engine)9},
        {.isolation = (telar_isolation)9},
        {.engine = TELAR_THREADS, .isolation = TELAR_GUARDED},
        {.engine = TELAR_SERIAL, .isolation = TELAR_GUARDED},
        {.engine = TELAR_GIL, .isolation = TELAR_SANDBOXED},
        {.workers = TELAR_WORKERS_MAX + 1},
        {.workers = UINT32_MAX},
        {.plan = {0, 2}},
        {.plan = {2, 0}},
        {.has_roi = true},
        {.has_roi = true, .roi = {0, 38, 0, 41}},
        {.has_roi = true, .roi = {5, 5, 0, 41}},
        {.keep_shm = ""},
        {.keep_shm = "a/b"},
        {.keep_shm = long_name},
    };

    memset(long_name, 'x', sizeof long_name - 1);
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        struct telar_error error;

        ck_assert_msg(run_invert(&wrong[i], NULL, &error) == TELAR_USAGE, "%zu", i);
        ck_assert_int_eq(error.status, TELAR_USAGE);
        ck_assert_uint_gt(strlen(error.text), 10);
        ck_assert_ptr_null(strchr(error.text, '\n'));
        ck_assert_int_eq(error.worker, -1);
    }
}
END_TEST

START_TEST(no_options_are_the_defaults)
{
    struct telar_error error;
    telar_report *report;

    ck_assert_msg(run_invert(NULL, &report, &error) == TELAR_OK, "%s", error.text);
    ck_assert_str_eq(report->engine, "processes");
    ck_assert_str_eq(report->isolation, "guarded");
    telar_report_free(report);
}
END_TEST

START_TEST(an_empty_pipeline_copies)
{
    const struct telar_measure measure = {TELAR_MEASURE_INIT, .touch_first = true, .warm = true};
    telar_image *source = picture_new(9, 7, 4, 16), *result;
    telar_pipeline *pipeline = telar_pipeline_new();

    for (size_t i = 0; i < 2 * LENGTH(engines); i++) {
        struct telar_options options = {
            .engine = engines[i / 2], .workers = 2, .measure = i % 2 ? &measure : NULL};

        ck_assert_int_eq(telar_run(source, &result, pipeline, &options, NULL, NULL), TELAR_OK);
        ck_assert(picture_same(source, result));
        telar_image_free(result);
    }
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

/* ---- the report ---- */

static void check_tasks(const telar_report *report)
{
    const struct telar_region all = {0, 37, 0, 41};

    ck_assert_uint_eq(report->n_tasks, 15);
    for (uint64_t i = 0; i < 15; i++) {
        const struct telar_task_report *task = &report->task[i];
        struct telar_region region = telar_plan_region((struct telar_plan){3, 5}, &all, i);

        ck_assert_int_eq(task->kind, TELAR_TASK_PROCESS);
        ck_assert_mem_eq(&task->region, &region, sizeof region);
        ck_assert_uint_lt(task->worker, report->n_workers);
        ck_assert_uint_eq(task->attempts, 1);
        ck_assert_uint_le(report->worker[task->worker].ready_ns, task->start_ns);
        ck_assert_uint_le(task->start_ns, task->end_ns);
        ck_assert_uint_le(task->end_ns, report->worker[task->worker].end_ns);
        ck_assert_uint_eq(task->touch_ns, 0);
        ck_assert_uint_eq(task->transform_ns, task->end_ns - task->start_ns);
    }
}

static void check_workers(const telar_report *report, telar_engine engine)
{
    uint64_t tasks = 0;

    ck_assert_uint_eq(report->n_workers, report->workers);
    for (uint32_t i = 0; i < report->n_workers; i++) {
        const struct telar_worker_report *worker = &report->worker[i];

        tasks += worker->tasks;
        ck_assert(worker->pid > 0 || worker->ready_ns == 0);
        ck_assert_int_eq(worker->pid == getpid(), engine == TELAR_SERIAL);
        for (uint32_t j = 0; worker->pid && j < i; j++)
            ck_assert_int_ne(worker->pid, report->worker[j].pid);
        ck_assert_uint_gt(worker->spawn_ns, 0);
        if (worker->tasks == 0
            && worker->ready_ns == 0) /* the others did all tasks before this worker was ready */
            continue;
        ck_assert_uint_le(worker->spawn_ns, worker->born_ns);
        ck_assert_uint_le(worker->born_ns, worker->ready_ns);
        ck_assert_uint_le(worker->ready_ns, worker->tasks ? report->dismiss_ns : worker->end_ns);
        ck_assert_uint_le(report->dismiss_ns, worker->end_ns);
        if (worker->left_ns > 0) { /* among many workers, one may not finish in time */
            ck_assert_uint_le(worker->tasks ? worker->ready_ns : 0, worker->leave_ns);
            ck_assert_uint_le(worker->leave_ns, worker->left_ns);
        }
        ck_assert_uint_le(worker->left_ns, worker->end_ns);
        ck_assert_uint_le(worker->end_ns, report->total_ns);
        ck_assert_uint_le(worker->busy_ns, worker->end_ns - worker->ready_ns);
        ck_assert_str_ne(worker->cause, "");
    }
    ck_assert_uint_eq(tasks, report->n_tasks);
}

/* The parts of a task's time add up to the whole. Touching a picture of several pages takes some
 * time. */
START_TEST(the_time_of_touching_is_reported)
{
    const struct telar_measure measure = {TELAR_MEASURE_INIT, .touch_first = true};

    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_options options = {
            .engine = engines[i], .workers = 2, .plan = {3, 1}, .measure = &measure};
        uint64_t touch_ns = 0;
        telar_report *report;

        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        for (uint64_t j = 0; j < report->n_tasks; j++) {
            const struct telar_task_report *task = &report->task[j];

            ck_assert_uint_eq(task->touch_ns + task->transform_ns, task->end_ns - task->start_ns);
            touch_ns += task->touch_ns;
        }
        ck_assert_uint_gt(touch_ns, 0);
        telar_report_free(report);
    }
}
END_TEST

START_TEST(the_report_lists_tasks_and_workers)
{
    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_options options = {.engine = engines[i], .workers = 3, .plan = {3, 5}};
        bool serial = engines[i] == TELAR_SERIAL;
        telar_report *report;

        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        ck_assert_mem_eq(&report->image, (&(struct telar_geometry){37, 41, 3, 8}),
                         sizeof report->image);
        ck_assert_str_eq(report->engine, telar_engine_name(engines[i]));
        ck_assert_str_eq(report->isolation, engines[i] == TELAR_PROCESSES ? "guarded" : "none");
        ck_assert_str_eq(report->backing, "shm");
        ck_assert_uint_ge(report->segment_bytes, 2 * 37 * 41 * 3);
        ck_assert_uint_eq(report->grid_rows, 3);
        ck_assert_uint_eq(report->grid_columns, 5);
        ck_assert_uint_eq(report->workers_wanted, serial ? 1 : 3);
        ck_assert_uint_eq(report->workers, serial ? 1 : 3);
        ck_assert_uint_le(report->transform_start_ns + report->transform_ns, report->total_ns);
        check_tasks(report);
        check_workers(report, engines[i]);
        telar_report_free(report);
    }
}
END_TEST

/* telar makes at most one worker per region. The report gives the reason. */
START_TEST(workers_without_work_are_not_made)
{
    struct telar_options options = {.engine = TELAR_PROCESSES, .workers = 64, .plan = {1, 1}};
    telar_report *report;

    ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
    ck_assert_uint_eq(report->workers_wanted, 64);
    ck_assert_uint_eq(report->workers, 1);
    ck_assert_str_eq(report->workers_reason, "asked for; there is only 1 region");
    telar_report_free(report);
    options.plan = (struct telar_plan){37, 41};
    ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
    ck_assert_uint_eq(report->workers, 64);
    ck_assert_str_eq(report->workers_reason, "asked for");
    telar_report_free(report);
}
END_TEST

START_TEST(the_largest_number_of_workers)
{
    for (size_t i = 1; i < LENGTH(engines); i++) {
        struct telar_options options = {
            .engine = engines[i], .workers = TELAR_WORKERS_MAX, .plan = {37, 41}};
        telar_report *report;

        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        ck_assert_uint_eq(report->workers, TELAR_WORKERS_MAX);
        check_workers(report, engines[i]);
        telar_report_free(report);
    }
}
END_TEST

static void note_progress(void *data, uint64_t done, uint64_t total)
{
    uint64_t *last = data;

    ck_assert_uint_eq(total, 15);
    ck_assert_uint_gt(done, *last);
    ck_assert_uint_le(done, total);
    *last = done;
}

START_TEST(progress_ends_at_the_total)
{
    for (size_t i = 0; i < LENGTH(engines); i++) {
        uint64_t last = 0;
        struct telar_options options = {.engine = engines[i],
                                        .workers = 3,
                                        .plan = {3, 5},
                                        .progress = note_progress,
                                        .progress_data = &last};

        ck_assert_int_eq(run_invert(&options, NULL, NULL), TELAR_OK);
        ck_assert_uint_eq(last, 15);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        options_without_meaning_are_refused,
        no_options_are_the_defaults,
        an_empty_pipeline_copies,
        the_time_of_touching_is_reported,
        the_report_lists_tasks_and_workers,
        workers_without_work_are_not_made,
        progress_ends_at_the_total,
        under_valgrind() ? NULL : the_largest_number_of_workers,
        NULL,
    };

    return run_suite("run", tests);
}
