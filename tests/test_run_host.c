/* What becomes of a run where the host gives less than it should, or interrupts it. */
#include <config.h>

#include "suite.h"

#include "runs.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

static const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL, TELAR_PROCESSES};

/* ---- memory ---- */

START_TEST(memory_over_the_limit_is_refused)
{
    struct telar_options options = {.max_memory = 10000};
    struct telar_error error;

    ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST);
    ck_assert_ptr_nonnull(strstr(error.text, "the limit is"));
}
END_TEST

/* What 32 bits at that offset of the segment's header are. */
static uint32_t header_number(const unsigned char *header, size_t offset)
{
    uint32_t number;

    memcpy(&number, header + offset, sizeof number);
    return number;
}

static uint64_t header_offset(const unsigned char *header, size_t offset)
{
    uint64_t number;

    memcpy(&number, header + offset, sizeof number);
    return number;
}

/* Reads the object from outside, by the numbers in its header alone: see struct tl_header in job.h. */
static void check_kept(const char *name)
{
    const uint32_t expected[] = {1, 96, 37, 41, 3, 8, 0, 37, 0, 41, 1, 1};
    int fd = shm_open(name, O_RDONLY, 0);
    telar_image *picture = picture_new(37, 41, 3, 8);
    const unsigned char *segment, *source, *result;

    ck_assert_int_ge(fd, 0);
    segment = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_mem_eq(segment, "telar\0\0", 8);
    for (size_t i = 0; i < LENGTH(expected); i++)
        ck_assert_uint_eq(header_number(segment, 8 + 4 * i), expected[i]);
    segment = mmap(NULL, header_offset(segment, 56), PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(segment, MAP_FAILED);
    source = segment + header_offset(segment, 64);
    result = segment + header_offset(segment, 80);
    for (size_t row = 0; row < 37; row++)
        for (size_t i = 0; i < 123; i++) {
            unsigned char sample = telar_image_row(picture, (uint32_t)row)[i];

            if (source[row * header_offset(segment, 72) + i] != sample
                || result[row * 123 + i] != (sample ^ 255))
                ck_abort_msg("row %zu, byte %zu", row, i);
        }
    telar_image_free(picture);
    close(fd);
}

START_TEST(a_kept_segment_can_be_read_from_outside)
{
    char name[64], slash[65];
    struct telar_options options = {.workers = 1, .keep_shm = name, .plan = {1, 1}};
    struct telar_error error;

    snprintf(name, sizeof name, "telar_test_run-%d", (int)getpid());
    snprintf(slash, sizeof slash, "/%s", name);
    ck_assert_int_eq(run_invert(&options, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST); /* there is one of that name */
    ck_assert_int_eq(error.errnum, EEXIST);
    check_kept(slash);
    ck_assert_int_eq(shm_unlink(slash), 0);
}
END_TEST

/* ---- descriptors, processes, signals ---- */

/* Room for `more` descriptors from here on. */
static void limit_descriptors(int more)
{
    struct rlimit limit;
    int lowest_free = dup(0);

    close(lowest_free);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)(lowest_free + more);
    setrlimit(RLIMIT_NOFILE, &limit);
}

START_TEST(fewer_workers_when_descriptors_run_out)
{
    for (size_t i = 1; i < LENGTH(engines); i++) {
        struct telar_options options = {.engine = engines[i], .workers = 64, .plan = {37, 1}};
        struct rlimit before;
        telar_report *report;

        getrlimit(RLIMIT_NOFILE, &before);
        limit_descriptors(12);
        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        setrlimit(RLIMIT_NOFILE, &before);
        ck_assert_uint_eq(report->workers_wanted, 64);
        ck_assert_uint_ge(report->workers, 2);
        ck_assert_uint_le(report->workers, 11);
        ck_assert_ptr_nonnull(strstr(report->workers_reason, "the host refused more than"));
        telar_report_free(report);
    }
}
END_TEST

START_TEST(too_few_descriptors_are_said)
{
    for (int more = 0; more < 3; more++) {
        struct telar_options options = {.engine = TELAR_PROCESSES, .workers = 64};
        struct telar_error error;
        struct rlimit before;
        telar_image *source = picture_new(37, 41, 3, 8), *result;
        telar_pipeline *pipeline = telar_pipeline_new();
        telar_status status;

        getrlimit(RLIMIT_NOFILE, &before);
        limit_descriptors(more);
        status = telar_run(source, &result, pipeline, &options, NULL, &error);
        setrlimit(RLIMIT_NOFILE, &before);
        ck_assert_int_eq(status, TELAR_HOST);
        ck_assert_int_eq(error.errnum, EMFILE);
        telar_image_free(source);
        telar_pipeline_free(pipeline);
    }
}
END_TEST

/* Becomes a user that has no other process, if it may; -1 when not. The limit holds for no superuser. */
static int become_somebody(void)
{
    if (getuid() != 0)
        return -1;
    if (setgroups(0, NULL) != 0 || setgid(61234) != 0 || setuid(61234) != 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* else /proc/self/fd would be closed to it */
}

/* RLIM_INFINITY: as many as the hard limit allows. */
static void limit_processes(rlim_t most)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NPROC, &limit);
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
}

START_TEST(fewer_workers_when_processes_run_out)
{
    struct telar_options options = {.workers = 64, .plan = {37, 1}};
    struct telar_error error;
    telar_report *report;

    if (become_somebody() != 0) {
        limit_processes(1);
        ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST);
        return;
    }
    for (size_t i = 1; i < LENGTH(engines); i++) {
        options.engine = engines[i];
        limit_processes(4);
        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        ck_assert_uint_ge(report->workers, 1);
        ck_assert_uint_le(report->workers, 3); /* fewer when a sanitizer has a thread of its own */
        ck_assert_ptr_nonnull(strstr(report->workers_reason, "the host refused more than"));
        telar_report_free(report);
        limit_processes(1);
        ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST);
        ck_assert_int_eq(error.errnum, EAGAIN);
        ck_assert_ptr_nonnull(strstr(error.text, "cannot make even one worker"));
    }
    limit_processes(RLIM_INFINITY);
}
END_TEST

static void do_nothing(int number) {}

START_TEST(signals_do_not_disturb_a_run)
{
    const struct itimerval often = {{0, 500}, {0, 500}};
    struct sigaction action = {.sa_handler = do_nothing}; /* no SA_RESTART */

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < LENGTH(engines); i++) {
            struct telar_options options = {.engine = engines[i], .workers = 5, .plan = {37, 2}};
            struct telar_error error;

            ck_assert_msg(run_invert(&options, NULL, &error) == TELAR_OK, "%s", error.text);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        memory_over_the_limit_is_refused,
        a_kept_segment_can_be_read_from_outside,
        signals_do_not_disturb_a_run,
        under_valgrind() ? NULL : fewer_workers_when_descriptors_run_out,
        too_few_descriptors_are_said,
        fewer_workers_when_processes_run_out,
        NULL,
    };

    return run_suite("run_host", tests);
}
