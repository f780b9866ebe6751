/* SPDX-License-Identifier: MIT */
/* Tests output files: the file is either complete or absent, whichever call fails. A user without
 * privileges is tested too. */
#include <config.h>

#include "support/output_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

/* ---- files ---- */

START_TEST(a_file_appears_when_it_is_complete)
{
    mode_t mask = umask(027);
    struct stat st;

    enter();
    for (int named = 0; named < 2; named++) {
        struct tl_atomic_output *output;
        int lowest = lowest_free();

        no_tmpfile = named;
        output = open_output("out.png");
        put(output, "complete");
        ck_assert_int_ne(access("out.png", F_OK), 0);
        ck_assert_int_le(names_here(), 1);
        commit(output);
        check_file("out.png", "complete");
        ck_assert_int_eq(stat("out.png", &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0640);
        ck_assert_int_eq(names_here(), 1);
        ck_assert_int_eq(lowest_free(), lowest);
        unlink("out.png");
    }
    leave();
    umask(mask);
}
END_TEST

START_TEST(an_old_file_stays_until_the_new_one_is_complete)
{
    struct stat before, after;

    enter();
    for (int named = 0; named < 2; named++) {
        struct tl_atomic_output *output;

        no_tmpfile = named;
        make_file("out.png", "old", 0604);
        ck_assert_int_eq(stat("out.png", &before), 0);
        output = open_output("./out.png");
        put(output, "new");
        check_file("out.png", "old");
        commit(output);
        check_file("out.png", "new");
        ck_assert_int_eq(stat("out.png", &after), 0);
        ck_assert_uint_eq(after.st_mode, before.st_mode);
        ck_assert_uint_eq(after.st_uid, before.st_uid);
        ck_assert(after.st_ino != before.st_ino);
        ck_assert_int_eq(names_here(), 1);
        unlink("out.png");
    }
    leave();
}
END_TEST

START_TEST(an_abandoned_output_leaves_nothing)
{
    enter();
    make_file("old.png", "old", 0644);
    for (int named = 0; named < 2; named++) {
        struct tl_atomic_output *new, *old;
        int lowest = lowest_free();

        no_tmpfile = named;
        new = open_output("new.png");
        old = open_output("old.png");
        put(new, "half");
        put(old, "half");
        tl_atomic_output_abandon(new);
        tl_atomic_output_abandon(old);
        check_file("old.png", "old");
        ck_assert_int_eq(names_here(), 1);
        ck_assert_int_eq(lowest_free(), lowest);
    }
    tl_atomic_output_abandon(NULL);
    unlink("old.png");
    leave();
}
END_TEST

START_TEST(links_are_followed)
{
    struct tl_atomic_output *output;
    struct stat st;

    enter();
    ck_assert_int_eq(mkdir("there", 0700), 0);
    make_file("there/out.png", "old", 0644);
    ck_assert_int_eq(symlink("there/out.png", "link.png"), 0);
    output = open_output("link.png");
    put(output, "new");
    commit(output);
    check_file("there/out.png", "new");
    ck_assert_int_eq(lstat("link.png", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    unlink("there/out.png");
    check_refused("link.png", "link to nowhere");
    unlink("link.png");
    ck_assert_int_eq(rmdir("there"), 0);
    leave();
}
END_TEST

START_TEST(names_may_be_long)
{
    char name[256];

    enter();
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int named = 0; named < 2; named++) {
        struct tl_atomic_output *output;

        no_tmpfile = named;
        output = open_output(name);
        put(output, "long");
        commit(output);
        check_file(name, "long");
        unlink(name);
    }
    leave();
}
END_TEST

START_TEST(impossible_places_are_refused)
{
    enter();
    make_file("file", "", 0644);
    check_refused(".", "is a directory");
    check_refused("missing/out.png", "mkdir -p");
    check_refused("missing/", "name a file");
    check_refused("file/out.png", "Not a directory");
    check_refused("", "name a file");
    check_refused("/proc/telar-out.png", "nothing can be created");
    unlink("file");
    leave();
}
END_TEST

/* Runs as a user without privileges, in a child. Check does not see that process, so the exit
 * status gives the failed step. */
static int without_privileges(void)
{
    const char *const paths[] = {"out.png", "old.png", "protected.png"};
    struct telar_error error = {0};
    struct tl_atomic_output *output;

    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return 10;
    for (int i = 0; i < 3; i++) {
        error = (struct telar_error){0};
        if (tl_atomic_output_open(paths[i], NULL, &output, &error) != TELAR_OUTPUT
            || error.errnum != EACCES)
            return i + 1;
        if (!strstr(error.text, i < 2 ? "may write" : "write-protected"))
            return i + 4;
    }
    return 0;
}

START_TEST(write_protected_places_are_refused)
{
    int status;
    pid_t child;

    enter();
    make_file("old.png", "old", 0666);
    make_file("protected.png", "old", 0444);
    ck_assert_int_eq(chmod(".", 0555), 0);
    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(without_privileges());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(chmod(".", 0755), 0);
    ck_assert_int_eq(status, 0);
    check_file("old.png", "old");
    ck_assert_int_eq(names_here(), 2);
    unlink("old.png");
    unlink("protected.png");
    leave();
}
END_TEST

/* ---- failures ---- */

/* Makes `call` fail with ENOSPC while one output is written. Returns false if the call was not made
 * in this variant. */
static bool fails_at(enum call call, const char *path)
{
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    telar_status status;

    failing = call;
    failing_errno = ENOSPC;
    failing_times = 1;
    status = tl_atomic_output_open(path, NULL, &output, &error);
    if (status == TELAR_OK)
        status = tl_atomic_output_write(output, "new", 3, &error);
    if (status == TELAR_OK)
        status = tl_atomic_output_commit(output, &error);
    failing = NONE;
    if (failing_times > 0) {
        ck_assert_int_eq(status, TELAR_OK);
        return false;
    }
    ck_assert_int_eq(status, TELAR_OUTPUT);
    ck_assert_int_eq(error.errnum, ENOSPC);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    return true;
}

START_TEST(a_failing_call_leaves_all_as_it_was)
{
    int failed = 0;

    enter();
    for (enum call call = NONE + 1; call < CALLS; call++)
        for (int variant = 0; variant < 4; variant++) {
            bool old = variant & 1;
            int lowest = lowest_free();

            no_tmpfile = variant & 2;
            if (old)
                make_file("out.png", "old", 0644);
            if (fails_at(call, "out.png")) {
                failed++;
                ck_assert_int_eq(names_here(), old);
                if (old)
                    check_file("out.png", "old");
            }
            ck_assert_int_eq(lowest_free(), lowest);
            unlink("out.png");
        }
    /* create, fsync and rename are called in all four variants. fchmod is called only with an old
     * file, link only without a temporary name. */
    ck_assert_int_eq(failed, 3 * 4 + 2 + 2);
    leave();
}
END_TEST

START_TEST(taken_temporary_names_are_avoided)
{
    enter();
    for (int named = 0; named < 2; named++) {
        struct telar_error error = {0};
        struct tl_atomic_output *output;

        no_tmpfile = named;
        failing = named ? CREATE : LINK;
        failing_errno = EEXIST;
        failing_times = 3;
        output = open_output("out.png");
        put(output, "new");
        commit(output);
        ck_assert_int_eq(failing_times, 0);
        check_file("out.png", "new");
        unlink("out.png");

        failing_times = 1000000;
        if (tl_atomic_output_open("out.png", NULL, &output, &error) == TELAR_OK)
            tl_atomic_output_commit(output, &error);
        ck_assert_int_eq(error.errnum, EEXIST);
        ck_assert_int_eq(names_here(), 0);
        failing = NONE;
    }
    leave();
}
END_TEST

static struct telar_temporary told;

static void remove_told(int number)
{
    telar_temporary_remove(&told);
    _exit(number);
}

/* As in an interrupted program: the signal handler knows the file at every stage. */
START_TEST(a_signal_handler_can_remove_the_file)
{
    enter();
    for (int stage = 0; stage < 4; stage++) {
        struct tl_atomic_output *output;
        int status;
        pid_t pid;

        no_tmpfile = true;
        make_file("out.png", "old", 0644);
        pid = fork();
        if (pid == 0) {
            signal(SIGTERM, remove_told);
            if (stage == 0)
                raise(SIGTERM);
            tl_atomic_output_open("out.png", &(struct tl_output_wishes){.temporary = &told},
                                  &output, NULL);
            if (stage == 1)
                raise(SIGTERM);
            tl_atomic_output_write(output, "new", 3, NULL);
            if (stage == 2)
                raise(SIGTERM);
            tl_atomic_output_commit(output, NULL);
            raise(SIGTERM);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == SIGTERM);
        ck_assert_int_eq(names_here(), 1);
        check_file("out.png", stage == 3 ? "new" : "old");
        unlink("out.png");
    }
    no_tmpfile = false;
    leave();
}
END_TEST

START_TEST(the_caller_knows_whether_a_name_exists)
{
    struct tl_atomic_output *output;

    enter();
    for (int named = 0; named < 2; named++) {
        no_tmpfile = named;
        ck_assert_int_eq(tl_atomic_output_open("out.png",
                                               &(struct tl_output_wishes){.temporary = &told},
                                               &output, NULL),
                         TELAR_OK);
        ck_assert_int_eq(told.exists, names_here());
        tl_atomic_output_abandon(output);
        ck_assert_int_eq(told.exists, 0);
        ck_assert_int_eq(names_here(), 0);
        ck_assert_int_eq(tl_atomic_output_open("out.png",
                                               &(struct tl_output_wishes){.temporary = &told},
                                               &output, NULL),
                         TELAR_OK);
        commit(output);
        ck_assert_int_eq(told.exists, 0);
        unlink("out.png");
    }
    no_tmpfile = false;
    leave();
}
END_TEST

START_TEST(a_file_size_limit_is_an_error_and_no_signal)
{
    static const char block[10000];
    struct rlimit before, limit;
    struct telar_error error = {0};
    struct tl_atomic_output *output;
    telar_status status;

    enter();
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4096;
    output = open_output("out.png");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    status = tl_atomic_output_write(output, block, sizeof block, &error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(status, TELAR_OUTPUT);
    ck_assert_int_eq(error.errnum, EFBIG);
    tl_atomic_output_abandon(output);
    ck_assert_int_eq(names_here(), 0);
    leave();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_file_appears_when_it_is_complete,
        an_old_file_stays_until_the_new_one_is_complete,
        an_abandoned_output_leaves_nothing,
        links_are_followed,
        names_may_be_long,
        impossible_places_are_refused,
        write_protected_places_are_refused,
        a_failing_call_leaves_all_as_it_was,
        taken_temporary_names_are_avoided,
        a_signal_handler_can_remove_the_file,
        the_caller_knows_whether_a_name_exists,
        a_file_size_limit_is_an_error_and_no_signal,
        NULL,
    };

    return run_suite("output", tests);
}
