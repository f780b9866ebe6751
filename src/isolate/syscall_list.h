/* SPDX-License-Identifier: MIT */
/*
 * syscall_list.h - the system calls that a sandboxed worker may make, as programs for the kernel.
 * The only place that includes <seccomp.h>. Layer: under sandbox.
 */
#ifndef TL_SYSCALL_LIST_H
#define TL_SYSCALL_LIST_H

#include <linux/filter.h>
#include <stdbool.h>

enum { TL_SYSCALL_LIST_MAX = 1024 };

/* The program of one stage of the sandbox. The coordinator writes it, workers install it. */
struct tl_syscall_list {
    unsigned short length;
    struct sock_filter code[TL_SYSCALL_LIST_MAX];
};

/* Compiles the list of a stage: of the first, in which libraries are loaded, or of the last.
 * Returns false with errno on failure. */
bool tl_syscall_list_compile(struct tl_syscall_list *list, bool loading);

/* Returns whether telar was built with libseccomp. */
bool tl_syscall_list_available(void);

/* Writes the name of a system call of this machine. Returns false if the number has none. */
bool tl_syscall_list_name(int number, char *name, unsigned size);

#endif
