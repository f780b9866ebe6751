/* SPDX-License-Identifier: MIT */
/* escapes.h - the list of attempts with which code in a worker tries to reach beyond its region. */
#ifndef TOOLS_ESCAPES_H
#define TOOLS_ESCAPES_H

#include <stdbool.h>
#include <stdint.h>

/* The targets of an attempt. escapes.c fills the struct in the worker before the attempt. */
struct scene {
    bool sandboxed;
    intptr_t coordinator, sibling; /* process ids */
    const void *source;            /* the region's source, which no worker may write */
    void *result; /* the region's result; the sibling's result begins one page later */
    void *target; /* a word in the coordinator's memory that has no other use */
};

/*
 * One attempt: a system call with constant arguments, or a function. An attempt counts as open when
 * the kernel carried it out, or got as far as checking its arguments. Every attempt is harmless if
 * it succeeds.
 */
struct attempt {
    const char *name;
    long call;
    intptr_t argument[6]; /* numbers, addresses, or the stand-ins below */
    long (*steps)(
        /* NULL: make the call. Otherwise a function that returns like syscall(). */
        const struct scene *scene);
};

/* Arguments that escape_try replaces by process ids. */
enum { COORDINATOR = 0x7e1a0001, SIBLING };

/* The list, and its length. */
extern const struct attempt escapes[];
extern const int n_escapes;

/* Makes the attempt. Returns the system call's result: -1 and errno when it was refused. */
long escape_try(const struct attempt *attempt, const struct scene *scene);

#endif
