/* SPDX-License-Identifier: MIT */
/* Tests output to standard output, pipes and devices. telar writes the bytes in order and reports
 * every failed call. */
#include <config.h>

#include "support/output_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_nothing_pending(void)
{
    sigset_t pending, blocked;

    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    ck_assert(!sigismember(&pending, SIGPIPE) && !sigismember(&blocked, SIGPIPE));
}

START_TEST(a_full_device_is_an_error)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output = open_output("/dev/full");

    ck_assert_int_eq(tl_atomic_output_write(output, "x", 1, &error), TELAR_OUTPUT);
    ck_assert_int_eq(error.errnum, ENOSPC);
    ck_assert_ptr_nonnull(strstr(error.text, "/dev/full"));
    tl_atomic_output_abandon(output);
    output = open_output("/dev/null");
    put(output, "x");
    commit(output);
    ck_assert_int_eq(access("/dev/null", W_OK), 0);
}
END_TEST

START_TEST(a_pipe_is_written_directly)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    struct stat st;
    char found[8] = "";
    int reader;

    enter();
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    output = open_output("pipe");
    put(output, "through");
    ck_assert_int_eq(read(reader, found, sizeof found), 7);
    ck_assert_str_eq(found, "through");
    close(reader);
    ck_assert_int_eq(tl_atomic_output_write(output, "x", 1, &error), TELAR_OUTPUT);
    ck_assert_int_eq(error.errnum, EPIPE);
    check_nothing_pending();
    tl_atomic_output_abandon(output);
    ck_assert_int_eq(stat("pipe", &st), 0);
    ck_assert(S_ISFIFO(st.st_mode));
    unlink("pipe");
    leave();
}
END_TEST

/* A SIGPIPE that was pending before the call stays pending. */
START_TEST(a_pending_sigpipe_stays_pending)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    sigset_t set, pending;
    int ends[2], saved = dup(STDOUT_FILENO);

    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    raise(SIGPIPE);
    output = open_output("-");
    ck_assert_int_eq(tl_atomic_output_write(output, "x", 1, &error), TELAR_OUTPUT);
    tl_atomic_output_abandon(output);
    sigpending(&pending);
    ck_assert(sigismember(&pending, SIGPIPE));
    signal(SIGPIPE, SIG_IGN); /* discards the pending signal */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
}
END_TEST

/* Reads to the end. The exit status is 0 if exactly n bytes came. */
static void count_bytes(int fd, size_t n)
{
    char bytes[1000];
    size_t seen = 0;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        seen += (size_t)got;
    _exit(seen == n ? 0 : 1);
}

START_TEST(standard_output_may_be_non_blocking)
{
    static const char block[1 << 20];
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    int ends[2], status, saved = dup(STDOUT_FILENO);
    pid_t reader;

    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    reader = fork();
    if (reader == 0) {
        close(ends[1]);
        count_bytes(ends[0], sizeof block);
    }
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    output = open_output("-");
    status = tl_atomic_output_write(output, block, sizeof block, &error);
    ck_assert_msg(status == TELAR_OK, "%s", error.text);
    commit(output);
    close(ends[0]);
    close(ends[1]);
    dup2(saved, STDOUT_FILENO); /* closes the last writing end of the pipe */
    close(saved);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(closed_standard_output_is_an_error)
{
    struct tl_atomic_output *output;
    int saved = dup(STDOUT_FILENO);

    enter();
    close(STDOUT_FILENO);
    check_refused("-", "standard output is closed");
    check_refused("/dev/stdout", "standard output is closed");
    /* The descriptor of an output file must not be that of standard output. */
    output = open_output("out.png");
    put(output, "new");
    ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFD), -1);
    commit(output);
    make_file("input.png", "in", 0600);
    ck_assert_int_eq(open("input.png", O_RDONLY | O_CLOEXEC), STDOUT_FILENO);
    check_refused("-", "standard output is closed");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    check_file("out.png", "new");
    check_file("input.png", "in");
    unlink("out.png");
    unlink("input.png");
    leave();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_full_device_is_an_error,          a_pipe_is_written_directly,
        a_pending_sigpipe_stays_pending,    standard_output_may_be_non_blocking,
        closed_standard_output_is_an_error, NULL,
    };

    return run_suite("output_direct", tests);
}
