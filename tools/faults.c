/*
 * Misbehaviour. Each deed is done in the middle of a task, after the region was written as it should be, so
 * that whatever is wrong with the result then is the deed's.
 */
#include <config.h>

#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define DEED(name)                                                                                           \
    static void name(const struct telar_source *source, const struct telar_result *result,                   \
                     enum fault_rung rung)

/* ---- which generation of workers this is ---- */

static unsigned first_generation = UINT32_MAX;
static volatile unsigned forks; /* counted where workers are made, so that each has its own number */

static void count_fork(void)
{
    forks++;
}

void faults_begin(unsigned workers)
{
    first_generation = workers;
    pthread_atfork(count_fork, NULL, NULL);
}

/* ---- signals ---- */

static void send_self(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

#define SIGNAL(number)                                                                                       \
    DEED(deed_##number)                                                                                      \
    {                                                                                                        \
        send_self(number);                                                                                   \
    }
SIGNAL(SIGSEGV)
SIGNAL(SIGBUS)
SIGNAL(SIGILL)
SIGNAL(SIGFPE)
SIGNAL(SIGKILL)
SIGNAL(SIGTERM)
SIGNAL(SIGPIPE)
SIGNAL(SIGHUP)
SIGNAL(SIGINT)
SIGNAL(SIGQUIT)
SIGNAL(SIGTRAP)
SIGNAL(SIGSYS)
SIGNAL(SIGALRM)
SIGNAL(SIGUSR1)
SIGNAL(SIGXCPU)
SIGNAL(SIGSTOP)

DEED(real_time_signal)
{
    raise(SIGRTMIN);
}

DEED(call_abort)
{
    abort();
}

/* ---- instructions ---- */

static volatile uintptr_t nowhere = 16;
static volatile int zero;

DEED(read_null)
{
    (void)*(volatile unsigned char *)nowhere;
}

DEED(write_null)
{
    *(volatile unsigned char *)nowhere = 1;
}

DEED(trap)
{
    __builtin_trap();
}

DEED(jump_to_data)
{
    static unsigned char data[16];
    void (*function)(void);
    void *address = data;

    memcpy(&function, &address, sizeof function);
    function();
}

static int overflow(volatile char *above)
{
    volatile char here[4096];

    here[0] = *above;
    return zero ? 0 : overflow(here) + here[0];
}

DEED(overflow_stack)
{
    char begin = 0;

    zero = overflow(&begin);
}

/* Limited by itself, so that the host lives. */
DEED(allocate_forever)
{
    const struct rlimit limit = {64 << 20, 64 << 20};
    void *last = NULL, *next;

    if (rung != RUNG_SANDBOXED)
        setrlimit(RLIMIT_DATA, &limit);
    while ((next = malloc(1 << 20)) != NULL) {
        memcpy(next, &last, sizeof last);
        last = next;
    }
    abort();
}

DEED(jump_out)
{
    static jmp_buf nowhere_saved;

    longjmp(nowhere_saved, 1);
}

/* ---- ending ---- */

DEED(exit_0)
{
    exit(0);
}

DEED(exit_0_now)
{
    _exit(0);
}

DEED(exit_3_now)
{
    _exit(3);
}

static void never_return(void)
{
    for (;;)
        pause();
}

DEED(exit_with_handler)
{
    atexit(never_return);
    exit(0);
}

DEED(become_another)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

DEED(end_thread)
{
    pthread_exit(NULL);
}

/* ---- not ending ---- */

DEED(loop_forever)
{
    while (!zero)
        continue;
}

DEED(sleep_forever)
{
    never_return();
}

/* ---- memory ---- */

DEED(write_source)
{
    for (size_t i = 0; i < 3 * source->stride_bytes * telar_region_rows(&source->region); i++)
        ((volatile unsigned char *)(size_t)source->data)[i] ^= 1;
}

DEED(write_before)
{
    ((volatile unsigned char *)result->data)[-1] ^= 1;
}

DEED(write_one_behind)
{
    size_t bytes = result->stride_bytes * telar_region_rows(&result->region);

    ((volatile unsigned char *)result->data)[bytes] ^= 1;
}

DEED(write_far)
{
    ((volatile unsigned char *)result->data)[INT64_C(1) << 40] ^= 1;
}

DEED(write_neighbour)
{
    ((volatile unsigned char *)result->data)[-4096] ^= 1;
}

/* ---- the channel ---- */

static int channel(enum fault_rung rung)
{
    if (rung == RUNG_SANDBOXED)
        return 3;
    for (int fd = 0; fd < 256; fd++) {
        int type;
        socklen_t size = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
            return fd;
    }
    return -1;
}

static void say(enum fault_rung rung, const void *message, size_t bytes)
{
    (void)!send(channel(rung), message, bytes, MSG_NOSIGNAL);
}

/* As the library's, of which only the beginning matters here. */
struct record {
    uint64_t task;
    uint32_t attempt;
    unsigned char rest[FAULT_RECORD_BYTES - 12];
};

static void claim(enum fault_rung rung, uint64_t task, uint32_t attempt)
{
    struct record record;

    memset(&record, 0, sizeof record);
    record.task = task;
    record.attempt = attempt;
    say(rung, &record, sizeof record);
}

DEED(send_noise)
{
    say(rung, "noise", 5);
}

DEED(send_long_noise)
{
    static const char noise[4000];

    say(rung, noise, sizeof noise);
}

DEED(send_nothing)
{
    say(rung, "", 0);
}

DEED(say_hello_again)
{
    claim(rung, UINT64_MAX, 0);
}

DEED(claim_another_task)
{
    claim(rung, 1000000, 1);
}

DEED(claim_another_attempt)
{
    claim(rung, 1, 77);
}

/* The task at hand, said to be done by the deed and then by the worker's loop again. */
DEED(claim_twice)
{
    for (uint64_t task = 0; task < 8; task++)
        claim(rung, task, 1);
}

DEED(close_channel)
{
    close(channel(rung));
}

DEED(shut_channel)
{
    shutdown(channel(rung), SHUT_RDWR);
}

DEED(close_all)
{
    for (int fd = 0; fd < 256; fd++)
        close(fd);
}

/* ---- the process ---- */

DEED(close_standard)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

DEED(change_directory)
{
    (void)!chdir("/");
}

DEED(change_mask)
{
    umask(0777);
}

DEED(block_signals)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void ignore(int number)
{
    (void)number;
}

DEED(change_handlers)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, ignore);
}

