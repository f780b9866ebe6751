/* SPDX-License-Identifier: MIT */
/*
 * Everything that was measured, every sample of it, as one JSON object; and the samples alone, a
 * line each.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>

static void write_interval(struct json *json, const char *key,
                           const struct stats_interval *interval)
{
    json_begin(json, key, '{');
    json_real(json, "mid", interval->mid);
    json_real(json, "low", interval->low);
    json_real(json, "high", interval->high);
    json_end(json, '}');
}

static void write_host(struct json *json, const struct bench *bench)
{
    const struct bench_host *host = &bench->host;

    json_begin(json, "host", '{');
    json_string(json, "cpu", host->cpu);
    json_unsigned(json, "workers", host->workers);
    json_string(json, "workers_reason", host->workers_reason);
    json_unsigned(json, "memory_bytes", host->memory_bytes);
    json_string(json, "kernel", host->kernel);
    json_string(json, "shmem_enabled", host->shmem_enabled);
    json_string(json, "governor", host->governor);
    json_string(json, "load_before", host->load);
    json_real(json, "steal", host->steal);
    json_begin(json, "clock", '{');
    json_string(json, "source", host->clock_source);
    json_real(json, "step_ns", host->clock_step_ns);
    json_real(json, "cost_ns", host->clock_cost_ns);
    json_bool(json, "went_back", host->clock_back);
    json_end(json, '}');
    json_string(json, "telar", telar_version());
    json_string(json, "compiler", host->compiler);
    json_end(json, '}');
}

static void write_method(struct json *json, const struct bench *bench)
{
    static const char *const stops[] = {"precise", "time", "rounds", "interrupted"};

    json_begin(json, "method", '{');
    json_unsigned(json, "seed", bench->wishes.seed);
    json_unsigned(json, "rounds", bench->rounds);
    json_string(json, "stopped_by", stops[bench->stop]);
    json_real(json, "seconds", bench->spent_s);
    json_real(json, "level", STATS_LEVEL);
    json_real(json, "widest", bench->widest);
    json_begin(json, "text", '[');
    for (int i = 0; bench_method[i]; i++)
        json_string(json, NULL, bench_method[i]);
    json_end(json, ']');
    json_end(json, '}');
}

/* ---- rows ---- */

static void write_sample(struct json *json, const struct bench_sample *sample)
{
    json_begin(json, NULL, '{');
    json_real(json, "ms", sample->ms);
    json_unsigned(json, "place", sample->place);
    json_unsigned(json, "minor_faults", sample->minor_faults);
    json_unsigned(json, "major_faults", sample->major_faults);
    json_unsigned(json, "voluntary_switches", sample->voluntary);
    json_unsigned(json, "involuntary_switches", sample->involuntary);
    json_real(json, "user_ms", sample->user_ms);
    json_real(json, "system_ms", sample->system_ms);
    json_end(json, '}');
}

static void write_anatomy(struct json *json, const struct bench_anatomy *a)
{
    json_begin(json, NULL, '{');
    json_real(json, "wall_ms", a->wall_ms);
    json_real(json, "setup_ms", a->setup_ms);
    json_begin(json, "worker_ms", '{');
    for (int part = 0; part < N_PARTS; part++)
        json_real(json, bench_part_name((enum bench_part)part), a->part_ms[part]);
    json_end(json, '}');
    json_real(json, "finish_ms", a->finish_ms);
    json_begin(json, "work_ms", '{');
    for (int step = 0; step < N_STEPS; step++)
        json_real(json, bench_step_name((enum bench_step)step), a->step_ms[step]);
    json_end(json, '}');
    json_real(json, "least_cover", a->least_cover);
    json_real(json, "most_cover", a->most_cover);
    json_end(json, '}');
}

/* What was asked for, and what the library says it did, as far as the row was examined. */
static void write_conditions(struct json *json, const struct bench_row *row)
{
    json_string(json, "job", row->job == BENCH_FILE ? "file" : "memory");
    json_string(json, "engine", telar_engine_name(row->options.engine));
    if (row->options.engine == TELAR_PROCESSES)
        json_string(json, "isolation", telar_isolation_name(row->options.isolation));
    else
        json_null(json, "isolation");
    json_unsigned(json, "workers", row->options.workers);
    json_string(json, "pages", row->options.small_pages ? "small" : "huge");
    json_string(json, "segment", row->options.warm ? "warm" : "cold");
    json_string(json, "start", row->kept ? "kept" : "made");
    if (!row->specimen)
        return;
    json_unsigned(json, "tasks", row->specimen->n_tasks);
    json_unsigned(json, "rows", row->specimen->image.rows);
    json_unsigned(json, "columns", row->specimen->image.columns);
    json_unsigned(json, "channels", row->specimen->image.channels);
    json_unsigned(json, "depth", row->specimen->image.depth);
    json_unsigned(json, "segment_bytes", row->specimen->segment_bytes);
    json_unsigned(json, "huge_bytes", row->specimen->huge_bytes);
}

