/* SPDX-License-Identifier: MIT */
/* The end of a temporary output file. A signal handler may call it, so it calls only unlinkat. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <telar/output.h>
#include <unistd.h>

void telar_temporary_remove(const struct telar_temporary *temporary)
{
    int saved = errno;

    if (temporary->exists)
        unlinkat(temporary->directory, temporary->name, 0);
    errno = saved;
}
