/* SPDX-License-Identifier: MIT */
/*
 * Makes every call that can fail do so: at its first use, its second, its third, and so on, until
 * no use is left. Behind the first use, the seed chooses one use of STEP. Each time the run gives
 * the complete output, or the right status and the old output. Nothing else is left behind.
 */
#include <config.h>

#include "support/runs.h"
#include "support/seed.h"
#include "support/suite.h"
#include "support/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <zlib.h>

/* divides no number of processes, threads or regions of a trial */
enum { STEP = 5 };

/* Statuses as bits of a set. */
#define HOST (1u << TELAR_HOST)
#define INPUT (1u << TELAR_INPUT)
#define OUTPUT (1u << TELAR_OUTPUT)
#define WORKER (1u << TELAR_WORKER)
#define OK (1u << TELAR_OK)

/* The calls to which a row of the table below applies. */
enum when {
    ALWAYS,
    FIRST,         /* the first call: a run needs one worker, but no second one */
    RESERVING,     /* the first three calls, which reserve the segment */
    NO_SECOND_WAY, /* these three calls without shm_open, where a memfd was the second way */
    REPLACING,     /* runs that replace a lost worker; other runs fail */
};

/*
 * A call, its error, its site (the beginning of wrap_site(), "" for every site), the calls to which
 * the row applies, and the allowed statuses of the run. The first row that matches counts. OK means
 * that telar has another way, or does not need the call. A row has several statuses if the test
 * cannot see the purpose of the call, or if the outcome depends on the moment.
 */
static const struct failure {
    const char *call;
    int errnum;
    const char *site;
    enum when when;
    unsigned statuses;
} failures[] = {
    {"malloc", ENOMEM, "", ALWAYS,
     HOST | OK}, /* OK: for another worker, or for memory that telar can do without */
    {"calloc", ENOMEM, "", ALWAYS, HOST},
    {"realloc", ENOMEM, "", ALWAYS, HOST},
    {"strdup", ENOMEM, "", ALWAYS, OUTPUT},
    {"realpath", ENOMEM, "", ALWAYS, OUTPUT},
    {"shm_open", ENFILE, "", ALWAYS, OK},
    {"memfd_create", EMFILE, "", ALWAYS, HOST},
    {"ftruncate", EFBIG, "", ALWAYS, HOST}, /* the limit on file sizes holds for a memfd too */
    {"ftruncate", EINVAL, "", NO_SECOND_WAY, HOST},
    {"ftruncate", EINVAL, "", ALWAYS, OK},
    {"posix_fallocate", ENOSPC, "", NO_SECOND_WAY, HOST},
    {"posix_fallocate", ENOSPC, "", ALWAYS, OK},
    {"mmap", ENOMEM, "child", ALWAYS, HOST},
    {"mmap", ENOMEM, "thread", ALWAYS, HOST},
    {"mmap", ENOMEM, "coordinator", NO_SECOND_WAY, HOST},
    {"mmap", ENOMEM, "coordinator, none", FIRST, OK},
    {"mmap", ENOMEM, "coordinator, segment", RESERVING, OK},
    {"mmap", ENOMEM, "", ALWAYS, HOST},
    {"madvise", ENOMEM, "coordinator", NO_SECOND_WAY, HOST},
    {"madvise", ENOMEM, "", ALWAYS, OK},
    {"mprotect", ENOMEM, "", ALWAYS, HOST},
    {"fork", EAGAIN, "", FIRST, HOST},
    {"fork", EAGAIN, "", ALWAYS, OK},
    {"waitpid", ECHILD, "", ALWAYS, OK},
    {"pthread_create", EAGAIN, "", FIRST, HOST},
    {"pthread_create", EAGAIN, "", ALWAYS, OK},
    {"socketpair", EMFILE, "", FIRST, HOST},
    {"socketpair", EMFILE, "", ALWAYS, OK},
    {"send", ENOBUFS, "coordinator", ALWAYS, HOST},
    {"send", ENOBUFS, "", REPLACING, OK},
    {"send", ENOBUFS, "", ALWAYS, WORKER | OK}, /* OK: the worker had no task */
    {"recv", ENOMEM, "", REPLACING, OK},
    {"recv", ENOMEM, "", ALWAYS, WORKER | OK}, /* as for send */
    {"poll", ENOMEM, "", ALWAYS, OK},
    {"fopen", EMFILE, "", ALWAYS, OK},
    {"getrandom", EAGAIN, "", ALWAYS, OK},
    {"openat", EMFILE, "coordinator, input", ALWAYS, INPUT},
    {"openat", EMFILE, "", ALWAYS, OUTPUT},
    {"stat", EACCES, "", ALWAYS, OUTPUT},
    {"fstat", EIO, "", ALWAYS, INPUT},
    {"fchmod", EIO, "", ALWAYS, OUTPUT},
    {"pread", EIO, "child", ALWAYS, INPUT},
    {"pread", EIO, "", ALWAYS, INPUT | OK}, /* OK: telar reads the file in series then */
    {"write", ENOSPC, "", ALWAYS, OUTPUT},
    {"fsync", EIO, "", ALWAYS, OUTPUT},
    {"linkat", EACCES, "", ALWAYS, OK},
    {"renameat", EACCES, "", ALWAYS, OUTPUT},
    {"close", EIO, "coordinator, unfinished", ALWAYS, OUTPUT},
    {"close", EIO, "", ALWAYS, OK},
    /* These are not failures: the caller tries again. */
    {"posix_fallocate", EINTR, "", ALWAYS, OK},
    {"waitpid", EINTR, "", ALWAYS, OK},
    {"send", EINTR, "", ALWAYS, OK},
    {"recv", EINTR, "", ALWAYS, OK},
    {"poll", EINTR, "", ALWAYS, OK},
    {"pread", EINTR, "", ALWAYS, OK},
    {"pread", 0, "", ALWAYS, OK},
    {"write", EINTR, "", ALWAYS, OK},
    {"write", 0, "", ALWAYS, OK},
};