DEED(storm_of_signals)
{
    const struct itimerval often = {{0, 500}, {0, 500}};

    signal(SIGALRM, ignore);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 20; i++)
        usleep(1000);
}

DEED(set_alarm)
{
    const struct itimerval soon = {{0, 0}, {0, 1000}};

    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &soon, NULL);
    never_return();
}

DEED(survive_parent)
{
    prctl(PR_SET_PDEATHSIG, 0);
}

DEED(lower_priority)
{
    (void)!nice(10);
}

DEED(limit_itself)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_NOFILE, &none);
    setrlimit(RLIMIT_DATA, &none);
}

DEED(kill_group_member)
{
    char path[64], line[256];
    FILE *file;
    long pid = 0, parent = getppid();

    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", parent, parent);
    file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        _exit(1);
    fclose(file);
    for (char *at = line; *at && *at != '\n' && (pid = strtol(at, &at, 10)) == getpid();)
        continue;
    if (pid > 1 && pid != getpid())
        kill((pid_t)pid, SIGKILL);
}

DEED(kill_parent)
{
    kill(getppid(), SIGKILL);
}

/* ---- all of them: threads, shared, guarded, sandboxed ---- */

#define DIES                                                                                                 \
    {                                                                                                        \
        ENDS, LOST, LOST, LOST                                                                               \
    }
#define DIES_BLOCKED                                                                                         \
    {                                                                                                        \
        FINE, LOST, LOST, LOST                                                                               \
    } /* worker threads have signals blocked that are for the program */
#define DIES_FORBIDDEN                                                                                       \
    {                                                                                                        \
        OPEN, FINE, FINE, LOST                                                                               \
    } /* harmless but for a sandbox, which knows no such call */

