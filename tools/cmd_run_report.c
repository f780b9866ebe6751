/* SPDX-License-Identifier: MIT */
/*
 * The report of a run, for people and as JSON. Only the JSON has every task.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/field.h"
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

/* Two lines, each of at most 80 columns at usual sizes. Pairs are user + system time, minor + major
 * faults, voluntary + involuntary switches. */
static void say_worker(uint32_t index, const struct telar_worker_report *w)
{
    say("worker %" PRIu32 ": id %" PRId64 ", %" PRIu32 " tasks, busy %.2f ms, %s", index, w->pid,
        w->tasks, milliseconds(w->busy_ns), w->cause);
    say("worker %" PRIu32 ": cpu %.2f + %.2f ms, faults %" PRIu64 " + %" PRIu64
        ", switches %" PRIu64 " + %" PRIu64,
        index, milliseconds(w->user_ns), milliseconds(w->system_ns), w->minor_faults,
        w->major_faults, w->voluntary_switches, w->involuntary_switches);
}

/*
 * Says what all workers together spent their time on. One task may inflate, unfilter, transform and
 * encode a band; its parts are counted separately.
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
                line + length, sizeof line - (size_t)length, "%s %s %.2f", length ? "," : "",
                kind == TELAR_TASK_PROCESS ? "transform" : telar_task_kind_name(kind),
                milliseconds(spent_ns[kind]));
    say("work in ms:%s", line);
}

/* Each line begins with "telar: ", so that it can be found in a log. */
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

