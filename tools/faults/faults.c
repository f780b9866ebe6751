/* SPDX-License-Identifier: MIT */
/*
 * Misbehaviour: the list of all, what a worker does to itself and to the segment, and the transform
 * that does it.
 */
#include <config.h>

#include "faults/faults_deeds.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- which generation of workers this is ---- */

static unsigned first_generation = UINT32_MAX;
static volatile unsigned
    forks; /* counted where workers are made, so that each has its own number */

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
    static DEED(deed_##number)                                                                     \
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

static DEED(real_time_signal)
{
    raise(SIGRTMIN);
}

static DEED(call_abort)
{
    abort();
}

/* ---- instructions ---- */

static volatile uintptr_t nowhere = 16;
static volatile int zero;

static DEED(read_null)
{
    (void)*(volatile unsigned char *)nowhere;
}

static DEED(write_null)
{
    *(volatile unsigned char *)nowhere = 1;
}

static DEED(trap)
{
    __builtin_trap();
}

static DEED(jump_to_data)
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

static DEED(overflow_stack)
{
    char begin = 0;

    zero = overflow(&begin);
}

/* Limited by itself, so that the host lives. */
static DEED(allocate_forever)
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

static DEED(jump_out)
{
    static jmp_buf nowhere_saved;

    longjmp(nowhere_saved, 1);
}

/* ---- ending ---- */

static DEED(exit_0)
{
    exit(0);
}

static DEED(exit_0_now)
{
    _exit(0);
}

static DEED(exit_3_now)
{
    _exit(3);
}

static void never_return(void)
{
    for (;;)
        pause();
}

static DEED(exit_with_handler)
{
    atexit(never_return);
    exit(0);
}

static DEED(become_another)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

static DEED(end_thread)
{
    pthread_exit(NULL);
}

/* ---- not ending ---- */

static DEED(loop_forever)
{
    while (!zero)
        continue;
}

static DEED(sleep_forever)
{
    never_return();
}

/* ---- memory ---- */

static DEED(write_source)
{
    for (size_t i = 0; i < 3 * source->stride_bytes * telar_region_rows(&source->region); i++)
        ((volatile unsigned char *)(size_t)source->data)[i] ^= 1;
}

static DEED(write_before)
{
    ((volatile unsigned char *)result->data)[-1] ^= 1;
}

static DEED(write_one_behind)
{
    size_t bytes = result->stride_bytes * telar_region_rows(&result->region);

    ((volatile unsigned char *)result->data)[bytes] ^= 1;
}

static DEED(write_far)
{
    ((volatile unsigned char *)result->data)[INT64_C(1) << 40] ^= 1;
}

static DEED(write_neighbour)
{
    ((volatile unsigned char *)result->data)[-4096] ^= 1;
}

/* ---- all of them: threads, shared, guarded, sandboxed ---- */

#define DIES                                                                                       \
    {                                                                                              \
        ENDS, LOST, LOST, LOST                                                                     \
    }
#define DIES_BLOCKED                                                                               \
    {                                                                                              \
        FINE, LOST, LOST, LOST                                                                     \
    } /* worker threads have signals blocked that are for the program */
#define DIES_FORBIDDEN                                                                             \
    {                                                                                              \
        OPEN, FINE, FINE, LOST                                                                     \
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
    {"eintr", "interrupts itself again and again", storm_of_signals, DIES_FORBIDDEN},
    {"alarm", "sets an alarm that kills it", set_alarm, {OPEN, LOST, LOST, LOST}},
    {"orphan", "wants to outlive its parent", survive_parent, DIES_FORBIDDEN},
    {"nice", "lowers its priority", lower_priority, DIES_FORBIDDEN},
    {"limits", "takes its own files and memory away", limit_itself, DIES_FORBIDDEN},
    {"sibling", "kills another worker", kill_group_member, {OPEN, LOST, LOST, LOST}},
    {"grandchild", "dies, and its child has all it had", leave_child, {OPEN, LOST, LOST, LOST}},
    {"fork", "makes children again and again", make_children, DIES_FORBIDDEN},
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
