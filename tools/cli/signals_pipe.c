/* SPDX-License-Identifier: MIT */
/*
 * A reader of standard output that goes away ends the program as it ends cat. SIGPIPE is ignored
 * until then, so that the library can release everything first.
 */
#include <config.h>

#include "cli/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool callers_ignore; /* the caller ignored SIGPIPE: then the program fails with a message */

void pipe_guard(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    callers_ignore = sigaction(SIGPIPE, &ignore, &before) == 0 && before.sa_handler == SIG_IGN;
}

/* An error of stdio may be older than errno, so the pipe is asked too. */
static bool is_broken(int errnum)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return errnum == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR));
}

void end_if_pipe_broke(int errnum)
{
    sigset_t set;

    if (callers_ignore || !is_broken(errnum))
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGPIPE);
}

void end_if_output_pipe_broke(const struct telar_error *error, const char *output)
{
    if (error->status == TELAR_OUTPUT && error->errnum == EPIPE
        && (strcmp(output, "-") == 0 || strcmp(output, "/dev/stdout") == 0))
        end_if_pipe_broke(EPIPE);
}
