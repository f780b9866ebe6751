/* SPDX-License-Identifier: MIT */
/*
 * Output files that are there whole or not at all. The only file that creates, renames and removes
 * files.
 *
 * Where the filesystem can, the bytes go into a file without a name (O_TMPFILE), which disappears
 * by itself whatever ends the process. When they are complete and on disk it is linked under a name
 * of its own in the target's directory and renamed onto the target: two steps, because link() does
 * not replace, which a process apart takes. Elsewhere the file has that name from the beginning.
 */
#include <config.h>

#include "png/atomic_output.h"

#include "isolate/child.h"
#include "base/descriptor.h"
#include "base/random.h"
#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME_TRIES = 100,
    NAME_SHOWN = TELAR_TEMPORARY_BYTES - 32, /* of the target's name within the temporary one */
};

struct tl_atomic_output {
    int fd;           /* where the bytes go */
    int directory;    /* of the target; -1 when written directly */
    bool owned;       /* whether fd is to be closed; standard output is not */
    bool direct;      /* no temporary file: standard output, a pipe, a device */
    struct stat old;  /* the target as it was; st_mode 0: there was none */
    char *path;       /* of the target, links resolved; NULL when written directly */
    const char *name; /* the last part of it */
    struct telar_temporary *temporary; /* the file's present name in directory, if it has one */
    struct telar_temporary own;        /* which that is when nobody else wants to know */
    char shown[TL_SHORT_PATH_BYTES];
};

/* ---- temporary names ---- */

/* A signal handler may look at any moment: the name is there before it is said to be, and is not
 * changed after. */
static void tell_name(struct tl_atomic_output *o)
{
    o->temporary->directory = o->directory;
    atomic_signal_fence(memory_order_seq_cst);
    o->temporary->exists = 1;
}

static void forget_name(struct tl_atomic_output *o)
{
    o->temporary->exists = 0;
    atomic_signal_fence(memory_order_seq_cst);
}

/* Writes ".NAME.telar-XXXXXX". The letters need not be secret: whoever makes a file of that name is
 * met with O_EXCL. */
static void choose_name(struct tl_atomic_output *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    uint64_t random = tl_random_number();
    char tail[7] = "";

    for (size_t i = 0; i < sizeof tail - 1; i++, random >>= 5)
        tail[i] = letters[random % 32];
    snprintf(o->temporary->name, sizeof o->temporary->name, ".%.*s.telar-%s", NAME_SHOWN, o->name,
             tail);
}

