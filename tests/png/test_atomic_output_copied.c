/* SPDX-License-Identifier: MIT */
/* Tests the end of output files where vfork copies the memory, as fork does: under valgrind and
 * other emulators. The linker sends vfork through this file (--wrap). */
#include <config.h>

#include "support/output_fixture.h"

#include <errno.h>
#include <unistd.h>

pid_t __wrap_vfork(void);
pid_t __wrap_vfork(void)
{
    return fork();
}

static telar_status write_output(bool no_clobber)
{
    struct tl_output_wishes wishes = {.no_clobber = no_clobber};
    struct tl_atomic_output *output;

    ck_assert_int_eq(tl_atomic_output_open("out.png", &wishes, &output, NULL), TELAR_OK);
    put(output, "new");
    return tl_atomic_output_commit(output, NULL);
}

START_TEST(an_old_file_is_replaced_and_nothing_is_left)
{
    enter();
    make_file("out.png", "old", 0644);
    ck_assert_int_eq(write_output(false), TELAR_OK);
    check_file("out.png", "new");
    ck_assert_int_eq(names_here(), 1);
    unlink("out.png");
    leave();
}
END_TEST

START_TEST(a_free_name_is_taken_once)
{
    enter();
    ck_assert_int_eq(write_output(true), TELAR_OK);
    check_file("out.png", "new");
    ck_assert_int_eq(names_here(), 1);
    unlink("out.png");
    leave();
}
END_TEST

START_TEST(a_failed_renaming_leaves_all_as_it_was)
{
    enter();
    make_file("out.png", "old", 0644);
    failing = RENAME;
    failing_errno = ENOSPC;
    failing_times = 1;
    ck_assert_int_eq(write_output(false), TELAR_OUTPUT);
    check_file("out.png", "old");
    ck_assert_int_eq(names_here(), 1);
    unlink("out.png");
    leave();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_old_file_is_replaced_and_nothing_is_left,
        a_free_name_is_taken_once,
        a_failed_renaming_leaves_all_as_it_was,
        NULL,
    };

    return run_suite("atomic_output_copied", tests);
}
