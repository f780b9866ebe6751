/* SPDX-License-Identifier: MIT */
/* Tests runs that fail: workers crash, hang, send false records, or write to forbidden memory. Each
 * time the error has the right status, process id, region and cause. Nothing is left behind. */
#include <config.h>

#include "isolate/channel.h"
#include "support/runs.h"
#include "support/suite.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The fault that the transform commits in the region that contains its row. */
enum fault {
    EXIT_0,
    EXIT_3,
    ABORT,
    SEGV,
    KILL,
    STOP,
    HANG,
    LEAVE_CHILD,
    SHUT_AND_STAY,
    END_THREAD,
    SEND_NOISE,
    SEND_LONG,
    SEND_NOTHING,
    SEND_HELLO,
    CLAIM_OTHER_TASK,
    CLAIM_OTHER_ATTEMPT,
    CLAIM_ABSURD_TIMES,
    WRITE_SOURCE,
    WRITE_HEADER,
    WRITE_NEIGHBOUR,
    BE_SLOW, /* takes 300 ms in every region */
};

/* ---- the faulty transform ---- */

static void hang(void)
{
    for (;;)
        pause();
}

/* Sends a message to the coordinator over the worker's socket, which the transform first has to
 * find. Then hangs. */
static void send_and_hang(const void *message, size_t bytes)
{
    for (int fd = 0; fd < 1024; fd++) {
        int type;
        socklen_t size = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
            send(fd, message, bytes, MSG_NOSIGNAL);
    }
    hang();
}

static void send_false_record(enum fault fault)
{
    const char noise[1000] = "noise";
    struct tl_record record = {.task = 2, .attempt = 1};

    if (fault == SEND_NOISE)
        send_and_hang(noise, 1);
    if (fault == SEND_LONG)
        send_and_hang(noise, sizeof noise);
    if (fault == SEND_NOTHING)
        send_and_hang(noise, 0);
    if (fault == SEND_HELLO)
        record.task = TL_TASK_HELLO;
    if (fault == CLAIM_OTHER_TASK)
        record.task = 1000;
    if (fault == CLAIM_OTHER_ATTEMPT)
        record.attempt = 2;
    if (fault == CLAIM_ABSURD_TIMES)
        record = (struct tl_record){.task = 0, .attempt = 1, .start_ns = 0, .end_ns = UINT64_MAX};
    send_and_hang(&record, sizeof record);
}

/* The child of a worker. The child inherits everything and outlives the worker. All processes share
 * this memory. */
static volatile pid_t *child;

static void leave_child(void)
{
    pid_t pid = fork();

    if (pid == 0)
        hang();
    *child = pid;
    raise(SIGKILL);
}

static void die(enum fault fault)
{
    switch (fault) {
    case EXIT_0:
        _exit(0);
    case EXIT_3:
        _exit(3);
    case ABORT:
        abort();
    case SEGV:
        raise(SIGSEGV);
        break;
    case KILL:
        raise(SIGKILL);
        break;
    case STOP:
        raise(SIGSTOP);
        break;
    case LEAVE_CHILD:
        leave_child();
        break;
    case SHUT_AND_STAY:
        for (int fd = 3; fd < 100; fd++)
            close(fd);
        hang();
        break;
    case END_THREAD:
        usleep(50000); /* lets another worker wait for the lock */
        pthread_exit(NULL);
    default:
        hang();
    }
}

static void commit_fault(const struct telar_context *context, const struct telar_source *source,
                         const struct telar_result *result)
{
    enum fault fault = (enum fault)context->params[0];

    copy_pixels(context, source, result);
    if (fault == BE_SLOW)
        usleep(300000);
    if (context->params[1] < result->region.r0 || context->params[1] >= result->region.r1)
        return;
    if (fault == WRITE_SOURCE) /* the source begins on the second page of the segment, see job.h */
        *(volatile unsigned char *)source->data = 1;
    else if (fault == WRITE_HEADER)
        *((volatile unsigned char *)source->data - 4096) = 1;
    else if (fault == WRITE_NEIGHBOUR)
        *((volatile unsigned char *)result->data - 1) = 1;
    else if (fault >= SEND_NOISE && fault != BE_SLOW)
        send_false_record(fault);
    else if (fault != BE_SLOW)
        die(fault);
}

