/* SPDX-License-Identifier: MIT */
/* Tests runs on a host that refuses memory, descriptors or processes, or that interrupts them by
 * signals. */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"
#include "support/sandboxed.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

/* Guarded regions begin on huge pages of their own. If the memory limit leaves no room for the
 * gaps, telar must pack the regions. */
START_TEST(a_limit_without_room_for_gaps_is_respected)
{
    struct telar_options options = {
        .engine = TELAR_PROCESSES, .workers = 2, .plan = {2, 2}, .isolation = TELAR_SHARED};
    telar_image *image = picture_new(2200, 1000, 3, 8), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {0};
    telar_report *report;
    uint64_t least;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(image, &result, pipeline, &options, &report, NULL), TELAR_OK);
    least = report->segment_bytes;
    telar_report_free(report);
    telar_image_free(result);
    options.isolation = TELAR_GUARDED;
    for (int limited = 0; limited < 2; limited++) {
        options.max_memory = limited ? least : 0;
        ck_assert_msg(telar_run(image, &result, pipeline, &options, &report, &error) == TELAR_OK,
                      "%s", error.text);
        ck_assert_int_eq(report->segment_bytes > least, !limited);
        telar_report_free(report);
        telar_image_free(result);
    }
    options.max_memory = least - 1;
    ck_assert_int_eq(telar_run(image, &result, pipeline, &options, NULL, &error), TELAR_HOST);
    telar_image_free(image);
    telar_pipeline_free(pipeline);
}
END_TEST

/* Returns the 32-bit number at this offset of the segment's header. */
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

/* A kept segment, as another program maps it. */
struct kept {
    int fd;
    const unsigned char *bytes;
    size_t n;
};

static struct kept open_kept(const char *name)
{
    struct kept kept = {.fd = shm_open(name, O_RDONLY, 0)};
    struct stat st;

    ck_assert_int_ge(kept.fd, 0);
    ck_assert_int_eq(fstat(kept.fd, &st), 0);
    kept.n = (size_t)st.st_size;
    kept.bytes = mmap(NULL, kept.n, PROT_READ, MAP_SHARED, kept.fd, 0);
    ck_assert_ptr_ne(kept.bytes, MAP_FAILED);
    ck_assert_mem_eq(kept.bytes, "telar\0\0", 8);
    ck_assert_uint_eq(header_offset(kept.bytes, 56), kept.n);
    return kept;
}

static void close_kept(struct kept *kept)
{
    munmap((void *)(uintptr_t)kept->bytes, kept->n);
    close(kept->fd);
}

/* Reads the kept segment by the numbers in its header alone. The source must be the picture, and
 * the result its negative. */
static void check_kept(const char *name, telar_image *picture)
{
    const struct telar_geometry *image = telar_image_geometry(picture);
    const struct telar_region all = telar_region_all(image);
    struct kept kept = open_kept(name);
    const struct telar_plan plan = {header_number(kept.bytes, 48), header_number(kept.bytes, 52)};
    const unsigned char *source = kept.bytes + header_offset(kept.bytes, 64);
    const unsigned char *result = kept.bytes + header_offset(kept.bytes, 80);
    const size_t row_bytes = telar_row_bytes(image), pixel_bytes = telar_pixel_bytes(image);

    for (uint32_t row = 0; row < image->rows; row++)
        if (memcmp(source + row * header_offset(kept.bytes, 72), telar_image_row(picture, row),
                   row_bytes)
            != 0)
            ck_abort_msg("the source differs in row %u", row);
    for (uint64_t i = 0; i < telar_plan_count(plan); i++) {
        struct telar_region region = telar_plan_region(plan, &all, i);
        const unsigned char *at = result + i * header_offset(kept.bytes, 88);

        for (uint32_t row = region.r0; row < region.r1; row++)
            for (size_t byte = region.c0 * pixel_bytes; byte < region.c1 * pixel_bytes; byte++)
                if (*at++ != (telar_image_row(picture, row)[byte] ^ 255))
                    ck_abort_msg("the result differs in row %u, byte %zu", row, byte);
    }
    close_kept(&kept);
}

static void check_numbers(const char *name)
{
    const uint32_t expected[] = {1, 96, 37, 41, 3, 8, 0, 37, 0, 41, 1, 1};
    struct kept kept = open_kept(name);

    for (size_t i = 0; i < LENGTH(expected); i++)
        ck_assert_uint_eq(header_number(kept.bytes, 8 + 4 * i), expected[i]);
    close_kept(&kept);
}