/* "worker 1 (pid 4711) on region 0:64,0:800 was killed by SIGKILL (Killed)" */
static void say_loss(const struct telar_loss_report *loss)
{
    const struct telar_region *region = &loss->region;
    char where[96] = "";

    if (loss->busy && region->r0 < region->r1)
        snprintf(where, sizeof where, " on region %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32,
                 region->r0, region->r1, region->c0, region->c1);
    else if (loss->busy)
        snprintf(where, sizeof where, " on the task %s", telar_task_kind_name(loss->kind));
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

/* ---- JSON ---- */

static const char *task_kind(const void *object)
{
    const struct telar_task_report *task = object;

    return telar_task_kind_name(task->kind);
}

static const char *loss_kind(const void *object)
{
    const struct telar_loss_report *loss = object;

    return loss->busy ? telar_task_kind_name(loss->kind) : NULL;
}

static const char *loss_status(const void *object)
{
    const struct telar_loss_report *loss = object;

    return telar_status_name(loss->status);
}

static bool loss_has_region(const void *object)
{
    const struct telar_loss_report *loss = object;

    return loss->busy;
}

static bool error_has_worker(const void *object)
{
    const struct telar_error *error = object;

    return error->worker >= 0;
}

static bool error_has_region(const void *object)
{
    const struct telar_error *error = object;

    return error->has_region;
}

static const struct field worker_fields[] = {
    {FIELD(struct telar_worker_report, pid)},
    {FIELD(struct telar_worker_report, processes)},
    {FIELD(struct telar_worker_report, tasks)},
    {FIELD(struct telar_worker_report, spawn_ns)},
    {FIELD(struct telar_worker_report, born_ns)},
    {FIELD(struct telar_worker_report, ready_ns)},
    {FIELD(struct telar_worker_report, leave_ns)},
    {FIELD(struct telar_worker_report, left_ns)},
    {FIELD(struct telar_worker_report, end_ns)},
    {FIELD(struct telar_worker_report, busy_ns)},
    {FIELD(struct telar_worker_report, user_ns)},
    {FIELD(struct telar_worker_report, system_ns)},
    {FIELD(struct telar_worker_report, minor_faults)},
    {FIELD(struct telar_worker_report, major_faults)},
    {FIELD(struct telar_worker_report, voluntary_switches)},
    {FIELD(struct telar_worker_report, involuntary_switches)},
    {FIELD(struct telar_worker_report, cause)},
    {.name = NULL},
};

static const struct field task_fields[] = {
    {.name = "kind", .type = FIELD_WORD, .word = task_kind},
    {FIELD(struct telar_task_report, region)},
    {FIELD(struct telar_task_report, worker)},
    {FIELD(struct telar_task_report, attempts)},
    {FIELD(struct telar_task_report, skipped)},
    {FIELD(struct telar_task_report, start_ns)},
    {FIELD(struct telar_task_report, end_ns)},
    {FIELD(struct telar_task_report, inflate_ns)},
    {FIELD(struct telar_task_report, unfilter_ns)},
    {FIELD(struct telar_task_report, transform_ns)},
    {.name = NULL},
};

/* kind and region are null when the worker had no task. */
static const struct field loss_fields[] = {
    {FIELD(struct telar_loss_report, worker)},
    {FIELD(struct telar_loss_report, pid)},
    {.name = "status", .type = FIELD_WORD, .word = loss_status},
    {FIELD(struct telar_loss_report, at_ns)},
    {.name = "kind", .type = FIELD_WORD, .word = loss_kind},
    {FIELD(struct telar_loss_report, region), .known = loss_has_region},
    {FIELD(struct telar_loss_report, attempt)},
    {FIELD(struct telar_loss_report, why)},
    {.name = NULL},
};

static const struct field grid_fields[] = {
    {FIELD_AS("rows", telar_report, grid_rows)},
    {FIELD_AS("columns", telar_report, grid_columns)},
    {.name = NULL},
};

static const struct field segment_fields[] = {
    {FIELD(telar_report, backing)},
    {FIELD_AS("bytes", telar_report, segment_bytes)},
    {FIELD(telar_report, huge_bytes)},
    {.name = NULL},
};

static const struct field duration_fields[] = {
    {FIELD(telar_report, decode_ns)},
    {FIELD(telar_report, transform_ns)},
    {FIELD(telar_report, write_ns)},
    {FIELD(telar_report, total_ns)},
    {.name = NULL},
};

static const struct field report_fields[] = {
    {FIELD(telar_report, engine)},
    {FIELD(telar_report, isolation)},
    {FIELD(telar_report, sandbox)},
    {.name = "image",
     .type = FIELD_OBJECT,
     .offset = offsetof(telar_report, image),
     .fields = geometry_fields},
    {.name = "grid", .type = FIELD_OBJECT, .fields = grid_fields},
    {.name = "segment", .type = FIELD_OBJECT, .fields = segment_fields},
    {FIELD(telar_report, workers_wanted)},
    {FIELD(telar_report, workers_reason)},
    {FIELD(telar_report, dropped)},
    {FIELD(telar_report, lost)},
    {FIELD(telar_report, transform_start_ns)},
    {FIELD(telar_report, dismiss_ns)},
    {.name = "durations", .type = FIELD_OBJECT, .fields = duration_fields},
    {.name = NULL},
};

/* worker and region are null when the failure belongs to none. */
static const struct field error_place_fields[] = {
    {FIELD(struct telar_error, worker), .known = error_has_worker},
    {FIELD(struct telar_error, pid)},
    {FIELD(struct telar_error, region), .known = error_has_region},
    {.name = NULL},
};

static void write_report(struct json *json, const telar_report *r)
{
    json_fields(json, report_fields, r);
    json_list(json, "workers", worker_fields, r->worker, r->n_workers, sizeof *r->worker);
    json_list(json, "tasks", task_fields, r->task, r->n_tasks, sizeof *r->task);
    json_list(json, "losses", loss_fields, r->loss, r->n_losses, sizeof *r->loss);
    json_list(json, "warnings", warning_fields, r->warning, r->n_warnings, sizeof *r->warning);
}

void print_json(const struct cmd_run *run, const telar_report *report,
                const struct telar_error *error)
{
    struct json json = {.out = stdout};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_name(&json, "input", run->input);
    json_name(&json, "output", run->output);
    json_begin(&json, "transforms", '[');
    for (size_t i = 0; i < run->n_transforms; i++)
        json_string(&json, NULL, run->transforms[i]);
    json_end(&json, ']');
    if (report)
        write_report(&json, report);
    if (error->status != TELAR_OK) {
        json_begin(&json, "error", '{');
        json_fields(&json, error_fields, error);
        json_fields(&json, error_place_fields, error);
        json_end(&json, '}');
    }
    json_end(&json, '}');
}
