/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tl_path_shown(const char *path, char shown[TL_SHOWN_BYTES])
{
    const size_t room = TL_SHOWN_BYTES - sizeof "...", length = strlen(path);

    if (length < TL_SHOWN_BYTES)
        memcpy(shown, path, length + 1);
    else
        snprintf(shown, TL_SHOWN_BYTES, "...%s", path + length - room);
}

int tl_file_above_standard(int fd)
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

int tl_file_open(int directory, const char *path, int flags, mode_t mode)
{
    return tl_file_above_standard(openat(directory, path, flags | O_CLOEXEC, mode));
}
