#include <config.h>

#include "worker.h"

#include "host.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <telar/engine.h>
#include <unistd.h>

/* What telar_current_region tells. A signal handler of the same thread is its only other reader: volatile keeps
 * the order in which they are written. */
static _Thread_local volatile bool at_work;
static _Thread_local volatile struct telar_region current;

/* ---- the tasks ---- */

/* The states of the first `count` transforms, as their callbacks expect them: NULL where there is none, or it
 * is not made yet. */
static void find_states(const struct tl_worker *worker, uint32_t count,
                        const void *states[TELAR_PIPELINE_MAX])
{
    for (uint32_t i = 0; i < worker->job->pipeline.length; i++)
        states[i] = i < count && worker->job->state[i].bytes ? worker->base + worker->job->state[i].offset
                                                             : NULL;
}

/* What is written is made zero first, so that a task that is run again begins as the first time. */
static void run_prepare(struct tl_worker *worker, const struct tl_task *task)
{
    const struct tl_job *job = worker->job;
    const struct telar_transform *transform = job->pipeline.step[task->stage->step].transform;
    struct tl_pass pass = tl_job_pass(job, task->stage->step, NULL);
    struct telar_context context = tl_pipeline_context(&pass, task->stage->step, worker->scratch);
    void *state = worker->base + task->extent.offset;

    memset(state, 0, task->extent.bytes);
    if (transform->prepare)
        transform->prepare(&context, state);
    if (task->stage->kind == TELAR_TASK_MERGE)
        transform->merge(&context, worker->base + job->partial_offset, job->partial_slot,
                         (uint32_t)telar_plan_count(job->gather_plan), state);
}

static void run_gather(struct tl_worker *worker, const struct tl_task *task, const struct telar_region *strip)
{
    struct telar_source source = tl_job_source(worker->job, worker->base);
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = tl_job_pass(worker->job, task->stage->step, states);

    find_states(worker, task->stage->step, states);
    tl_pipeline_gather(&pass, &source, strip, worker->scratch, worker->base + task->extent.offset);
}

static void run_process(struct tl_worker *worker, const struct tl_task *task,
                        const struct telar_region *strip)
{
    const struct tl_job *job = worker->job;
    struct telar_source source = tl_job_source(job, worker->base);
    struct telar_result result = tl_job_result(job, worker->base, task->index);
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, states);

    find_states(worker, job->pipeline.length, states);
    result.data = telar_result_at(&result, telar_pixel_bytes(&job->image), strip->r0, strip->c0);
    result.region = *strip;
    tl_pipeline_run(&pass, &source, &result, worker->scratch);
}

/* A region is done strip by strip: the bytes are the same, and what one transform writes is in the cache for
 * the next. */
static void run_task(struct tl_worker *worker, const struct tl_task *task)
{
    struct telar_region strip = task->region;

    if (task->stage->kind == TELAR_TASK_PREPARE || task->stage->kind == TELAR_TASK_MERGE) {
        run_prepare(worker, task);
        return;
    }
    if (task->stage->kind == TELAR_TASK_GATHER)
        memset(worker->base + task->extent.offset, 0, task->extent.bytes);
    for (; strip.r0 < task->region.r1; strip.r0 = strip.r1) {
        uint32_t left = task->region.r1 - strip.r0;

        strip.r1 = strip.r0 + (left < worker->job->strip_rows ? left : worker->job->strip_rows);
        if (task->stage->kind == TELAR_TASK_GATHER)
            run_gather(worker, task, &strip);
        else
            run_process(worker, task, &strip);
    }
}

/* ---- the loop ---- */

static uint64_t nanoseconds(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * UINT64_C(1000000000) + (uint64_t)time->tv_usec * 1000;
}

static void add_usage(const struct tl_worker *worker, struct tl_record *record)
{
    struct rusage usage;

    if (getrusage(worker->usage_of, &usage) != 0)
        return;
    record->user_ns = nanoseconds(&usage.ru_utime);
    record->system_ns = nanoseconds(&usage.ru_stime);
    record->minor_faults = (uint64_t)usage.ru_minflt;
    record->major_faults = (uint64_t)usage.ru_majflt;
    record->voluntary_switches = (uint64_t)usage.ru_nvcsw;
    record->involuntary_switches = (uint64_t)usage.ru_nivcsw;
}

/* Runs the task of a ticket and fills the record. A guarded worker can write the task's extent meanwhile, no
 * more. */
static void carry_out(struct tl_worker *worker, const struct tl_ticket *ticket, struct tl_record *record)
{
    struct tl_task task = tl_job_task(worker->job, ticket->task);

    *record = (struct tl_record){.task = ticket->task, .attempt = ticket->attempt};
    if (worker->turn.begin)
        worker->turn.begin(worker->turn.data);
    current = task.region;
    at_work = true;
    record->start_ns = tl_now_ns();
    if (worker->guarded && !tl_segment_open(worker->base, &task.extent))
        record->errnum = errno;
    else
        run_task(worker, &task);
    if (worker->guarded && !tl_segment_close(worker->base, &task.extent) && !record->errnum)
        record->errnum = errno;
    record->end_ns = tl_now_ns();
    at_work = false;
    if (worker->turn.end)
        worker->turn.end(worker->turn.data);
}

static bool report(struct tl_worker *worker, struct tl_record *record)
{
    record->id = (int64_t)syscall(SYS_gettid);
    add_usage(worker, record);
    return worker->port.report(worker->port.data, record);
}

void tl_worker_run(struct tl_worker *worker)
{
    const struct tl_job *job = worker->job;
    struct tl_record record = {.task = TL_TASK_HELLO};
    struct tl_ticket ticket;

    worker->base = tl_segment_map(worker->segment_fd, job->segment_bytes, !worker->guarded);
    worker->scratch = worker->base ? tl_private_map(job->scratch_bytes) : NULL;
    if (!worker->scratch)
        record.errnum = errno;
    record.start_ns = record.end_ns = tl_now_ns();
    if (report(worker, &record) && !record.errnum)
        while (worker->port.take(worker->port.data, &ticket)) {
            carry_out(worker, &ticket, &record);
            if (!report(worker, &record))
                break;
        }
    tl_private_unmap(worker->scratch, job->scratch_bytes);
    tl_segment_unmap(worker->base, job->segment_bytes);
}

/* ---- the port of a channel ---- */

static bool channel_take(void *data, struct tl_ticket *ticket)
{
    return tl_channel_take(*(int *)data, ticket);
}

static bool channel_report(void *data, const struct tl_record *record)
{
    return tl_channel_report(*(int *)data, record);
}

struct tl_port tl_port_channel(int *end)
{
    return (struct tl_port){channel_take, channel_report, end};
}

/* ---- for a signal handler ---- */

/* Appends a number in decimal; snprintf is not async-signal-safe. Returns where the next goes. */
static char *put_number(char *at, char *end, uint32_t number, char after)
{
    char digits[12];
    int n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0 && at < end)
        *at++ = digits[--n];
    if (after && at < end)
        *at++ = after;
    return at;
}

bool telar_current_region(char *text, size_t size)
{
    char *at = text, *end;

    if (!at_work || size == 0)
        return false;
    end = text + size - 1;
    at = put_number(at, end, current.r0, ':');
    at = put_number(at, end, current.r1, ',');
    at = put_number(at, end, current.c0, ':');
    at = put_number(at, end, current.c1, 0);
    *at = 0;
    return true;
}
