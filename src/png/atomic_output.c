/* SPDX-License-Identifier: MIT */
/*
 * Output files that are there whole or not at all.
 *
 * Where the filesystem can, the bytes go into a file without a name (O_TMPFILE), which disappears
 * by itself whatever ends the process. When they are complete and on disk it is linked under a name
 * of its own in the target's directory and renamed onto the target: two steps, because link() does
 * not replace, which a process apart takes. If the link is refused, a copy gets the name of
 * its own. Elsewhere the file has that name from the beginning.
 */
#include <config.h>

#include "base/status.h"
#include "isolate/child.h"
#include "png/atomic_output_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COPY_BYTES = 65536 };

/* ---- writing ---- */

/*
 * write() that gives EPIPE and EFBIG instead of SIGPIPE and SIGXFSZ, without a handler, which would
 * be the whole process's: both signals come to the writing thread, so it is enough that this one
 * holds them back and takes away the one it caused.
 */
static ssize_t write_quietly(int fd, const unsigned char *bytes, size_t n)
{
    const struct timespec now = {0};
    sigset_t ours, before, waiting;
    ssize_t written;
    int saved;

    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGXFSZ);
    sigpending(&waiting);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    written = write(fd, bytes, n);
    saved = errno;
    if (written < 0 && (errno == EPIPE || errno == EFBIG)) {
        sigdelset(&ours, errno == EPIPE ? SIGXFSZ : SIGPIPE);
        if (!sigismember(&waiting, errno == EPIPE ? SIGPIPE : SIGXFSZ))
            while (sigtimedwait(&ours, NULL, &now) < 0 && errno == EINTR)
                ;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return written;
}

telar_status tl_atomic_output_write(struct tl_atomic_output *output, const void *bytes, size_t n,
                                    struct telar_error *error)
{
    const unsigned char *at = bytes;

    while (n > 0) {
        ssize_t written = write_quietly(output->fd, at, n);

        if (written >= 0) {
            at += written;
            n -= (size_t)written;
        } else if (errno == EAGAIN) { /* somebody made our standard output non-blocking */
            poll(&(struct pollfd){.fd = output->fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be written", output->shown);
        }
    }
    return TELAR_OK;
}

/* ---- the end ---- */

static int close_once(int *fd)
{
    int closing = *fd;

    *fd = -1;
    return close(closing);
}

/* Some file systems refuse fsync of a file, but not the larger ways. */
static int bring_to_disk(int fd)
{
    if (fsync(fd) == 0)
        return 0;
    if (!tl_is_refusal(errno))
        return -1;
    if (fdatasync(fd) == 0 || syncfs(fd) == 0)
        return 0;
    return tl_is_refusal(errno) ? 0 : -1;
}

/* Writing is over: the time that INPUT has, then the disk. */
static int finish_file(struct tl_atomic_output *o)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, o->kept.st_mtim};

    if (o->kept.st_mode && futimens(o->fd, times) != 0)
        return -1;
    return bring_to_disk(o->fd);
}

static telar_status copy_bytes(struct tl_atomic_output *o, int from, struct telar_error *error)
{
    unsigned char bytes[COPY_BYTES];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(from, bytes, sizeof bytes, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be read again", o->shown);
        if (tl_atomic_output_write(o, bytes, (size_t)n, error) != TELAR_OK)
            return TELAR_OUTPUT;
        at += n;
    }
    return TELAR_OK;
}

/* Copies the file `from`, which cannot get a name, with its attributes to the file o->fd. */
static telar_status copy_file(struct tl_atomic_output *o, int from, struct telar_error *error)
{
    char self[64], lost[TL_LOST_BYTES];
    struct tl_file_model model = {.old = self, .rights = self};
    struct stat st;

    snprintf(self, sizeof self, "/proc/self/fd/%d", from);
    if (fstat(from, &st) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be read again", o->shown);
    model.owner = &st;
    model.mode = st.st_mode;
    if (copy_bytes(o, from, error) != TELAR_OK)
        return TELAR_OUTPUT;
    if (tl_file_attributes_take(o->fd, &model, lost) != 0 || finish_file(o) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be brought to disk", o->shown);
    return TELAR_OK;
}

/* The file without a name cannot be linked: a copy that has a name takes its place. */
static telar_status name_by_copy(struct tl_atomic_output *o, struct telar_error *error)
{
    int from = o->fd;
    telar_status status;

    o->fd = tl_atomic_output_create_named(o, S_IRUSR | S_IWUSR);
    if (o->fd < 0) {
        o->fd = from;
        return tl_fail(error, TELAR_OUTPUT, errno,
                       "%s: nothing can be created in its directory; name a place where you may "
                       "write",
                       o->shown);
    }
    status = copy_file(o, from, error);
    close(from);
    return status;
}

static telar_status close_output(struct tl_atomic_output *o, struct telar_error *error)
{
    if (o->owned && close_once(&o->fd) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be closed", o->shown);
    return TELAR_OK;
}

static telar_status unnamed(const struct tl_atomic_output *o, int errnum, struct telar_error *error)
{
    return tl_fail(error, TELAR_OUTPUT, errnum, "%s: the finished file cannot be given this name%s",
                   o->shown,
                   errnum == EBUSY    ? ", which is a mount point; name another file"
                   : errnum == EEXIST ? ", which another program took; name another file"
                                      : "");
}

/*
 * A file without a name takes its name in two steps, between which a SIGKILL would leave the
 * temporary one: so they are done apart. What has a name must be closed first, for some filesystems
 * tell only then that they could not write.
 */
static telar_status settle(struct tl_atomic_output *o, struct telar_error *error)
{
    int failure;

    if (o->direct)
        return close_output(o, error);
    if (finish_file(o) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be brought to disk", o->shown);
    if (!o->temporary->exists) {
        failure = tl_child_call(tl_atomic_output_take_name, o);
        if (!failure)
            return TELAR_OK;
        if (o->temporary->exists || !tl_is_refusal(failure))
            return unnamed(o, failure, error);
        if (name_by_copy(o, error) != TELAR_OK)
            return TELAR_OUTPUT;
    }
    if (close_output(o, error) != TELAR_OK)
        return TELAR_OUTPUT;
    failure = tl_atomic_output_take_name(o);
    return failure ? unnamed(o, failure, error) : TELAR_OK;
}

telar_status tl_atomic_output_commit(struct tl_atomic_output *output, struct telar_error *error)
{
    telar_status status = settle(output, error);

    tl_atomic_output_abandon(output);
    return status;
}

const char *tl_atomic_output_lost(const struct tl_atomic_output *output)
{
    return output->lost;
}

bool tl_atomic_output_is_direct(const struct tl_atomic_output *output)
{
    return output->direct;
}

void tl_atomic_output_abandon(struct tl_atomic_output *output)
{
    if (!output)
        return;
    if (output->owned && output->fd >= 0)
        close(output->fd);
    telar_temporary_remove(output->temporary);
    tl_atomic_output_forget_name(output);
    if (output->directory >= 0)
        close(output->directory);
    free(output->path);
    free(output);
}
