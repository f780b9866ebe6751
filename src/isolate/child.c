/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/child.h"

#include "isolate/exit_cause.h"

#include "base/host.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

telar_status tl_child_check_reaping(struct telar_error *error)
{
    struct sigaction action;

    if (sigaction(SIGCHLD, NULL, &action) == 0
        && (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT)))
        return tl_fail(
            error, TELAR_HOST, 0,
            "this program ignores SIGCHLD, so the fate of worker processes would be unknown; "
            "set SIGCHLD to its default, or use threads");
    return TELAR_OK;
}

/* Gives all signals their default handlers. With the program's own handlers a fatal signal might
 * not end the child, and the coordinator would not see it. */
static void reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Makes this child the first that the kernel kills when memory runs out: its work can be done
 * again, the coordinator's cannot. Any process may raise its own score. Without /proc the score
 * stays, which is no failure.
 */
static void be_killed_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!pwrite(fd, "1000", 4, 0);
    close(fd);
}

/* Allows no core file: writing one may take longer than the second in which telar must know that
 * the child is dead. */
static void begin(pid_t parent)
{
    const struct rlimit nothing = {0, 0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
    reset_signals();
    setrlimit(RLIMIT_CORE, &nothing);
    be_killed_first();
}

/* Signals are blocked around the fork: the child must run none of the program's handlers. */
pid_t tl_child_start(void (*live)(void *data), void *data, uint64_t *born_ns)
{
    sigset_t all, before;
    pid_t parent = getpid(), pid;
    int failure;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    failure = errno;
    if (pid == 0) {
        if (born_ns)
            *born_ns = tl_now_ns();
        begin(parent);
        live(data);
        _exit(0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return pid;
}

void tl_child_close_others(const int *kept, size_t n)
{
    int below = STDERR_FILENO; /* the descriptors up to this one are done */

    for (;;) {
        int next = INT_MAX;

        for (size_t i = 0; i < n; i++)
            if (kept[i] > below && kept[i] < next)
                next = kept[i];
        if (next > below + 1)
            close_range((unsigned)below + 1, next == INT_MAX ? UINT_MAX : (unsigned)next - 1, 0);
        if (next == INT_MAX)
            return;
        below = next;
    }
}

/* Calls waitpid again after a signal. Waits for this child only, because the program may have
 * others. */
static pid_t reap(pid_t pid, int *status, int options)
{
    pid_t reaped;

    do
        reaped = waitpid(pid, status, options);
    while (reaped < 0 && errno == EINTR);
    return reaped;
}

/* Waits for a child. Returns `told`, or the child's exit status if nothing was told, else -1. */
static int result_of(pid_t pid, int told)
{
    struct tl_exit_cause cause;
    int status;

    if (reap(pid, &status, 0) != pid || told >= 0)
        return told;
    cause = tl_exit_cause_of_status(status);
    return cause.known && !cause.signal ? cause.code : -1;
}

/*
 * Signals are blocked, because a handler in the child would run in the parent's memory. The result
 * comes back twice. A program that ignores SIGCHLD loses the exit status; an emulator whose vfork
 * copies the memory, such as valgrind, loses the variable.
 */
int tl_child_call(int (*act)(void *data), void *data)
{
    volatile int result = -1;
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0) {
        result = act(data);
        _exit(result);
    }
    if (pid > 0)
        result = result_of(pid, result);
    if (result < 0)
        result = act(data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int tl_child_watch(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * Returns whether a watched child ends within `ms` milliseconds, or `otherwise` if that cannot be
 * seen. Signals interrupt the wait but do not move its deadline.
 */
static bool ends_within(int watch, int ms, bool otherwise)
{
    const uint64_t deadline_ns = tl_now_ns() + (uint64_t)ms * 1000000;
    struct pollfd end = {.fd = watch, .events = POLLIN};
    int ready;

    if (watch < 0)
        return otherwise;
    do {
        const uint64_t now_ns = tl_now_ns();

        ready = poll(&end, 1,
                     now_ns < deadline_ns ? (int)((deadline_ns - now_ns + 999999) / 1000000) : 0);
    } while (ready < 0 && errno == EINTR && tl_now_ns() < deadline_ns);
    if (ready < 0 && errno == EINTR)
        return false;
    return ready < 0 ? otherwise : ready > 0;
}

bool tl_child_ended(int watch)
{
    return ends_within(watch, 0, false);
}

/* Kills through the descriptor if there is one (Linux 5.3), because another process may have the
 * number by now. */
static void end_at_once(pid_t pid, int watch)
{
    if (watch < 0 || (syscall(SYS_pidfd_send_signal, watch, SIGKILL, NULL, 0) && errno == ENOSYS))
        kill(pid, SIGKILL);
}

/*
 * Looks first whether the child has ended: a program that reaps all its children may have freed the
 * number for another process. A child that has closed its channel normally ends microseconds later,
 * so it gets a second, and its own end is the cause. Any other child, and one that lives on, is
 * killed at once.
 */
struct tl_exit_cause tl_child_end(pid_t pid, bool gone)
{
    bool lived_on = false;
    int status = 0, watch = tl_child_watch(pid);
    pid_t reaped = reap(pid, &status, WNOHANG);

    if (reaped == 0) {
        lived_on = gone && !ends_within(watch, 1000, true);
        end_at_once(pid, watch);
        reaped = reap(pid, &status, 0);
    }
    if (watch >= 0)
        close(watch);
    if (lived_on)
        return tl_exit_cause_in_words("closed its channel and lived on", false);
    return reaped == pid ? tl_exit_cause_of_status(status) : (struct tl_exit_cause){0};
}
