/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/status.h"

#include <stdio.h>
#include <string.h>

const char *telar_status_name(telar_status status)
{
    static const char *const names[] = {"ok",   "partial", "usage",   "input",
                                        "host", "worker",  "timeout", "output"};

    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}

void tl_error_clear(struct telar_error *error)
{
    if (error)
        *error = (struct telar_error){.worker = -1};
}

/* Replaces control characters, which the name of a file may hold. Bytes of UTF-8 stay. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

telar_status tl_fail(struct telar_error *error, telar_status status, int errnum, const char *format,
                     ...)
{
    va_list args;
    size_t used;

    if (!error || error->status != TELAR_OK)
        return status;
    error->status = status;
    error->errnum = errnum;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    used = strlen(error->text);
    if (errnum)
        snprintf(error->text + used, sizeof error->text - used, ": %s", strerror(errnum));
    make_one_line(error->text);
    return status;
}
