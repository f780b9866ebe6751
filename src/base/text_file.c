/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool tl_text_file_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    text[0] = 0;
    if (fd < 0)
        return false;
    do
        got = read(fd, text, size - 1);
    while (got < 0 && errno == EINTR);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    return got >= 0;
}
