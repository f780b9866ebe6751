/* SPDX-License-Identifier: MIT */
/*
 * Every fault of tools/faults/faults/faults.c at every rung: what is promised, and that nothing is
 * left. Each run is made in a process of its own, which may die of it; this one adopts what it
 * leaves behind.
 */
#include <config.h>

#include "isolate/channel.h"
#include "support/runs.h"
#include "support/sandboxed.h"
#include "support/suite.h"

#include "faults/faults.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

_Static_assert(FAULT_RECORD_BYTES == sizeof(struct tl_record),
               "forged records are as large as real ones");

/* Grey; each of four regions fills a page, so that the next byte is another's. The fault is in the
 * second region. */
enum { COLUMNS = 64, ROWS = 256, REGIONS = 4, ROW = 100, HANG_MS = 1000, PATIENCE_MS = 60000 };

/* What a run came to, as the process that made it says. */
struct verdict {
    telar_status status;
    bool right; /* every pixel is what it should be; false when there is no result */
    bool tidy;  /* no child, no descriptor more than before */
    bool has_region;
    struct telar_region region;
    int64_t pid;
    uint64_t losses;
    char text[TELAR_ERROR_TEXT_BYTES];
};

static bool inverted(telar_image *source, telar_image *result)
{
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++)
            if (telar_image_row(result, row)[column]
                != (telar_image_row(source, row)[column] ^ 0xff))
                return false;
    return true;
}

static void set_rung(struct telar_options *options, enum fault_rung rung)
{
    static const telar_isolation isolations[] = {TELAR_ISOLATION_DEFAULT, TELAR_SHARED,
                                                 TELAR_GUARDED, TELAR_SANDBOXED};

    options->engine = rung == RUNG_THREADS ? TELAR_THREADS : TELAR_PROCESSES;
    options->isolation = isolations[rung];
}

/* One worker does the regions in their order, and the next, if that is lost, goes on: nothing is
 * left to chance. */
static uint32_t workers_for(int fault)
{
    return strcmp(faults[fault].name, "sibling") == 0 ? 2 : 1;
}

static struct verdict run_fault(int fault, enum fault_rung rung, bool once)
{
    bool hangs = faults[fault].promise[rung] == HUNG;
    struct telar_options options = {.workers = workers_for(fault),
                                    .plan = {REGIONS, 1},
                                    .retries = 1,
                                    .timeout_ms = hangs ? HANG_MS : PATIENCE_MS};
    const double params[TELAR_PARAMS_MAX] = {fault, ROW, rung, once};
    telar_image *source = picture_new(ROWS, COLUMNS, 1, 8), *result = NULL;
    telar_pipeline *pipeline = telar_pipeline_new();
    int descriptors = count_descriptors();
    struct telar_error error = {.worker = -1};
    telar_report *report = NULL;
    struct verdict verdict = {0};

    set_rung(&options, rung);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &fault_transform, params, NULL), TELAR_OK);
    verdict.status = telar_run(source, &result, pipeline, &options, &report, &error);
    verdict.right = result && inverted(source, result);
    verdict.tidy =
        count_descriptors() == descriptors && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
    verdict.has_region = error.has_region;
    verdict.region = error.region;
    verdict.pid = error.pid;
    verdict.losses = report ? report->n_losses : 0;
    memcpy(verdict.text, error.text, sizeof verdict.text);
    return verdict;
}

/* Makes the run in a process of its own. False when that ended without a verdict. */
static bool try_fault(int fault, enum fault_rung rung, bool once, struct verdict *verdict)
{
    int ends[2];
    pid_t pid;
    ssize_t got;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        faults_begin(workers_for(fault));
        *verdict = run_fault(fault, rung, once);
        (void)!write(ends[1], verdict, sizeof *verdict);
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    got = read(ends[0], verdict, sizeof *verdict);
    close(ends[0]);
    return got == (ssize_t)sizeof *verdict;
}

/* What the run left is a child of this process now: it ends soon. No name in /dev/shm is left. */
static void check_no_orphans(void)
{
    int looks = 0;

    while (waitpid(-1, NULL, WNOHANG) != -1 && ++looks < 10000)
        usleep(1000);
    ck_assert_msg(looks < 10000, "a worker lives on");
    check_no_name_left();
}

