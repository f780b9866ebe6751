/* SPDX-License-Identifier: MIT */
/*
 * Messages, the end of standard output, and the nearest name to a misspelt one.
 */
#include <config.h>

#include "cli/cli.h"

#include "base/name.h"
#include "cli/signals.h"
#include "cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Prints one line. Names of files may contain control characters. */
static void say_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void say_list(const char *format, va_list args)
{
    char line[1024];

    vsnprintf(line, sizeof line, format, args);
    text_make_plain(line);
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

/* Only the flush shows that a disk is full or a pipe is closed. The first errno is the cause. */
int finish_output(int status)
{
    int failed = ferror(stdout), errnum = errno;

    if (fflush(stdout) != 0) {
        failed = 1;
        errnum = errno;
    }
    if (!failed || status != TELAR_OK)
        return status;
    end_if_pipe_broke(errnum);
    say("cannot write to standard output: %s", strerror(errnum));
    return TELAR_OUTPUT;
}

/* Returns the name that begins with the most letters of `name`, but at least 4, or NULL. */
static const char *same_beginning(const char *name, const char *const names[])
{
    const char *best = NULL;
    size_t most = 3;

    for (; *names; names++) {
        size_t same = 0;

        while (name[same] && name[same] == (*names)[same])
            same++;
        if (same > most) {
            most = same;
            best = *names;
        }
    }
    return best;
}

const char *nearest_name(const char *name, const char *const names[])
{
    const char *nearest = NULL, *const *all = names;
    size_t least = SIZE_MAX;

    for (; *names; names++) {
        size_t distance = tl_name_distance(name, *names);

        if (distance < least) {
            least = distance;
            nearest = *names;
        }
    }
    return nearest ? nearest : same_beginning(name, all);
}
