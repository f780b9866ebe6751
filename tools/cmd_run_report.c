/* SPDX-License-Identifier: MIT */
/*
 * What a run did, for people and for programs. Both tell the same; only the JSON tells every task.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cmd_run.h"

#include <inttypes.h>

static double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / 1048576;
}

/* Pairs are user + system time, minor + major faults, voluntary + involuntary switches, as in
 * getrusage. */
static void say_worker(uint32_t index, const struct telar_worker_report *w)
{
    say("worker %" PRIu32 ": id %" PRId64 ", %" PRIu32
        " tasks, busy %.2f ms, cpu %.2f + %.2f ms, faults %" PRIu64 " + %" PRIu64
        ", switches %" PRIu64 " + %" PRIu64 ", %s",
        index, w->pid, w->tasks, milliseconds(w->busy_ns), milliseconds(w->user_ns),
        milliseconds(w->system_ns), w->minor_faults, w->major_faults, w->voluntary_switches,
        w->involuntary_switches, w->cause);
}

/*
 * What the workers' time went into, all of them together. Making pixels may be a part of inflating
 * a band, and both and transforming of encoding one: they are told apart.
 */
static void say_work(const telar_report *r)
{
    uint64_t spent_ns[TELAR_TASK_ENCODE + 1] = {0};
    char line[256] = "";
    int length = 0;

    for (uint64_t i = 0; i < r->n_tasks; i++) {
        const struct telar_task_report *t = &r->task[i];
        uint64_t transform_ns = t->kind == TELAR_TASK_ENCODE ? t->transform_ns : 0;

        spent_ns[t->kind] +=
            t->end_ns - t->start_ns - t->inflate_ns - t->unfilter_ns - transform_ns;
        spent_ns[TELAR_TASK_INFLATE] += t->inflate_ns;
        spent_ns[TELAR_TASK_UNFILTER] += t->unfilter_ns;
        spent_ns[TELAR_TASK_PROCESS] += transform_ns;
    }
    for (int kind = 0; kind <= TELAR_TASK_ENCODE; kind++)
        if (spent_ns[kind])
            length += snprintf(
                line + length, sizeof line - (size_t)length, "%s %s %.2f ms", length ? "," : ":",
                kind == TELAR_TASK_PROCESS ? "transform" : telar_task_kind_name(kind),
                milliseconds(spent_ns[kind]));
    say("work of all workers%s", line);
}

/* One line a fact, each with telar's name before it, so that it can be found in a log among others.
 */
void print_report(const telar_report *r)
{
    say("%" PRIu32 " x %" PRIu32 " x %" PRIu32 ", %" PRIu32 " bits, in %" PRIu32 " x %" PRIu32
        " regions",
        r->image.rows, r->image.columns, r->image.channels, r->image.depth, r->grid_rows,
        r->grid_columns);
    say("engine %s, isolation %s, workers %" PRIu32 " (%s)", r->engine,
        r->isolation[0] ? r->isolation : "none", r->workers, r->workers_reason);
    if (r->sandbox[0])
        say("sandbox: %s", r->sandbox);
    say("segment %.1f MiB of %s, %.1f MiB on huge pages", mebibytes(r->segment_bytes), r->backing,
        mebibytes(r->huge_bytes));
    for (uint32_t i = 0; i < r->n_workers; i++)
        say_worker(i, &r->worker[i]);
    if (r->dropped[0])
        say("chunks not kept: %s", r->dropped);
    say_work(r);
    if (r->decode_ns)
        say("decode %.2f ms before there were workers", milliseconds(r->decode_ns));
    say("all %.2f ms, of which workers %.2f ms; write %.2f ms", milliseconds(r->total_ns),
        milliseconds(r->transform_ns), milliseconds(r->write_ns));
}

/* "worker 1 (pid 4711) on encode 0:64,0:800 was killed by SIGKILL (Killed)" */
static void say_loss(const struct telar_loss_report *loss)
{
    const struct telar_region *region = &loss->region;
    char where[96] = "";

    if (loss->busy && region->r0 < region->r1)
        snprintf(where, sizeof where, " on %s %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32,
                 telar_task_kind_name(loss->kind), region->r0, region->r1, region->c0, region->c1);
    else if (loss->busy)
        snprintf(where, sizeof where, " on %s", telar_task_kind_name(loss->kind));
    say("worker %" PRIu32 " (pid %" PRId64 ")%s %s", loss->worker, loss->pid, where, loss->why);
}

void print_losses(const telar_report *report)
{
    enum { SHOWN = 8 };

    for (uint64_t i = 0; i < report->n_losses && i < SHOWN; i++)
        say_loss(&report->loss[i]);
    if (report->n_losses > SHOWN)
        say("and %" PRIu64 " more workers were lost; --json tells all", report->n_losses - SHOWN);
}

/* As a list, because that is how a region is written everywhere: rows r0:r1, columns c0:c1. */
static void write_region(struct json *json, const struct telar_region *region)
{
    json_begin(json, "region", '[');
    json_unsigned(json, NULL, region->r0);
    json_unsigned(json, NULL, region->r1);
    json_unsigned(json, NULL, region->c0);
    json_unsigned(json, NULL, region->c1);
    json_end(json, ']');
}

