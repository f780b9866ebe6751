/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tl_shorten_path(const char *path, char shown[TL_SHORT_PATH_BYTES])
{
    const size_t room = TL_SHORT_PATH_BYTES - sizeof "...", length = strlen(path);

    if (length < TL_SHORT_PATH_BYTES)
        memcpy(shown, path, length + 1);
    else
        snprintf(shown, TL_SHORT_PATH_BYTES, "...%s", path + length - room);
}

int tl_descriptor_above_standard(int fd)
{
    int moved, saved;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    saved = errno;
    close(fd);
    errno = saved;
    return moved;
}

int tl_descriptor_open(int directory, const char *path, int flags, mode_t mode)
{
    return tl_descriptor_above_standard(openat(directory, path, flags | O_CLOEXEC, mode));
}
