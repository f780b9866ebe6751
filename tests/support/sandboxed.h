/* SPDX-License-Identifier: MIT */
/* sandboxed.h - tells whether tests of the sandboxed rung can run here. */
#ifndef TESTS_SANDBOXED_H
#define TESTS_SANDBOXED_H

#include "isolate/sandbox.h"
#include "support/suite.h"

#include <stdio.h>

/* Returns false if this host or build has no sandbox, and prints that `what` is skipped. */
static inline bool can_sandbox(const char *what)
{
    struct telar_error error = {.status = TELAR_OK};
    struct tl_sandbox *sandbox = NULL;
    bool can = !under_valgrind() && tl_sandbox_new(&sandbox, &error) == TELAR_OK;

    tl_sandbox_free(sandbox);
    if (!can)
        printf("skip - %s: %s\n", what,
               error.status == TELAR_OK ? "valgrind makes system calls of its own" : error.text);
    return can;
}

#endif
