/* SPDX-License-Identifier: MIT */
/*
 * Tests what a new file keeps of the file that it replaces: access control lists and user
 * attributes, on the file system of the build and on tmpfs, as root and as another user.
 */
#include <config.h>

#include "support/output_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char access_list[] = "system.posix_acl_access",
                  default_list[] = "system.posix_acl_default";

enum { STRANGER = 61237, STRANGE_GROUP = 61236, NOBODY = 65534 };

/* The file system refuses lists, or all attributes, of new files. */
static bool refuses_lists, refuses_all;

int __real_fsetxattr(int fd, const char *name, const void *value, size_t n, int flags);
int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t n, int flags);
int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t n, int flags)
{
    if (refuses_all || (refuses_lists && strcmp(name, access_list) == 0)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_fsetxattr(fd, name, value, n, flags);
}

/* ---- lists, in the form of linux/posix_acl_xattr.h ---- */

struct list {
    uint32_t version;
    struct {
        uint16_t tag, rights;
        uint32_t id;
    } entry[5];
};

/* user:OWNER, user:STRANGER, group:OWNING, mask, other. */
static struct list make_list(uint16_t owner, uint16_t stranger, uint16_t group, uint16_t mask,
                             uint16_t other)
{
    return (struct list){2,
                         {{0x01, owner, UINT32_MAX},
                          {0x02, stranger, STRANGER},
                          {0x04, group, UINT32_MAX},
                          {0x10, mask, UINT32_MAX},
                          {0x20, other, UINT32_MAX}}};
}

/* Whether the place has lists. A skip is said. */
static bool set_list(const char *path, const char *name, struct list list)
{
    if (setxattr(path, name, &list, sizeof list, 0) == 0)
        return true;
    printf("skip - access control lists: %s\n", strerror(errno));
    return false;
}

static void check_list(const char *path, struct list list)
{
    unsigned char found[256];

    ck_assert_int_eq(getxattr(path, access_list, found, sizeof found), (ssize_t)sizeof list);
    ck_assert_mem_eq(found, &list, sizeof list);
}

static void check_no_list(const char *path)
{
    ck_assert_int_eq(getxattr(path, access_list, NULL, 0), -1);
}

static void check_mode(const char *path, mode_t mode)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, mode);
}

/* Replaces out.png, with and without a temporary name, and checks what is said to be lost. */
static void replace(bool named, const char *lost)
{
    struct tl_atomic_output *output;

    no_tmpfile = named;
    output = open_output("out.png");
    ck_assert_str_eq(tl_atomic_output_lost(output), lost);
    put(output, "new");
    commit(output);
    check_file("out.png", "new");
}

/* ---- the places ---- */

static const char *const places[] = {".", "/dev/shm"};
static char started_in[4096];

/* Goes to a directory in the place. Test i is place i / 2, with a temporary name when i is odd. */
static void enter_place(int i)
{
    ck_assert_ptr_nonnull(getcwd(started_in, sizeof started_in));
    ck_assert_int_eq(chdir(places[i / 2]), 0);
    enter();
}

static void leave_place(void)
{
    unlink("out.png");
    leave();
    ck_assert_int_eq(chdir(started_in), 0);
}

START_TEST(an_access_list_stays)
{
    struct list list = make_list(6, 4, 0, 4, 0);

    enter_place(_i);
    make_file("out.png", "old", 0600);
    if (set_list("out.png", access_list, list)) {
        check_mode("out.png", 0640);
        replace(_i & 1, "");
        check_list("out.png", list);
        check_mode("out.png", 0640);
    }
    leave_place();
}
END_TEST

START_TEST(an_inherited_list_goes)
{
    enter_place(_i);
    make_file("out.png", "old", 0640);
    if (set_list(".", default_list, make_list(7, 7, 7, 7, 7))) {
        replace(_i & 1, "");
        check_no_list("out.png");
        check_mode("out.png", 0640);
    }
    leave_place();
}
END_TEST

/* The list's mask is in the group's place: without the list, the group has its own entry. */
START_TEST(a_lost_list_gives_no_rights)
{
    static const struct {
        uint16_t stranger, group, mask, other;
        mode_t mode;
    } cases[] = {
        {4, 0, 4, 0, 0600}, {7, 4, 6, 0, 0640}, {6, 6, 4, 0, 0640},
        {0, 4, 4, 4, 0600}, {4, 4, 6, 6, 0644}, {7, 6, 6, 4, 0664},
    };

    enter_place(_i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_file("out.png", "old", 0600);
        if (set_list(
                "out.png", access_list,
                make_list(6, cases[i].stranger, cases[i].group, cases[i].mask, cases[i].other))) {
            refuses_lists = true;
            replace(_i & 1, "access control list");
            refuses_lists = false;
            check_no_list("out.png");
            check_mode("out.png", cases[i].mode);
        }
        unlink("out.png");
    }
    leave_place();
}
END_TEST

START_TEST(user_attributes_stay_or_are_named)
{
    char found[8];

    enter_place(_i);
    make_file("out.png", "old", 0644);
    if (setxattr("out.png", "user.one", "a\0b", 3, 0) == 0
        && setxattr("out.png", "user.two", "", 0, 0) == 0) {
        replace(_i & 1, "");
        ck_assert_int_eq(getxattr("out.png", "user.one", found, sizeof found), 3);
        ck_assert_mem_eq(found, "a\0b", 3);
        ck_assert_int_eq(getxattr("out.png", "user.two", found, sizeof found), 0);
        refuses_all = true;
        replace(_i & 1, "2 user attributes");
        refuses_all = false;
    } else {
        printf("skip - user attributes: %s\n", strerror(errno));
    }
    leave_place();
}
END_TEST

