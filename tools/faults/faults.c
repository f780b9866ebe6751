/* SPDX-License-Identifier: MIT */
/*
 * faults.c - the list of faults, the faults that a worker does to itself and to the segment, and
 * the transform that runs them.
 */
#include <config.h>

#include "faults/faults_actions.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- the generation of the workers ---- */

static unsigned first_generation = UINT32_MAX;
static volatile unsigned
    forks; /* counted in the parent before each fork, so that each worker has a number */

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

#define SIGNAL(number)                                                                             \
    static ACTION(raise_##number)                                                                  \
    {                                                                                              \
        send_self(number);                                                                         \
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

static ACTION(real_time_signal)
{
    raise(SIGRTMIN);
}

static ACTION(call_abort)
{
    abort();
}

/* ---- instructions ---- */

static volatile uintptr_t nowhere = 16;
static volatile int zero;

static ACTION(read_null)
{
    (void)*(volatile unsigned char *)nowhere;
}

static ACTION(write_null)
{
    *(volatile unsigned char *)nowhere = 1;
}

static ACTION(trap)
{
    __builtin_trap();
}

static ACTION(jump_to_data)
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

static ACTION(overflow_stack)
{
    char begin = 0;

    zero = overflow(&begin);
}

/* Sets a limit first, so that the host does not run out of memory. */
static ACTION(allocate_forever)
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

static ACTION(jump_out)
{
    static jmp_buf nowhere_saved;

    longjmp(nowhere_saved, 1);
}

/* ---- ending ---- */

static ACTION(exit_0)
{
    exit(0);
}

static ACTION(exit_0_now)
{
    _exit(0);
}

static ACTION(exit_3_now)
{
    _exit(3);
}

static void never_return(void)
{
    for (;;)
        pause();
}

static ACTION(exit_with_handler)
{
    atexit(never_return);
    exit(0);
}

static ACTION(become_another)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

static ACTION(end_thread)
{
    pthread_exit(NULL);
}

/* ---- not ending ---- */

static ACTION(loop_forever)
{
    while (!zero)
        continue;
}

static ACTION(sleep_forever)
{
    never_return();
}

/* ---- memory ---- */

static ACTION(write_source)
{
    for (size_t i = 0; i < 3 * source->stride_bytes * telar_region_rows(&source->region); i++)
        ((volatile unsigned char *)(size_t)source->data)[i] ^= 1;
}

static ACTION(write_before)
{
    ((volatile unsigned char *)result->data)[-1] ^= 1;
}

static ACTION(write_one_behind)
{
    size_t bytes = result->stride_bytes * telar_region_rows(&result->region);

    ((volatile unsigned char *)result->data)[bytes] ^= 1;
}

static ACTION(write_far)
{
    ((volatile unsigned char *)result->data)[INT64_C(1) << 40] ^= 1;
}

static ACTION(write_neighbour)
{
    ((volatile unsigned char *)result->data)[-4096] ^= 1;
}

/* ---- the list: promises at threads, shared, guarded, sandboxed ---- */

#define DIES                                                                                       \
    {                                                                                              \
        ENDS, LOST, LOST, LOST                                                                     \
    }
#define DIES_BLOCKED                                                                               \
    {                                                                                              \
        FINE, LOST, LOST, LOST                                                                     \
    } /* Worker threads block the signals that are meant for the program. */
#define DIES_FORBIDDEN                                                                             \
    {                                                                                              \
        OPEN, FINE, FINE, LOST                                                                     \
    } /* Harmless, but the sandbox forbids the system call. */

const struct fault faults[] = {
    {"segv", "reads an unmapped address", read_null, DIES},
    {"null", "writes an unmapped address", write_null, DIES},
    {"sigsegv", "raises SIGSEGV", raise_SIGSEGV, DIES},
    {"sigbus", "raises SIGBUS", raise_SIGBUS, DIES},
    {"sigill", "raises SIGILL", raise_SIGILL, DIES},
    {"sigfpe", "raises SIGFPE", raise_SIGFPE, DIES},
    {"sigkill", "raises SIGKILL", raise_SIGKILL, DIES},
    {"sigterm", "raises SIGTERM", raise_SIGTERM, DIES_BLOCKED},
    {"sigpipe", "raises SIGPIPE", raise_SIGPIPE, DIES_BLOCKED},
    {"sighup", "raises SIGHUP", raise_SIGHUP, DIES_BLOCKED},
    {"sigint", "raises SIGINT", raise_SIGINT, DIES_BLOCKED},
    {"sigquit", "raises SIGQUIT", raise_SIGQUIT, DIES_BLOCKED},
    {"sigtrap", "raises SIGTRAP", raise_SIGTRAP, DIES},
    {"sigsys", "raises SIGSYS", raise_SIGSYS, DIES},
    {"sigalrm", "raises SIGALRM", raise_SIGALRM, DIES_BLOCKED},
    {"sigusr1", "raises SIGUSR1", raise_SIGUSR1, DIES_BLOCKED},
    {"sigxcpu", "raises SIGXCPU", raise_SIGXCPU, DIES_BLOCKED},
    {"sigrtmin", "raises a real-time signal", real_time_signal, DIES_BLOCKED},
    {"abort", "calls abort", call_abort, DIES},
    {"trap", "executes an illegal instruction", trap, DIES},
    {"jump", "jumps into data", jump_to_data, DIES},
    {"stack", "overflows its stack", overflow_stack, DIES},
    {"malloc", "allocates memory without end", allocate_forever, {OPEN, LOST, LOST, LOST}},
    {"longjmp", "calls longjmp without setjmp", jump_out, DIES},
    {"exit", "calls exit(0)", exit_0, DIES},
    {"_exit0", "calls _exit(0)", exit_0_now, DIES},
    {"_exit3", "calls _exit(3)", exit_3_now, DIES},
    {"atexit", "hangs in an exit handler", exit_with_handler, {OPEN, HUNG, HUNG, LOST}},
    {"exec", "executes another program", become_another, {OPEN, LOST, LOST, LOST}},
    {"endthread", "ends its thread", end_thread, {OPEN, LOST, LOST, LOST}},
    {"sigstop", "stops itself", raise_SIGSTOP, {OPEN, HUNG, HUNG, LOST}},
    {"loop", "loops forever", loop_forever, {OPEN, HUNG, HUNG, HUNG}},
    {"sleep", "sleeps forever", sleep_forever, {OPEN, HUNG, HUNG, LOST}},
    {"source", "writes into the source", write_source, {STRAY, STRAY, LOST, LOST}},
    {"before", "writes before its region", write_before, {STRAY, STRAY, LOST, LOST}},
    {"behind", "writes one byte after its region", write_one_behind, {STRAY, STRAY, LOST, LOST}},
    {"far", "writes far away", write_far, DIES},
    {"neighbour", "writes into another region", write_neighbour, {STRAY, STRAY, LOST, LOST}},
    {"noise", "sends noise to the coordinator", send_noise, {OPEN, LOST, LOST, LOST}},
    {"long", "sends a message that is too long", send_long_noise, {OPEN, LOST, LOST, LOST}},
    {"empty", "sends an empty message", send_nothing, {OPEN, LOST, LOST, LOST}},
    {"hello", "reports twice that it is ready", report_ready_again, {OPEN, LOST, LOST, LOST}},
    {"forged", "reports a task it was not given", claim_another_task, {OPEN, LOST, LOST, LOST}},
    {"attempt", "reports a wrong attempt number", claim_another_attempt, {OPEN, LOST, LOST, LOST}},
    {"twice", "reports every task as done", claim_twice, {OPEN, LOST, LOST, LOST}},
    {"close", "closes its channel", close_channel, {OPEN, LOST, LOST, LOST}},
    {"shutdown", "shuts down its channel", shut_channel, {OPEN, LOST, LOST, LOST}},
    {"closeall", "closes all descriptors", close_all, {OPEN, LOST, LOST, LOST}},
    {"close012", "closes the standard descriptors", close_standard, DIES_FORBIDDEN},
    {"chdir", "changes the directory", change_directory, DIES_FORBIDDEN},
    {"umask", "changes the umask", change_mask, DIES_FORBIDDEN},
    {"mask", "blocks all signals", block_signals, {OPEN, FINE, FINE, FINE}},
    {"handlers", "changes all signal handlers", change_handlers, DIES_FORBIDDEN},
    {"eintr", "interrupts itself repeatedly", storm_of_signals, DIES_FORBIDDEN},
    {"alarm", "sets an alarm that ends it", set_alarm, {OPEN, LOST, LOST, LOST}},
    {"orphan", "tries to outlive its parent", survive_parent, DIES_FORBIDDEN},
    {"nice", "lowers its priority", lower_priority, DIES_FORBIDDEN},
    {"limits", "sets its own limits to 0", limit_itself, DIES_FORBIDDEN},
    {"sibling", "kills another worker", kill_group_member, {OPEN, LOST, LOST, LOST}},
    {"grandchild", "dies and leaves a child process", leave_child, {OPEN, LOST, LOST, LOST}},
    {"fork", "makes 32 child processes", make_children, DIES_FORBIDDEN},
    {"emfile", "uses up its descriptors", open_forever, DIES_FORBIDDEN},
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
    bool now =
        row >= region->r0 && row < region->r1 && (!context->params[3] || forks <= first_generation);

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
    {"fault", "index in the list of faults", 0, sizeof faults / sizeof *faults - 2, 0, true},
    {"row", "in the region that contains this row", 0, 1e6, 0, true},
    {"rung", "rung of isolation", 0, RUNGS - 1, 0, true},
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
