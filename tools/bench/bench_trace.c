/* SPDX-License-Identifier: MIT */
/*
 * Chrome's trace format (JSON): every row of the bench is a process there, every worker a thread; a
 * complete event ("X") is a task that ran, and spawning, mapping and joining are pairs of a begin
 * and an end. Times are microseconds.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "cli/field.h"

#include <inttypes.h>

static void begin_event(struct json *json, const char *phase, const char *name, uint32_t row,
                        uint32_t worker)
{
    json_begin(json, NULL, '{');
    json_string(json, "ph", phase);
    json_string(json, "name", name);
    json_unsigned(json, "pid", row + 1);
    json_unsigned(json, "tid", worker + 1);
}

static void name_thing(struct json *json, const char *what, uint32_t row, uint32_t worker,
                       const char *name)
{
    begin_event(json, "M", what, row, worker);
    json_begin(json, "args", '{');
    json_string(json, "name", name);
    json_end(json, '}');
    json_end(json, '}');
}

static void write_span(struct json *json, const char *name, uint32_t row, uint32_t worker,
                       uint64_t begin_ns, uint64_t end_ns)
{
    begin_event(json, "B", name, row, worker);
    json_real(json, "ts", (double)begin_ns / 1e3);
    json_end(json, '}');
    begin_event(json, "E", name, row, worker);
    json_real(json, "ts", (double)end_ns / 1e3);
    json_end(json, '}');
}

static const struct field task_fields[] = {
    {FIELD(struct telar_task_report, region)},
    {FIELD(struct telar_task_report, attempts)},
    {.name = "touch_us", .type = FIELD_US, .offset = offsetof(struct telar_task_report, touch_ns)},
    {.name = "inflate_us",
     .type = FIELD_US,
     .offset = offsetof(struct telar_task_report, inflate_ns)},
    {.name = "unfilter_us",
     .type = FIELD_US,
     .offset = offsetof(struct telar_task_report, unfilter_ns)},
    {.name = "transform_us",
     .type = FIELD_US,
     .offset = offsetof(struct telar_task_report, transform_ns)},
    {.name = NULL},
};

static void write_task(struct json *json, uint32_t row, const struct telar_task_report *task)
{
    begin_event(json, "X", telar_task_kind_name(task->kind), row, task->worker);
    json_real(json, "ts", (double)task->start_ns / 1e3);
    json_real(json, "dur", (double)(task->end_ns - task->start_ns) / 1e3);
    json_object(json, "args", task_fields, task);
    json_end(json, '}');
}

static void write_row(struct json *json, const struct bench *bench, uint32_t index)
{
    const struct bench_row *row = &bench->row[index];
    const telar_report *r = row->specimen;
    char name[256];

    snprintf(name, sizeof name, "%s: %s", row->name, bench->group[row->group].title);
    name_thing(json, "process_name", index, 0, name);
    for (uint32_t w = 0; w < r->n_workers; w++) {
        const struct telar_worker_report *worker = &r->worker[w];

        snprintf(name, sizeof name, "worker %" PRIu32 " (%" PRId64 ")", w, worker->pid);
        name_thing(json, "thread_name", index, w, name);
        write_span(json, "spawn", index, w, worker->spawn_ns, worker->born_ns);
        write_span(json, "map", index, w, worker->born_ns, worker->ready_ns);
        if (worker->left_ns) {
            write_span(json, "unmap", index, w, worker->leave_ns, worker->left_ns);
            write_span(json, "join", index, w, worker->left_ns, worker->end_ns);
        }
    }
    for (uint64_t i = 0; i < r->n_tasks; i++)
        if (r->task[i].end_ns > 0)
            write_task(json, index, &r->task[i]);
}

void bench_write_trace(const struct bench *bench, FILE *out)
{
    struct json json = {.out = out};

    json_begin(&json, NULL, '{');
    json_string(&json, "displayTimeUnit", "ms");
    json_begin(&json, "traceEvents", '[');
    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (bench->row[i].specimen && !bench->row[i].again)
            write_row(&json, bench, i);
    json_end(&json, ']');
    json_end(&json, '}');
}
