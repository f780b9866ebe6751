/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/exit_cause.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct tl_exit_cause tl_exit_cause_of_status(int status)
{
    struct tl_exit_cause cause = {.known = WIFEXITED(status) || WIFSIGNALED(status)};

    if (WIFSIGNALED(status))
        cause.signal = WTERMSIG(status);
    else if (WIFEXITED(status))
        cause.code = WEXITSTATUS(status);
    cause.orderly = cause.known && !cause.signal && cause.code == 0;
    return cause;
}

struct tl_exit_cause tl_exit_cause_in_words(const char *words, bool orderly)
{
    return (struct tl_exit_cause){.known = true, .orderly = orderly, .words = words};
}

const char tl_cause_nonsense[] = "sent a message that makes no sense";

void tl_exit_cause_text(const struct tl_exit_cause *cause, char *text, size_t size)
{
    const char *name = cause->signal ? sigabbrev_np(cause->signal) : NULL;

    if (cause->words)
        snprintf(text, size, "%s", cause->words);
    else if (!cause->known)
        snprintf(text, size, "ended, and somebody else took its exit status");
    else if (name)
        snprintf(text, size, "was killed by SIG%s (%s)", name, sigdescr_np(cause->signal));
    else if (cause->signal)
        snprintf(text, size, "was killed by signal %d", cause->signal);
    else
        snprintf(text, size, "ended with exit status %d", cause->code);
}