/* ---- files ---- */

static char directory[64], input[80], output[80];

struct content {
    unsigned char bytes[1 << 20];
    size_t n;
};

static void load(const char *path, struct content *content)
{
    FILE *file = fopen(path, "rbe");

    ck_assert_ptr_nonnull(file);
    content->n = fread(content->bytes, 1, sizeof content->bytes, file);
    fclose(file);
    ck_assert_uint_lt(content->n, sizeof content->bytes);
}

static void save(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wbe");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

/* Adds a tEXt chunk behind IHDR, so that telar has a chunk to carry over. */
static void add_text(void)
{
    enum { AFTER_IHDR = 8 + 25, TEXT = 9 };
    static const unsigned char chunk[] = "\0\0\0\11tEXtTitle\0web";
    static struct content old;
    unsigned char crc[4];
    uint32_t sum = (uint32_t)crc32(crc32(0, NULL, 0), chunk + 4, 4 + TEXT);
    FILE *file;

    for (int i = 0; i < 4; i++)
        crc[i] = (unsigned char)(sum >> (24 - 8 * i));
    load(input, &old);
    file = fopen(input, "wbe");
    ck_assert_ptr_nonnull(file);
    fwrite(old.bytes, 1, AFTER_IHDR, file);
    fwrite(chunk, 1, 8 + TEXT, file);
    fwrite(crc, 1, 4, file);
    fwrite(old.bytes + AFTER_IHDR, 1, old.n - AFTER_IHDR, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_files(const struct telar_geometry *geometry)
{
    telar_image *picture;

    strcpy(directory, "telar-wrap-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(input, sizeof input, "%s/in.png", directory);
    snprintf(output, sizeof output, "%s/out.png", directory);
    ck_assert_int_eq(telar_image_new(geometry, &picture, NULL), TELAR_OK);
    for (uint32_t row = 0; row < geometry->rows; row++)
        memset(telar_image_row(picture, row), (int)(row * row / 64 % 256),
               telar_row_bytes(geometry));
    ck_assert_int_eq(telar_image_write(picture, input, NULL), TELAR_OK);
    telar_image_free(picture);
    add_text();
}

static void remove_files(void)
{
    unlink(input);
    unlink(output);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* ---- runs ---- */

struct trial {
    enum world world;
    struct telar_geometry geometry;
    const char *transforms[3];
    unsigned long density; /* up to this number every call fails, then fewer and fewer */
    struct telar_options options;
    telar_pipeline *pipeline;
    struct content expected;
};

static telar_status run(const struct trial *trial, struct telar_error *error)
{
    telar_report *report;
    telar_status status =
        telar_run_file(input, output, trial->pipeline, &trial->options, &report, error);

    telar_report_free(report);
    return status;
}

static void check_error(const struct failure *failure, const struct telar_error *error,
                        telar_status status)
{
    ck_assert_int_eq(error->status, status);
    ck_assert_msg(error->text[0], "%s: the error has no text", failure->call);
    if (status != TELAR_WORKER && failure->errnum != ENOMEM) /* an allocation sets no errnum */
        ck_assert_msg(error->errnum == failure->errnum, "%s: errno %d, not %d: %s", failure->call,
                      error->errnum, failure->errnum, error->text);
}

/* As check_nothing_left(), but only for the shared-memory name that this run used. */
static void check_left(const char *call, unsigned long k, int descriptors)
{
    pid_t child = waitpid(-1, NULL, WNOHANG);
    int left = count_descriptors();

    ck_assert_msg(child == -1 && errno == ECHILD, "%s %lu: child %d is left", call, k, (int)child);
    ck_assert_msg(left == descriptors, "%s %lu: %d descriptors are open, not %d", call, k, left,
                  descriptors);
    ck_assert_msg(!any_segment_mapped(), "%s %lu: a segment is still mapped", call, k);
    ck_assert_msg(access(wrap_shm_path(), F_OK) != 0, "%s %lu: %s is left", call, k,
                  wrap_shm_path());
    ck_assert_msg(count_entries(directory, "") == 4, "%s %lu: a file is left", call, k);
}

static bool holds(const struct trial *trial, enum when when, unsigned long k)
{
    const bool guarded =
        trial->options.engine == TELAR_PROCESSES && trial->options.isolation != TELAR_SHARED;

    switch (when) {
    case FIRST:
        return k == 1;
    case RESERVING:
        return k <= 3;
    case NO_SECOND_WAY:
        return k <= 3 && trial->world == NO_SHM;
    case REPLACING:
        return guarded;
    default:
        return true;
    }
}

/* Returns the statuses of the first row that matches the failed call. */
static unsigned expected_statuses(const struct trial *trial, const struct failure *failure,
                                  unsigned long k)
{
    const struct failure *row = failure;

    while (strncmp(wrap_site(), row->site, strlen(row->site)) != 0 || !holds(trial, row->when, k))
        row++;
    ck_assert_str_eq(row->call, failure->call);
    ck_assert_int_eq(row->errnum, failure->errnum);
    return row->statuses;
}

/* Runs with the k-th call failing. Returns whether there was a k-th call. */
static bool fail_once(const struct trial *trial, const struct failure *failure, unsigned long k)
{
    static const char old[] = "the old output";
    static struct content got;
    struct telar_error error;
    telar_status status;
    int descriptors;
    bool failed;

    save(output, old, sizeof old);
    descriptors = count_descriptors();
    wrap_arm(failure->call, failure->errnum, k);
    status = run(trial, &error);
    failed = wrap_disarm();
    check_left(failure->call, k, descriptors);
    load(output, &got);
    ck_assert_msg((failed ? expected_statuses(trial, failure, k) : OK) & 1u << status,
                  "%s %lu (%s), %s: %s, %s", failure->call, k, strerror(failure->errnum),
                  wrap_site(), telar_status_name(status), status ? error.text : "");
    if (status == TELAR_OK) {
        ck_assert_msg(got.n == trial->expected.n
                          && memcmp(got.bytes, trial->expected.bytes, got.n) == 0,
                      "%s %lu: the output has other bytes", failure->call, k);
    } else {
        check_error(failure, &error, status);
        ck_assert_msg(got.n == sizeof old && memcmp(got.bytes, old, got.n) == 0,
                      "%s %lu: the old output is gone", failure->call, k);
    }
    return failed;
}

static void begin_trial(struct trial *trial)
{
    const struct telar_options options = trial->options;

    wrap_begin(trial->world);
    make_files(&trial->geometry);
    trial->pipeline = telar_pipeline_new();
    for (const char **text = trial->transforms; *text; text++)
        ck_assert_int_eq(telar_pipeline_parse(trial->pipeline, *text, NULL), TELAR_OK);
    trial->options = (struct telar_options){.engine = TELAR_SERIAL};
    ck_assert_int_eq(run(trial, NULL), TELAR_OK);
    load(output, &trial->expected);
    trial->options = options;
}

/* Lets the calls of a row fail. Returns whether there was one. */
static bool fail_at_uses(const struct trial *trial, size_t row)
{
    unsigned long k = 1;

    while ((k > 1 && !chosen(k + row, STEP)) || fail_once(trial, &failures[row], k))
        k += 1 + k / trial->density;
    return k > 1;
}

/* Runs every failure. `calls` ends with NULL. Each of these calls must have been made, or the test
 * would prove nothing. */
static void check_trial(struct trial *trial, const char *const *calls)
{
    char made[1024] = " ";

    begin_trial(trial);
    for (size_t i = 0; i < LENGTH(failures); i++) {
        if (i > 0 && strcmp(failures[i].call, failures[i - 1].call) == 0
            && failures[i].errnum == failures[i - 1].errnum)
            continue; /* another row for the same failure */
        if (fail_at_uses(trial, i)) {
            strcat(made, failures[i].call);
            strcat(made, " ");
        }
    }
    for (; *calls; calls++)
        ck_assert_msg(strstr(made, *calls) != NULL, "%s is never called", *calls);
    telar_pipeline_free(trial->pipeline);
    remove_files();
}

/* A small picture in quadrants. One transform reads pixels of neighbouring regions. The other needs
 * a statistic of the whole image. */
static void check_quadrants(enum world world, struct telar_options options,
                            const char *const *calls)
{
    static struct trial trial = {.geometry = {31, 23, 3, 8},
                                 .transforms = {"blur:sigma=1", "equalize"},
                                 .density = ULONG_MAX};

    trial.world = world;
    trial.options = options;
    trial.options.workers = 3;
    trial.options.plan = (struct telar_plan){2, 2};
    check_trial(&trial, calls);
}

#define EVERYWHERE                                                                                 \
    " malloc ", " calloc ", " shm_open ", " ftruncate ", " posix_fallocate ", " mmap ",            \
        " openat ", " pread ", " write ", " fsync ", " renameat ", " close "

START_TEST(every_failure_in_serial)
{
    check_quadrants(USUAL, (struct telar_options){.engine = TELAR_SERIAL},
                    (const char *const[]){EVERYWHERE, " linkat ", NULL});
}
END_TEST

START_TEST(every_failure_in_threads)
{
    check_quadrants(USUAL, (struct telar_options){.engine = TELAR_THREADS},
                    (const char *const[]){EVERYWHERE, " pthread_create ", " socketpair ", " send ",
                                          " recv ", NULL});
}
END_TEST

START_TEST(every_failure_in_gil)
{
    check_quadrants(USUAL, (struct telar_options){.engine = TELAR_GIL},
                    (const char *const[]){EVERYWHERE, " pthread_create ", " socketpair ", " send ",
                                          " recv ", NULL});
}
END_TEST

#define IN_PROCESSES EVERYWHERE, " fork ", " waitpid ", " socketpair ", " send ", " recv ", " poll "

START_TEST(every_failure_in_shared_processes)
{
    check_quadrants(USUAL,
                    (struct telar_options){.engine = TELAR_PROCESSES, .isolation = TELAR_SHARED},
                    (const char *const[]){IN_PROCESSES, NULL});
}
END_TEST

START_TEST(every_failure_in_guarded_processes)
{
    check_quadrants(USUAL,
                    (struct telar_options){.engine = TELAR_PROCESSES, .isolation = TELAR_GUARDED},
                    (const char *const[]){IN_PROCESSES, " mprotect ", NULL});
}
END_TEST

START_TEST(every_failure_without_shm_open)
{
    check_quadrants(NO_SHM, (struct telar_options){.engine = TELAR_PROCESSES},
                    (const char *const[]){IN_PROCESSES, " memfd_create ", NULL});
}
END_TEST

START_TEST(every_failure_without_o_tmpfile)
{
    check_quadrants(NO_TMPFILE, (struct telar_options){.engine = TELAR_THREADS},
                    (const char *const[]){EVERYWHERE, NULL});
}
END_TEST

/* The picture has more bands than the window. Workers decode and encode them in parallel. */
START_TEST(every_failure_through_a_window)
{
    static struct trial trial = {.geometry = {6000, 256, 3, 8},
                                 .transforms = {"blur:sigma=1"},
                                 .density = 3,
                                 .options = {.engine = TELAR_PROCESSES, .workers = 2}};

    check_trial(&trial, (const char *const[]){IN_PROCESSES, NULL});
}
END_TEST

/* ---- the coordinator is killed ---- */

/* Waits for the run and for workers whose coordinator is gone. The time limit of the suite ends
 * this wait. */
static void wait_for_all(void)
{
    pid_t pid;

    do
        pid = waitpid(-1, NULL, 0);
    while (pid > 0 || errno == EINTR);
    ck_assert_int_eq(errno, ECHILD);
}

/* Kills the coordinator at the k-th call. Returns whether there was a k-th call. */
static bool kill_once(const struct trial *trial, const char *call, unsigned long k)
{
    static const char old[] = "the old output";
    static struct content got;
    pid_t coordinator;
    bool killed;

    save(output, old, sizeof old);
    wrap_arm(NULL, 0, 0);
    coordinator = fork();
    ck_assert_int_ge(coordinator, 0);
    if (coordinator == 0) {
        wrap_arm_kill(call, getpid(), k);
        _exit(run(trial, NULL) != TELAR_OK);
    }
    wait_for_all();
    killed = wrap_disarm();
    load(output, &got);
    ck_assert_msg(
        (got.n == trial->expected.n && memcmp(got.bytes, trial->expected.bytes, got.n) == 0)
            || (killed && got.n == sizeof old && memcmp(got.bytes, old, got.n) == 0),
        "%s %lu: the output is neither the old one nor the new", call, k);
    ck_assert_msg(count_entries(directory, "") == 4, "%s %lu: a file is left", call, k);
    ck_assert_msg(access(wrap_shm_path(), F_OK) != 0, "%s %lu: %s is left", call, k,
                  wrap_shm_path());
    return killed;
}

START_TEST(killed_coordinators_leave_nothing)
{
    static const char *const calls[] = {"openat", "mmap",  "fork",  "send",   "recv",     "poll",
                                        "pread",  "write", "fsync", "linkat", "renameat", "close"};
    static struct trial trial = {.geometry = {31, 23, 3, 8},
                                 .transforms = {"blur:sigma=1"},
                                 .options = {.engine = TELAR_PROCESSES, .workers = 2}};

    begin_trial(&trial);
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (size_t i = 0; i < LENGTH(calls); i++) {
        unsigned long k = 1;

        while ((k > 1 && !chosen(k + i, STEP)) || kill_once(&trial, calls[i], k))
            k++;
        ck_assert_msg(k > 1, "%s is never called", calls[i]);
    }
    telar_pipeline_free(trial.pipeline);
    remove_files();
}
END_TEST

/* Returns whether a run in memory calls fopen(). telar uses that only for /proc/self/smaps. */
static bool reads_mappings(bool with_report, bool count)
{
    const struct telar_measure measure = {TELAR_MEASURE_INIT, .count_huge_pages = count};
    const struct telar_options options = {
        .engine = TELAR_THREADS, .workers = 2, .plan = {2, 2}, .measure = &measure};
    telar_image *image = picture_new(2200, 1000, 3, 8), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_report *report = NULL;
    bool read;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    wrap_arm("fopen", EMFILE, 1);
    ck_assert_int_eq(
        telar_run(image, &result, pipeline, &options, with_report ? &report : NULL, NULL),
        TELAR_OK);
    read = wrap_disarm();
    ck_assert_int_eq(report != NULL, with_report);
    telar_report_free(report);
    telar_pipeline_free(pipeline);
    telar_image_free(result);
    telar_image_free(image);
    return read;
}

/* Reading /proc/self/smaps takes longer, the more mappings the program has. */
START_TEST(mappings_are_read_only_on_request)
{
    wrap_begin(USUAL);
    ck_assert(!reads_mappings(false, false));
    ck_assert(!reads_mappings(true, false));
    ck_assert(!reads_mappings(false, true));
    ck_assert(reads_mappings(true, true));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_failure_in_serial,
        every_failure_in_threads,
        every_failure_in_gil,
        every_failure_in_shared_processes,
        every_failure_in_guarded_processes,
        every_failure_without_shm_open,
        every_failure_without_o_tmpfile,
        every_failure_through_a_window,
        killed_coordinators_leave_nothing,
        mappings_are_read_only_on_request,
        NULL,
    };

    return run_suite("wrap", tests);
}
