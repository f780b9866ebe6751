/*
 * Doing it again: whatever a worker was doing when it was lost, and however, the output is byte for byte what it would
 * have been; or the run fails as it was asked to. What a worker does for a task is called in a wrapper, which has it die
 * there, at the first attempt or at every one.
 */
#include <config.h>

#include "runs.h"
#include "sandboxed.h"
#include "suite.h"
#include "task.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum deed { KILLED, SEGV, ABORT, EXIT_0, EXIT_3, NOISE, FORGE, CLOSE, HANG, STOP, DEEDS };

static const struct deed_name {
    const char *name, *why; /* why: what is said of it */
    telar_status status;
} deeds[DEEDS] = {
    [KILLED] = {"killed", "SIGKILL", TELAR_WORKER},
    [SEGV] = {"segv", "SIGSEGV", TELAR_WORKER},
    [ABORT] = {"abort", "SIGABRT", TELAR_WORKER},
    [EXIT_0] = {"exit 0", "before its work was done", TELAR_WORKER},
    [EXIT_3] = {"exit 3", "exit status 3", TELAR_WORKER},
    [NOISE] = {"noise", "makes no sense", TELAR_WORKER},
    [FORGE] = {"forge", "claims", TELAR_WORKER},
    [CLOSE] = {"close", "closed its channel and lived on", TELAR_WORKER},
    [HANG] = {"hang", "time limit", TELAR_TIMEOUT},
    [STOP] = {"stop", "time limit", TELAR_TIMEOUT},
};

/* Who is struck: a task, or with `all` the first `times` attempts at each. */
struct strike {
    telar_task_kind kind;
    uint64_t index;
    bool all;
    uint32_t times;
    enum deed deed;
    bool after; /* when all is written, but nobody has been told */
};

static const struct strike *strike; /* NULL: none */
static atomic_uint *struck;         /* how often; shared with the workers */
static volatile char *wall;         /* memory that may not be touched */

/* ---- in the worker ---- */

static int channel(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        int type;
        socklen_t size = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
            return fd;
    }
    return -1;
}

static void do_deed(enum deed deed)
{
    const struct tl_record forged = {.task = 1000000, .attempt = 1};

    if (deed == KILLED)
        raise(SIGKILL);
    if (deed == SEGV)
        *wall = 1;
    if (deed == ABORT)
        raise(SIGABRT);
    if (deed == EXIT_0 || deed == EXIT_3)
        _exit(deed == EXIT_3 ? 3 : 0);
    if (deed == NOISE)
        send(channel(), "noise", 5, MSG_NOSIGNAL);
    if (deed == FORGE)
        send(channel(), &forged, sizeof forged, MSG_NOSIGNAL);
    if (deed == CLOSE)
        close(channel());
    if (deed == STOP)
        raise(SIGSTOP);
    for (;;)
        pause();
}

static bool is_struck(const struct tl_task *task, const struct tl_record *record)
{
    if (!strike || task->skip)
        return false;
    if (strike->all)
        return record->attempt <= strike->times;
    return task->stage->kind == strike->kind && task->index == strike->index
           && (strike->kind != TELAR_TASK_PREPARE || task->stage->step == 0) /* of several, the first */
           && atomic_load(struck) < strike->times;
}

void __real_tl_task_run(const struct tl_place *place, const struct tl_task *task, struct tl_record *record);
void __wrap_tl_task_run(const struct tl_place *place, const struct tl_task *task, struct tl_record *record);
void __wrap_tl_task_run(const struct tl_place *place, const struct tl_task *task, struct tl_record *record)
{
    if (!is_struck(task, record)) {
        __real_tl_task_run(place, task, record);
        return;
    }
    atomic_fetch_add(struck, 1);
    if (strike->after)
        __real_tl_task_run(place, task, record);
    else
        memset(place->base + task->extent.offset, 0xee, task->extent.bytes);
    do_deed(strike->deed);
}

/* ---- runs ---- */

enum { ROWS = 1500, COLUMNS = 2000, BAND_ROWS = 128, N_BANDS = 12, FILE_BYTES_MAX = 8 << 20 };

static char directory[64], input[80], output[80];

