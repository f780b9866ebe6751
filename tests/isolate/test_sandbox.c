/* SPDX-License-Identifier: MIT */
/* Tests the sandboxed rung: a run gives the same bytes, and a forbidden system call ends the run
 * with the name of that call. Some combinations of options are refused. */
#include <config.h>

#include "support/runs.h"
#include "support/sandboxed.h"

#include "isolate/channel.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <telar/telar.h>
#include <time.h>
#include <ucontext.h>

/* The action that the transform performs before it copies. */
static void (*act)(void);

static void act_and_copy(const struct telar_context *context, const struct telar_source *source,
                         const struct telar_result *result)
{
    act();
    copy_pixels(context, source, result);
}

static const struct telar_transform acting = {
    TELAR_TRANSFORM_ABI, sizeof(struct telar_transform),
    .name = "acting",    .summary = "does something and copies",
    .manual = "",        .process = act_and_copy};

/* Runs the action in workers on a small picture. Sets *same to whether the result equals the
 * source. */
static telar_status run_action(void (*what)(void), bool *same, struct telar_error *error)
{
    const struct telar_options options = {.isolation = TELAR_SANDBOXED, .workers = 2};
    telar_image *source = picture_new(30, 40, 3, 8), *result = NULL;
    telar_pipeline *pipeline = telar_pipeline_new();
    int descriptors = count_descriptors();
    telar_status status;

    act = what;
    ck_assert_int_eq(telar_pipeline_add(pipeline, &acting, NULL, error), TELAR_OK);
    status = telar_run(source, &result, pipeline, &options, NULL, error);
    check_nothing_left(descriptors);
    *same = result && picture_same(source, result);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

/* ---- allowed actions ---- */

static void nothing(void) {}

static void ask_for_memory(void)
{
    void *volatile small = malloc(1 << 20), *volatile large = malloc(100 << 20);

    if (small || large)
        raise(SIGKILL);
    free(small);
}

/* The heap of a worker still allocates and frees within the memory that it has. */
static void use_the_heap(void)
{
    void *volatile block = malloc(16);

    free(block);
}

static void read_the_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
}

static void (*const harmless[])(void) = {nothing, ask_for_memory, use_the_heap, read_the_clock};

START_TEST(harmless_actions_succeed)
{
    struct telar_error error = {0};
    bool same;

    ck_assert_msg(run_action(harmless[_i], &same, &error) == TELAR_OK, "%s", error.text);
    ck_assert(same);
}
END_TEST

/* ---- forbidden system calls ---- */

