/* SPDX-License-Identifier: MIT */
/*
 * escapes_list.c - the attempts. A new one needs a line in this list and a line in the table of
 * doc/telar-isolation.7.
 */
#include <config.h>

#include "dev/escapes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* Some C libraries are older than these calls. The numbers are the same on all processors. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#define SYS_io_uring_setup 425
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* ---- objects that the calls' arguments point to ---- */

static char scratch[] = "scratch", missing[] = "missing/none", outside[] = "/etc/passwd",
            word[] = "word";
static char some_bytes[256];
static char page[4096] __attribute__((aligned(4096)));
static struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
static struct timespec no_time;
static struct itimerspec no_timer;
static int pair[2];
static sigset_t no_signals;
static struct sigevent no_event = {.sigev_notify = SIGEV_NONE};
static timer_t timer;
static uint64_t no_action[4]; /* struct sigaction as the kernel defines it */

#define AT(object) ((intptr_t)(object))

/* ---- attempts that take more than one call ---- */

/* Reads or writes the target word through /proc/PID/mem. */
static long invade_memory(intptr_t pid, const struct scene *scene, int mode)
{
    char path[64];
    long fd;

    snprintf(path, sizeof path, "/proc/%ld/mem", (long)pid);
    fd = syscall(SYS_openat, AT_FDCWD, path, mode, 0);
    if (fd < 0)
        return -1;
    return mode == O_RDONLY ? syscall(SYS_pread64, fd, some_bytes, 4, scene->target)
                            : syscall(SYS_pwrite64, fd, some_bytes, 4, scene->target);
}

static long read_memory_of_coordinator(const struct scene *scene)
{
    return invade_memory(scene->coordinator, scene, O_RDONLY);
}

static long write_memory_of_coordinator(const struct scene *scene)
{
    return invade_memory(scene->coordinator, scene, O_RDWR);
}

static long write_memory_of_sibling(const struct scene *scene)
{
    return invade_memory(scene->sibling, scene, O_RDWR);
}

static long vm_call(long call, intptr_t pid, const struct scene *scene)
{
    struct iovec local = {some_bytes, 4}, remote = {scene->target, 4};

    return syscall(call, pid, &local, 1, &remote, 1, 0);
}

static long vm_read_coordinator(const struct scene *scene)
{
    return vm_call(SYS_process_vm_readv, scene->coordinator, scene);
}

static long vm_write_coordinator(const struct scene *scene)
{
    return vm_call(SYS_process_vm_writev, scene->coordinator, scene);
}

static long vm_write_sibling(const struct scene *scene)
{
    return vm_call(SYS_process_vm_writev, scene->sibling, scene);
}

/*
 * Traces a child made for it, because tracing would stop the coordinator. A sandboxed worker cannot
 * make a child, so it aims at the coordinator.
 */
static long trace_a_process(const struct scene *scene)
{
    long pid = scene->sandboxed ? scene->coordinator : syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), got;

    while (pid == 0)
        syscall(SYS_pause);
    got = syscall(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0);
    if (!scene->sandboxed && pid > 0)
        syscall(SYS_kill, pid, SIGKILL);
    return got;
}

/* Makes a copy of this process that ends at once. */
static long copy_process(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0)
        syscall(SYS_exit_group, 0);
    return pid;
}

static long fork_itself(const struct scene *scene)
{
    return copy_process(0);
}

static long fork_into_namespace(const struct scene *scene)
{
    return copy_process(CLONE_NEWUSER);
}

static void *do_nothing(void *data)
{
    return data;
}

static long make_a_thread(const struct scene *scene)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, do_nothing, NULL);
    return errno ? -1 : 0;
}

/*
 * Opens the segment again. Its name is gone, but /proc/self/fd leads a process to a descriptor that
 * it has.
 */
static long reopen_segment(const struct scene *scene)
{
    char path[64], link[128];

    for (int fd = 3; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        memset(link, 0, sizeof link);
        if (syscall(SYS_readlinkat, AT_FDCWD, path, link, sizeof link - 1) > 0
            && (strstr(link, "/shm/telar-") || strstr(link, "memfd:telar")))
            return syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
    }
    errno = EACCES;
    return -1;
}