static void write_row(struct json *json, const struct bench *bench, const struct bench_row *row)
{
    json_begin(json, NULL, '{');
    json_string(json, "name", row->name);
    json_unsigned(json, "group", row->group);
    json_bool(json, "again", row->again);
    json_bool(json, "left_out", row->left_out);
    write_conditions(json, row);
    if (!row->left_out && bench->rounds > 0) {
        json_real(json, "median_ms", row->median);
        json_real(json, "mad_ms", row->mad);
        json_unsigned(json, "outliers", row->outliers);
        json_string(json, "baseline", bench->row[row->baseline].name);
        write_interval(json, "ratio", &row->ratio);
        json_string(json, "verdict", bench_verdict_name(bench_judge(bench, row)));
        json_unsigned(json, "rss_bytes", row->rss_bytes);
        json_unsigned(json, "pss_bytes", row->pss_bytes);
        json_begin(json, "examined", '[');
        for (uint32_t i = 0; i < row->examined; i++)
            write_anatomy(json, &row->anatomy[i]);
        json_end(json, ']');
        json_begin(json, "samples", '[');
        for (uint32_t i = 0; i < bench->rounds; i++)
            write_sample(json, &row->sample[i]);
        json_end(json, ']');
    }
    json_end(json, '}');
}

static void write_groups(struct json *json, const struct bench *bench)
{
    json_begin(json, "groups", '[');
    for (uint32_t g = 0; g < bench->n_groups; g++) {
        json_begin(json, NULL, '{');
        json_string(json, "title", bench->group[g].title);
        json_string(json, "baseline", bench->row[bench->group[g].baseline].name);
        json_real(json, "resolution", exp(bench->group[g].resolution) - 1);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_begin(json, "rows", '[');
    for (uint32_t i = 0; i < bench->n_rows; i++)
        write_row(json, bench, &bench->row[i]);
    json_end(json, ']');
}

/* ---- laws, rungs, Python ---- */

static void write_laws(struct json *json, const struct bench *bench)
{
    json_begin(json, "laws", '[');
    for (uint32_t i = 0; i < bench->n_laws; i++) {
        const struct bench_law *law = &bench->law[i];

        json_begin(json, NULL, '{');
        json_unsigned(json, "row", law->row);
        json_unsigned(json, "serial", law->serial);
        json_unsigned(json, "workers", bench->row[law->row].options.workers);
        write_interval(json, "speedup", &law->speedup);
        json_real(json, "efficiency", law->efficiency);
        json_real(json, "karp_flatt", law->karp_flatt);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_real(json, "amdahl_serial_share", bench->amdahl_serial);
    json_begin(json, "break_even", '[');
    for (uint32_t i = 0; i < bench->n_evens; i++) {
        json_begin(json, NULL, '{');
        json_unsigned(json, "row", bench->even[i].row);
        write_interval(json, "pixels", &bench->even[i].pixels);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void write_trial(struct json *json, const char *key, enum bench_outcome outcome,
                        const char *text)
{
    static const char *const words[] = {"not known", "held", "failed"};

    json_begin(json, key, '{');
    json_string(json, "outcome", words[outcome]);
    json_string(json, "text", text);
    json_end(json, '}');
}

static void write_rungs(struct json *json, const struct bench *bench)
{
    json_begin(json, "rungs", '[');
    for (uint32_t i = 0; i < bench->n_rungs; i++) {
        const struct bench_rung *rung = &bench->rung[i];

        json_begin(json, NULL, '{');
        json_string(json, "engine", telar_engine_name(rung->engine));
        if (rung->engine == TELAR_PROCESSES)
            json_string(json, "isolation", telar_isolation_name(rung->isolation));
        else
            json_null(json, "isolation");
        write_trial(json, "crash", rung->crash, rung->crash_text);
        write_trial(json, "stray", rung->stray, rung->stray_text);
        write_trial(json, "hostile", rung->hostile, rung->hostile_text);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void write_python(struct json *json, const struct bench_python *python)
{
    json_begin(json, "python", '{');
    json_bool(json, "ran", python->ran);
    json_string(json, "why_not", python->why_not);
    json_string(json, "version", python->version);
    json_string(json, "numpy", python->numpy);
    json_string(json, "lock", python->lock);
    json_unsigned(json, "rows", python->rows);
    json_unsigned(json, "columns", python->columns);
    json_unsigned(json, "workers", python->workers);
    json_begin(json, "ways", '[');
    for (uint32_t i = 0; i < python->n; i++) {
        json_begin(json, NULL, '{');
        json_string(json, "name", python->row[i].name);
        write_interval(json, "ratio", &python->row[i].ratio);
        json_begin(json, "samples_ms", '[');
        for (uint32_t round = 0; round < python->rounds; round++)
            json_real(json, NULL, python->row[i].ms[round]);
        json_end(json, ']');
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
}

void bench_write_json(const struct bench *bench, FILE *out)
{
    struct json json = {.out = out};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_string(&json, "command", bench->command);
    json_begin(&json, "transforms", '[');
    for (uint32_t i = 0; i < bench->wishes.n_transforms; i++)
        json_string(&json, NULL, bench->wishes.transforms[i]);
    json_end(&json, ']');
    write_host(&json, bench);
    write_method(&json, bench);
    json_begin(&json, "findings", '[');
    for (uint32_t i = 0; i < bench->n_findings; i++)
        json_string(&json, NULL, bench->finding[i]);
    json_end(&json, ']');
    write_groups(&json, bench);
    write_laws(&json, bench);
    write_rungs(&json, bench);
    if (bench->python.wanted)
        write_python(&json, &bench->python);
    json_end(&json, '}');
}