static void open_a_socket(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void give_up(void)
{
    abort();
}

static void make_code(void)
{
    static unsigned char page[8192];

    mprotect((void *)(((size_t)page + 4095) / 4096 * 4096), 4096, PROT_READ | PROT_EXEC);
}

static void ask_for_a_call_that_there_is_not(void)
{
    syscall(9999);
}

static const struct violation {
    void (*act)(void);
    const char *call; /* in false_records: the expected words */
} violations[] = {
    {open_a_socket, "socket"},
    {give_up, "tgkill (abort or raise)"},
    {make_code, "mprotect"},
    {ask_for_a_call_that_there_is_not, "call 9999"},
};

START_TEST(violations_are_named)
{
    char expected[144];
    struct telar_error error = {0};
    bool same;

    ck_assert_int_eq(run_action(violations[_i].act, &same, &error), TELAR_WORKER);
    snprintf(expected, sizeof expected,
             "tried the system call %s, which its sandbox forbids; to debug, use -i guarded",
             violations[_i].call);
    ck_assert_msg(strstr(error.text, expected), "%s", error.text);
    ck_assert_msg(strstr(error.text, "region") && strstr(error.text, "pid"), "%s", error.text);
    ck_assert(error.has_region);
    ck_assert_int_gt(error.pid, 0);
}
END_TEST

/* ---- false records over the channel, which the sandbox allows ---- */

static void send_record(struct tl_record record)
{
    tl_channel_send_record(TL_SANDBOX_CHANNEL, &record);
}

static void finish_anothers_task(void)
{
    send_record((struct tl_record){.task = 7, .attempt = 1});
}

static void finish_a_task_that_there_is_not(void)
{
    send_record((struct tl_record){.task = UINT64_MAX - 1, .attempt = 1});
}

static void finish_a_later_attempt(void)
{
    send_record((struct tl_record){.task = 0, .attempt = 2});
}

static void be_ready_again(void)
{
    send_record((struct tl_record){.task = TL_TASK_HELLO});
}

static void send_one_byte(void)
{
    send(TL_SANDBOX_CHANNEL, "x", 1, 0);
}

static const struct violation false_records[] = {
    {finish_anothers_task, "claims a task that it does not have"},
    {finish_a_task_that_there_is_not, "claims a task that it does not have"},
    {finish_a_later_attempt, "claims a task that it does not have"},
    {be_ready_again, "said twice that it is ready"},
    {send_one_byte, "makes no sense"},
};

START_TEST(false_records_end_the_run)
{
    struct telar_error error = {0};
    bool same;

    ck_assert_int_eq(run_action(false_records[_i].act, &same, &error), TELAR_WORKER);
    ck_assert_msg(strstr(error.text, false_records[_i].call), "%s", error.text);
}
END_TEST

#if defined __x86_64__
static void call_as_i386(void)
{
    int result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
}

static void call_as_x32(void)
{
    syscall(0x40000000 | SYS_getpid);
}

static void (*const foreign[])(void) = {call_as_x32, call_as_i386};

static volatile sig_atomic_t without_i386;

static void skip_the_instruction(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
    without_i386 = 1;
}

/* A kernel may lack the i386 ABI. Then the sandbox has nothing to stop. */
static int count_foreign(void)
{
    const struct sigaction action = {.sa_sigaction = skip_the_instruction, .sa_flags = SA_SIGINFO};
    struct sigaction before;

    sigaction(SIGSEGV, &action, &before);
    call_as_i386();
    sigaction(SIGSEGV, &before, NULL);
    if (without_i386)
        printf("skip - a call of the i386 ABI: this kernel has none\n");
    return without_i386 ? 1 : 2;
}

START_TEST(other_abis_are_violations)
{
    struct telar_error error = {0};
    bool same;

    ck_assert_int_eq(run_action(foreign[_i], &same, &error), TELAR_WORKER);
    ck_assert_msg(strstr(error.text, "SIGSYS") && strstr(error.text, "its sandbox forbids"), "%s",
                  error.text);
}
END_TEST
#endif

/* ---- refusals and reports ---- */

START_TEST(only_processes_are_sandboxed)
{
    static const telar_engine others[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL};
    struct telar_error error;

    for (size_t i = 0; i < LENGTH(others); i++) {
        struct telar_options options = {.engine = others[i], .isolation = TELAR_SANDBOXED};

        ck_assert_int_eq(run_invert(&options, NULL, &error), TELAR_USAGE);
        ck_assert_msg(strstr(error.text, "cannot be sandboxed"), "%s", error.text);
    }
}
END_TEST

/* A sandboxed worker calls mmap once for each region of its own. The kernel limits the number of
 * mappings. */
START_TEST(a_grid_too_fine_is_refused)
{
    struct telar_options options = {.isolation = TELAR_SANDBOXED, .workers = 1, .plan = {200, 200}};
    telar_image *source = picture_new(200, 200, 1, 8), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    ck_assert_int_eq(telar_run(source, &result, pipeline, &options, NULL, &error), TELAR_USAGE);
    ck_assert_msg(strstr(error.text, "coarser"), "%s", error.text);
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

START_TEST(the_report_lists_the_measures_in_force)
{
    static const char *const parts[] = {"seccomp", "landlock abi ", "no_new_privs", "rlimits",
                                        "not dumpable"};
    struct telar_options options = {.isolation = TELAR_SANDBOXED, .workers = 2};
    telar_report *report;
    struct telar_error error;

    ck_assert_msg(run_invert(&options, &report, &error) == TELAR_OK, "%s", error.text);
    ck_assert_str_eq(report->isolation, "sandboxed");
    for (size_t i = 0; i < LENGTH(parts); i++)
        ck_assert_msg(strstr(report->sandbox, parts[i]), "%s", report->sandbox);
    telar_report_free(report);
    options.isolation = TELAR_GUARDED;
    ck_assert_int_eq(run_invert(&options, &report, &error), TELAR_OK);
    ck_assert_str_eq(report->sandbox, "");
    telar_report_free(report);
}
END_TEST

/* ---- the kernel's view of a worker ---- */

/* Memory that the program shares with its children. telar-isolation(7) says that workers share it
 * too. */
static struct meeting {
    atomic_int pid, looked_at;
} * meeting;

static void be_looked_at(void)
{
    int none = 0;

    if (atomic_compare_exchange_strong(&meeting->pid, &none, (int)getpid()))
        while (!atomic_load(&meeting->looked_at)) {
        }
}

/* Reads /proc/PID/NAME of the waiting worker. */
static void look(const char *name, char *text, size_t size)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", atomic_load(&meeting->pid), name);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Returns whether a line begins with these words. One blank stands for any number of blanks. */
static bool has_line(const char *text, const char *line)
{
    while (text) {
        const char *t = text, *l = line;

        for (; *l && (*t == *l || (*l == ' ' && isblank(*t))); l++)
            t += *l == ' ' ? strspn(t, " \t") : 1;
        if (!*l)
            return true;
        text = strchr(text, '\n');
        text += text != NULL;
    }
    return false;
}

static void *look_at_the_worker(void *unused)
{
    static const char *const limits[] = {
        "Max data size 0 0 ",  "Max file size 0 0 ",     "Max core file size 0 0 ",
        "Max processes 0 0 ",  "Max locked memory 0 0 ", "Max msgqueue size 0 0 ",
        "Max open files 0 0 ",
    };
    static const char *const status[] = {
        "CapInh: 0000000000000000",
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
    };
    char text[8192], path[64];
    DIR *descriptors;

    while (!atomic_load(&meeting->pid))
        usleep(1000);
    look("limits", text, sizeof text);
    for (size_t i = 0; i < LENGTH(limits); i++)
        ck_assert_msg(has_line(text, limits[i]), "no '%s' in:\n%s", limits[i], text);
    look("status", text, sizeof text);
    for (size_t i = 0; i < LENGTH(status); i++)
        ck_assert_msg(has_line(text, status[i]), "no '%s' in:\n%s", status[i], text);
    snprintf(path, sizeof path, "/proc/%d/fd", atomic_load(&meeting->pid));
    descriptors = opendir(path);
    if (descriptors) { /* the worker is not dumpable, so only root may look */
        closedir(descriptors);
        ck_assert_int_eq(count_entries(path, "") - count_entries(path, "."), 1);
    } else {
        ck_assert_int_eq(errno, EACCES);
    }
    atomic_store(&meeting->looked_at, 1);
    return unused;
}

START_TEST(the_kernel_confirms_the_measures)
{
    struct telar_error error;
    pthread_t thread;
    bool same;

    meeting =
        mmap(NULL, sizeof *meeting, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(meeting, MAP_FAILED);
    ck_assert_int_eq(pthread_create(&thread, NULL, look_at_the_worker, NULL), 0);
    ck_assert_msg(run_action(be_looked_at, &same, &error) == TELAR_OK, "%s", error.text);
    pthread_join(thread, NULL);
    ck_assert(same);
    ck_assert_int_eq(atomic_load(&meeting->looked_at), 1);
}
END_TEST

/* With more workers than regions, the run must not wait for a worker without a task. */
START_TEST(few_regions_and_many_workers)
{
    static const struct telar_plan plans[] = {{1, 1}, {1, 3}, {5, 1}, {7, 9}, {37, 41}};
    struct telar_error error;

    for (uint32_t workers = 1; workers <= 7; workers++) {
        struct telar_options options = {
            .isolation = TELAR_SANDBOXED, .workers = workers, .plan = plans[_i]};

        ck_assert_msg(run_invert(&options, NULL, &error) == TELAR_OK, "%u workers: %s", workers,
                      error.text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *refusals = tcase_create("refusals"), *inside = tcase_create("inside");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(inside, 300);
    tcase_add_test(refusals, only_processes_are_sandboxed);
    suite_add_tcase(suite, refusals);
    suite_add_tcase(suite, inside);
    if (can_sandbox("tests inside the sandbox")) {
        tcase_add_loop_test(inside, harmless_actions_succeed, 0, LENGTH(harmless));
        tcase_add_loop_test(inside, violations_are_named, 0, LENGTH(violations));
#if defined __x86_64__
        tcase_add_loop_test(inside, other_abis_are_violations, 0, count_foreign());
#endif
        tcase_add_loop_test(inside, false_records_end_the_run, 0, LENGTH(false_records));
        tcase_add_test(inside, a_grid_too_fine_is_refused);
        tcase_add_test(inside, the_report_lists_the_measures_in_force);
        tcase_add_test(inside, the_kernel_confirms_the_measures);
        tcase_add_loop_test(inside, few_regions_and_many_workers, 0, 5);
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
