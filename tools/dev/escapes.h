/* SPDX-License-Identifier: MIT */
/*
 * escapes.h - what code that runs inside a worker may try, to get at something else than its
 * region.
 */
#ifndef TOOLS_ESCAPES_H
#define TOOLS_ESCAPES_H

#include <stdbool.h>
#include <stdint.h>

/* Where an attempt is made. */
struct scene {
    bool sandboxed;
    intptr_t coordinator, sibling; /* process ids */
    const void *source;            /* of the region; no worker may write there */
    void *result;                  /* of the region; the sibling's begins a page behind it */
    void *target; /* a word of the coordinator's own memory, for which nobody cares */
};

/*
 * One system call with constant arguments, or steps. It has got through when the kernel did it, or
 * went as far as to look whether it makes sense. All are harmless where they do get through.
 */
struct attempt {
    const char *name;
    long call;
    intptr_t argument[6]; /* beside numbers and addresses, one of the stand-ins below */
    long (*steps)(
        const struct scene *scene); /* NULL: there is only the call; otherwise as syscall() */
};

enum { COORDINATOR = 0x7e1a0001, SIBLING };

/* All of them. */
extern const struct attempt escapes[];
extern const int n_escapes;

/* Makes one: what the call gave, with errno when that is -1. */
long escape_try(const struct attempt *attempt, const struct scene *scene);

#endif
