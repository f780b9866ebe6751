/* SPDX-License-Identifier: MIT */
/* Tests runs in programs that have threads, children and other runs. */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* Worker processes and the test share this memory. */
static struct stage {
    atomic_bool thread_works, process_works, thread_gone;
} * stage;

typedef void process_function(const struct telar_context *, const struct telar_source *,
                              const struct telar_result *);

static void wait_for(atomic_bool *flag)
{
    while (!atomic_load(flag))
        usleep(1000);
}

static void work_in_thread(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_result *result)
{
    atomic_store(&stage->thread_works, true);
    wait_for(&stage->process_works);
    pthread_exit(NULL);
}

static void work_in_process(const struct telar_context *context, const struct telar_source *source,
                            const struct telar_result *result)
{
    copy_pixels(context, source, result);
    atomic_store(&stage->process_works, true);
    wait_for(&stage->thread_gone);
}

/* Runs with a time limit, so that a deadlock fails with a status. */
static telar_status run_with(telar_engine engine, process_function *process,
                             struct telar_error *error)
{
    struct telar_options options = {.engine = engine, .workers = 1, .timeout_ms = 20000};
    struct telar_transform transform = {
        .abi = TELAR_TRANSFORM_ABI,
        .struct_size = sizeof(struct telar_transform),
        .name = "testing",
        .summary = "for tests",
        .manual = "for tests",
        .process = process,
    };
    telar_image *source = picture_new(3, 3, 1, 8), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_status status;

    ck_assert_int_eq(telar_pipeline_add(pipeline, &transform, NULL, NULL), TELAR_OK);
    status = telar_run(source, &result, pipeline, &options, NULL, error);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

static void *run_on_process(void *status)
{
    wait_for(&stage->thread_works);
    *(telar_status *)status = run_with(TELAR_PROCESSES, work_in_process, NULL);
    return NULL;
}

/*
 * During a run on threads, another run forks a worker. This worker lives until the first run has
 * ended. The worker must not keep the first run's channels open, or the first run cannot notice its
 * loss.
 */
START_TEST(a_worker_keeps_nothing_of_another_run_open)
{
    telar_status status = TELAR_HOST;
    pthread_t thread;

    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stage, MAP_FAILED);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_on_process, &status), 0);
    ck_assert_int_eq(run_with(TELAR_THREADS, work_in_thread, NULL), TELAR_WORKER);
    atomic_store(&stage->thread_gone, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(status, TELAR_OK);
}
END_TEST

START_TEST(ignored_children_are_refused)
{
    struct sigaction no_zombies = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    int descriptors = count_descriptors();
    struct telar_error error;

    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(run_with(TELAR_PROCESSES, copy_pixels, &error), TELAR_HOST);
    ck_assert_msg(strstr(error.text, "SIGCHLD") != NULL, "%s", error.text);
    sigaction(SIGCHLD, &no_zombies, NULL);
    ck_assert_int_eq(run_with(TELAR_PROCESSES, copy_pixels, &error), TELAR_HOST);
    check_nothing_left(descriptors);
}
END_TEST

/* A transform may write to a closed standard descriptor. These bytes must not reach a file or
 * socket of telar. */
static void copy_and_write_noise(const struct telar_context *context,
                                 const struct telar_source *source,
                                 const struct telar_result *result)
{
    copy_pixels(context, source, result);
    for (int fd = 0; fd <= 2; fd++)
        (void)!write(fd, "noise", 5);
}

START_TEST(standard_descriptors_may_be_closed)
{
    const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_PROCESSES};
    int kept[3], descriptors;

    for (int fd = 0; fd <= 2; fd++) {
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        close(fd);
    }
    descriptors = count_descriptors();
    for (size_t i = 0; i < LENGTH(engines); i++) {
        struct telar_error error = {.text = ""};
        telar_status status = run_with(engines[i], copy_and_write_noise, &error);

        if (status != TELAR_OK || count_descriptors() != descriptors) {
            dup2(kept[2], STDERR_FILENO);
            ck_abort_msg("%s: %s", telar_engine_name(engines[i]), error.text);
        }
    }
    for (int fd = 0; fd <= 2; fd++)
        dup2(kept[fd], fd);
}
END_TEST

/* A child of the program ends while the run joins its workers. The program must still be able to
 * wait for this child. */
START_TEST(children_of_the_program_are_left_alone)
{
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        int status;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            usleep((useconds_t)i * 200);
            _exit(7);
        }
        ck_assert_int_eq(run_with(TELAR_PROCESSES, copy_pixels, NULL), TELAR_OK);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
}
END_TEST

static void exit_3(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_result *result)
{
    _exit(3);
}

static void reap_all(int number)
{
    int saved = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = saved;
}

/* telar learns the state of a region from records. If the program reaps the workers, only the cause
 * of a loss is unknown. */
START_TEST(a_program_may_reap_the_workers)
{
    struct sigaction reaping = {.sa_handler = reap_all};
    int descriptors = count_descriptors();
    struct telar_error error;

    sigaction(SIGCHLD, &reaping, NULL);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(run_with(TELAR_PROCESSES, copy_pixels, NULL), TELAR_OK);
        ck_assert_int_eq(run_with(TELAR_PROCESSES, exit_3, &error), TELAR_WORKER);
        ck_assert_msg(strstr(error.text, "exit status") != NULL, "%s", error.text);
    }
    check_nothing_left(descriptors);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_worker_keeps_nothing_of_another_run_open,
        ignored_children_are_refused,
        standard_descriptors_may_be_closed,
        children_of_the_program_are_left_alone,
        a_program_may_reap_the_workers,
        NULL,
    };

    return run_suite("run_program", tests);
}
