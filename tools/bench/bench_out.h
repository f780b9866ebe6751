/* SPDX-License-Identifier: MIT */
/*
 * bench_out.h - the outputs of `telar bench`. Each writes a whole document to an open file; who
 * opened it sees whether that went well.
 */
#ifndef TOOLS_BENCH_OUT_H
#define TOOLS_BENCH_OUT_H

#include "bench/bench_sheet.h"

/* bench_table.c: for a terminal, 80 columns or its width; the same in Markdown. */
void bench_write_table(struct bench *bench, FILE *out);
void bench_write_markdown(struct bench *bench, FILE *out);

/* bench_json.c: everything, every sample. bench_csv.c: a line for each sample. */
void bench_write_json(const struct bench *bench, FILE *out);
void bench_write_csv(const struct bench *bench, FILE *out);

/* bench_trace.c: in Chrome's trace format: of each row the specimen, a row a worker, a complete
 * event a task. */
void bench_write_trace(const struct bench *bench, FILE *out);

/*
 * bench_chart.c, bench_chart_time.c: an SVG each. `within`: as part of an HTML page, which then has
 * the style. A chart for which there is nothing to draw is not there: has() says so.
 */
struct bench_chart {
    char name[32];     /* of the file, without .svg */
    char caption[320]; /* what is to be seen, in a sentence */
    void (*draw)(const struct bench *bench, uint32_t of, FILE *out, bool within);
    uint32_t of; /* a group or a row */
};
enum { CHARTS_MAX = 64 };

/* Fills in all charts that have something to draw, and returns their number. */
uint32_t bench_charts(const struct bench *bench, struct bench_chart charts[CHARTS_MAX]);

/* Draw one chart of a group or of a row, as bench_charts lists them. */
void bench_draw_speedup(const struct bench *bench, uint32_t group, FILE *out, bool within);
void bench_draw_rungs(const struct bench *bench, uint32_t group, FILE *out, bool within);
void bench_draw_parts(const struct bench *bench, uint32_t group, FILE *out, bool within);
/* The longest bar of bench_draw_parts, in ms; 0 when no row of the group was examined. */
double bench_longest_sum(const struct bench *bench, uint32_t group);
void bench_draw_timeline(const struct bench *bench, uint32_t row, FILE *out, bool within);
void bench_draw_picture(const struct bench *bench, uint32_t row, FILE *out, bool within);

/* bench_html.c: one page that needs nothing else. */
void bench_write_html(struct bench *bench, FILE *out);

#endif
