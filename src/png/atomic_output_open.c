/* SPDX-License-Identifier: MIT */
/* Opens an output file: finds out what is at its path now, and refuses before the work begins what
 * would fail at its end. */
#include <config.h>

#include "base/descriptor.h"
#include "base/status.h"
#include "png/atomic_output_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    int fd = tl_atomic_output_create_nameless(o, mode);

    /* EISDIR: a kernel that does not know the flag; EINVAL: a filesystem that does not. */
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = tl_atomic_output_create_named(o, mode);
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
    tl_atomic_output_forget_name(o);
    tl_shorten_path(standard ? "standard output" : path, o->shown);
    status =
        standard ? open_standard_output(o, error) : open_path(o, path, wishes->preserve, error);
    if (status == TELAR_OK)
        *output = o;
    else
        tl_atomic_output_abandon(o);
    return status;
}
