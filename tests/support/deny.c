/* SPDX-License-Identifier: MIT */
/*
 * deny ERRNO CALL COMMAND...: runs COMMAND with the system call failing with ERRNO, as under a
 * container's profile or on a network file system. The exit status is 125 if that cannot be had.
 */
#include <config.h>

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int call = argc > 3 ? seccomp_syscall_resolve_name(argv[2]) : __NR_SCMP_ERROR;

    if (!filter || call == __NR_SCMP_ERROR
        || seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)atoi(argv[1])), call, 0) != 0
        || seccomp_load(filter) != 0) {
        fprintf(stderr, "deny: cannot refuse a system call here\n");
        return 125;
    }
    execv(argv[3], argv + 3);
    perror(argv[3]);
    return 125;
}
