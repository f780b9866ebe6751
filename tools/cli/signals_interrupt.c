/* SPDX-License-Identifier: MIT */
/*
 * Removes the unfinished output when a signal ends the program.
 */
#include <config.h>

#include "cli/signals.h"

#include <signal.h>

/* The library writes this while it runs; the handler reads it. */
static struct telar_temporary temporary;

/*
 * SA_RESETHAND has restored the default. The raised signal ends the program after the handler
 * returns, and the shell sees that signal. Worker processes end too.
 */
static void on_interrupt(int number)
{
    telar_temporary_remove(&temporary);
    raise(number);
}

struct telar_temporary *interrupt_guard(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND}, before;

    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0
            && before.sa_handler != SIG_IGN) /* nohup ignores SIGHUP */
            sigaction(numbers[i], &action, NULL);
    return &temporary;
}
