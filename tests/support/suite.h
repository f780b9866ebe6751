/* SPDX-License-Identifier: MIT */
/* suite.h - the main function that all unit tests share. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* PROCESSES is 1 if runs over processes can be tested. ThreadSanitizer does not support a fork in a
 * process that has had threads. */
#if defined __SANITIZE_THREAD__
#define PROCESSES 0
#elif defined __has_feature
#define PROCESSES !__has_feature(thread_sanitizer)
#else
#define PROCESSES 1
#endif

/* valgrind uses descriptors and signals itself and supports limits only in part. Tests of these are
 * left out under valgrind. */
static inline bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload && strstr(preload, "vgpreload");
}

/* The number of elements of an array. */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ck_assert for checks of every pixel. ck_assert writes to a file at each call; this macro does so
 * only on failure. */
#define QUICK_ASSERT(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s", #condition);                                                        \
    } while (0)

/* Runs the tests of a NULL-terminated list, each in its own process. Returns the exit status for
 * main. */
static inline int run_suite(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 300);
    for (; *tests; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