struct content {
    unsigned char *bytes;
    size_t n;
};

static struct content load(const char *path)
{
    struct content content = {malloc(FILE_BYTES_MAX), 0};
    FILE *file = fopen(path, "rbe");

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(content.bytes);
    content.n = fread(content.bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    ck_assert_uint_lt(content.n, FILE_BYTES_MAX);
    return content;
}

/* What is done: from file to file, by the steps. */
struct work {
    const char *steps[4];
    struct telar_plan plan;
    bool restart; /* whether each band of the input can be decoded for itself */
};

/* The stages of these have every kind of task; in the first, bands pass through a window. */
static const struct work chain = {.steps = {"gamma:gamma=1.5", "blur:sigma=2"}},
                         alone = {.steps = {"gamma:gamma=1.5", "blur:sigma=2"}, .restart = true},
                         grid = {.steps = {"blur:sigma=1", "equalize"}, .plan = {3, 2}};

static telar_status run(const struct work *work, struct telar_options options, telar_report **report,
                        struct telar_error *error)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_status status;

    for (const char *const *step = work->steps; *step; step++)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, *step, NULL), TELAR_OK);
    options.plan = work->plan;
    status = telar_run_file(input, output, pipeline, &options, report, error);
    telar_pipeline_free(pipeline);
    return status;
}

