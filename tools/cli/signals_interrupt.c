/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the file that is being written when the program is interrupted: it goes.
 */
#include <config.h>

#include "cli/signals.h"

#include <signal.h>

/* A handler can be told nothing but the signal. Written by the library while it runs. */
static struct telar_temporary temporary;

/*
 * SA_RESETHAND has restored the default, which ends the program when the handler returns, so that
 * the shell sees what it is used to. Worker processes die with it.
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
            && before.sa_handler != SIG_IGN) /* as nohup has it */
            sigaction(numbers[i], &action, NULL);
    return &temporary;
}
