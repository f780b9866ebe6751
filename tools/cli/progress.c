/* SPDX-License-Identifier: MIT */
/*
 * The counter on standard error. Its line has no newline, so progress_end() can erase it.
 */
#include <config.h>

#include "cli/progress.h"

#include "base/host.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERVAL_NS = 100000000 };

const char *const progress_words[] = {"auto", "always", "never", NULL};

enum { AUTO, ALWAYS };

void progress_start(struct progress *progress, int word, bool quiet)
{
    const char *term = getenv("TERM");
    bool can_erase = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;

    progress->on = word == ALWAYS || (word == AUTO && can_erase && !quiet);
    progress->begin_ns = progress->shown_ns = tl_now_ns(); /* a short run shows nothing */
}

/* Called for every task: most calls only read the clock. */
void progress_update(void *data, uint64_t done, uint64_t total)
{
    struct progress *progress = data;
    uint64_t now = tl_now_ns();

    if (!progress->on || now - progress->shown_ns < INTERVAL_NS)
        return;
    progress->shown_ns = now;
    fprintf(stderr, "\r\033[K%3.0f %%", total ? 100.0 * (double)done / (double)total : 0);
    if (done > 0 && done <= total)
        fprintf(
            stderr, ", %.0f s left",
            ceil((double)(now - progress->begin_ns) / 1e9 / (double)done * (double)(total - done)));
}

void progress_text(struct progress *progress, const char *text)
{
    uint64_t now = tl_now_ns();

    if (!progress->on || now - progress->shown_ns < INTERVAL_NS)
        return;
    progress->shown_ns = now;
    fprintf(stderr, "\r\033[K%s", text);
}

void progress_end(struct progress *progress)
{
    if (progress->on)
        fputs("\r\033[K", stderr);
    progress->on = false;
}