/* Maps the segment again for writing, from any descriptor of a file without a name. */
static long map_segment_again(const struct scene *scene)
{
    struct stat found;

    for (int fd = 3; fd < 64; fd++)
        if (scene->sandboxed
            || (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 0))
            return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    errno = EACCES;
    return -1;
}

/* Makes a page of the segment writable that no worker may write. */
static long open_the_source(const struct scene *scene)
{
    return syscall(SYS_mprotect, (intptr_t)scene->source & -4096, 4096, PROT_READ | PROT_WRITE);
}

static long write_the_source(const struct scene *scene)
{
    return *(volatile unsigned char *)scene->source = 0;
}

static long write_a_siblings_region(const struct scene *scene)
{
    return ((volatile unsigned char *)scene->result)[4096] = 0;
}

/* Passes a descriptor on. A sandboxed worker has no other socket than its channel. */
static long pass_a_descriptor(const struct scene *scene)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec data = {some_bytes, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    if (!scene->sandboxed && syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return -1;
    memcpy(CMSG_DATA(&control.head), &pair[0], sizeof(int));
    return syscall(SYS_sendmsg, scene->sandboxed ? 3 : pair[0], &message, 0);
}

/*
 * Connects to an abstract address, which some sandboxes leave open. "Nobody listens there" does not
 * count as refused.
 */
static long connect_abstract(const struct scene *scene)
{
    struct sockaddr_un address = {AF_UNIX, "\0telar-nobody"};
    long fd = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

    return fd < 0 ? -1 : syscall(SYS_connect, fd, &address, sizeof address);
}

#if defined __x86_64__
/*
 * A kernel without the i386 ABI raises SIGSEGV. The handler skips the instruction's two bytes and
 * returns ENOSYS.
 */
static void answer_enosys(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)number;
    (void)info;
    registers[REG_RIP] += 2;
    registers[REG_RAX] = -ENOSYS;
}

