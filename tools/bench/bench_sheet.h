/* SPDX-License-Identifier: MIT */
/*
 * bench_sheet.h - the tables of `telar bench` as cells of text. Terminal, Markdown and HTML format
 * the same cells.
 */
#ifndef TOOLS_BENCH_SHEET_H
#define TOOLS_BENCH_SHEET_H

#include "bench/bench.h"

enum { SHEET_COLUMNS_MAX = 11, SHEET_CELL_BYTES = 216 };

/*
 * One table. bench_sheet.c writes it. Column 0 is a name; `left` says which columns are aligned to
 * the left.
 */
struct sheet {
    char title[192];
    char note[512]; /* what the columns mean, or "" */
    uint32_t n_columns, n_rows;
    const char *head[SHEET_COLUMNS_MAX];
    bool left[SHEET_COLUMNS_MAX];
    char cell[BENCH_ROWS_MAX][SHEET_COLUMNS_MAX][SHEET_CELL_BYTES];
};

/* Calls `show` for one sheet after the other. A sheet is valid during the call only. */
void bench_each_sheet(struct bench *bench, void (*show)(void *data, const struct sheet *sheet),
                      void *data);

/* A line about the host: a name and a text. */
struct bench_fact {
    const char *name;
    char text[320];
};
enum { FACTS_MAX = 16 };

/* Fills in the facts of the host and the bench, and returns their number. */
uint32_t bench_facts(const struct bench *bench, struct bench_fact facts[FACTS_MAX]);

/* How the bench measures, in sentences. Ends with NULL. */
extern const char *const bench_method[];

#endif
