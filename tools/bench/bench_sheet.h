/* SPDX-License-Identifier: MIT */
/*
 * bench_sheet.h - what `telar bench` shows, as tables of text. Made once, here; the terminal,
 * Markdown and HTML only dress them.
 */
#ifndef TOOLS_BENCH_SHEET_H
#define TOOLS_BENCH_SHEET_H

#include "bench/bench.h"

enum { SHEET_COLUMNS_MAX = 11, SHEET_CELL_BYTES = 216 };

/* The first column is a name and stands to the left; so do those of which `left` says so. */
struct sheet {
    char title[192];
    char note[512]; /* what the columns mean; "" when that is clear */
    uint32_t n_columns, n_rows;
    const char *head[SHEET_COLUMNS_MAX];
    bool left[SHEET_COLUMNS_MAX];
    char cell[BENCH_ROWS_MAX][SHEET_COLUMNS_MAX][SHEET_CELL_BYTES];
};

/* Hands over one sheet after the other; each is valid during the call. */
void bench_each_sheet(struct bench *bench, void (*show)(void *data, const struct sheet *sheet),
                      void *data);

/* The host, line by line: a name and a text. */
struct bench_fact {
    const char *name;
    char text[320];
};
enum { FACTS_MAX = 16 };
uint32_t bench_facts(const struct bench *bench, struct bench_fact facts[FACTS_MAX]);

/* How it was measured, in sentences; NULL-terminated. */
extern const char *const bench_method[];

#endif
