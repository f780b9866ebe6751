/* SPDX-License-Identifier: MIT */
/*
 * sandbox_filter.h - the system calls that a sandboxed worker has, as programs for the kernel. The
 * only place that includes <seccomp.h>. Layer: under sandbox.
 */
#ifndef TL_SANDBOX_FILTER_H
#define TL_SANDBOX_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

enum { TL_FILTER_MAX = 1024 };

struct tl_filter {
    unsigned short length;
    struct sock_filter code[TL_FILTER_MAX];
};

/* Compiles the filter of a stage. False with errno. */
bool tl_filter_make(struct tl_filter *filter, bool loading);

/* Whether telar was built with libseccomp. */
bool tl_filter_possible(void);

/* The name of a system call of this machine; false when it has none. */
bool tl_filter_call_name(int number, char *name, unsigned size);

#endif
