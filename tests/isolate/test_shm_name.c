/* SPDX-License-Identifier: MIT */
/* Tests the names of segments. A process killed between shm_open and shm_unlink leaves a name.
 * telar_shm_names_remove() must remove that name and no other file. */
#include <config.h>

#include "support/suite.h"

#include "isolate/segment.h"
#include "isolate/shm_name.h"

#include "support/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <telar/shm_name.h>

/* The process that makes the segment writes this, in shm_unlink. */
static struct seen {
    char path[300];
    bool existed;
} * seen;

static int signal_at_unlink;  /* the process sends it to itself; 0: none */
static int failure_at_unlink; /* an errno with which shm_unlink fails; 0: it does not */

int __real_shm_unlink(const char *name);
int __wrap_shm_unlink(const char *name);
int __wrap_shm_unlink(const char *name)
{
    if (signal_at_unlink) {
        snprintf(seen->path, sizeof seen->path, "/dev/shm%s", name);
        seen->existed = access(seen->path, F_OK) == 0;
        raise(signal_at_unlink);
    }
    if (failure_at_unlink) {
        errno = failure_at_unlink;
        return -1;
    }
    return __real_shm_unlink(name);
}

static void share_seen(void)
{
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(seen, MAP_FAILED);
}

/* Starts a process that makes a segment and gets a signal between shm_open and shm_unlink. */
static pid_t start(int number)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct tl_segment segment;

        signal_at_unlink = number;
        tl_segment_create(&segment, &(struct tl_shape){.bytes = TL_PAGE_BYTES}, NULL, NULL);
        _exit(3);
    }
    return pid;
}

static void check_form(pid_t pid)
{
    char begin[64];

    snprintf(begin, sizeof begin, "/dev/shm/telar-%d-", (int)pid);
    ck_assert_int_eq(strncmp(seen->path, begin, strlen(begin)), 0);
    ck_assert(is_segment_name(seen->path + strlen("/dev/shm/")));
    ck_assert(seen->existed);
}

