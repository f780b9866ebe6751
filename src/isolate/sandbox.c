/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/sandbox.h"

#include "isolate/syscall_list.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct tl_sandbox {
    int landlock_abi;
    struct tl_syscall_list loading, working;
};

static int landlock_abi(void);

/* ---- the coordinator's part ---- */

/* Returns whether the kernel knows the two actions of the filters. */
static bool has_seccomp(void)
{
    const uint32_t trap = SECCOMP_RET_TRAP, kill_process = SECCOMP_RET_KILL_PROCESS;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap) == 0
           && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill_process) == 0;
}

/* Returns which part of the sandbox is missing, with the remedy; NULL for none. */
static const char *what_is_missing(void)
{
#ifdef TL_SANITIZED
    return "this telar was built with a sanitizer, whose run-time library makes calls of its own; "
           "use one "
           "without";
#endif
    if (!tl_syscall_list_available())
        return "this telar was built without libseccomp (Debian: libseccomp-dev); configure and "
               "build it "
               "again";
    if (!has_seccomp())
        return "the kernel has no seccomp filters (Linux 4.14, CONFIG_SECCOMP_FILTER)";
    if (landlock_abi() < 1)
        return "the kernel has no Landlock (Linux 5.13, CONFIG_SECURITY_LANDLOCK, and landlock in "
               "lsm=)";
    return NULL;
}

telar_status tl_sandbox_new(struct tl_sandbox **sandbox, struct telar_error *error)
{
    const char *missing = what_is_missing();

    *sandbox = NULL;
    if (missing)
        return tl_fail(error, TELAR_HOST, 0, "no sandbox here: %s; or use -i guarded", missing);
    *sandbox = malloc(sizeof **sandbox);
    if (*sandbox && tl_syscall_list_compile(&(*sandbox)->loading, true)
        && tl_syscall_list_compile(&(*sandbox)->working, false)) {
        (*sandbox)->landlock_abi = landlock_abi();
        return TELAR_OK;
    }
    tl_fail(error, TELAR_HOST, errno, "cannot make the filters of the sandbox");
    tl_sandbox_free(*sandbox);
    *sandbox = NULL;
    return TELAR_HOST;
}

void tl_sandbox_free(struct tl_sandbox *sandbox)
{
    free(sandbox);
}

void tl_sandbox_describe(const struct tl_sandbox *sandbox, char text[TL_SANDBOX_TEXT_BYTES])
{
    snprintf(text, TL_SANDBOX_TEXT_BYTES,
             "seccomp, landlock abi %d, no_new_privs, rlimits, not dumpable",
             sandbox->landlock_abi);
}

/* abort and raise are what people know tgkill by. */
void tl_sandbox_violation_text(int number, char text[TL_SANDBOX_VIOLATION_BYTES])
{
    char name[48];

    if (!tl_syscall_list_name(number, name, sizeof name))
        snprintf(name, sizeof name, "call %d", number);
    else if (strcmp(name, "tgkill") == 0)
        snprintf(name, sizeof name, "tgkill (abort or raise)");
    snprintf(text, TL_SANDBOX_VIOLATION_BYTES,
             "tried the system call %s, which its sandbox forbids; to debug, use -i guarded", name);
}

/* ---- Landlock ---- */

/* From the kernel's header of version 6.12 (ABI 6): the installed header may be older than the
 * kernel. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
    CREATE_RULESET_VERSION = 1 << 0,
    RULE_PATH_BENEATH = 1,
    FS_EXECUTE = 1 << 0,
    FS_READ_FILE = 1 << 2,
    NET_BIND_AND_CONNECT_TCP = 3,
    SCOPE_ABSTRACT_UNIX_AND_SIGNALS = 3,
};

struct landlock_rights {
    uint64_t fs, net, scoped;
};

struct landlock_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* Returns the version of Landlock that the kernel has; below 1 for none. */
static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
}

/*
 * Everything that a version of it can take away. Rights on files came over time: 13 at first, then
 * moving between directories, truncating, and ioctl on devices.
 */
