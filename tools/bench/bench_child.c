/* SPDX-License-Identifier: MIT */
/*
 * Runs other programs: Python, and this program itself for trials that may end it. popen() starts
 * them, so that the bench needs no fork of its own.
 */
#include <config.h>

#include "bench/bench.h"

#include <string.h>

bool bench_quote(char *quoted, size_t size, const char *text)
{
    size_t used = 0;

    if (size < 3)
        return false;
    quoted[used++] = '\'';
    for (; *text; text++) {
        if (used + 6 > size)
            return false;
        if (*text == '\'') {
            memcpy(quoted + used, "'\\''", 4);
            used += 4;
        } else {
            quoted[used++] = *text;
        }
    }
    quoted[used++] = '\'';
    quoted[used] = '\0';
    return true;
}

/*
 * The output is the answer. The exit status is ignored: a program that ended early has said too
 * little.
 */
bool bench_child(const char *command, void (*take)(void *data, char *line), void *data)
{
    char quiet[1024], line[512];
    FILE *child;

    if ((size_t)snprintf(quiet, sizeof quiet, "exec 2>/dev/null; %s", command) >= sizeof quiet)
        return false;
    fflush(NULL);
    child = popen(quiet, "r");
    if (!child)
        return false;
    while (fgets(line, sizeof line, child)) {
        line[strcspn(line, "\n")] = '\0';
        take(data, line);
    }
    pclose(child);
    return true;
}
