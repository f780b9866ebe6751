/* SPDX-License-Identifier: MIT */
/*
 * The sheets for a terminal and in Markdown.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>

/* Where the tables go, and how wide a line may be. */
struct terminal {
    FILE *out;
    int columns;
};

enum { GAP = 2, NARROW_GAP = 1, LAST_COLUMN_MIN = 24 };

/* "processes, guarded" is "guarded" here: the other engines have no rungs. */
static const char *cell_at(const struct sheet *sheet, uint32_t row, uint32_t column)
{
    static const char engine[] = "processes, ";
    const char *text = sheet->cell[row][column];

    return column == 0 && strncmp(text, engine, sizeof engine - 1) == 0 ? text + sizeof engine - 1
                                                                        : text;
}

/* A text in the last column to the left may be of any length. */
static bool is_long(const struct sheet *sheet, uint32_t column)
{
    return column + 1 == sheet->n_columns && sheet->left[column] && column > 0;
}

static void measure_columns(const struct sheet *sheet, int widths[SHEET_COLUMNS_MAX])
{
    for (uint32_t c = 0; c < sheet->n_columns; c++) {
        widths[c] = (int)strlen(sheet->head[c]);
        for (uint32_t r = 0; r < sheet->n_rows; r++)
            if ((int)strlen(cell_at(sheet, r, c)) > widths[c])
                widths[c] = (int)strlen(cell_at(sheet, r, c));
        if (is_long(sheet, c))
            widths[c] = LAST_COLUMN_MIN;
    }
}

/* Returns the column behind the last one that fits beside column 0, from `first` on; at least one.
 */
static uint32_t columns_that_fit(const struct sheet *sheet, const int widths[SHEET_COLUMNS_MAX],
                                 uint32_t first, int gap, int columns)
{
    int used = widths[0];
    uint32_t c = first;

    while (c < sheet->n_columns && (c == first || used + gap + widths[c] <= columns))
        used += gap + widths[c++];
    return c;
}

/* Column 0 and those from `first` to before `end` of one row, or of the heads. */
static void print_cells(const struct terminal *terminal, const struct sheet *sheet, int row,
                        const int widths[SHEET_COLUMNS_MAX], uint32_t first, uint32_t end, int gap)
{
    int at = widths[0];

    fprintf(terminal->out, "%-*s", at, row < 0 ? sheet->head[0] : cell_at(sheet, (uint32_t)row, 0));
    for (uint32_t c = first; c < end; c++) {
        const char *text = row < 0 ? sheet->head[c] : sheet->cell[row][c];

        fprintf(terminal->out, "%*s", gap, "");
        at += gap;
        if (is_long(sheet, c)) {
            print_wrapped(terminal->out, terminal->columns, at, at, text);
            return;
        }
        fprintf(terminal->out, sheet->left[c] ? "%-*s" : "%*s", widths[c], text);
        at += widths[c];
    }
    putc('\n', terminal->out);
}

/* A sheet that is too wide goes on below itself, with its first column again. */
static void show_on_terminal(void *data, const struct sheet *sheet)
{
    const struct terminal *terminal = data;
    int widths[SHEET_COLUMNS_MAX] = {0}, gap = GAP;

    if (sheet->n_rows == 0)
        return;
    measure_columns(sheet, widths);
    if (columns_that_fit(sheet, widths, 1, gap, terminal->columns) < sheet->n_columns)
        gap = NARROW_GAP;
    putc('\n', terminal->out);
    print_wrapped(terminal->out, terminal->columns, 0, 0, sheet->title);
    for (uint32_t first = 1, end; first < sheet->n_columns; first = end) {
        end = columns_that_fit(sheet, widths, first, gap, terminal->columns);
        for (int row = -1; row < (int)sheet->n_rows; row++)
            print_cells(terminal, sheet, row, widths, first, end, gap);
    }
    if (sheet->note[0])
        print_wrapped(terminal->out, terminal->columns, 0, 0, sheet->note);
}

void bench_write_table(struct bench *bench, FILE *out)
{
    struct terminal terminal = {out, text_columns(out)};
    struct bench_fact facts[FACTS_MAX];
    uint32_t n = bench_facts(bench, facts);

    for (uint32_t i = 0; i < n; i++) {
        fprintf(out, "%-11s ", facts[i].name);
        print_wrapped(out, terminal.columns, 12, 12, facts[i].text);
    }
    bench_each_sheet(bench, show_on_terminal, &terminal);
    if (bench->n_findings > 0)
        fprintf(out, "\n");
    for (uint32_t i = 0; i < bench->n_findings; i++) {
        fprintf(out, "* ");
        print_wrapped(out, terminal.columns, 2, 2, bench->finding[i]);
    }
}

/* ---- Markdown ---- */

/* Escapes what Markdown would interpret; a bar would begin a cell. */
static void put_markdown(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '*' || *text == '_' || *text == '<')
            putc('\\', out);
        putc(*text, out);
    }
}

static void show_in_markdown(void *data, const struct sheet *sheet)
{
    FILE *out = data;

    if (sheet->n_rows == 0)
        return;
    fprintf(out, "\n**%s**\n\n|", sheet->title);
    for (uint32_t c = 0; c < sheet->n_columns; c++)
        fprintf(out, " %s |", sheet->head[c]);
    fprintf(out, "\n|");
    for (uint32_t c = 0; c < sheet->n_columns; c++)
        fprintf(out, sheet->left[c] ? "---|" : "--:|");
    for (uint32_t r = 0; r < sheet->n_rows; r++) {
        fprintf(out, "\n|");
        for (uint32_t c = 0; c < sheet->n_columns; c++) {
            putc(' ', out);
            put_markdown(out, sheet->cell[r][c]);
            fprintf(out, " |");
        }
    }
    fprintf(out, "\n\n");
    put_markdown(out, sheet->note);
    putc('\n', out);
}

void bench_write_markdown(struct bench *bench, FILE *out)
{
    struct bench_fact facts[FACTS_MAX];
    uint32_t n = bench_facts(bench, facts);

    fprintf(out, "# telar bench\n\n");
    for (uint32_t i = 0; i < bench->n_findings; i++) {
        fprintf(out, "* ");
        put_markdown(out, bench->finding[i]);
        putc('\n', out);
    }
    bench_each_sheet(bench, show_in_markdown, out);
    fprintf(out, "\n**Method**\n\n");
    for (int i = 0; bench_method[i]; i++)
        fprintf(out, "* %s\n", bench_method[i]);
    fprintf(out, "\n**Host**\n\n| | |\n|---|---|\n");
    for (uint32_t i = 0; i < n; i++) {
        fprintf(out, "| %s | ", facts[i].name);
        put_markdown(out, facts[i].text);
        fprintf(out, " |\n");
    }
}