START_TEST(a_kept_segment_can_be_read_from_outside)
{
    char name[64], slash[65];
    struct telar_options options = {.workers = 1, .keep_shm = name, .plan = {1, 1}};
    telar_image *picture = picture_new(37, 41, 3, 8);
    struct telar_error error;

    snprintf(name, sizeof name, "telar_test_run-%d", (int)getpid());
    snprintf(slash, sizeof slash, "/%s", name);
    ck_assert_int_eq(run_invert(&options, NULL, NULL), TELAR_OK);
    ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST); /* the name is taken */
    ck_assert_int_eq(error.errnum, EEXIST);
    check_numbers(slash);
    check_kept(slash, picture);
    ck_assert_int_eq(shm_unlink(slash), 0);
    telar_image_free(picture);
}
END_TEST

/* Without --keep-shm a picture of so many bands passes through a window. Only its last bands would
 * remain in the segment. */
START_TEST(a_kept_segment_has_the_whole_picture)
{
    char name[64], slash[65], files[] = "telar-kept-XXXXXX", in[40], out[40];
    telar_image *picture = picture_new(3000, 700, 3, 8);
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.text = ""};

    snprintf(name, sizeof name, "telar_test_kept-%d", (int)getpid());
    snprintf(slash, sizeof slash, "/%s", name);
    ck_assert_ptr_nonnull(mkdtemp(files));
    snprintf(in, sizeof in, "%s/in.png", files);
    snprintf(out, sizeof out, "%s/out.png", files);
    ck_assert_int_eq(telar_image_write(picture, in, NULL), TELAR_OK);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_options options = {.engine = engines[i], .workers = 2, .keep_shm = name};

        ck_assert_msg(telar_run_file(in, out, pipeline, &options, NULL, &error) == TELAR_OK, "%s",
                      error.text);
        check_kept(slash, picture);
        ck_assert_int_eq(shm_unlink(slash), 0);
    }
    unlink(in);
    unlink(out);
    rmdir(files);
    telar_pipeline_free(pipeline);
    telar_image_free(picture);
}
END_TEST

/* ---- descriptors, processes, signals ---- */

/* Leaves exactly `more` free descriptors, whichever descriptors are inherited. */
static void limit_descriptors(int more)
{
    struct rlimit limit;
    int fd = 0;

    for (; more > 0 || fcntl(fd, F_GETFD) != -1; fd++)
        more -= fcntl(fd, F_GETFD) == -1;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)fd;
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

START_TEST(too_few_descriptors_are_reported)
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

/* Becomes a user without other processes, because the limit does not apply to root. Returns -1 if
 * that is impossible. */
static int become_another_user(void)
{
    if (getuid() != 0)
        return -1;
    if (setgroups(0, NULL) != 0 || setgid(61234) != 0 || setuid(61234) != 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0,
                 0); /* otherwise this user could not read /proc/self/fd */
}

/* Limits the processes to `most`. RLIM_INFINITY means the hard limit. */
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

    if (become_another_user() != 0) {
        limit_processes(1);
        ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_HOST);
        return;
    }
    for (size_t i = 1; i < LENGTH(engines); i++) {
        options.engine = engines[i];
        limit_processes(4);
        ck_assert_int_eq(run_invert(&options, &report, NULL), TELAR_OK);
        ck_assert_uint_ge(report->workers, 1);
        ck_assert_uint_le(report->workers, 3); /* a sanitizer may use one for its own thread */
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

/* A child does not inherit a timer. The signals interrupt the coordinator and workers that are
 * threads. */
static void run_interrupted(telar_engine engine, telar_isolation isolation)
{
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = do_nothing}; /* no SA_RESTART */

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < 10; round++) {
        struct telar_options options = {
            .engine = engine, .isolation = isolation, .workers = 5, .plan = {37, 2}};
        struct telar_error error;

        ck_assert_msg(run_invert(&options, NULL, &error) == TELAR_OK, "%s", error.text);
    }
    setitimer(ITIMER_REAL, &never, NULL);
}

START_TEST(signals_do_not_disturb_a_run)
{
    const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED, TELAR_SANDBOXED};

    for (size_t i = 0; i < LENGTH(engines); i++)
        if (engines[i] != TELAR_PROCESSES)
            run_interrupted(engines[i], TELAR_ISOLATION_DEFAULT);
    for (size_t i = 0; i < LENGTH(rungs); i++)
        if (rungs[i] != TELAR_SANDBOXED || can_sandbox("signals during a sandboxed run"))
            run_interrupted(TELAR_PROCESSES, rungs[i]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        memory_over_the_limit_is_refused,
        a_limit_without_room_for_gaps_is_respected,
        a_kept_segment_can_be_read_from_outside,
        a_kept_segment_has_the_whole_picture,
        signals_do_not_disturb_a_run,
        under_valgrind() ? NULL : fewer_workers_when_descriptors_run_out,
        too_few_descriptors_are_reported,
        fewer_workers_when_processes_run_out,
        NULL,
    };

    return run_suite("run_host", tests);
}
