/*
 * Processes: a forked worker has a copy of the coordinator's memory, in which it can break nothing but its
 * own, and maps the segment itself. The only file that forks, waits and kills.
 */
#include <config.h>

#include "codec.h"
#include "engine.h"
#include "status.h"

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

/* With SIGCHLD ignored the kernel reaps children by itself, and nobody can know how one ended. */
static telar_status open_processes(struct tl_crew *crew, struct telar_error *error)
{
    struct sigaction action;

    (void)crew;
    if (sigaction(SIGCHLD, NULL, &action) == 0
        && (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT)))
        return tl_fail(error, TELAR_HOST, 0,
                       "this program ignores SIGCHLD, so the fate of worker processes would be unknown; "
                       "set SIGCHLD to its default, or use threads");
    return TELAR_OK;
}

/* The program's handlers are not meant for a worker: a fatal signal must end it, so that the coordinator sees
 * it. */
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
 * Keeps standard input, output and error, the segment, the worker's own end, and the file when workers
 * decode, and closes the rest: files of the program, ends of its other workers, and of other runs that the
 * program has under way, whose coordinator would wait for an end to close of which this process has a copy. A
 * kernel that cannot (before 5.9) leaves them open.
 */
static void close_others(const struct tl_member *member)
{
    const struct tl_worker *worker = &member->worker;
    int kept[] = {worker->segment_fd, member->worker_end,
                  worker->place.decoder ? tl_decoder_descriptor(worker->place.decoder) : STDERR_FILENO};
    int below = STDERR_FILENO; /* all up to this one are dealt with */

    for (;;) {
        int next = INT_MAX;

        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (kept[i] > below && kept[i] < next)
                next = kept[i];
        if (next > below + 1)
            close_range((unsigned)below + 1, next == INT_MAX ? UINT_MAX : (unsigned)next - 1, 0);
        if (next == INT_MAX)
            return;
        below = next;
    }
}

/*
 * A sandboxed worker has its descriptors where its sandbox expects them, and no standard ones. The file is only for those
 * who ever read it: in series that is the first worker.
 */
static bool arrange(struct tl_member *member)
{
    struct tl_worker *worker = &member->worker;
    struct tl_decoder *decoder = worker->place.decoder;
    int input = -1, *others[] = {&worker->segment_fd, &worker->reader_fd};

    if (decoder && (worker->index == 0 || worker->place.job->restart))
        input = tl_decoder_descriptor(decoder);
    if (!tl_sandbox_arrange(&member->worker_end, &input, others, sizeof others / sizeof *others))
        return false;
    if (input < 0)
        worker->place.decoder = NULL;
    else
        tl_decoder_move(decoder, input);
    return true;
}

/*
 * Where memory runs out the kernel shall end a worker, whose work can be done again, and not the coordinator. Any process
 * may make itself the first to go; where there is no /proc it is not, and that is no failure.
 */
static void go_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!pwrite(fd, "1000", 4, 0);
    close(fd);
}

/*
 * The life of a worker process, in async-signal-safe calls only, for another thread of the program may have
 * held any lock at the moment of the fork. It dies with the thread that forked it, which joins it before it
 * returns. It makes no core file: writing one takes longer than the second in which its death is to be known.
 */
static _Noreturn void live(struct tl_member *member, pid_t coordinator)
{
    const struct rlimit nothing = {0, 0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != coordinator)
        _exit(1);
    reset_signals();
    setrlimit(RLIMIT_CORE, &nothing);
    go_first();
    if (!member->worker.sandbox)
        close_others(member);
    else if (!arrange(member))
        _exit(1);
    if (member->worker.life)
        member->worker.life(&member->worker);
    else
        tl_worker_run(&member->worker);
    _exit(0);
}

static telar_status start(struct tl_crew *crew, struct tl_member *member, struct telar_error *error)
{
    sigset_t all, before;
    pid_t coordinator = getpid(), pid;
    int failure;

    (void)crew;
    member->worker.usage_of = RUSAGE_SELF;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    failure = errno;
    if (pid == 0)
        live(member, coordinator);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return tl_fail(error, TELAR_HOST, failure, "cannot make a worker process");
    member->id = pid;
    tl_channel_close(&member->worker_end);
    return TELAR_OK;
}

/* waitpid until no signal comes between. Only this child is waited for: the program may have others. */
static pid_t reap(pid_t pid, int *status, int options)
{
    pid_t reaped;

    do
        reaped = waitpid(pid, status, options);
    while (reaped < 0 && errno == EINTR);
    return reaped;
}

/*
 * Whether a child that has closed its channel ends by itself within a second: between the two are microseconds, unless it
 * has closed it on purpose. A kernel without the call (before 5.3), or no descriptor: taken for granted.
 */
static bool ends(pid_t pid)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int ready;

    if (end.fd < 0)
        return true;
    do
        ready = poll(&end, 1, 1000);
    while (ready < 0 && errno == EINTR);
    close(end.fd);
    return ready != 0;
}

/*
 * SIGKILL at once, unless it has ended, or has closed its channel because it ends: then a signal would change nothing, but
 * is sent all the same, for a worker that lives on would keep the coordinator waiting. Asked first, because a program that
 * reaps all children may have freed the number for somebody else.
 */
static bool join(struct tl_member *member, bool gone)
{
    pid_t pid = (pid_t)member->id, reaped;
    bool lived_on = false;
    int status = 0;

    reaped = reap(pid, &status, WNOHANG);
    if (reaped == 0) {
        lived_on = gone && !ends(pid);
        kill(pid, SIGKILL);
        reaped = reap(pid, &status, 0);
    }
    if (lived_on)
        member->cause = tl_cause_in_words("closed its channel and lived on", false);
    else if (reaped == pid)
        member->cause = tl_cause_of_status(status);
    return true;
}

const struct tl_engine tl_engine_processes = {
    .id = TELAR_PROCESSES,
    .processes = true,
    .open = open_processes,
    .start = start,
    .join = join,
};