/* A link that is refused makes a copy: the copy has the same attributes. */
START_TEST(a_copy_keeps_them_too)
{
    struct list list = make_list(6, 4, 0, 4, 0);

    enter_place(_i);
    make_file("out.png", "old", 0600);
    if (set_list("out.png", access_list, list)) {
        failing = LINK;
        failing_errno = EPERM;
        failing_times = 1;
        replace(false, "");
        ck_assert_int_eq(failing_times, 0);
        failing = NONE;
        check_list("out.png", list);
        ck_assert_int_eq(names_here(), 1);
    }
    leave_place();
}
END_TEST

START_TEST(another_user_keeps_the_list_but_not_a_strange_groups_rights)
{
    struct list list = make_list(6, 4, 6, 6, 0), left = make_list(6, 4, 0, 6, 0);
    int status;
    pid_t child;

    if (geteuid() != 0) {
        printf("skip - another user: only root can become one\n");
        return;
    }
    enter_place(_i);
    ck_assert_int_eq(chmod(".", 0777), 0);
    make_file("out.png", "old", 0600);
    ck_assert_int_eq(chown("out.png", NOBODY, STRANGE_GROUP), 0);
    if (set_list("out.png", access_list, list)) {
        fflush(NULL);
        child = fork();
        if (child == 0) {
            struct tl_atomic_output *output;
            bool done = setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0;

            no_tmpfile = _i & 1;
            done = done && tl_atomic_output_open("out.png", NULL, &output, NULL) == TELAR_OK
                   && tl_atomic_output_commit(output, NULL) == TELAR_OK;
            _exit(!done);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        check_list("out.png", left);
    }
    leave_place();
}
END_TEST

/* ---- options ---- */

START_TEST(no_clobber_refuses_at_the_beginning_and_at_the_end)
{
    const struct tl_output_wishes wishes = {.no_clobber = true};
    struct tl_atomic_output *output;

    enter_place(_i);
    no_tmpfile = _i & 1;
    for (int links = 0; links < 3; links++) {
        struct telar_error error = {0};

        failing = links ? LINK : NONE;
        failing_errno = EPERM;
        failing_times = links;
        ck_assert_int_eq(tl_atomic_output_open("out.png", &wishes, &output, &error), TELAR_OK);
        put(output, "new");
        commit(output);
        check_file("out.png", "new");
        ck_assert_int_eq(tl_atomic_output_open("out.png", &wishes, &output, &error), TELAR_OUTPUT);
        ck_assert_int_eq(error.errnum, EEXIST);
        unlink("out.png");

        error = (struct telar_error){0};
        failing_times = links;
        ck_assert_int_eq(tl_atomic_output_open("out.png", &wishes, &output, &error), TELAR_OK);
        make_file("out.png", "of another", 0644);
        ck_assert_int_eq(tl_atomic_output_commit(output, &error), TELAR_OUTPUT);
        ck_assert_int_eq(error.errnum, EEXIST);
        check_file("out.png", "of another");
        ck_assert_int_eq(names_here(), 1);
        unlink("out.png");
        failing = NONE;
    }
    leave_place();
}
END_TEST

START_TEST(preserve_takes_time_and_rights_of_the_input)
{
    const struct timespec times[2] = {{1000000000, 0}, {981173106, 123000000}};
    const struct tl_output_wishes wishes = {.preserve = "in.png"};
    struct list list = make_list(6, 4, 0, 4, 0);
    struct tl_atomic_output *output;
    struct stat st;

    enter_place(_i);
    for (int old = 0; old < 2; old++) {
        bool listed;

        make_file("in.png", "in", 0444);
        listed = old && set_list("in.png", access_list, list);
        ck_assert_int_eq(utimensat(AT_FDCWD, "in.png", times, 0), 0);
        if (old)
            make_file("out.png", "old", 0666);
        no_tmpfile = _i & 1;
        ck_assert_int_eq(tl_atomic_output_open("out.png", &wishes, &output, NULL), TELAR_OK);
        put(output, "new");
        commit(output);
        ck_assert_int_eq(stat("out.png", &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, listed ? 0640 : 0444);
        ck_assert_int_eq(st.st_mtim.tv_sec, times[1].tv_sec);
        ck_assert_int_eq(st.st_mtim.tv_nsec, times[1].tv_nsec);
        if (listed)
            check_list("out.png", list);
        unlink("in.png");
        unlink("out.png");
    }
    leave_place();
}
END_TEST

/* Each test runs at both places, with and without a temporary name. */
int main(void)
{
    const TTest *const tests[] = {
        an_access_list_stays,
        an_inherited_list_goes,
        a_lost_list_gives_no_rights,
        user_attributes_stay_or_are_named,
        a_copy_keeps_them_too,
        another_user_keeps_the_list_but_not_a_strange_groups_rights,
        no_clobber_refuses_at_the_beginning_and_at_the_end,
        preserve_takes_time_and_rights_of_the_input,
    };
    Suite *suite = suite_create("file attributes");
    TCase *tcase = tcase_create("file attributes");
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < LENGTH(tests); i++)
        tcase_add_loop_test(tcase, tests[i], 0, 2 * (int)LENGTH(places));
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