static void make_input(bool restart)
{
    const struct telar_options options = {.engine = TELAR_SERIAL, .no_restart = !restart};
    telar_pipeline *none = telar_pipeline_new();
    telar_image *picture = picture_new(ROWS, COLUMNS, 1, 8);

    if (!*directory) {
        strcpy(directory, "telar-retry-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(input, sizeof input, "%s/in.png", directory);
        snprintf(output, sizeof output, "%s/out.png", directory);
        struck = mmap(NULL, sizeof *struck, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        wall = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(struck, MAP_FAILED);
        ck_assert_ptr_ne((void *)wall, MAP_FAILED);
    }
    ck_assert_int_eq(telar_image_write(picture, output, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run_file(output, input, none, &options, NULL, NULL), TELAR_OK);
    telar_image_free(picture);
    telar_pipeline_free(none);
}

static void remove_files(void)
{
    unlink(input);
    unlink(output);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* What comes of the work where nothing goes wrong. */
static struct content expect(const struct work *work)
{
    const struct telar_options options = {.engine = TELAR_SERIAL};

    make_input(work->restart);
    ck_assert_int_eq(run(work, options, NULL, NULL), TELAR_OK);
    return load(output);
}

static void check_output(const struct content *expected, const char *what)
{
    struct content got = load(output);

    ck_assert_msg(got.n == expected->n && memcmp(got.bytes, expected->bytes, got.n) == 0, "%s: other bytes", what);
    free(got.bytes);
}

static const char *describe(const struct strike *s, uint32_t workers)
{
    static char text[128];

    snprintf(text, sizeof text, "%s at %s %llu%s, %u workers", deeds[s->deed].name,
             s->all ? "every task" : telar_task_kind_name(s->kind), (unsigned long long)s->index,
             s->after ? ", all written" : "", workers);
    return text;
}

/* The report tells of the loss, and who was there. */
static void check_losses(const telar_report *report, const struct strike *s, const char *what)
{
    uint64_t processes = 0, seen = 0;
    char all[1024] = "";

    for (uint64_t i = 0; i < report->n_losses; i++) {
        const struct telar_loss_report *loss = &report->loss[i];

        ck_assert_uint_lt(loss->worker, report->n_workers);
        ck_assert_uint_le(loss->at_ns, report->total_ns);
        seen += loss->busy && (s->all || loss->kind == s->kind) && loss->status == deeds[s->deed].status
                && strstr(loss->why, deeds[s->deed].why);
        if (strlen(all) < sizeof all / 2)
            snprintf(all + strlen(all), sizeof all - strlen(all), "; %s%llu: %s", telar_task_kind_name(loss->kind),
                     (unsigned long long)loss->attempt, loss->why);
    }
    ck_assert_msg(seen >= atomic_load(struck), "%s, %s: %llu losses, not %u%s", what, report->isolation,
                  (unsigned long long)seen, atomic_load(struck), all);
    for (uint32_t i = 0; i < report->n_workers; i++)
        processes += report->worker[i].processes;
    /* the last that was lost has no successor where there was no work left for one */
    ck_assert_uint_le(processes, report->n_workers + report->n_losses);
}

/* A slow machine may find more of its workers too slow than those that are meant: that must not matter. */
static struct telar_options patient(struct telar_options options, enum deed deed)
{
    if (deed != HANG && deed != STOP)
        return options;
    options.timeout_ms = 1000;
    options.retries = 100;
    return options;
}

static void check_survival(const struct work *work, const struct content *expected, const struct strike *s,
                           struct telar_options options)
{
    int descriptors = count_descriptors();
    const char *what = describe(s, options.workers);
    struct telar_error error = {.text = ""};
    telar_report *report = NULL;
    telar_status status;

    unlink(output);
    atomic_store(struck, 0);
    strike = s;
    status = run(work, patient(options, s->deed), &report, &error);
    strike = NULL;
    ck_assert_msg(status == TELAR_OK, "%s: %s", what, error.text);
    ck_assert_msg(atomic_load(struck) >= s->times, "%s: never struck", what);
    check_output(expected, what);
    check_losses(report, s, what);
    telar_report_free(report);
    check_nothing_left(descriptors);
}

/* Both when it has written nothing, but spoilt what it was to write, and when all is written. */
static void check_task(const struct work *work, const struct content *expected, telar_task_kind kind,
                       uint64_t index, telar_isolation isolation)
{
    for (int deed = 0; deed < CLOSE; deed++) { /* the others cost a second each, and have tests of their own */
        struct strike s = {.kind = kind, .index = index, .times = 1 + deed % 2, .deed = (enum deed)deed};
        struct telar_options options = {.isolation = isolation, .on_crash = TELAR_ON_CRASH_RETRY};

        options.workers = 1 + (uint32_t)(deed + (int)kind) % 3;
        s.after = (deed + (int)isolation) % 2;
        check_survival(work, expected, &s, options);
    }
}

static const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED};

/* Of the deeds, those that are not a violation themselves. */
START_TEST(in_a_sandbox)
{
    const struct work *works[] = {&chain, &alone, &grid};
    const struct strike strikes[] = {
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .deed = SEGV},
        {.kind = TELAR_TASK_UNFILTER, .index = 3, .times = 2, .deed = EXIT_3, .after = true},
        {.kind = TELAR_TASK_ENCODE, .index = 4, .times = 2, .deed = SEGV, .after = true},
        {.all = true, .times = 2, .deed = EXIT_0},
    };

    if (!can_sandbox("doing it again in a sandbox"))
        return;
    for (size_t i = 0; i < LENGTH(works); i++) {
        struct content expected = expect(works[i]);

        for (size_t j = 0; j < LENGTH(strikes); j++)
            check_survival(works[i], &expected, &strikes[j],
                           (struct telar_options){.workers = 3, .isolation = TELAR_SANDBOXED});
        free(expected.bytes);
    }
    remove_files();
}
END_TEST

static void check_tasks(const struct work *work, const telar_task_kind *kinds, size_t n)
{
    struct content expected = expect(work);

    for (size_t rung = 0; rung < LENGTH(rungs); rung++)
        for (size_t i = 0; i < n; i++)
            check_task(work, &expected, kinds[i], kinds[i] <= TELAR_TASK_UNFILTER || kinds[i] == TELAR_TASK_ENCODE ? 7 : 0,
                       rungs[rung]);
    free(expected.bytes);
    remove_files();
}

START_TEST(in_a_chain_of_bands)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_PREPARE, TELAR_TASK_ENCODE};

    check_tasks(&chain, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(with_bands_alone)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_ENCODE};

    check_tasks(&alone, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(in_a_grid)
{
    const telar_task_kind kinds[] = {TELAR_TASK_GATHER, TELAR_TASK_MERGE, TELAR_TASK_PROCESS, TELAR_TASK_ENCODE};

    check_tasks(&grid, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(at_every_band_of_the_chain)
{
    struct content expected = expect(&chain);

    for (uint64_t index = 0; index <= N_BANDS; index++)
        for (uint32_t workers = 1; workers <= 4; workers += 3) {
            struct strike s = {.kind = TELAR_TASK_INFLATE, .index = index, .times = 1, .after = index % 2};

            check_survival(&chain, &expected, &s, (struct telar_options){.workers = workers});
        }
    free(expected.bytes);
    remove_files();
}
END_TEST

START_TEST(at_every_task_at_once)
{
    const struct work *works[] = {&chain, &alone, &grid};

    for (size_t i = 0; i < LENGTH(works); i++) {
        struct content expected = expect(works[i]);

        for (uint32_t workers = 1; workers <= 64; workers *= 4) {
            struct strike s = {.all = true, .times = 2, .deed = workers % 3 ? KILLED : SEGV, .after = i % 2};

            check_survival(works[i], &expected, &s, (struct telar_options){.workers = workers});
        }
        free(expected.bytes);
    }
    remove_files();
}
END_TEST

START_TEST(of_one_that_hangs)
{
    struct content expected = expect(&chain);
    const struct strike hangs[] = {
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .deed = HANG},
        {.kind = TELAR_TASK_UNFILTER, .index = 2, .times = 1, .deed = CLOSE},
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .deed = STOP, .after = true},
        {.kind = TELAR_TASK_ENCODE, .index = 3, .times = 1, .deed = HANG, .after = true},
        {.kind = TELAR_TASK_ENCODE, .index = 3, .times = 1, .deed = STOP},
    };

    for (size_t i = 0; i < LENGTH(hangs); i++)
        check_survival(&chain, &expected, &hangs[i], (struct telar_options){.workers = 2});
    free(expected.bytes);
    remove_files();
}
END_TEST

/* ---- in the end ---- */

/* Every worker that touches it is lost. */
static void check_end(const struct work *work, const struct strike *s, struct telar_options options, uint32_t attempts)
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
    ck_assert_msg(status == deeds[s->deed].status, "%s: %s", what, telar_status_name(status));
    ck_assert_int_eq(error.status, status);
    ck_assert_msg(strstr(error.text, deeds[s->deed].why) != NULL, "%s: %s", what, error.text);
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
            struct strike s = {.kind = TELAR_TASK_ENCODE, .index = 5, .times = 1000, .deed = SEGV};
            struct telar_options options = {.workers = 2, .isolation = rungs[rung], .retries = cases[i].retries,
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
    struct strike s = {.kind = TELAR_TASK_MERGE, .index = 0, .times = 1000, .deed = ABORT};
    struct telar_options options = {.workers = 2, .on_crash = TELAR_ON_CRASH_FAIL};

    make_input(false);
    check_end(&grid, &s, options, 1);
    options = (struct telar_options){.workers = 2, .isolation = TELAR_SHARED}; /* the default there */
    check_end(&grid, &s, options, 1);
    remove_files();
}
END_TEST

START_TEST(a_region_that_always_hangs_ends_the_run_by_time)
{
    struct strike s = {.kind = TELAR_TASK_PROCESS, .index = 4, .times = 1000, .deed = HANG};
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

/* Inside the region `got` is as the source, elsewhere as `expected`. */
static void check_skipped(const char *expected_path, const struct telar_region *region)
{
    telar_image *source = read_picture(input), *expected = read_picture(expected_path), *got = read_picture(output);

    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++) {
            bool inside = row >= region->r0 && row < region->r1 && column >= region->c0 && column < region->c1;

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
    ck_assert_int_eq(run(work, (struct telar_options){.engine = TELAR_SERIAL}, NULL, NULL), TELAR_OK);
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
    struct strike band = {.kind = TELAR_TASK_ENCODE, .index = 5, .times = 1000, .deed = SEGV};
    struct strike region = {.kind = TELAR_TASK_PROCESS, .index = 3, .times = 1000, .deed = EXIT_3};

    check_skip(&chain, &band, (struct telar_region){5 * BAND_ROWS, 6 * BAND_ROWS, 0, COLUMNS});
    check_skip(&grid, &region, (struct telar_region){ROWS / 3, 2 * ROWS / 3, COLUMNS / 2, COLUMNS});
    remove_files();
}
END_TEST

/* There is nothing to put in the place of what a statistic, the decoder or the encoder would have given. */
START_TEST(what_is_no_region_of_the_result_cannot_be_skipped)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_GATHER, TELAR_TASK_ENCODE};

    make_input(false);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct strike s = {.kind = kinds[i], .index = 1, .times = 1000, .deed = SEGV};
        struct telar_options options = {.workers = 2, .on_crash = TELAR_ON_CRASH_SKIP};

        check_end(&grid, &s, options, 3);
    }
    remove_files();
}
END_TEST