static int make_ruleset(int abi)
{
    const int n_fs = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
    const struct landlock_rights rights = {
        .fs = (UINT64_C(1) << n_fs) - 1,
        .net = abi >= 4 ? NET_BIND_AND_CONNECT_TCP : 0,
        .scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX_AND_SIGNALS : 0,
    };
    const size_t known = abi >= 6   ? sizeof rights
                         : abi >= 4 ? 2 * sizeof rights.fs
                                    : sizeof rights.fs;

    return (int)syscall(SYS_landlock_create_ruleset, &rights, known, 0);
}

/*
 * Lets a file, or all below a directory, be read and mapped as code. What there is not needs no
 * rule, if it may be absent.
 */
static bool allow_loading(int ruleset, const char *path, bool may_be_absent)
{
    struct landlock_beneath rule = {FS_EXECUTE | FS_READ_FILE, open(path, O_PATH | O_CLOEXEC)};
    bool good;

    if (rule.parent < 0)
        return may_be_absent && errno == ENOENT;
    good = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent);
    return good;
}

/* Ends the use of a ruleset by putting it in force. */
static bool restrict_self(int ruleset)
{
    bool good = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;

    close(ruleset);
    return good;
}

static bool restrict_to_loading(int abi, const char *const paths[], size_t n)
{
    static const char *const libraries[] = {"/lib", "/lib64", "/usr/lib", "/usr/lib64",
                                            "/etc/ld.so.cache"};
    int ruleset = make_ruleset(abi);
    bool good = ruleset >= 0;

    for (size_t i = 0; good && i < sizeof libraries / sizeof *libraries; i++)
        good = allow_loading(ruleset, libraries[i], true);
    for (size_t i = 0; good && i < n; i++)
        good = allow_loading(ruleset, paths[i], false);
    return good ? restrict_self(ruleset) : false;
}

static bool restrict_to_nothing(int abi)
{
    int ruleset = make_ruleset(abi);

    return ruleset >= 0 && restrict_self(ruleset);
}

/* ---- what is not to be gained again ---- */

static bool limit(int resource, uint64_t most)
{
    const struct rlimit limit = {most, most};

    return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

/*
 * Reads how much address space and private memory this process has, from a line of seven numbers of
 * pages. Address space is the first number, private memory the sixth. Returns false on failure.
 */
static bool read_sizes(uint64_t *space_bytes, uint64_t *data_bytes)
{
    uint64_t pages[6] = {0};
    char line[256];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC), field = 0;
    ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof line);

    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < got && field < 6; i++)
        if (line[i] == ' ')
            field++;
        else
            pages[field] = pages[field] * 10 + (uint64_t)(line[i] - '0');
    *space_bytes = pages[0] * (uint64_t)sysconf(_SC_PAGESIZE);
    *data_bytes = pages[5] * (uint64_t)sysconf(_SC_PAGESIZE);
    return field == 6;
}

/*
 * Bounds the memory that loaded code can take. RLIMIT_DATA counts private writable memory only.
 * RLIMIT_AS counts every mapping: shared ones, ones that grow, and ones that become writable later.
 * Once the address space is used up, the kernel lets mprotect pass RLIMIT_DATA, so RLIMIT_AS is the
 * bound that holds.
 */
static bool limit_loading(void)
{
    enum { MORE_DATA = 256 << 20, MORE_SPACE = 512 << 20 };
    uint64_t space_bytes, data_bytes;

    return read_sizes(&space_bytes, &data_bytes) && limit(RLIMIT_DATA, data_bytes + MORE_DATA)
           && limit(RLIMIT_AS, space_bytes + MORE_SPACE);
}

/*
 * Keeps the soft limit of the stack up to 64 MiB, and makes the hard limit the same. Without this
 * the stack is a way to new memory in a program whose stack is unlimited.
 */
static bool limit_stack(void)
{
    const rlim_t most = 64 << 20;
    struct rlimit now;

    return getrlimit(RLIMIT_STACK, &now) == 0
           && limit(RLIMIT_STACK, now.rlim_cur < most ? now.rlim_cur : most);
}

