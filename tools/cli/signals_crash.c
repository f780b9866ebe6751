/* SPDX-License-Identifier: MIT */
/*
 * A crash in a thread ends the program, and so does a call of exit(). A handler says in which
 * region it happened.
 */
#include <config.h>

#include "cli/signals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A handler gets no data but the number of the signal. crash_guard() writes these before it
 * installs the handlers.
 */
static const char *input_name, *output_name;
static const struct telar_temporary *unfinished; /* NULL: no run is under way */

static const struct {
    int number;
    const char *name;
} fatal[] = {{SIGSEGV, "SIGSEGV"},
             {SIGBUS, "SIGBUS"},
             {SIGFPE, "SIGFPE"},
             {SIGILL, "SIGILL"},
             {SIGABRT, "SIGABRT"}};

enum { N_FATAL = sizeof fatal / sizeof *fatal, LINE_BYTES = 1024 };

/*
 * Appends text to a line of LINE_BYTES, but for the last byte. Control characters become '?'.
 * Returns the bytes used.
 */
static size_t append(char *line, size_t used, const char *text)
{
    for (; *text && used < LINE_BYTES - 1; text++)
        line[used++] = (char)((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
    return used;
}

/*
 * Ends the line with the region and the state of the output, prints it, removes the unfinished
 * output and ends the program. Async-signal-safe: so is telar_current_region().
 */
static _Noreturn void end_program(char line[LINE_BYTES], size_t used)
{
    char region[128];

    if (telar_current_region(region, sizeof region)) {
        used = append(line, used, " in region ");
        used = append(line, used, region);
    } else {
        used = append(line, used, " outside any region");
    }
    used = append(line, used, "; ");
    used = append(line, used, output_name);
    used = append(line, used, " is as it was; -e processes survives this");
    line[used++] = '\n';
    (void)!write(STDERR_FILENO, line, used);
    if (unfinished)
        telar_temporary_remove(unfinished);
    _exit(TELAR_WORKER);
}

static void on_fatal_signal(int number)
{
    char line[LINE_BYTES];
    size_t used = append(line, 0, "telar: ");
    const char *name = "a signal";

    for (int i = 0; i < N_FATAL; i++)
        if (fatal[i].number == number)
            name = fatal[i].name;
    used = append(line, used, input_name);
    used = append(line, used, ": ");
    used = append(line, used, name);
    end_program(line, used);
}

/* telar itself does not call exit() during a run, so a transform or a plug-in did. */
static void on_exit_call(void)
{
    char line[LINE_BYTES];

    if (unfinished)
        end_program(line, append(line, 0, "telar: the plug-in or a transform called exit"));
}

void crash_guard(const char *input, const char *output, const struct telar_temporary *temporary)
{
    /* The handler's own stack, for a stack that is used up. Only the main thread has one. */
    static char stack[64 * 1024];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_fatal_signal,
                               .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};

    input_name = strcmp(input, "-") == 0 ? "standard input" : input;
    output_name = strcmp(output, "-") == 0 ? "standard output" : output;
    unfinished = temporary;
    (void)atexit(on_exit_call);  /* C guarantees room for 32 handlers */
    sigfillset(&action.sa_mask); /* one line, even when two threads crash together */
    sigaltstack(&alternate, NULL);
    for (int i = 0; i < N_FATAL; i++)
        sigaction(fatal[i].number, &action, NULL);
}

void crash_guard_end(void)
{
    unfinished = NULL;
}