START_TEST(a_name_that_a_killed_process_left_is_removed)
{
    int status;
    pid_t pid;

    share_seen();
    pid = start(SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check_form(pid);
    telar_shm_names_remove();
    ck_assert_int_ne(access(seen->path, F_OK), 0);
}
END_TEST

START_TEST(a_name_of_a_living_process_stays)
{
    int status;
    pid_t pid;

    share_seen();
    pid = start(SIGSTOP);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    check_form(pid);
    telar_shm_names_remove();
    ck_assert_int_eq(access(seen->path, F_OK), 0);
    ck_assert_int_eq(kill(pid, SIGCONT), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
    ck_assert_int_ne(access(seen->path, F_OK), 0);
}
END_TEST

static volatile sig_atomic_t handled, existed_then;

static void note_name(int number)
{
    (void)number;
    handled = 1;
    existed_then = access(seen->path, F_OK) == 0;
}

START_TEST(a_signal_waits_until_the_name_is_gone)
{
    struct tl_segment segment;

    share_seen();
    signal(SIGTERM, note_name);
    signal_at_unlink = SIGTERM;
    ck_assert_int_eq(
        tl_segment_create(&segment, &(struct tl_shape){.bytes = TL_PAGE_BYTES}, NULL, NULL),
        TELAR_OK);
    ck_assert_str_eq(segment.backing, "shm");
    check_form(getpid());
    ck_assert(handled);
    ck_assert(!existed_then);
    tl_segment_destroy(&segment);
}
END_TEST

/* Returns what the segment is made of when shm_unlink fails with that errno. The name stays; this
 * removes it. */
static const char *backing_with(int failure)
{
    struct tl_segment segment;
    const char *backing;

    share_seen();
    signal_at_unlink = SIGWINCH; /* ignored; notes the name */
    failure_at_unlink = failure;
    ck_assert_int_eq(
        tl_segment_create(&segment, &(struct tl_shape){.bytes = TL_PAGE_BYTES}, NULL, NULL),
        TELAR_OK);
    signal_at_unlink = failure_at_unlink = 0;
    ck_assert_int_eq(unlink(seen->path), 0);
    backing = segment.backing;
    tl_segment_destroy(&segment);
    return backing;
}

START_TEST(a_segment_whose_name_cannot_be_removed_is_not_used)
{
    const int descriptors = count_descriptors();

    ck_assert_str_eq(backing_with(EACCES), "memfd");
    check_nothing_left(descriptors);
    ck_assert_str_eq(backing_with(ENOENT), "shm");
    check_nothing_left(descriptors);
}
END_TEST

/* ---- other files ---- */

/* Returns the process id of a process that has ended. */
static int gone_pid(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return (int)pid;
}

static const char *path_of(const char *name)
{
    static char path[300];

    snprintf(path, sizeof path, "/dev/shm/%s", name);
    return path;
}

static void make_file(const char *name, const char *content)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

/* Makes the file, calls telar_shm_names_remove(), and removes the file. Returns whether the file
 * was still there. */
static bool survives(const char *name, const char *content)
{
    make_file(name, content);
    telar_shm_names_remove();
    return unlink(path_of(name)) == 0;
}

START_TEST(only_names_of_exactly_that_form_are_removed)
{
    /* the text before and behind the process id */
    static const char *const others[][2] = {
        {"telar-", "-7-0123456789abcdeF"},  {"telar-", "-7-0123456789abcde"},
        {"telar-", "-7-0123456789abcdef0"}, {"telar-0", "-7-0123456789abcdef"},
        {"telar-", "-07-0123456789abcdef"}, {"telar-", "-7-0123456789abcdef.png"},
        {"telar-", "-0123456789abcdef"},    {"telar-", "-7-7-0123456789abcdef"},
        {"telar-+", "-7-0123456789abcdef"}, {"telar_", "-7-0123456789abcdef"},
    };
    const int pid = gone_pid();
    char name[100];

    for (size_t i = 0; i < LENGTH(others); i++) {
        snprintf(name, sizeof name, "%s%d%s", others[i][0], pid, others[i][1]);
        ck_assert_msg(survives(name, ""), "%s is gone", name);
    }
    snprintf(name, sizeof name, "telar-%d-7-0123456789abcdef", pid);
    ck_assert_msg(!survives(name, ""), "%s is left", name);
}
END_TEST

/* A file that --keep-shm leaves is never empty, whatever its name. */
START_TEST(a_file_that_is_not_empty_stays)
{
    char name[100];

    snprintf(name, sizeof name, "telar-%d-7-0123456789abcdef", gone_pid());
    ck_assert(survives(name, "x"));
}
END_TEST

START_TEST(links_and_directories_stay)
{
    char name[100];

    snprintf(name, sizeof name, "telar-%d-7-0123456789abcdef", gone_pid());
    ck_assert_int_eq(symlink("/dev/null", path_of(name)), 0);
    telar_shm_names_remove();
    ck_assert_int_eq(unlink(path_of(name)), 0);
    ck_assert_int_eq(mkdir(path_of(name), 0700), 0);
    telar_shm_names_remove();
    ck_assert_int_eq(rmdir(path_of(name)), 0);
}
END_TEST

/* This process has the process id of the name, but another start time. */
START_TEST(the_start_time_detects_a_reused_process_id)
{
    char name[TL_SHM_NAME_BYTES], other[100];

    snprintf(other, sizeof other, "telar-%d-7-0123456789abcdef", (int)getpid());
    ck_assert(!survives(other, ""));
    tl_shm_name_make(0x0123456789abcdef, name);
    ck_assert(survives(name + 1, ""));
}
END_TEST

START_TEST(a_name_of_another_user_stays_and_is_counted)
{
    char name[100];

    if (geteuid() != 0) {
        fprintf(stderr, "skip - a name of another user: only root can make such a file\n");
        return;
    }
    snprintf(name, sizeof name, "telar-%d-7-0123456789abcdef", gone_pid());
    make_file(name, "");
    ck_assert_int_eq(chown(path_of(name), 65534, 65534), 0);
    ck_assert_uint_ge(telar_shm_names_remove().left, 1);
    ck_assert_int_eq(unlink(path_of(name)), 0);
}
END_TEST

/* Another program removes the name between readdir and shm_unlink. */
START_TEST(a_name_that_another_program_removes_first_is_not_counted)
{
    char name[100];
    struct telar_shm_names before = telar_shm_names_remove(), after;

    snprintf(name, sizeof name, "telar-%d-7-0123456789abcdef", gone_pid());
    make_file(name, "");
    failure_at_unlink = ENOENT;
    after = telar_shm_names_remove();
    failure_at_unlink = 0;
    ck_assert_int_eq(unlink(path_of(name)), 0);
    ck_assert_uint_eq(after.removed, 0);
    ck_assert_uint_eq(after.left, before.left);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_name_that_a_killed_process_left_is_removed,
        a_name_of_a_living_process_stays,
        a_signal_waits_until_the_name_is_gone,
        a_segment_whose_name_cannot_be_removed_is_not_used,
        only_names_of_exactly_that_form_are_removed,
        a_file_that_is_not_empty_stays,
        links_and_directories_stay,
        the_start_time_detects_a_reused_process_id,
        a_name_of_another_user_stays_and_is_counted,
        a_name_that_another_program_removes_first_is_not_counted,
        NULL,
    };

    return run_suite("shm_name", tests);
}
