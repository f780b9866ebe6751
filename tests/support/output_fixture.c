/* SPDX-License-Identifier: MIT */
/* Implements output_fixture.h. */
#include <config.h>

#include "support/output_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- calls that fail on request ---- */

enum call failing;
int failing_errno, failing_times;
bool no_tmpfile;

static bool fails(enum call call)
{
    if (failing != call || failing_times == 0)
        return false;
    failing_times--;
    errno = failing_errno;
    return true;
}

int __real_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode)
{
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;

    if ((nameless && !no_tmpfile) || flags & O_CREAT)
        if (fails(CREATE))
            return -1;
    if (nameless && no_tmpfile) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_openat(directory, path, flags, mode);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return fails(FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int __real_linkat(int d0, const char *p0, int d1, const char *p1, int flags);
int __wrap_linkat(int d0, const char *p0, int d1, const char *p1, int flags);
int __wrap_linkat(int d0, const char *p0, int d1, const char *p1, int flags)
{
    return fails(LINK) ? -1 : __real_linkat(d0, p0, d1, p1, flags);
}

int __real_renameat(int d0, const char *p0, int d1, const char *p1);
int __wrap_renameat(int d0, const char *p0, int d1, const char *p1);
int __wrap_renameat(int d0, const char *p0, int d1, const char *p1)
{
    return fails(RENAME) ? -1 : __real_renameat(d0, p0, d1, p1);
}

/* ---- the directory of a test ---- */

static int home;
static char scratch[] = "telar-output-XXXXXX";

void enter(void)
{
    strcpy(scratch + strlen(scratch) - 6, "XXXXXX");
    home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    ck_assert_int_eq(chdir(scratch), 0);
}

/* The directory must be empty. */
void leave(void)
{
    ck_assert_int_eq(fchdir(home), 0);
    ck_assert_int_eq(rmdir(scratch), 0);
    close(home);
}

int names_here(void)
{
    DIR *directory = opendir(".");
    int n = 0;

    while (readdir(directory))
        n++;
    closedir(directory);
    return n - 2;
}

void make_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(__real_fchmod(fd, mode), 0);
    close(fd);
}

void check_file(const char *path, const char *text)
{
    char found[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_ge(read(fd, found, sizeof found - 1), 0);
    ck_assert_str_eq(found, text);
    close(fd);
}

int lowest_free(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

struct tl_atomic_output *open_output(const char *path)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output;

    ck_assert_msg(tl_atomic_output_open(path, NULL, &output, &error) == TELAR_OK, "%s", error.text);
    return output;
}

void put(struct tl_atomic_output *output, const char *text)
{
    struct telar_error error = {0};

    ck_assert_msg(tl_atomic_output_write(output, text, strlen(text), &error) == TELAR_OK, "%s",
                  error.text);
}

void commit(struct tl_atomic_output *output)
{
    struct telar_error error = {0};

    ck_assert_msg(tl_atomic_output_commit(output, &error) == TELAR_OK, "%s", error.text);
}

void check_refused(const char *path, const char *phrase)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    int lowest = lowest_free();

    ck_assert_msg(tl_atomic_output_open(path, NULL, &output, &error) == TELAR_OUTPUT, "%s", path);
    ck_assert_ptr_null(output);
    ck_assert_msg(strstr(error.text, phrase) && strstr(error.text, ";"), "\"%s\"", error.text);
    ck_assert_int_eq(lowest_free(), lowest);
}