/* ---- stray writes ---- */

/* Writes into the source, which at -j 1 nobody but this worker ever writes, and lives on if it can. */
static void scribble(const struct telar_context *context, const struct telar_source *source,
                     const struct telar_result *result)
{
    *(volatile unsigned char *)source->data ^= 1;
    copy_pixels(context, source, result);
}

/* Otherwise the bands that it has done before would not be what they were, and nobody would know. */
START_TEST(a_stray_write_cannot_reach_what_is_done)
{
    const struct telar_transform scribbler = {
        .abi = TELAR_TRANSFORM_ABI,
        .struct_size = sizeof(struct telar_transform),
        .name = "scribbler",
        .summary = "for tests",
        .manual = "for tests",
        .process = scribble,
    };
    telar_pipeline *pipeline = telar_pipeline_new();

    ck_assert_int_eq(telar_pipeline_add(pipeline, &scribbler, NULL, NULL), TELAR_OK);
    for (int restart = 0; restart < 2; restart++) {
        const struct telar_options options = {.workers = 1};
        struct telar_error error;

        make_input(restart);
        ck_assert_int_eq(telar_run_file(input, output, pipeline, &options, NULL, &error), TELAR_WORKER);
        ck_assert_msg(strstr(error.text, "SIGSEGV") != NULL, "%s", error.text);
    }
    telar_pipeline_free(pipeline);
    remove_files();
}
END_TEST