static int create_named(struct tl_atomic_output *o, mode_t mode)
{
    for (int try = 0; try < NAME_TRIES; try++) {
        int fd;

        choose_name(o);
        tell_name(o);
        fd =
            tl_descriptor_open(o->directory, o->temporary->name, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd >= 0)
            return fd;
        forget_name(o);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* Needs no privilege, but /proc (open(2), O_TMPFILE). */
static int link_nameless(struct tl_atomic_output *o)
{
    char self[64];

    snprintf(self, sizeof self, "/proc/self/fd/%d", o->fd);
    for (int try = 0; try < NAME_TRIES; try++) {
        choose_name(o);
        tell_name(o);
        if (linkat(AT_FDCWD, self, o->directory, o->temporary->name, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        forget_name(o);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

static int create_nameless(struct tl_atomic_output *o, mode_t mode)
{
    if (access("/proc/self/fd", X_OK) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return tl_descriptor_open(o->directory, ".", O_WRONLY | O_TMPFILE, mode);
}

/* ---- opening ---- */

static telar_status open_standard_output(struct tl_atomic_output *o, struct telar_error *error)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    /*
     * Where it was closed, another file may have got its number since; such a one was seldom opened
     * for writing only.
     */
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return tl_fail(error, TELAR_OUTPUT, EBADF,
                       "standard output is closed; name an output file");
    o->fd = STDOUT_FILENO;
    o->direct = true;
    return TELAR_OK;
}

static telar_status open_direct(struct tl_atomic_output *o, const char *path,
                                struct telar_error *error)
{
    o->direct = true;
    o->fd = tl_descriptor_open(AT_FDCWD, path, O_WRONLY | O_NOCTTY, 0);
    if (o->fd < 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be opened for writing", o->shown);
    o->owned = true;
    return TELAR_OK;
}

/*
 * Finds the target's directory and name: those of the file itself when `path` is a link to it. Only
 * then is the path resolved, for that takes permission to search every directory above.
 */
static telar_status find_target(struct tl_atomic_output *o, const char *path,
                                struct telar_error *error)
{
    struct stat st;
    bool linked = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    char *slash;

    if (linked && o->old.st_mode == 0)
        return tl_fail(error, TELAR_OUTPUT, 0,
                       "%s: is a symbolic link to nowhere; remove it or name another file",
                       o->shown);
    o->path = linked ? realpath(path, NULL) : strdup(path);
    if (!o->path)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be found", o->shown);
    slash = strrchr(o->path, '/');
    o->name = slash ? slash + 1 : o->path;
    if (!*o->name)
        return tl_fail(error, TELAR_OUTPUT, 0, "%s: names a directory or nothing; name a file",
                       o->shown);
    if (slash)
        *slash = '\0';
    o->directory = tl_descriptor_open(AT_FDCWD,
                                      !slash             ? "."
                                      : slash == o->path ? "/"
                                                         : o->path,
                                      O_PATH | O_DIRECTORY, 0);
    if (o->directory < 0)
        return tl_fail(error, TELAR_OUTPUT, errno,
                       "%s: its directory cannot be opened; make it first (mkdir -p)", o->shown);
    return TELAR_OK;
}

/*
 * A file that takes the place of another gets its owner and its group, as far as that is allowed,
 * and its permissions. What the old group was allowed is not for another one.
 */
static int adopt_mode(struct tl_atomic_output *o)
{
    mode_t mode = o->old.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);

    if (o->old.st_mode == 0)
        return 0;
    if (fchown(o->fd, o->old.st_uid, o->old.st_gid) != 0) {
        if (errno != EPERM)
            return -1;
        if (fchown(o->fd, (uid_t)-1, o->old.st_gid) != 0) {
            if (errno != EPERM)
                return -1;
            mode &= ~(mode_t)S_IRWXG;
        }
    }
    return fchmod(o->fd, mode);
}

static telar_status open_replacing(struct tl_atomic_output *o, const char *path,
                                   struct telar_error *error)
{
    mode_t mode = o->old.st_mode ? S_IRUSR | S_IWUSR : 0666;

    if (find_target(o, path, error) != TELAR_OK)
        return TELAR_OUTPUT;
    if (o->old.st_mode && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno,
                       "%s: is write-protected; allow it (chmod u+w) or name another file",
                       o->shown);
    o->fd = create_nameless(o, mode);
    /* EISDIR: a kernel that does not know the flag; EINVAL: a filesystem that does not. */
    if (o->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        o->fd = create_named(o, mode);
    if (o->fd < 0)
        return tl_fail(
            error, TELAR_OUTPUT, errno,
            "%s: nothing can be created in its directory; name a place where you may write",
            o->shown);
    o->owned = true;
    if (adopt_mode(o) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: a file with its permissions cannot be made",
                       o->shown);
    return TELAR_OK;
}

static telar_status open_path(struct tl_atomic_output *o, const char *path,
                              struct telar_error *error)
{
    if (stat(path, &o->old) != 0) {
        o->old.st_mode = 0;
        if (errno != ENOENT)
            return tl_fail(error, TELAR_OUTPUT, errno,
                           "%s: cannot be written; check each part of the path", o->shown);
        return open_replacing(o, path, error);
    }
    if (S_ISDIR(o->old.st_mode))
        return tl_fail(error, TELAR_OUTPUT, 0, "%s: is a directory; name a file in it", o->shown);
    return S_ISREG(o->old.st_mode) ? open_replacing(o, path, error) : open_direct(o, path, error);
}

telar_status tl_atomic_output_open(const char *path, struct telar_temporary *temporary,
                                   struct tl_atomic_output **output, struct telar_error *error)
{
    struct tl_atomic_output *o = calloc(1, sizeof *o);
    bool standard = strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
    telar_status status;

    *output = NULL;
    if (!o)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory to open the output");
    o->fd = o->directory = -1;
    o->temporary = temporary ? temporary : &o->own;
    forget_name(o);
    tl_shorten_path(standard ? "standard output" : path, o->shown);
    status = standard ? open_standard_output(o, error) : open_path(o, path, error);
    if (status == TELAR_OK)
        *output = o;
    else
        tl_atomic_output_abandon(o);
    return status;
}

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

/* What tl_child_call does: gives the file its name. Returns 0 or an errno. */
static int take_name(void *output)
{
    struct tl_atomic_output *o = output;

    if (!o->temporary->exists && link_nameless(o) != 0)
        return errno;
    if (renameat(o->directory, o->temporary->name, o->directory, o->name) != 0)
        return errno;
    forget_name(o);
    return 0;
}

/*
 * A file without a name takes its name in two steps, between which a SIGKILL would leave the
 * temporary one: so they are done apart. What has a name must be closed first, for some filesystems
 * tell only then that they could not write.
 */
static telar_status settle(struct tl_atomic_output *o, struct telar_error *error)
{
    const bool named = o->temporary->exists;
    int failure;

    if (!o->direct && fsync(o->fd) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be brought to disk", o->shown);
    if (o->owned && (o->direct || named) && close_once(&o->fd) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: cannot be closed", o->shown);
    failure = o->direct ? 0 : named ? take_name(o) : tl_child_call(take_name, o);
    if (failure)
        return tl_fail(error, TELAR_OUTPUT, failure,
                       "%s: the finished file cannot be given this name", o->shown);
    return TELAR_OK;
}

telar_status tl_atomic_output_commit(struct tl_atomic_output *output, struct telar_error *error)
{
    telar_status status = settle(output, error);

    tl_atomic_output_abandon(output);
    return status;
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
    forget_name(output);
    if (output->directory >= 0)
        close(output->directory);
    free(output->path);
    free(output);
}
