/* SPDX-License-Identifier: MIT */
/*
 * The samples, a line each (RFC 4180, with the line ends of this system): for a spreadsheet or a
 * data frame.
 */
#include <config.h>

#include "bench/bench_out.h"

#include <inttypes.h>

/* A row's name has commas in it. */
static void put_text(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void put_sample(FILE *out, const struct bench_row *row, uint32_t round)
{
    const struct bench_sample *s = &row->sample[round];

    put_text(out, row->name);
    fprintf(out, ",%" PRIu32 ",%s,%s,%s,%" PRIu32 ",%s,%s,%s", row->group,
            row->job == BENCH_FILE ? "file" : "memory", telar_engine_name(row->options.engine),
            row->options.engine == TELAR_PROCESSES ? telar_isolation_name(row->options.isolation)
                                                   : "",
            row->options.workers, row->options.small_pages ? "small" : "huge",
            row->options.warm ? "warm" : "cold", row->kept ? "kept" : "made");
    fprintf(out,
            ",%" PRIu32 ",%" PRIu32 ",%.6f,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
            ",%.3f,%.3f\n",
            round + 1, s->place, s->ms, s->minor_faults, s->major_faults, s->voluntary,
            s->involuntary, s->user_ms, s->system_ms);
}

/* The interpreter times itself and tells nothing else. */
static void put_python(FILE *out, const struct bench_python_row *row, uint32_t group,
                       uint32_t round)
{
    put_text(out, row->name);
    fprintf(out, ",%" PRIu32 ",memory,python,,,,,,%" PRIu32 ",,%.6f,,,,,,\n", group, round + 1,
            row->ms[round]);
}

void bench_write_csv(const struct bench *bench, FILE *out)
{
    fprintf(out, "row,group,job,engine,isolation,workers,pages,segment,start,round,place,ms,minor_"
                 "faults,major_faults,"
                 "voluntary_switches,involuntary_switches,user_ms,system_ms\n");
    for (uint32_t i = 0; i < bench->n_rows; i++)
        for (uint32_t round = 0; round < bench->rounds && !bench->row[i].left_out; round++)
            put_sample(out, &bench->row[i], round);
    for (uint32_t i = 0; i < bench->python.n; i++)
        for (uint32_t round = 0; round < bench->python.rounds; round++)
            put_python(out, &bench->python.row[i], bench->python.group, round);
}