static long call_by_interrupt(const struct scene *scene)
{
    const struct sigaction action = {.sa_sigaction = answer_enosys,
                                     .sa_flags = SA_SIGINFO | SA_RESETHAND};
    long result;

    if (!scene->sandboxed)
        sigaction(SIGSEGV, &action, NULL);
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory"); /* getpid of the i386 ABI */
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
#endif

/* ---- the list ---- */

#define CALL(name, call, ...)                                                                      \
    {                                                                                              \
        name, SYS_##call, {__VA_ARGS__}, 0                                                         \
    }
#define STEPS(name, steps)                                                                         \
    {                                                                                              \
        name, 0, {0}, steps                                                                        \
    }

const struct attempt escapes[] = {
    CALL("read a file", openat, AT_FDCWD, AT(outside), O_RDONLY),
    CALL("write a file", openat, AT_FDCWD, AT(scratch), O_WRONLY),
    CALL("create a file", openat, AT_FDCWD, AT("made"), O_WRONLY | O_CREAT, 0600),
    CALL("open a directory", openat, AT_FDCWD, AT("/"), O_RDONLY | O_DIRECTORY),
    CALL("look at a file", newfstatat, AT_FDCWD, AT(outside), AT(some_bytes), 0),
    CALL("remove a file", unlinkat, AT_FDCWD, AT(missing), 0),
    CALL("rename a file", renameat2, AT_FDCWD, AT(missing), AT_FDCWD, AT(missing), 0),
    CALL("link a file", linkat, AT_FDCWD, AT(missing), AT_FDCWD, AT("link"), 0),
    CALL("make a symbolic link", symlinkat, AT(outside), AT_FDCWD, AT("symbolic")),
    CALL("make a directory", mkdirat, AT_FDCWD, AT("directory"), 0700),
    CALL("make a fifo", mknodat, AT_FDCWD, AT("fifo"), S_IFIFO | 0600, 0),
    CALL("change permissions", fchmodat, AT_FDCWD, AT(scratch), 0600),
    CALL("truncate a file", truncate, AT(scratch), 0),
    CALL("change directory", chdir, AT("/")),
    CALL("open by handle", open_by_handle_at, AT_FDCWD, AT(some_bytes), O_RDONLY),
    CALL("write to standard error", write, STDERR_FILENO, AT(word), 0),
    CALL("read standard input", read, STDIN_FILENO, AT(some_bytes), 0),
    CALL("type into the terminal", ioctl, STDIN_FILENO, TIOCSTI, AT(word)),
    CALL("duplicate a descriptor", dup, 3),
    CALL("make a pipe", pipe2, AT(pair), O_CLOEXEC),
    CALL("watch files", inotify_init1, O_CLOEXEC),
    CALL("watch the file system", fanotify_init, 0, O_RDONLY),

    CALL("run a program", execve, AT(missing), 0, 0),
    CALL("run a program by descriptor", execveat, AT_FDCWD, AT(missing), 0, 0, 0),
    STEPS("fork", fork_itself),
    STEPS("fork into a namespace", fork_into_namespace),
    STEPS("make a thread", make_a_thread),
    CALL("clone3", clone3, AT(some_bytes), 0),
    CALL("a new user namespace", unshare, CLONE_NEWUSER),
    CALL("a new mount namespace", unshare, CLONE_NEWNS),
    CALL("enter a namespace", setns, -1, 0),

    CALL("TCP socket", socket, AF_INET, SOCK_STREAM, 0),
    CALL("UDP socket", socket, AF_INET, SOCK_DGRAM, 0),
    CALL("IPv6 socket", socket, AF_INET6, SOCK_STREAM, 0),
    CALL("raw socket", socket, AF_INET, SOCK_RAW, 1),
    CALL("Unix socket", socket, AF_UNIX, SOCK_STREAM, 0),
    CALL("netlink socket", socket, AF_NETLINK, SOCK_RAW, 0),
    CALL("packet socket", socket, AF_PACKET, SOCK_RAW, 0),
    CALL("vsock socket", socket, AF_VSOCK, SOCK_STREAM, 0),
    CALL("kernel crypto socket", socket, AF_ALG, SOCK_SEQPACKET, 0),
    CALL("pair of sockets", socketpair, AF_UNIX, SOCK_STREAM, 0, AT(pair)),
    STEPS("connect to an abstract address", connect_abstract),
    STEPS("pass a descriptor on", pass_a_descriptor),
    CALL("accept a descriptor", recvmsg, 3, 0, MSG_DONTWAIT),

    STEPS("trace a process", trace_a_process),
    STEPS("read the coordinator's memory by /proc", read_memory_of_coordinator),
    STEPS("write the coordinator's memory by /proc", write_memory_of_coordinator),
    STEPS("write a sibling's memory by /proc", write_memory_of_sibling),
    STEPS("read the coordinator's memory", vm_read_coordinator),
    STEPS("write the coordinator's memory", vm_write_coordinator),
    STEPS("write a sibling's memory", vm_write_sibling),
    CALL("compare with the coordinator", kcmp, COORDINATOR, COORDINATOR, 0, 0, 0),
    CALL("signal the coordinator", kill, COORDINATOR, SIGWINCH),
    CALL("signal a sibling", kill, SIBLING, SIGWINCH),
    CALL("signal a thread", tgkill, COORDINATOR, COORDINATOR, SIGWINCH),
    CALL("queue a signal", rt_sigqueueinfo, COORDINATOR, SIGWINCH, 0),
    CALL("descriptor of a process", pidfd_open, COORDINATOR, 0),
    CALL("signal by descriptor", pidfd_send_signal, -1, SIGWINCH, 0, 0),
    CALL("take another's descriptor", pidfd_getfd, -1, 0, 0),
    CALL("limits of the coordinator", prlimit64, COORDINATOR, RLIMIT_CORE, 0, AT(some_bytes)),
    CALL("CPUs of the coordinator", sched_setaffinity, COORDINATOR, 0, 0),
    CALL("priority of the coordinator", setpriority, PRIO_PROCESS, COORDINATOR, 19),

    CALL("new memory", mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    CALL("new executable memory", mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    CALL("make memory executable", mprotect, AT(page), 4096, PROT_READ | PROT_WRITE | PROT_EXEC),
    CALL("the same, by a key", pkey_mprotect, AT(page), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
         -1),
    CALL("move memory", mremap, 0, 4096, 8192, MREMAP_MAYMOVE),
    CALL("lock memory", mlock, AT(some_bytes), 4096),
    CALL("memory file", memfd_create, AT(word), 0),
    CALL("secret memory file", memfd_secret, 0),
    CALL("shared memory object", openat, AT_FDCWD, AT("/dev/shm/telar-missing"), O_RDWR),
    CALL("System V shared memory", shmget, 0x7e1a5, 4096, 0),
    STEPS("open the segment again", reopen_segment),
    STEPS("map the segment again", map_segment_again),
    STEPS("make the source writable", open_the_source),
    STEPS("write the source", write_the_source),
    STEPS("write a sibling's region", write_a_siblings_region),
    CALL("handle page faults", userfaultfd, 1),

    CALL("io_uring", io_uring_setup, 1, 0),
    CALL("load a BPF program", bpf, 5, AT(some_bytes), 48),
    CALL("measure the kernel", perf_event_open, 0, 0, -1, -1, 0),
    CALL("add a key", add_key, AT("user"), 0, 0, 0, -3),
    CALL("use keyrings", keyctl, 0, -3, 0),
    CALL("load a module", finit_module, -1, AT(""), 0),
    CALL("load a kernel", kexec_load, 0, 17, 0, ~0UL),
    CALL("read the kernel's log", syslog, 10, 0, 0),
    CALL("mount", mount, 0, AT(missing), 0, 0, 0),
    CALL("change the root", chroot, AT(missing)),
    CALL("swap the root", pivot_root, AT(missing), AT(missing)),
    CALL("swap on a file", swapon, AT(missing), 0),
    CALL("the system's name", sethostname, 0, -1),
    CALL("the system's clock", clock_adjtime, CLOCK_REALTIME, 0),
    CALL("quotas", quotactl, 0, 0, 0, 0),
    CALL("accounting", acct, AT(missing)),

    CALL("raise a limit", prlimit64, 0, RLIMIT_CORE, AT(&unlimited), 0),
    CALL("become dumpable", prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
    CALL("outlive the coordinator", prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0),
    CALL("another personality", personality, 0xffffffff),
    CALL("another user", setresuid, -1, -1, -1),
    CALL("capabilities", capset, 0, 0),
    CALL("a session of its own", setsid, 0),
    CALL("another filter", seccomp, 1, 0, 0),
    CALL("handle a signal", rt_sigaction, SIGUSR2, AT(no_action), 0, 8),
    CALL("block signals", rt_sigprocmask, SIG_BLOCK, AT(&no_signals), 0, 8),
    CALL("a timer", timer_create, CLOCK_MONOTONIC, AT(&no_event), AT(&timer)),
    CALL("an interval timer", setitimer, ITIMER_REAL, AT(&no_timer), 0),
    CALL("a timer's descriptor", timerfd_create, CLOCK_MONOTONIC, 0),
    CALL("signals as a file", signalfd4, -1, AT(&no_signals), 8, 0),
    CALL("an event's descriptor", eventfd2, 0, 0),
    CALL("wait for descriptors", epoll_create1, 0),
    CALL("sleep", clock_nanosleep, CLOCK_MONOTONIC, 0, AT(&no_time), 0),
#if defined __x86_64__
    CALL("change segments of the CPU", modify_ldt, 0, 0, 0),
    CALL("ports of the machine", iopl, 0),
    {"a call of the x32 ABI", 0x40000000 + SYS_getppid, {0}, 0},
    STEPS("a call of the i386 ABI", call_by_interrupt),
#endif
};

const int n_escapes = sizeof escapes / sizeof *escapes;

/* Replaces a stand-in by a process id. */
static intptr_t meant(intptr_t argument, const struct scene *scene)
{
    return argument == COORDINATOR ? scene->coordinator
           : argument == SIBLING   ? scene->sibling
                                   : argument;
}

long escape_try(const struct attempt *attempt, const struct scene *scene)
{
    const intptr_t *a = attempt->argument;

    if (attempt->steps)
        return attempt->steps(scene);
    return syscall(attempt->call, meant(a[0], scene), meant(a[1], scene), meant(a[2], scene),
                   meant(a[3], scene), meant(a[4], scene), meant(a[5], scene));
}
