/* SPDX-License-Identifier: MIT */
/*
 * The samples, one line each, for a spreadsheet or a data frame (RFC 4180, with newlines as line
 * ends).
 */
#include <config.h>

#include "bench/bench_fields.h"
#include "bench/bench_out.h"

#include <inttypes.h>

/* Quotes a text, because names of rows contain commas. */
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
    fprintf(out, ",%" PRIu32, row->group);
    csv_values(out, bench_condition_fields, row);
    fprintf(out, ",%" PRIu32 ",%" PRIu32 ",%.6f", round + 1, s->place, s->ms);
    csv_values(out, bench_count_fields, s);
    putc('\n', out);
}

/* The interpreter reports only the time. */
static void put_python(FILE *out, const struct bench_python_row *row, uint32_t group,
                       uint32_t round)
{
    put_text(out, row->name);
    fprintf(out, ",%" PRIu32 ",memory,python,,,,,,%" PRIu32 ",,%.6f,,,,,,\n", group, round + 1,
            row->ms[round]);
}

void bench_write_csv(const struct bench *bench, FILE *out)
{
    fprintf(out, "row,group");
    csv_names(out, bench_condition_fields);
    fprintf(out, ",round,place,ms");
    csv_names(out, bench_count_fields);
    putc('\n', out);
    for (uint32_t i = 0; i < bench->n_rows; i++)
        for (uint32_t round = 0; round < bench->rounds && !bench->row[i].left_out; round++)
            put_sample(out, &bench->row[i], round);
    for (uint32_t i = 0; i < bench->python.n; i++)
        for (uint32_t round = 0; round < bench->python.rounds; round++)
            put_python(out, &bench->python.row[i], bench->python.group, round);
}
