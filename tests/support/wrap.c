/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "support/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Workers share this memory. */
static struct shared {
    atomic_ulong calls;
    atomic_bool failed;
    char shm_path[300];
    char site[32]; /* site of the failed call; its process writes this before `failed` */
} * shared;

static const char *armed; /* NULL: no call fails */
static int armed_errnum;
static unsigned long armed_k;
static pid_t victim; /* killed at the call; 0: the call fails instead */
static pid_t coordinator;
static enum world world;

/* Declares a function of the C library, and defines its wrapper. */
#define WRAP(type, name, parameters, arguments, failing)                                           \
    WRAP_ON(type, name, parameters, arguments, "none", failing)
#define WRAP_ON(type, name, parameters, arguments, object, failing)                                \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        if (armed && strcmp(armed, #name) == 0 && fails_on(#name, object))                         \
            failing;                                                                               \
        return __real_##name arguments;                                                            \
    }

/* Returns the kind of file at a path, as wrap_site() names kinds. */
static const char *object_of(const char *path)
{
    static const char *const objects[][2] = {
        {"in.png", "input"},      {".telar-", "unfinished"}, {"telar-wrap-", "output"},
        {"/dev/shm/", "segment"}, {"memfd:", "segment"},     {"socket:", "socket"},
    };

    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (strstr(path, objects[i][0]))
            return objects[i][1];
    return "other";
}

static const char *object_of_descriptor(int fd)
{
    char link[40], path[300];
    ssize_t n;

    if (fd < 0)
        return "none";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return object_of(path);
}

/* Workers call this after fork, so it uses only async-signal-safe functions. glibc's snprintf is
 * one for these formats. */
static bool fails_on(const char *call, const char *object)
{
    if (!armed || strcmp(armed, call) != 0 || atomic_fetch_add(&shared->calls, 1) + 1 != armed_k)
        return false;
    snprintf(shared->site, sizeof shared->site, "%s, %s",
             gettid() == coordinator   ? "coordinator"
             : getpid() == coordinator ? "thread"
                                       : "child",
             object);
    atomic_store(&shared->failed, true);
    if (victim) {
        kill(victim, SIGKILL);
        return false;
    }
    errno = armed_errnum;
    return true;
}

static bool fails(const char *call)
{
    return fails_on(call, "none");
}

/* ---- memory ---- */

WRAP(void *, malloc, (size_t n), (n), return NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), return NULL)
WRAP(void *, realloc, (void *old, size_t n), (old, n), return NULL)
WRAP(char *, strdup, (const char *text), (text), return NULL)
WRAP(char *, realpath, (const char *path, char *to), (path, to), return NULL)
WRAP_ON(void *, mmap, (void *at, size_t n, int protection, int flags, int fd, off_t offset),
        (at, n, protection, flags, fd, offset), object_of_descriptor(fd), return MAP_FAILED)
WRAP(int, mprotect, (void *at, size_t n, int protection), (at, n, protection), return -1)
WRAP(int, madvise, (void *at, size_t n, int advice), (at, n, advice), return -1)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), return -1)
WRAP_ON(int, ftruncate, (int fd, off_t n), (fd, n), object_of_descriptor(fd), return -1)
WRAP_ON(int, posix_fallocate, (int fd, off_t from, off_t n), (fd, from, n),
        object_of_descriptor(fd), return errno)

int __real_shm_open(const char *name, int flags, mode_t mode);
int __wrap_shm_open(const char *name, int flags, mode_t mode);
int __wrap_shm_open(const char *name, int flags, mode_t mode)
{
    snprintf(shared->shm_path, sizeof shared->shm_path, "/dev/shm%s", name);
    if (fails("shm_open"))
        return -1;
    if (world == NO_SHM) {
        errno = ENOENT;
        return -1;
    }
    return __real_shm_open(name, flags, mode);
}

WRAP(int, shm_unlink, (const char *name), (name), return -1)

/* ---- workers ---- */

WRAP(pid_t, fork, (void), (), return -1)
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*body)(void *), void *data),
     (thread, attributes, body, data), return errno)
WRAP(int, socketpair, (int domain, int type, int protocol, int ends[2]),
     (domain, type, protocol, ends), return -1)
WRAP_ON(ssize_t, send, (int fd, const void *bytes, size_t n, int flags), (fd, bytes, n, flags),
        object_of_descriptor(fd), return -1)
WRAP_ON(ssize_t, recv, (int fd, void *bytes, size_t n, int flags), (fd, bytes, n, flags),
        object_of_descriptor(fd), return -1)
WRAP(int, poll, (struct pollfd * set, nfds_t n, int timeout_ms), (set, n, timeout_ms), return -1)

/* ECHILD means that other code has taken the child's status. The child must be gone then. */
static pid_t taken_by_others(pid_t pid)
{
    int saved = errno;

    if (saved == ECHILD)
        waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED);
    errno = saved;
    return -1;
}

WRAP(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options),
     return taken_by_others(pid))

/* ---- files ---- */

WRAP_ON(int, fstat, (int fd, struct stat *st), (fd, st), object_of_descriptor(fd), return -1)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), return -1)
WRAP_ON(int, fchmod, (int fd, mode_t mode), (fd, mode), object_of_descriptor(fd), return -1)
WRAP(int, linkat, (int from, const char *old, int to, const char *new, int flags),
     (from, old, to, new, flags), return -1)
WRAP(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new),
     return -1)
WRAP(ssize_t, getrandom, (void *bytes, size_t n, unsigned flags), (bytes, n, flags), return -1)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), return NULL)

ssize_t __real_pread(int fd, void *bytes, size_t n, off_t from);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t from);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t from)
{
    if (!fails_on("pread", object_of_descriptor(fd)))
        return __real_pread(fd, bytes, n, from);
    return armed_errnum ? -1 : __real_pread(fd, bytes, n > 0, from);
}

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (fails_on("openat", object_of(path)))
        return -1;
    if (world == NO_TMPFILE && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_openat(directory, path, flags, mode);
}

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (!fails_on("write", object_of_descriptor(fd)))
        return __real_write(fd, bytes, n);
    return armed_errnum ? -1 : __real_write(fd, bytes, n > 0);
}

/* A failed close() still closes the descriptor (close(2), Linux). */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool failing =
        armed && strcmp(armed, "close") == 0 && fails_on("close", object_of_descriptor(fd));
    int done = __real_close(fd), failure = errno;

    errno = failing ? armed_errnum : failure;
    return failing ? -1 : done;
}

/* Does not wait for the disk, because a test makes thousands of files. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return fails("fsync") ? -1 : 0;
}

/* ---- control ---- */

void wrap_begin(enum world this_world)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    world = this_world;
}

void wrap_arm(const char *call, int errnum, unsigned long k)
{
    atomic_store(&shared->calls, 0);
    atomic_store(&shared->failed, false);
    armed_errnum = errnum;
    armed_k = k;
    victim = 0;
    coordinator = getpid();
    armed = call;
}

void wrap_arm_kill(const char *call, pid_t pid, unsigned long k)
{
    wrap_arm(call, 0, k);
    victim = pid;
}

bool wrap_disarm(void)
{
    armed = NULL;
    return atomic_load(&shared->failed);
}

const char *wrap_site(void)
{
    return shared->site;
}

const char *wrap_shm_path(void)
{
    return shared->shm_path;
}
