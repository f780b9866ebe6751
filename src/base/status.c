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

/* Returns the last "; " of the text, which begins the remedy, or the end of the text. */
static char *remedy_in(char *text)
{
    char *remedy = NULL;

    for (char *at = strstr(text, "; "); at; at = strstr(at + 1, "; "))
        remedy = at;
    return remedy ? remedy : text + strlen(text);
}

/* Puts ": " and the text of errnum between the fault and the remedy. A name in the text may contain
 * "; " too, so the format says whether there is a remedy. */
static void insert_cause(struct telar_error *error, const char *format)
{
    char remedy[sizeof error->text];
    char *end = strstr(format, "; ") ? remedy_in(error->text) : error->text + strlen(error->text);

    snprintf(remedy, sizeof remedy, "%s", end);
    snprintf(end, (size_t)(error->text + sizeof error->text - end), ": %s%s",
             strerror(error->errnum), remedy);
}

telar_status tl_fail(struct telar_error *error, telar_status status, int errnum, const char *format,
                     ...)
{
    va_list args;

    if (!error || error->status != TELAR_OK)
        return status;
    error->status = status;
    error->errnum = errnum;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    if (errnum)
        insert_cause(error, format);
    make_one_line(error->text);
    return status;
}
