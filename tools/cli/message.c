/* SPDX-License-Identifier: MIT */
/*
 * Messages, the end of standard output, and what somebody may have meant.
 */
#include <config.h>

#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A file's name may hold anything; a message stays one line. */
static void say_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void say_list(const char *format, va_list args)
{
    char line[1024];

    vsnprintf(line, sizeof line, format, args);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "telar: %s\n", line);
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_list(format, args);
    va_end(args);
}

int usage_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_list(format, args);
    va_end(args);
    return TELAR_USAGE;
}

int say_error(const struct telar_error *error)
{
    say("%s", error->text);
    return (int)error->status;
}

/* Buffered data fails late: only the flush shows that a disk is full or a reader gone. The first
 * errno is the cause. */
int finish_output(int status)
{
    int failed = ferror(stdout), errnum = errno;

    if (fflush(stdout) != 0) {
        failed = 1;
        errnum = errno;
    }
    if (!failed || status != TELAR_OK)
        return status;
    say("cannot write to standard output: %s", strerror(errnum));
    return TELAR_OUTPUT;
}

/*
 * How many letters must be put in, taken out, changed or swapped with the next one to make one name
 * of the other (optimal string alignment: Wagner and Fischer 1974, with swaps). Names longer than
 * 31 are as far as can be.
 */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    unsigned d[LONGEST + 1][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n >= LONGEST || m >= LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            unsigned best;

            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = d[i - 2][j - 2] + 1 < best ? d[i - 2][j - 2] + 1 : best;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *nearest_name(const char *name, const char *const names[])
{
    const char *nearest = NULL;
    /* Three mistakes are another word, and so are two in a short one. */
    unsigned least = strlen(name) < 5 ? 2 : 3;

    for (; *names; names++) {
        unsigned distance = edit_distance(name, *names);

        if (distance < least) {
            least = distance;
            nearest = *names;
        }
    }
    return nearest;
}