/* Drops all capabilities except `kept`. Without this, a worker of root could still do much. Returns
 * false on failure. */
static bool drop_capabilities(uint32_t kept)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct before[2], after[2] = {{0}};

    if (syscall(SYS_capget, &header, before) != 0)
        return false;
    after[0].effective = before[0].effective & kept;
    after[0].permitted = before[0].permitted & kept;
    return syscall(SYS_capset, &header, after) == 0;
}

/* In both stages, before the first filter. */
static bool give_up_rights(uint32_t kept_capabilities)
{
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0)
           && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) && limit_stack()
           && drop_capabilities(kept_capabilities) && prctl(PR_SET_DUMPABLE, 0) == 0
           && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* ---- violations ---- */

/* Of this process, which has but one thread. */
static tl_sandbox_alarm *volatile alarm_of_process;

static _Noreturn void on_violation(int signal, siginfo_t *info, void *context)
{
    if (alarm_of_process)
        alarm_of_process(info->si_syscall);
    _exit(1);
}

static bool install(const struct tl_syscall_list *filter)
{
    struct sock_fprog program = {filter->length, (struct sock_filter *)(size_t)filter->code};

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool watch(tl_sandbox_alarm *alarm)
{
    struct sigaction action = {.sa_sigaction = on_violation, .sa_flags = SA_SIGINFO};

    alarm_of_process = alarm;
    return sigaction(SIGSYS, &action, NULL) == 0;
}

/* ---- the stages ---- */

/* To where it is in the way of none of the places. */
static bool move_away(int *fd)
{
    enum { AWAY = 16 };

    if (*fd < 0)
        return true;
    *fd = fcntl(*fd, F_DUPFD, AWAY);
    return *fd >= 0;
}

static bool move_to(int *fd, int place)
{
    if (*fd < 0)
        return true;
    *fd = dup2(*fd, place);
    return *fd == place;
}

bool tl_sandbox_arrange(int *channel, int *input, int *others[], size_t n)
{
    const bool has_input = *input >= 0;
    int place = TL_SANDBOX_INPUT + 1;
    bool good = move_away(channel) && move_away(input);

    for (size_t i = 0; good && i < n; i++)
        good = move_away(others[i]);
    good = good && move_to(channel, TL_SANDBOX_CHANNEL) && move_to(input, TL_SANDBOX_INPUT);
    for (size_t i = 0; good && i < n; i++)
        good = move_to(others[i], place++);
    if (good && !has_input)
        close(TL_SANDBOX_INPUT);
    return good && close_range(0, TL_SANDBOX_CHANNEL - 1, 0) == 0
           && close_range((unsigned)place, UINT_MAX, 0) == 0;
}

bool tl_sandbox_enter_loading(const struct tl_sandbox *sandbox, const char *const paths[], size_t n,
                              tl_sandbox_alarm *alarm)
{
    return limit_loading() && give_up_rights(UINT32_C(1) << CAP_DAC_READ_SEARCH)
           && restrict_to_loading(sandbox->landlock_abi, paths, n) && watch(alarm)
           && install(&sandbox->loading);
}

/* After loading, what was given up there is gone already, and asking again would be a violation. */
bool tl_sandbox_enter(const struct tl_sandbox *sandbox, bool keep_input, tl_sandbox_alarm *alarm)
{
    const unsigned first_closed = keep_input ? TL_SANDBOX_INPUT + 1 : TL_SANDBOX_INPUT;

    if (alarm_of_process ? !drop_capabilities(0) : !give_up_rights(0) || !watch(alarm))
        return false;
    return restrict_to_nothing(sandbox->landlock_abi)
           && close_range(0, TL_SANDBOX_CHANNEL - 1, 0) == 0
           && close_range(first_closed, UINT_MAX, 0) == 0 && limit(RLIMIT_DATA, 0)
           && limit(RLIMIT_NOFILE, 0) && install(&sandbox->working);
}
