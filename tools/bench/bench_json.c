/* SPDX-License-Identifier: MIT */
/*
 * Everything that was measured, with every sample, as one JSON object.
 */
#include <config.h>

#include "bench/bench_fields.h"
#include "bench/bench_out.h"

#include <math.h>

static const struct field interval_fields[] = {
    {FIELD(struct stats_interval, mid)},
    {FIELD(struct stats_interval, low)},
    {FIELD(struct stats_interval, high)},
    {.name = NULL},
};

/* ---- host and method ---- */

static const char *version(const void *object)
{
    return telar_version();
}

static const struct field clock_fields[] = {
    {FIELD_AS("source", struct bench_host, clock_source)},
    {FIELD_AS("step_ns", struct bench_host, clock_step_ns)},
    {FIELD_AS("cost_ns", struct bench_host, clock_cost_ns)},
    {FIELD_AS("went_back", struct bench_host, clock_back)},
    {.name = NULL},
};

static const struct field host_fields[] = {
    {FIELD(struct bench_host, cpu)},
    {FIELD(struct bench_host, workers)},
    {FIELD(struct bench_host, workers_reason)},
    {FIELD(struct bench_host, memory_bytes)},
    {FIELD(struct bench_host, kernel)},
    {FIELD(struct bench_host, shmem_enabled)},
    {FIELD(struct bench_host, governor)},
    {FIELD_AS("load_before", struct bench_host, load)},
    {FIELD(struct bench_host, steal)},
    {.name = "clock", .type = FIELD_OBJECT, .fields = clock_fields},
    {.name = "telar", .type = FIELD_WORD, .word = version},
    {FIELD(struct bench_host, compiler)},
    {.name = NULL},
};

static const char *bench_stop(const void *object)
{
    static const char *const stops[] = {"precise", "time", "rounds", "interrupted"};
    const struct bench *bench = object;

    return stops[bench->stop];
}

static const struct field method_fields[] = {
    {FIELD_AS("seed", struct bench, wishes.seed)},
    {FIELD(struct bench, rounds)},
    {.name = "stopped_by", .type = FIELD_WORD, .word = bench_stop},
    {FIELD_AS("seconds", struct bench, spent_s)},
    {.name = NULL},
};

static void write_method(struct json *json, const struct bench *bench)
{
    json_begin(json, "method", '{');
    json_fields(json, method_fields, bench);
    json_real(json, "level", STATS_LEVEL);
    json_real(json, "widest", bench->widest);
    json_begin(json, "text", '[');
    for (int i = 0; bench_method[i]; i++)
        json_string(json, NULL, bench_method[i]);
    json_end(json, ']');
    json_end(json, '}');
}

/* ---- rows ---- */

static const struct field sample_fields[] = {
    {FIELD(struct bench_sample, ms)},
    {FIELD(struct bench_sample, place)},
    {.name = NULL},
};

static void write_sample(struct json *json, const struct bench_sample *sample)
{
    json_begin(json, NULL, '{');
    json_fields(json, sample_fields, sample);
    json_fields(json, bench_count_fields, sample);
    json_end(json, '}');
}

static const struct field cover_fields[] = {
    {FIELD(struct bench_anatomy, least_cover)},
    {FIELD(struct bench_anatomy, most_cover)},
    {.name = NULL},
};

/* The members of worker_ms and work_ms have the names of parts and steps. */
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
    json_fields(json, cover_fields, a);
    json_end(json, '}');
}

static const struct field row_fields[] = {
    {FIELD(struct bench_row, name)},
    {FIELD(struct bench_row, group)},
    {FIELD(struct bench_row, again)},
    {FIELD(struct bench_row, left_out)},
    {.name = NULL},
};

/* Of the specimen: what the library did. */
static const struct field specimen_fields[] = {
    {FIELD_AS("tasks", telar_report, n_tasks)},
    {FIELD_AS("rows", telar_report, image.rows)},
    {FIELD_AS("columns", telar_report, image.columns)},
    {FIELD_AS("channels", telar_report, image.channels)},
    {FIELD_AS("depth", telar_report, image.depth)},
    {FIELD(telar_report, segment_bytes)},
    {FIELD(telar_report, huge_bytes)},
    {.name = NULL},
};

static const struct field median_fields[] = {
    {FIELD_AS("median_ms", struct bench_row, median)},
    {FIELD_AS("mad_ms", struct bench_row, mad)},
    {FIELD(struct bench_row, outliers)},
    {.name = NULL},
};

static const struct field memory_fields[] = {
    {FIELD(struct bench_row, rss_bytes)},
    {FIELD(struct bench_row, pss_bytes)},
    {.name = NULL},
};

