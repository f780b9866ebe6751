/* SPDX-License-Identifier: MIT */
/*
 * sandbox_filter.h - the system calls that a sandboxed worker has, as programs for the kernel. The
 * only place that includes <seccomp.h>. Layer: under sandbox.
 */
#ifndef TL_SANDBOX_FILTER_H
#define TL_SANDBOX_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

enum { TL_SYSCALL_LIST_MAX = 1024 };

struct tl_syscall_list {
    unsigned short length;
    struct sock_filter code[TL_SYSCALL_LIST_MAX];
};

/* Compiles the filter of a stage. False with errno. */
bool tl_syscall_list_compile(struct tl_syscall_list *filter, bool loading);

/* Whether telar was built with libseccomp. */
bool tl_syscall_list_available(void);

/* The name of a system call of this machine; false when it has none. */
bool tl_syscall_list_name(int number, char *name, unsigned size);

#endif
