/* SPDX-License-Identifier: MIT */
/* Implements retry_fixture.h. */
#include <config.h>

#include "support/retry_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

const struct failure_name failures[FAILURES] = {
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

const struct strike *strike;
atomic_uint *struck;
static volatile char *wall; /* memory without access rights */

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

static void fail_worker(enum failure failure)
{
    const struct tl_record forged = {.task = 1000000, .attempt = 1};

    if (failure == KILLED)
        raise(SIGKILL);
    if (failure == SEGV)
        *wall = 1;
    if (failure == ABORT)
        raise(SIGABRT);
    if (failure == EXIT_0 || failure == EXIT_3)
        _exit(failure == EXIT_3 ? 3 : 0);
    if (failure == NOISE)
        send(channel(), "noise", 5, MSG_NOSIGNAL);
    if (failure == FORGE)
        send(channel(), &forged, sizeof forged, MSG_NOSIGNAL);
    if (failure == CLOSE)
        close(channel());
    if (failure == STOP)
        raise(SIGSTOP);
    for (;;)
        pause();
}

static bool is_struck(const struct tl_place *place, const struct tl_task *task,
                      const struct tl_record *record)
{
    /* The task behind the last band counts as the last inflate task. */
    uint64_t index = task->index + (task->stage->kind == TL_READ_REST ? place->job->n_bands : 0);

    if (!strike || task->skip)
        return false;
    if (strike->all)
        return record->attempt <= strike->times;
    return place->kinds[task->stage->kind]->report == strike->kind && index == strike->index
           && (strike->kind != TELAR_TASK_PREPARE
               || task->stage->step == 0) /* the first of several steps */
           && atomic_load(struck) < strike->times;
}

void __real_tl_task_run(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record);
void __wrap_tl_task_run(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record);
void __wrap_tl_task_run(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record)
{
    if (!is_struck(place, task, record)) {
        __real_tl_task_run(place, task, record);
        return;
    }
    atomic_fetch_add(struck, 1);
    if (strike->forge) {
        __real_tl_task_run(place, task, record);
        strike->forge(place->base + task->extent.offset, task->extent.bytes, record);
        return;
    }
    if (strike->after)
        __real_tl_task_run(place, task, record);
    else
        memset(place->base + task->extent.offset, 0xee, task->extent.bytes);
    fail_worker(strike->failure);
}

/* ---- runs ---- */

char directory[64], input[80], output[80];

struct content load(const char *path)
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

const struct work chain = {.steps = {"gamma:gamma=1.5", "blur:sigma=2"}},
                  alone = {.steps = {"gamma:gamma=1.5", "blur:sigma=2"}, .restart = true},
                  straight = {.steps = {"gamma:gamma=1.5", "invert"}, .restart = true},
                  grid = {.steps = {"blur:sigma=1", "equalize"}, .plan = {3, 2}};

telar_status run(const struct work *work, struct telar_options options, telar_report **report,
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

void make_input(bool restart)
{
    const struct telar_options options = {.engine = TELAR_SERIAL, .no_restart = !restart};
    telar_pipeline *none = telar_pipeline_new();
    telar_image *picture = picture_new(ROWS, COLUMNS, 1, 8);

    if (!*directory) {
        strcpy(directory, "telar-retry-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(input, sizeof input, "%s/in.png", directory);
        snprintf(output, sizeof output, "%s/out.png", directory);
        struck =
            mmap(NULL, sizeof *struck, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        wall = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(struck, MAP_FAILED);
        ck_assert_ptr_ne((void *)wall, MAP_FAILED);
    }
    ck_assert_int_eq(telar_image_write(picture, output, NULL), TELAR_OK);
    ck_assert_int_eq(telar_run_file(output, input, none, &options, NULL, NULL), TELAR_OK);
    telar_image_free(picture);
    telar_pipeline_free(none);
}

void remove_files(void)
{
    unlink(input);
    unlink(output);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* The output of a run without failures. */
struct content expect(const struct work *work)
{
    const struct telar_options options = {.engine = TELAR_SERIAL};

    make_input(work->restart);
    ck_assert_int_eq(run(work, options, NULL, NULL), TELAR_OK);
    return load(output);
}

void check_output(const struct content *expected, const char *what)
{
    struct content got = load(output);

    ck_assert_msg(got.n == expected->n && memcmp(got.bytes, expected->bytes, got.n) == 0,
                  "%s: the bytes of the output differ", what);
    free(got.bytes);
}

const char *describe(const struct strike *s, uint32_t workers)
{
    static char text[128];

    snprintf(text, sizeof text, "%s at %s %llu%s, %u workers", failures[s->failure].name,
             s->all ? "every task" : telar_task_kind_name(s->kind), (unsigned long long)s->index,
             s->after ? ", after writing" : "", workers);
    return text;
}