/* ---- pipes ---- */

/* Runs `copy` with the input on standard input: through a pipe, or as the file itself. */
static telar_status run_from_standard_input(bool through_pipe, telar_isolation isolation, struct telar_error *error)
{
    struct telar_options options = {.workers = 2, .isolation = isolation, .on_crash = TELAR_ON_CRASH_RETRY};
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
    const struct strike s = {.kind = TELAR_TASK_INFLATE, .index = 5, .times = 1, .deed = KILLED};
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

START_TEST(pictures_in_memory)
{
    make_input(false);
    for (size_t rung = 0; rung < LENGTH(rungs); rung++)
        for (uint32_t times = 1; times <= 3; times++) {
            const struct strike s = {.kind = TELAR_TASK_PROCESS, .index = 2, .times = times, .deed = SEGV};
            struct telar_options options = {.workers = 3, .isolation = rungs[rung], .plan = {2, 3},
                                            .on_crash = TELAR_ON_CRASH_RETRY};
            telar_report *report;

            atomic_store(struck, 0);
            strike = &s;
            ck_assert_int_eq(run_invert(&options, &report, NULL), times < 3 ? TELAR_OK : TELAR_WORKER);
            strike = NULL;
            ck_assert_uint_eq(report->n_losses, times);
            telar_report_free(report);
        }
    remove_files();
}
END_TEST

START_TEST(policies_that_make_no_sense)
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
        in_a_chain_of_bands,
        with_bands_alone,
        in_a_grid,
        in_a_sandbox,
        at_every_band_of_the_chain,
        at_every_task_at_once,
        of_one_that_hangs,
        a_region_that_kills_every_worker_ends_the_run,
        without_retry_the_first_loss_ends_the_run,
        a_region_that_always_hangs_ends_the_run_by_time,
        a_region_may_be_left_as_the_source,
        what_is_no_region_of_the_result_cannot_be_skipped,
        a_stray_write_cannot_reach_what_is_done,
        a_pipe_cannot_be_read_again,
        pictures_in_memory,
        policies_that_make_no_sense,
        NULL,
    };

    return run_suite("retry", tests);
}