static const struct telar_param villain_params[] = {
    {"fault", "the fault", 0, 99, 0, true},
    {"row", "in the region that has this row", 0, 1e6, 0, true},
    {NULL, NULL, 0, 0, 0, false},
};

static const struct telar_transform faulty = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "faulty",
    .summary = "for tests",
    .manual = "for tests",
    .params = villain_params,
    .process = commit_fault,
};

/* ---- runs of this transform ---- */

/* Runs on four regions of 2 x 6 pixels. The fault happens in the third region, which is task 2. */
static telar_status run_faulty(enum fault fault, struct telar_options options,
                               telar_report **report, struct telar_error *error)
{
    telar_image *source = picture_new(8, 6, 3, 8), *result = source;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_status status;

    ck_assert_int_eq(telar_pipeline_add(pipeline, &faulty, (double[]){fault, 5}, NULL), TELAR_OK);
    options.plan = options.plan.rows ? options.plan : (struct telar_plan){4, 1};
    status = telar_run(source, &result, pipeline, &options, report, error);
    if (status == TELAR_OK)
        ck_assert(picture_same(source, result));
    else
        ck_assert_ptr_null(result);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

/* Checks that the error names a worker that is gone, and the third region. */
static void check_blame(const struct telar_error *error, const telar_report *report,
                        const char *cause)
{
    const struct telar_region third = {4, 6, 0, 6};
    char pid[32];

    ck_assert_msg(strstr(error->text, cause) != NULL, "\"%s\" is missing in: %s", cause,
                  error->text);
    ck_assert(error->worker >= 0 && (uint32_t)error->worker < report->n_workers);
    ck_assert_int_eq(error->pid, report->worker[error->worker].pid);
    ck_assert_int_ne(error->pid, getpid());
    ck_assert_int_eq(kill((pid_t)error->pid, 0), -1);
    snprintf(pid, sizeof pid, "pid %d", (int)error->pid);
    ck_assert_msg(strstr(error->text, pid) != NULL, "%s is missing in: %s", pid, error->text);
    ck_assert(error->has_region);
    ck_assert_mem_eq(&error->region, &third, sizeof third);
    ck_assert_msg(strstr(error->text, "4:6,0:6") != NULL, "the region is missing in: %s",
                  error->text);
}

static void check_failure(enum fault fault, struct telar_options options, telar_status expected,
                          const char *cause)
{
    int descriptors = count_descriptors();
    struct telar_error error;
    telar_report *report;

    options.engine = TELAR_PROCESSES;
    options.on_crash = TELAR_ON_CRASH_FAIL;
    ck_assert_int_eq(run_faulty(fault, options, &report, &error), expected);
    ck_assert_int_eq(error.status, expected);
    check_blame(&error, report, cause);
    telar_report_free(report);
    check_nothing_left(descriptors);
}

START_TEST(a_lost_worker_is_reported_with_its_cause)
{
    const struct {
        enum fault fault;
        const char *cause;
    } deaths[] = {
        {EXIT_0, "before its work was done"},
        {EXIT_3, "exit status 3"},
        {ABORT, "SIGABRT"},
        {SEGV, "SIGSEGV"},
        {KILL, "SIGKILL"},
    };

    for (size_t i = 0; i < LENGTH(deaths); i++)
        for (uint32_t workers = 1; workers <= 4; workers++) {
            struct telar_options options = {.workers = workers,
                                            .isolation = i % 2 ? TELAR_SHARED : TELAR_GUARDED};

            check_failure(deaths[i].fault, options, TELAR_WORKER, deaths[i].cause);
        }
}
END_TEST

/* A child of the worker keeps the channel open and sends nothing. */
START_TEST(a_loss_is_noticed_although_a_child_keeps_the_channel)
{
    child = mmap(NULL, sizeof *child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne((void *)child, MAP_FAILED);
    for (uint32_t workers = 1; workers <= 2; workers++)
        for (int guarded = 0; guarded < 2; guarded++) {
            struct telar_options options = {.workers = workers,
                                            .isolation = guarded ? TELAR_GUARDED : TELAR_SHARED};

            *child = 0;
            check_failure(LEAVE_CHILD, options, TELAR_WORKER, "SIGKILL");
            ck_assert_int_gt(*child, 0);
            ck_assert_int_eq(kill(*child, SIGKILL), 0); /* the child was alive all the time */
        }
}
END_TEST

static void on_timer(int number)
{
    (void)number;
}

/* The program's timer interrupts each wait of the coordinator before the wait can end. */
START_TEST(a_timer_of_the_program_does_not_delay_the_end)
{
    const struct sigaction action = {.sa_handler = on_timer};
    const struct itimerval often = {{0, 100000}, {0, 100000}}, never = {{0, 0}, {0, 0}};
    struct telar_options options = {.workers = 2, .isolation = TELAR_GUARDED};

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    check_failure(SHUT_AND_STAY, options, TELAR_WORKER, "closed its channel and lived on");
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}
END_TEST

START_TEST(a_worker_that_hangs_is_ended_at_the_time_limit)
{
    struct telar_options options = {.workers = 2, .timeout_ms = 1000};

    check_failure(HANG, options, TELAR_TIMEOUT, "time limit of 1.000 s");
    check_failure(STOP, options, TELAR_TIMEOUT, "time limit of 1.000 s");
}
END_TEST

/* Four regions of 300 ms each: together more than the limit, each far less. */
START_TEST(the_time_limit_is_for_one_region)
{
    const telar_engine engines[] = {TELAR_THREADS, TELAR_PROCESSES};

    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_options options = {.engine = engines[i], .workers = 1, .timeout_ms = 1000};
        struct telar_error error;

        ck_assert_msg(run_faulty(BE_SLOW, options, NULL, &error) == TELAR_OK, "%s", error.text);
    }
}
END_TEST

START_TEST(false_records_end_the_run)
{
    const struct {
        enum fault fault;
        const char *cause;
    } false_records[] = {
        {SEND_NOISE, "sent a message that makes no sense"},
        {SEND_LONG, "sent a message that makes no sense"},
        {SEND_NOTHING,
         "on region 4:6,0:6"}, /* looks like a closed channel; the cause depends on timing */
        {SEND_HELLO, "said twice that it is ready"},
        {CLAIM_OTHER_TASK, "claims a task that it does not have"},
        {CLAIM_OTHER_ATTEMPT, "claims a task that it does not have"},
    };

    for (size_t i = 0; i < LENGTH(false_records); i++)
        check_failure(false_records[i].fault,
                      (struct telar_options){.workers = 2, .timeout_ms = 20000}, TELAR_WORKER,
                      false_records[i].cause);
}
END_TEST

/* The false record ends the run's only task, so the run succeeds. The reported times must
 * send_false_record within the run. */
START_TEST(impossible_times_are_not_reported)
{
    struct telar_options options = {.engine = TELAR_PROCESSES, .workers = 1, .plan = {1, 1}};
    int descriptors = count_descriptors();
    struct telar_error error;
    telar_report *report;

    ck_assert_int_eq(run_faulty(CLAIM_ABSURD_TIMES, options, &report, &error), TELAR_OK);
    ck_assert_uint_ge(report->task[0].start_ns, report->worker[0].spawn_ns);
    ck_assert_uint_le(report->task[0].end_ns, report->total_ns);
    ck_assert_uint_le(report->worker[0].busy_ns, report->total_ns);
    telar_report_free(report);
    check_nothing_left(descriptors);
}
END_TEST

START_TEST(a_guarded_worker_can_write_its_region_only)
{
    const enum fault strays[] = {WRITE_SOURCE, WRITE_HEADER, WRITE_NEIGHBOUR};

    for (size_t i = 0; i < LENGTH(strays); i++)
        for (uint32_t workers = 1; workers <= 2;
             workers++) /* a single worker has written the neighbour before */
            check_failure(strays[i], (struct telar_options){.workers = workers}, TELAR_WORKER,
                          "SIGSEGV");
}
END_TEST

/* At shared the write succeeds. The last byte before a region's result is padding, so no pixel
 * changes. */
START_TEST(a_shared_worker_can_write_beside_its_region)
{
    struct telar_options options = {
        .engine = TELAR_PROCESSES, .isolation = TELAR_SHARED, .workers = 2};

    ck_assert_int_eq(run_faulty(WRITE_NEIGHBOUR, options, NULL, NULL), TELAR_OK);
}
END_TEST

START_TEST(a_thread_that_ends_itself_is_noticed)
{
    struct telar_options options = {.engine = TELAR_THREADS, .workers = 2};
    int descriptors = count_descriptors();
    struct telar_error error;

    ck_assert_int_eq(run_faulty(END_THREAD, options, NULL, &error), TELAR_WORKER);
    ck_assert_msg(strstr(error.text, " ended before its work was done") != NULL, "%s", error.text);
    ck_assert_int_eq(error.pid, 0);
    ck_assert(error.has_region);
    ck_assert_uint_eq(error.region.r0, 4);
    /* The mapping of the lost thread remains. Descriptors do not. */
    ck_assert_int_eq(count_descriptors(), descriptors);
}
END_TEST

/* The thread ends while it holds the lock. Without a remedy the others would wait forever. */
START_TEST(a_thread_that_ends_gives_the_lock_back)
{
    int threads = 0; /* counted after the first round, because a sanitizer adds threads */

    for (uint32_t round = 0; round < 12; round++) {
        struct telar_options options = {.engine = TELAR_GIL, .workers = round % 4 + 1};

        ck_assert_int_eq(run_faulty(END_THREAD, options, NULL, NULL), TELAR_WORKER);
        if (round == 0)
            threads = count_entries("/proc/self/task", "");
        while (count_entries("/proc/self/task", "")
               > threads) /* ends at the latest with the test's time limit */
            usleep(1000);
    }
}
END_TEST

/* Each worker waits for the lock longer than the time limit, but computes for less. */
START_TEST(waiting_for_the_lock_does_not_count_as_work)
{
    struct telar_options options = {.engine = TELAR_GIL, .workers = 4, .timeout_ms = 800};
    struct telar_error error;

    ck_assert_msg(run_faulty(BE_SLOW, options, NULL, &error) == TELAR_OK, "%s", error.text);
}
END_TEST

START_TEST(a_thread_that_hangs_ends_the_run_at_the_time_limit)
{
    const telar_engine engines[] = {TELAR_THREADS, TELAR_GIL};

    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_options options = {.engine = engines[i], .workers = 1, .timeout_ms = 300};
        struct telar_error error;

        ck_assert_int_eq(run_faulty(HANG, options, NULL, &error), TELAR_TIMEOUT);
        ck_assert(error.has_region);
        ck_assert_uint_eq(error.region.r0, 4);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_lost_worker_is_reported_with_its_cause,
        a_loss_is_noticed_although_a_child_keeps_the_channel,
        a_timer_of_the_program_does_not_delay_the_end,
        a_worker_that_hangs_is_ended_at_the_time_limit,
        the_time_limit_is_for_one_region,
        false_records_end_the_run,
        impossible_times_are_not_reported,
        a_guarded_worker_can_write_its_region_only,
        a_shared_worker_can_write_beside_its_region,
        a_thread_that_ends_itself_is_noticed,
        a_thread_that_ends_gives_the_lock_back,
        waiting_for_the_lock_does_not_count_as_work,
        a_thread_that_hangs_ends_the_run_at_the_time_limit,
        NULL,
    };

    return run_suite("run_fail", tests);
}