static void write_results(struct json *json, const struct bench *bench, const struct bench_row *row)
{
    json_fields(json, median_fields, row);
    json_string(json, "baseline", bench->row[row->baseline].name);
    json_object(json, "ratio", interval_fields, &row->ratio);
    json_string(json, "verdict", bench_verdict_name(bench_judge(bench, row)));
    json_fields(json, memory_fields, row);
    json_begin(json, "examined", '[');
    for (uint32_t i = 0; i < row->examined; i++)
        write_anatomy(json, &row->anatomy[i]);
    json_end(json, ']');
    json_begin(json, "samples", '[');
    for (uint32_t i = 0; i < bench->rounds; i++)
        write_sample(json, &row->sample[i]);
    json_end(json, ']');
}

static void write_row(struct json *json, const struct bench *bench, const struct bench_row *row)
{
    json_begin(json, NULL, '{');
    json_fields(json, row_fields, row);
    json_fields(json, bench_condition_fields, row);
    if (row->specimen)
        json_fields(json, specimen_fields, row->specimen);
    if (!row->left_out && bench->rounds > 0)
        write_results(json, bench, row);
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

static const struct field law_row_fields[] = {
    {FIELD(struct bench_law, row)},
    {FIELD(struct bench_law, serial)},
    {.name = NULL},
};

static const struct field law_fields[] = {
    {.name = "speedup",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct bench_law, speedup),
     .fields = interval_fields},
    {FIELD(struct bench_law, efficiency)},
    {FIELD(struct bench_law, karp_flatt)},
    {.name = NULL},
};

static const struct field even_fields[] = {
    {FIELD(struct bench_even, row)},
    {.name = "pixels",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct bench_even, pixels),
     .fields = interval_fields},
    {.name = NULL},
};

static void write_laws(struct json *json, const struct bench *bench)
{
    json_begin(json, "laws", '[');
    for (uint32_t i = 0; i < bench->n_laws; i++) {
        const struct bench_law *law = &bench->law[i];

        json_begin(json, NULL, '{');
        json_fields(json, law_row_fields, law);
        json_unsigned(json, "workers", bench->row[law->row].options.workers);
        json_fields(json, law_fields, law);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_real(json, "amdahl_serial_share", bench->amdahl_serial);
    json_list(json, "break_even", even_fields, bench->even, bench->n_evens, sizeof *bench->even);
}

static const char *rung_engine(const void *object)
{
    const struct bench_rung *rung = object;

    return telar_engine_name(rung->engine);
}

static const char *rung_isolation(const void *object)
{
    const struct bench_rung *rung = object;

    return rung->engine == TELAR_PROCESSES ? telar_isolation_name(rung->isolation) : NULL;
}

static const char *trial_outcome(const void *object)
{
    const struct bench_trial *trial = object;

    return bench_outcome_name(trial->outcome);
}

static const struct field trial_fields[] = {
    {.name = "outcome", .type = FIELD_WORD, .word = trial_outcome},
    {FIELD(struct bench_trial, text)},
    {.name = NULL},
};

static const struct field rung_fields[] = {
    {.name = "engine", .type = FIELD_WORD, .word = rung_engine},
    {.name = "isolation", .type = FIELD_WORD, .word = rung_isolation},
    {.name = "crash",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct bench_rung, crash),
     .fields = trial_fields},
    {.name = "stray",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct bench_rung, stray),
     .fields = trial_fields},
    {.name = "hostile",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct bench_rung, hostile),
     .fields = trial_fields},
    {.name = NULL},
};

static const struct field python_fields[] = {
    {FIELD(struct bench_python, ran)},
    {FIELD(struct bench_python, why_not)},
    {FIELD(struct bench_python, version)},
    {FIELD(struct bench_python, numpy)},
    {FIELD(struct bench_python, lock)},
    {FIELD(struct bench_python, rows)},
    {FIELD(struct bench_python, columns)},
    {FIELD(struct bench_python, workers)},
    {.name = NULL},
};

static void write_python(struct json *json, const struct bench_python *python)
{
    json_begin(json, "python", '{');
    json_fields(json, python_fields, python);
    json_begin(json, "ways", '[');
    for (uint32_t i = 0; i < python->n; i++) {
        json_begin(json, NULL, '{');
        json_string(json, "name", python->row[i].name);
        json_object(json, "ratio", interval_fields, &python->row[i].ratio);
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
    json_object(&json, "host", host_fields, &bench->host);
    write_method(&json, bench);
    json_begin(&json, "findings", '[');
    for (uint32_t i = 0; i < bench->n_findings; i++)
        json_string(&json, NULL, bench->finding[i]);
    json_end(&json, ']');
    write_groups(&json, bench);
    write_laws(&json, bench);
    json_list(&json, "rungs", rung_fields, bench->rung, bench->n_rungs, sizeof *bench->rung);
    if (bench->python.wanted)
        write_python(&json, &bench->python);
    json_end(&json, '}');
}
