/* SPDX-License-Identifier: MIT */
/*
 * The lists of allowed system calls. What a worker's loop needs is short; what loading a library
 * needs is long, because the dynamic linker looks at files, and initializers of libraries ask about
 * the machine. The first list is part of the second: the kernel runs both filters, one after the
 * other, and takes the stricter answer.
 */
#include <config.h>

#include "isolate/syscall_list.h"

#include <errno.h>

#ifdef HAVE_SECCOMP

#include "isolate/sandbox.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

/* A system call that is not a violation, when its arguments are as said. */
struct rule {
    int call;
    uint32_t action;
    unsigned n_arguments;
    struct scmp_arg_cmp argument[2];
};

#define ANYHOW(name)                                                                               \
    {                                                                                              \
        SYS_##name, SCMP_ACT_ALLOW, 0,                                                             \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define WHERE(name, i, value)                                                                      \
    {                                                                                              \
        SYS_##name, SCMP_ACT_ALLOW, 1,                                                             \
        {                                                                                          \
            {                                                                                      \
                i, SCMP_CMP_EQ, value, 0                                                           \
            }                                                                                      \
        }                                                                                          \
    }
#define WHERE_BOTH(name, i, value, j, other)                                                       \
    {                                                                                              \
        SYS_##name, SCMP_ACT_ALLOW, 2,                                                             \
        {                                                                                          \
            {i, SCMP_CMP_EQ, value, 0},                                                            \
            {                                                                                      \
                j, SCMP_CMP_EQ, other, 0                                                           \
            }                                                                                      \
        }                                                                                          \
    }
#define WHERE_BITS(name, i, mask, value)                                                           \
    {                                                                                              \
        SYS_##name, SCMP_ACT_ALLOW, 1,                                                             \
        {                                                                                          \
            {                                                                                      \
                i, SCMP_CMP_MASKED_EQ, mask, value                                                 \
            }                                                                                      \
        }                                                                                          \
    }
#define REFUSED(name, errnum)                                                                      \
    {                                                                                              \
        SYS_##name, SCMP_ACT_ERRNO(errnum), 0,                                                     \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

/*
 * Messages have no address, for then they could go elsewhere than to the coordinator, and sendmsg,
 * which passes on descriptors, is missing. Giving up memory is allowed, for free() does that; and
 * entering pages, which tl_segment_unprotect does and reading would do as well. Signals cannot be
 * blocked, lest SIGSYS be: that is refused and no violation, so that abort() comes to its tgkill,
 * which names what happened.
 */
static const struct rule working_rules[] = {
    {SYS_recvfrom,
     SCMP_ACT_ALLOW,
     2,
     {{0, SCMP_CMP_EQ, TL_SANDBOX_CHANNEL, 0}, {4, SCMP_CMP_EQ, 0, 0}}},
    {SYS_sendto,
     SCMP_ACT_ALLOW,
     2,
     {{0, SCMP_CMP_EQ, TL_SANDBOX_CHANNEL, 0}, {4, SCMP_CMP_EQ, 0, 0}}},
    WHERE(read, 0, TL_SANDBOX_INPUT),
    WHERE(pread64, 0, TL_SANDBOX_INPUT),
    WHERE_BITS(mprotect, 2, PROT_EXEC, 0),
    WHERE(madvise, 2, MADV_DONTNEED),
    WHERE(madvise, 2, MADV_POPULATE_READ),
    ANYHOW(munmap),
    ANYHOW(getrusage),
    ANYHOW(gettid),
    ANYHOW(getpid),
    ANYHOW(clock_gettime),
    ANYHOW(gettimeofday),
    ANYHOW(exit),
    ANYHOW(exit_group),
    REFUSED(rt_sigprocmask, EPERM),
};

/*
 * No new memory, in the ordinary way: malloc gives NULL. brk answers with an address, which 0 is
 * below any that was asked for; a negative number would be above all of them and pass for success.
 */
static const struct rule no_memory_rules[] = {
    REFUSED(mmap, ENOMEM),
    REFUSED(mremap, ENOMEM),
    REFUSED(brk, 0),
};

/*
 * Nothing here writes to anything but memory and the worker's own limits. The worker may read all
 * of its limits. It may change two of them, because tl_sandbox_enter lowers these two; the kernel
 * refuses to raise them.
 */
static const struct rule loading_rules[] = {
    WHERE_BITS(openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
    WHERE_BITS(mmap, 3, MAP_HUGETLB, 0),
    WHERE_BOTH(prlimit64, 0, 0, 2, 0),
    WHERE_BOTH(prlimit64, 0, 0, 1, RLIMIT_DATA),
    WHERE_BOTH(prlimit64, 0, 0, 1, RLIMIT_NOFILE),
    WHERE(seccomp, 0, SECCOMP_SET_MODE_FILTER),
    REFUSED(ioctl, ENOTTY),
    ANYHOW(read),
    ANYHOW(pread64),
    ANYHOW(lseek),
    ANYHOW(close),
    ANYHOW(close_range),
    ANYHOW(fstat),
    ANYHOW(newfstatat),
    ANYHOW(faccessat),
    ANYHOW(readlinkat),
    ANYHOW(getcwd),
    ANYHOW(mprotect),
    ANYHOW(mremap),
    ANYHOW(brk),
    ANYHOW(futex),
    ANYHOW(getrandom),
    ANYHOW(sched_getaffinity),
    ANYHOW(uname),
    ANYHOW(sysinfo),
    ANYHOW(getuid),
    ANYHOW(geteuid),
    ANYHOW(getgid),
    ANYHOW(getegid),
    ANYHOW(capget),
    ANYHOW(capset),
    ANYHOW(landlock_create_ruleset),
    ANYHOW(landlock_restrict_self),
#ifdef SYS_stat /* what older machines have beside the calls that take a directory */
    ANYHOW(stat),
    ANYHOW(lstat),
    ANYHOW(access),
    ANYHOW(readlink),
#endif
};

static int add_rules(scmp_filter_ctx context, const struct rule *rules, size_t n)
{
    int failure = 0;

    for (size_t i = 0; i < n && !failure; i++)
        failure = seccomp_rule_add_array(context, rules[i].action, rules[i].call,
                                         rules[i].n_arguments, rules[i].argument);
    return failure;
}

/* The library writes a program to a descriptor only; it is far smaller than what a pipe holds. */
static int export_program(scmp_filter_ctx context, struct tl_syscall_list *filter)
{
    int ends[2], failure;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    failure = seccomp_export_bpf(context, ends[1]);
    got = failure ? 0 : read(ends[0], filter->code, sizeof filter->code);
    close(ends[0]);
    close(ends[1]);
    if (!failure && (got <= 0 || got == (ssize_t)sizeof filter->code))
        failure = -E2BIG;
    filter->length = (unsigned short)(got > 0 ? (size_t)got / sizeof filter->code[0] : 0);
    return failure;
}

#define N(array) (sizeof(array) / sizeof *(array))

bool tl_syscall_list_compile(struct tl_syscall_list *filter, bool loading)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRAP);
    int failure = context ? 0 : -ENOMEM;

    if (!failure)
        failure = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!failure)
        failure = add_rules(context, working_rules, N(working_rules));
    if (!failure)
        failure = loading ? add_rules(context, loading_rules, N(loading_rules))
                          : add_rules(context, no_memory_rules, N(no_memory_rules));
    if (!failure)
        failure = export_program(context, filter);
    if (context)
        seccomp_release(context);
    errno = -failure;
    return !failure;
}

bool tl_syscall_list_available(void)
{
    return true;
}

bool tl_syscall_list_name(int number, char *name, unsigned size)
{
    char *found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

    if (!found)
        return false;
    snprintf(name, size, "%s", found);
    free(found);
    return true;
}

#else

bool tl_syscall_list_compile(struct tl_syscall_list *filter, bool loading)
{
    errno = ENOSYS;
    return false;
}

bool tl_syscall_list_available(void)
{
    return false;
}

bool tl_syscall_list_name(int number, char *name, unsigned size)
{
    return false;
}

#endif