static void check_failure(const struct fault *fault, const struct verdict *v, telar_status status)
{
    ck_assert_msg(v->status == status, "%s: status %d, not %d: %s", fault->name, v->status, status,
                  v->text);
    ck_assert_msg(!v->right, "%s: a result after a failure", fault->name);
    ck_assert_msg(v->pid > 0 && v->has_region && v->region.r0 <= ROW && ROW < v->region.r1,
                  "%s: region or pid are not told: %s", fault->name, v->text);
}

/* The worker is lost: once, and nobody notices but the report; each time, and the run fails. */
static void check_lost(int number, enum fault_rung rung, telar_status status)
{
    const struct fault *fault = &faults[number];
    bool other = strcmp(fault->name, "sibling")
                 == 0; /* what it hits is not its own region, or already at its end */
    struct verdict v;

    ck_assert_msg(try_fault(number, rung, rung != RUNG_SHARED, &v), "%s: the program ended",
                  fault->name);
    ck_assert_msg(v.tidy, "%s: something is left", fault->name);
    check_no_orphans();
    if (other && (rung == RUNG_SHARED || v.status == TELAR_OK)) {
        ck_assert(v.status != TELAR_OK || v.right);
        return;
    }
    if (rung == RUNG_SHARED) {
        check_failure(fault, &v, status);
        return;
    }
    ck_assert_msg(v.status == TELAR_OK && v.right, "%s: status %d, %s: %s", fault->name, v.status,
                  v.right ? "right" : "not right", v.text);
    ck_assert_msg(v.losses > 0, "%s: nobody was lost", fault->name);
    ck_assert_msg(try_fault(number, rung, false, &v), "%s: the program ended", fault->name);
    ck_assert_msg(v.tidy, "%s: something is left", fault->name);
    check_no_orphans();
    check_failure(fault, &v, status);
}

static void check_fine(int number, enum fault_rung rung)
{
    struct verdict v;

    ck_assert_msg(try_fault(number, rung, false, &v), "%s: the program ended", faults[number].name);
    ck_assert_msg(v.status == TELAR_OK && v.right && v.tidy, "%s: status %d, %s, %s: %s",
                  faults[number].name, v.status, v.right ? "right" : "not right",
                  v.tidy ? "tidy" : "not tidy", v.text);
    check_no_orphans();
}

static void check_promise(int number, enum fault_rung rung)
{
    struct verdict v;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    switch (faults[number].promise[rung]) {
    case FINE:
        check_fine(number, rung);
        break;
    case LOST:
        check_lost(number, rung, TELAR_WORKER);
        break;
    case HUNG:
        check_lost(number, rung, TELAR_TIMEOUT);
        break;
    case STRAY:
        ck_assert_msg(try_fault(number, rung, false, &v) && v.tidy, "%s", faults[number].name);
        check_no_orphans();
        break;
    case ENDS:
        ck_assert_msg(!try_fault(number, rung, false, &v), "%s: the program goes on",
                      faults[number].name);
        check_no_orphans();
        break;
    case OPEN:
        break;
    }
}

START_TEST(threads)
{
    check_promise(_i, RUNG_THREADS);
}
END_TEST

START_TEST(shared)
{
    check_promise(_i, RUNG_SHARED);
}
END_TEST

START_TEST(guarded)
{
    check_promise(_i, RUNG_GUARDED);
}
END_TEST

START_TEST(sandboxed)
{
    if (can_sandbox(faults[_i].name))
        check_promise(_i, RUNG_SANDBOXED);
}
END_TEST

START_TEST(there_are_forty)
{
    ck_assert_ptr_nonnull(faults[39].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    SRunner *runner = srunner_create(suite);
    int failed, n = 0;

    while (faults[n].name)
        n++;
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, there_are_forty);
    tcase_add_loop_test(tcase, threads, 0, n);
    tcase_add_loop_test(tcase, shared, 0, n);
    tcase_add_loop_test(tcase, guarded, 0, n);
    tcase_add_loop_test(tcase, sandboxed, 0, n);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
