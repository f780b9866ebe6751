/* SPDX-License-Identifier: MIT */
/* Tests the words for the end of a child, for every exit status and every fatal signal. */
#include <config.h>

#include "support/suite.h"

#include "isolate/exit_cause.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <telar/report.h>
#include <unistd.h>

/* Returns the wait status of a child that sends itself the signal. With signal 0, or if the signal
 * does not end the child, the child exits with exit_code. */
static int status_of_child(int signal_number, int exit_code)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(signal_number, SIG_DFL);
        if (signal_number)
            raise(signal_number);
        _exit(exit_code);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* Gets the text, and checks that a report has room for it. */
static void text_of(const struct tl_exit_cause *cause, char text[96])
{
    tl_exit_cause_text(cause, text, 96);
    ck_assert_uint_lt(strlen(text), sizeof((struct telar_worker_report *)NULL)->cause);
}

START_TEST(every_exit_status)
{
    for (int code = 0; code < 256; code++) {
        struct tl_exit_cause cause = tl_exit_cause_of_status(status_of_child(0, code));
        char text[96], expected[96];

        ck_assert(cause.known);
        ck_assert_int_eq(cause.orderly, code == 0);
        ck_assert_int_eq(cause.signal, 0);
        ck_assert_int_eq(cause.code, code);
        text_of(&cause, text);
        snprintf(expected, sizeof expected, "ended with exit status %d", code);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

/* Signals that only stop a process, or that are ignored, are left out: the child would not end. */
static bool ends_a_process(int number)
{
    const int others[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (number == others[i])
            return false;
    return number < SIGSYS + 1 || number >= SIGRTMIN;
}

START_TEST(every_signal)
{
    int seen = 0;

    for (int number = 1; number <= SIGRTMAX; number++) {
        struct tl_exit_cause cause;
        char text[96], expected[32];

        if (!ends_a_process(number))
            continue;
        cause = tl_exit_cause_of_status(status_of_child(number, 0));
        ck_assert(cause.known);
        ck_assert_int_eq(cause.signal, number);
        ck_assert(!cause.orderly);
        text_of(&cause, text);
        if (number < SIGRTMIN)
            snprintf(expected, sizeof expected, "killed by SIG%s (", sigabbrev_np(number));
        else
            snprintf(expected, sizeof expected, "killed by signal %d", number);
        ck_assert_msg(strstr(text, expected) != NULL, "%d: %s", number, text);
        seen++;
    }
    ck_assert_int_gt(seen, 50);
}
END_TEST

/* The expected texts of the usual signals are written out. */
START_TEST(the_usual_signals)
{
    const struct {
        int number;
        const char *text;
    } usual[] = {
        {SIGSEGV, "was killed by SIGSEGV (Segmentation fault)"},
        {SIGKILL, "was killed by SIGKILL (Killed)"},
        {SIGABRT, "was killed by SIGABRT (Aborted)"},
        {SIGBUS, "was killed by SIGBUS (Bus error)"},
        {SIGFPE, "was killed by SIGFPE (Floating point exception)"},
    };

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        struct tl_exit_cause cause = tl_exit_cause_of_status(status_of_child(usual[i].number, 0));
        char text[96];

        text_of(&cause, text);
        ck_assert_str_eq(text, usual[i].text);
    }
}
END_TEST

START_TEST(an_unknown_cause)
{
    struct tl_exit_cause cause = {.known = false};
    char text[96], small[8];

    text_of(&cause, text);
    ck_assert_ptr_nonnull(strstr(text, "somebody else took its exit status"));
    tl_exit_cause_text(&cause, small, sizeof small);
    ck_assert_uint_eq(strlen(small), sizeof small - 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_exit_status,
        the_usual_signals,
        an_unknown_cause,
        under_valgrind() ? NULL : every_signal,
        NULL,
    };

    return run_suite("cause", tests);
}