static void write_workers(struct json *json, const telar_report *r)
{
    json_begin(json, "workers", '[');
    for (uint32_t i = 0; i < r->n_workers; i++) {
        const struct telar_worker_report *w = &r->worker[i];

        json_begin(json, NULL, '{');
        json_number(json, "pid", w->pid);
        json_unsigned(json, "processes", w->processes);
        json_unsigned(json, "tasks", w->tasks);
        json_unsigned(json, "spawn_ns", w->spawn_ns);
        json_unsigned(json, "born_ns", w->born_ns);
        json_unsigned(json, "ready_ns", w->ready_ns);
        json_unsigned(json, "leave_ns", w->leave_ns);
        json_unsigned(json, "left_ns", w->left_ns);
        json_unsigned(json, "end_ns", w->end_ns);
        json_unsigned(json, "busy_ns", w->busy_ns);
        json_unsigned(json, "user_ns", w->user_ns);
        json_unsigned(json, "system_ns", w->system_ns);
        json_unsigned(json, "minor_faults", w->minor_faults);
        json_unsigned(json, "major_faults", w->major_faults);
        json_unsigned(json, "voluntary_switches", w->voluntary_switches);
        json_unsigned(json, "involuntary_switches", w->involuntary_switches);
        json_string(json, "cause", w->cause);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void write_tasks(struct json *json, const telar_report *r)
{
    json_begin(json, "tasks", '[');
    for (uint64_t i = 0; i < r->n_tasks; i++) {
        const struct telar_task_report *t = &r->task[i];

        json_begin(json, NULL, '{');
        json_string(json, "kind", telar_task_kind_name(t->kind));
        write_region(json, &t->region);
        json_unsigned(json, "worker", t->worker);
        json_unsigned(json, "attempts", t->attempts);
        json_bool(json, "skipped", t->skipped);
        json_unsigned(json, "start_ns", t->start_ns);
        json_unsigned(json, "end_ns", t->end_ns);
        json_unsigned(json, "inflate_ns", t->inflate_ns);
        json_unsigned(json, "unfilter_ns", t->unfilter_ns);
        json_unsigned(json, "transform_ns", t->transform_ns);
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* kind and region are null when it had no task. */
static void write_losses(struct json *json, const telar_report *r)
{
    json_begin(json, "losses", '[');
    for (uint64_t i = 0; i < r->n_losses; i++) {
        const struct telar_loss_report *l = &r->loss[i];

        json_begin(json, NULL, '{');
        json_unsigned(json, "worker", l->worker);
        json_number(json, "pid", l->pid);
        json_string(json, "status", telar_status_name(l->status));
        json_unsigned(json, "at_ns", l->at_ns);
        if (l->busy) {
            json_string(json, "kind", telar_task_kind_name(l->kind));
            write_region(json, &l->region);
        } else {
            json_null(json, "kind");
            json_null(json, "region");
        }
        json_unsigned(json, "attempt", l->attempt);
        json_string(json, "why", l->why);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void write_durations(struct json *json, const telar_report *r)
{
    json_begin(json, "durations", '{');
    json_unsigned(json, "decode_ns", r->decode_ns);
    json_unsigned(json, "transform_ns", r->transform_ns);
    json_unsigned(json, "write_ns", r->write_ns);
    json_unsigned(json, "total_ns", r->total_ns);
    json_end(json, '}');
}

/* Members of the report that are names or counts stay at the top; what comes many times is a list
 * at the end. */
static void write_report(struct json *json, const telar_report *r)
{
    json_string(json, "engine", r->engine);
    json_string(json, "isolation", r->isolation);
    json_string(json, "sandbox", r->sandbox);
    json_begin(json, "image", '{');
    json_unsigned(json, "rows", r->image.rows);
    json_unsigned(json, "columns", r->image.columns);
    json_unsigned(json, "channels", r->image.channels);
    json_unsigned(json, "depth", r->image.depth);
    json_end(json, '}');
    json_begin(json, "grid", '{');
    json_unsigned(json, "rows", r->grid_rows);
    json_unsigned(json, "columns", r->grid_columns);
    json_end(json, '}');
    json_begin(json, "segment", '{');
    json_string(json, "backing", r->backing);
    json_unsigned(json, "bytes", r->segment_bytes);
    json_unsigned(json, "huge_bytes", r->huge_bytes);
    json_end(json, '}');
    json_unsigned(json, "workers_wanted", r->workers_wanted);
    json_string(json, "workers_reason", r->workers_reason);
    json_string(json, "dropped", r->dropped);
    json_unsigned(json, "transform_start_ns", r->transform_start_ns);
    json_unsigned(json, "dismiss_ns", r->dismiss_ns);
    write_durations(json, r);
    write_workers(json, r);
    write_tasks(json, r);
    write_losses(json, r);
}

/* worker and region are null when the failure was nobody's in particular; errno is 0 when no system
 * call failed. */
static void write_error(struct json *json, const struct telar_error *error)
{
    json_begin(json, "error", '{');
    json_string(json, "status", telar_status_name(error->status));
    json_number(json, "exit", error->status);
    json_string(json, "text", error->text);
    json_number(json, "errno", error->errnum);
    if (error->worker >= 0)
        json_number(json, "worker", error->worker);
    else
        json_null(json, "worker");
    json_number(json, "pid", error->pid);
    if (error->has_region)
        write_region(json, &error->region);
    else
        json_null(json, "region");
    json_end(json, '}');
}

void print_json(const struct cmd_run *run, const telar_report *report,
                const struct telar_error *error)
{
    struct json json = {.out = stdout};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_string(&json, "input", run->input);
    json_string(&json, "output", run->output);
    json_begin(&json, "transforms", '[');
    for (size_t i = 0; i < run->n_transforms; i++)
        json_string(&json, NULL, run->transforms[i]);
    json_end(&json, ']');
    if (report)
        write_report(&json, report);
    if (error->status != TELAR_OK)
        write_error(&json, error);
    json_end(&json, '}');
}