const struct fault faults[] = {
    {"segv", "reads where nothing is", read_null, DIES},
    {"null", "writes where nothing is", write_null, DIES},
    {"sigsegv", "raises SIGSEGV", deed_SIGSEGV, DIES},
    {"sigbus", "raises SIGBUS", deed_SIGBUS, DIES},
    {"sigill", "raises SIGILL", deed_SIGILL, DIES},
    {"sigfpe", "raises SIGFPE", deed_SIGFPE, DIES},
    {"sigkill", "raises SIGKILL", deed_SIGKILL, DIES},
    {"sigterm", "raises SIGTERM", deed_SIGTERM, DIES_BLOCKED},
    {"sigpipe", "raises SIGPIPE", deed_SIGPIPE, DIES_BLOCKED},
    {"sighup", "raises SIGHUP", deed_SIGHUP, DIES_BLOCKED},
    {"sigint", "raises SIGINT", deed_SIGINT, DIES_BLOCKED},
    {"sigquit", "raises SIGQUIT", deed_SIGQUIT, DIES_BLOCKED},
    {"sigtrap", "raises SIGTRAP", deed_SIGTRAP, DIES},
    {"sigsys", "raises SIGSYS", deed_SIGSYS, DIES},
    {"sigalrm", "raises SIGALRM", deed_SIGALRM, DIES_BLOCKED},
    {"sigusr1", "raises SIGUSR1", deed_SIGUSR1, DIES_BLOCKED},
    {"sigxcpu", "raises SIGXCPU", deed_SIGXCPU, DIES_BLOCKED},
    {"sigrtmin", "raises a real-time signal", real_time_signal, DIES_BLOCKED},
    {"abort", "calls abort", call_abort, DIES},
    {"trap", "an illegal instruction", trap, DIES},
    {"jump", "jumps into data", jump_to_data, DIES},
    {"stack", "overflows its stack", overflow_stack, DIES},
    {"malloc", "allocates until there is none", allocate_forever, {OPEN, LOST, LOST, LOST}},
    {"longjmp", "jumps to where it never was", jump_out, DIES},
    {"exit", "calls exit(0)", exit_0, DIES},
    {"_exit0", "calls _exit(0)", exit_0_now, DIES},
    {"_exit3", "calls _exit(3)", exit_3_now, DIES},
    {"atexit", "exit, with a handler that hangs", exit_with_handler, {OPEN, HUNG, HUNG, LOST}},
    {"exec", "becomes another program", become_another, {OPEN, LOST, LOST, LOST}},
    {"endthread", "ends its thread", end_thread, {OPEN, LOST, LOST, LOST}},
    {"sigstop", "stops itself", deed_SIGSTOP, {OPEN, HUNG, HUNG, LOST}},
    {"loop", "loops for ever", loop_forever, {OPEN, HUNG, HUNG, HUNG}},
    {"sleep", "sleeps for ever", sleep_forever, {OPEN, HUNG, HUNG, LOST}},
    {"source", "writes into the source", write_source, {STRAY, STRAY, LOST, LOST}},
    {"before", "writes before its region", write_before, {STRAY, STRAY, LOST, LOST}},
    {"behind", "writes one byte behind its region", write_one_behind, {STRAY, STRAY, LOST, LOST}},
    {"far", "writes far away", write_far, DIES},
    {"neighbour", "writes into another region", write_neighbour, {STRAY, STRAY, LOST, LOST}},
    {"noise", "sends noise to the coordinator", send_noise, {OPEN, LOST, LOST, LOST}},
    {"long", "sends a message that is too long", send_long_noise, {OPEN, LOST, LOST, LOST}},
    {"empty", "sends an empty message", send_nothing, {OPEN, LOST, LOST, LOST}},
    {"hello", "says twice that it is ready", say_hello_again, {OPEN, LOST, LOST, LOST}},
    {"forged", "claims a task that it has not", claim_another_task, {OPEN, LOST, LOST, LOST}},
    {"attempt", "claims another attempt", claim_another_attempt, {OPEN, LOST, LOST, LOST}},
    {"twice", "claims all tasks, twice", claim_twice, {OPEN, LOST, LOST, LOST}},
    {"close", "closes its channel", close_channel, {OPEN, LOST, LOST, LOST}},
    {"shutdown", "shuts its channel down", shut_channel, {OPEN, LOST, LOST, LOST}},
    {"closeall", "closes all descriptors", close_all, {OPEN, LOST, LOST, LOST}},
    {"close012", "closes the standard descriptors", close_standard, DIES_FORBIDDEN},
    {"chdir", "changes the directory", change_directory, DIES_FORBIDDEN},
    {"umask", "changes the umask", change_mask, DIES_FORBIDDEN},
    {"mask", "blocks all signals", block_signals, {OPEN, FINE, FINE, FINE}},
    {"handlers", "changes all signal handlers", change_handlers, DIES_FORBIDDEN},
    {"eintr", "interrupts itself 2000 times a second", storm_of_signals, DIES_FORBIDDEN},
    {"alarm", "sets an alarm that kills it", set_alarm, {OPEN, LOST, LOST, LOST}},
    {"orphan", "wants to outlive its parent", survive_parent, DIES_FORBIDDEN},
    {"nice", "lowers its priority", lower_priority, DIES_FORBIDDEN},
    {"limits", "takes its own files and memory away", limit_itself, DIES_FORBIDDEN},
    {"sibling", "kills another worker", kill_group_member, {OPEN, LOST, LOST, LOST}},
    {"parent", "kills the coordinator", kill_parent, {OPEN, ENDS, ENDS, LOST}},
    {NULL, NULL, NULL, {OPEN}},
};

/* ---- the transform ---- */

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    size_t pixel_bytes = telar_pixel_bytes(&context->image),
           bytes = telar_region_columns(region) * pixel_bytes;
    double row = context->params[1];
    bool now = row >= region->r0 && row < region->r1 && (!context->params[3] || forks <= first_generation);

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const unsigned char *in = telar_source_at(source, pixel_bytes, r, region->c0);
        unsigned char *out = telar_result_at(result, pixel_bytes, r, region->c0);

        for (size_t i = 0; i < bytes; i++)
            out[i] = in[i] ^ 0xff;
    }
    if (now)
        faults[(size_t)context->params[0]].act(source, result, (enum fault_rung)context->params[2]);
}

static const struct telar_param params[] = {
    {"fault", "number in the list", 0, sizeof faults / sizeof *faults - 2, 0, true},
    {"row", "in the region that has this row", 0, 1e6, 0, true},
    {"rung", "what it is done under", 0, RUNGS - 1, 0, true},
    {"once", "only in the first workers", 0, 1, 1, true},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform fault_transform = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "fault",
    .summary = "inverts, and misbehaves",
    .manual = "For demonstrations and tests.\n",
    .params = params,
    .process = process,
};
