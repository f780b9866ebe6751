/* SPDX-License-Identifier: MIT */
/*
 * Output files that are there whole or not at all. The only file that creates, renames and removes
 * files.
 *
 * Where the filesystem can, the bytes go into a file without a name (O_TMPFILE), which disappears
 * by itself whatever ends the process. When they are complete and on disk it is linked under a name
 * of its own in the target's directory and renamed onto the target: two steps, because link() does
 * not replace, which a process apart takes. If the link is refused, a copy gets the name of
 * its own. Elsewhere the file has that name from the beginning.
 */
#include <config.h>

#include "png/atomic_output.h"

#include "isolate/child.h"
#include "base/descriptor.h"
#include "base/random.h"
#include "base/status.h"
#include "png/file_attributes.h"

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
    COPY_BYTES = 65536,
};

struct tl_atomic_output {
    int fd;           /* where the bytes go */
    int directory;    /* of the target; -1 when written directly */
    bool owned;       /* whether fd is to be closed; standard output is not */
    bool direct;      /* no temporary file: standard output, a pipe, a device */
    bool no_clobber;  /* no file may be replaced */
    struct stat old;  /* the target as it was; st_mode 0: there was none */
    struct stat kept; /* INPUT, whose time and permissions are kept; st_mode 0: nothing is */
    char *path;       /* of the target, links resolved; NULL when written directly */
    const char *name; /* the last part of it */
    struct telar_temporary *temporary; /* the file's present name in directory, if it has one */
    struct telar_temporary own;        /* which that is when nobody else wants to know */
    char shown[TL_SHORT_PATH_BYTES];
    char lost[TL_LOST_BYTES]; /* what the new file cannot have of the old one */
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
static int link_as(struct tl_atomic_output *o, const char *name)
{
    char self[64];

    snprintf(self, sizeof self, "/proc/self/fd/%d", o->fd);
    return linkat(AT_FDCWD, self, o->directory, name, AT_SYMLINK_FOLLOW);
}

static int link_nameless(struct tl_atomic_output *o)
{
    for (int try = 0; try < NAME_TRIES; try++) {
        choose_name(o);
        tell_name(o);
        if (link_as(o, o->temporary->name) == 0)
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
    return tl_descriptor_open(o->directory, ".", O_RDWR | O_TMPFILE, mode);
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
    if (o->kept.st_mode)
        return tl_fail(error, TELAR_OUTPUT, 0,
                       "%s: is not a regular file, so it cannot keep time and permissions; leave "
                       "out --preserve",
                       o->shown);
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

/* Returns whether the file system or the directory will not let another file take the name. */
static const char *why_not_replaced(const struct tl_atomic_output *o, const char *path)
{
    struct statx st;
    struct stat directory;

    if (statx(AT_FDCWD, path, 0, STATX_TYPE, &st) == 0
        && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        return "is a mount point";
    if (geteuid() != 0 && geteuid() != o->old.st_uid && fstat(o->directory, &directory) == 0
        && (directory.st_mode & S_ISVTX) && directory.st_uid != geteuid())
        return "belongs to another user, in a directory with the sticky bit";
    return NULL;
}

/* Opening tells where faccessat2 is refused, as by an old container. */
static bool can_write(const char *path)
{
    int fd;

    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return true;
    fd = tl_descriptor_open(AT_FDCWD, path, O_WRONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Refuses an old file that must stay, or that could not be replaced at the end. */
static telar_status check_old(const struct tl_atomic_output *o, const char *path,
                              struct telar_error *error)
{
    const char *why;

    if (o->old.st_mode == 0)
        return TELAR_OK;
    if (!can_write(path))
        return tl_fail(error, TELAR_OUTPUT, errno,
                       "%s: is write-protected; allow it (chmod u+w) or name another file",
                       o->shown);
    why = why_not_replaced(o, path);
    if (why)
        return tl_fail(error, TELAR_OUTPUT, 0,
                       "%s: %s, so no new file can take its name; name another file, or write to "
                       "standard output (OUTPUT '-')",
                       o->shown, why);
    return TELAR_OK;
}

static bool has_model(const struct tl_atomic_output *o)
{
    return o->old.st_mode || o->kept.st_mode;
}

/* Creates the file, without a name where the file system can. Leaves errno on failure. */
static int create(struct tl_atomic_output *o)
{
    mode_t mode = has_model(o) ? S_IRUSR | S_IWUSR : 0666;
    int fd = create_nameless(o, mode);

    /* EISDIR: a kernel that does not know the flag; EINVAL: a filesystem that does not. */
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = create_named(o, mode);
    return fd;
}

static telar_status open_replacing(struct tl_atomic_output *o, const char *path,
                                   const char *preserve, struct telar_error *error)
{
    bool replaces = o->old.st_mode != 0;
    struct tl_file_model model = {replaces ? path : NULL, &o->old, preserve ? preserve : path,
                                  preserve ? o->kept.st_mode : o->old.st_mode};

    if (find_target(o, path, error) != TELAR_OK || check_old(o, path, error) != TELAR_OK)
        return TELAR_OUTPUT;
    o->fd = create(o);
    if (o->fd < 0)
        return tl_fail(
            error, TELAR_OUTPUT, errno,
            "%s: nothing can be created in its directory; name a place where you may write",
            o->shown);
    o->owned = true;
    if (has_model(o) && tl_file_attributes_take(o->fd, &model, o->lost) != 0)
        return tl_fail(error, TELAR_OUTPUT, errno, "%s: a file with its permissions cannot be made",
                       o->shown);
    return TELAR_OK;
}

static telar_status open_path(struct tl_atomic_output *o, const char *path, const char *preserve,
                              struct telar_error *error)
{
    if (preserve && stat(preserve, &o->kept) != 0)
        return tl_fail(error, TELAR_INPUT, errno, "%s: its time and permissions cannot be read",
                       preserve);
    if (stat(path, &o->old) != 0) {
        o->old.st_mode = 0;
        if (errno != ENOENT)
            return tl_fail(error, TELAR_OUTPUT, errno,
                           "%s: cannot be written; check each part of the path", o->shown);
        return open_replacing(o, path, preserve, error);
    }
    if (o->no_clobber)
        return tl_fail(error, TELAR_OUTPUT, EEXIST,
                       "%s: is there already; name another file, or leave out --no-clobber",
                       o->shown);
    if (S_ISDIR(o->old.st_mode))
        return tl_fail(error, TELAR_OUTPUT, 0, "%s: is a directory; name a file in it", o->shown);
    return S_ISREG(o->old.st_mode) ? open_replacing(o, path, preserve, error)
                                   : open_direct(o, path, error);
}

telar_status tl_atomic_output_open(const char *path, const struct tl_output_wishes *wishes,
                                   struct tl_atomic_output **output, struct telar_error *error)
{
    static const struct tl_output_wishes none;
    struct tl_atomic_output *o = calloc(1, sizeof *o);
    bool standard = strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
    telar_status status;

    *output = NULL;
    if (!o)
        return tl_fail(error, TELAR_HOST, ENOMEM, "no memory to open the output");
    o->fd = o->directory = -1;
    wishes = wishes ? wishes : &none;
    o->no_clobber = wishes->no_clobber;
    o->temporary = wishes->temporary ? wishes->temporary : &o->own;
    forget_name(o);
    tl_shorten_path(standard ? "standard output" : path, o->shown);
    status =
        standard ? open_standard_output(o, error) : open_path(o, path, wishes->preserve, error);
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

/*
 * Gives the named file its name if no file has it. Where links and renameat2 are refused, an empty
 * file that only this process can have made reserves the name.
 */
static int take_free_name(struct tl_atomic_output *o)
{
    const char *temporary = o->temporary->name;
    int fd;

    if (linkat(o->directory, temporary, o->directory, o->name, 0) == 0)
        return unlinkat(o->directory, temporary, 0);
    if (!tl_is_refusal(errno))
        return -1;
    if (renameat2(o->directory, temporary, o->directory, o->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (!tl_is_refusal(errno))
        return -1;
    fd = tl_descriptor_open(o->directory, o->name, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    close(fd);
    if (renameat(o->directory, temporary, o->directory, o->name) == 0)
        return 0;
    fd = errno;
    unlinkat(o->directory, o->name, 0);
    errno = fd;
    return -1;
}

static int replace_name(struct tl_atomic_output *o)
{
    return renameat(o->directory, o->temporary->name, o->directory, o->name);
}

/* tl_child_call calls this in a process of its own. Returns 0 or an errno. */
static int take_name(void *output)
{
    struct tl_atomic_output *o = output;

    if (!o->temporary->exists && o->no_clobber)
        return link_as(o, o->name) == 0 ? 0 : errno;
    if (!o->temporary->exists && link_nameless(o) != 0)
        return errno;
    if ((o->no_clobber ? take_free_name(o) : replace_name(o)) != 0)
        return errno;
    forget_name(o);
    return 0;
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

    o->fd = create_named(o, S_IRUSR | S_IWUSR);
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
        failure = tl_child_call(take_name, o);
        if (!failure)
            return TELAR_OK;
        if (o->temporary->exists || !tl_is_refusal(failure))
            return unnamed(o, failure, error);
        if (name_by_copy(o, error) != TELAR_OK)
            return TELAR_OUTPUT;
    }
    if (close_output(o, error) != TELAR_OK)
        return TELAR_OUTPUT;
    failure = take_name(o);
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
    forget_name(output);
    if (output->directory >= 0)
        close(output->directory);
    free(output->path);
    free(output);
}
