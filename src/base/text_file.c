/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The kernel may give a file of /proc in several pieces. A last read that gives nothing is its end.
 */
static bool read_all(int fd, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;

    do {
        got = read(fd, text + used, size - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && used < size - 1) || (got < 0 && errno == EINTR));
    text[used] = 0;
    return got >= 0;
}

bool tl_text_file_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good;

    text[0] = 0;
    if (fd < 0)
        return false;
    good = read_all(fd, text, size);
    if (!good)
        text[0] = 0;
    close(fd);
    return good;
}
