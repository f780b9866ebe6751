/* SPDX-License-Identifier: MIT */
/*
 * The sheets for a terminal and in Markdown.
 */
#include <config.h>

#include "bench/bench_out.h"

#include <inttypes.h>
#include <string.h>

enum { TERMINAL_COLUMNS = 100 };

/*
 * Text in lines of at most 100 columns, each with `indent` spaces before it; the first line is at
 * column `at` already.
 */
static void print_wrapped_at(FILE *out, int at, int indent, const char *text)
{
    while (*text) {
        int word = (int)strcspn(text, " ");

        if (at + 1 + word > TERMINAL_COLUMNS) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putc(' ', out);
            at++;
        }
        fwrite(text, 1, (size_t)word, out);
        at += word;
        text += word;
        text += strspn(text, " ");
    }
    putc('\n', out);
}

static void print_wrapped(FILE *out, const char *first, int indent, const char *text)
{
    print_wrapped_at(out, fprintf(out, "%s", first), indent, text);
}

static void print_cell(FILE *out, const char *text, size_t width, bool left, bool first)
{
    fprintf(out, left ? "%s%-*s" : "%s%*s", first ? "" : "  ", (int)width, text);
}

/* A text in the last column may be long, and goes on below itself. */
static void print_row(FILE *out, const struct sheet *sheet, uint32_t row,
                      const size_t widths[SHEET_COLUMNS_MAX])
{
    uint32_t last = sheet->n_columns - 1;
    int indent = 0;

    for (uint32_t c = 0; c < sheet->n_columns; c++) {
        if (c == last && sheet->left[c])
            break;
        print_cell(out, sheet->cell[row][c], widths[c], sheet->left[c], c == 0);
        indent += (int)widths[c] + 2;
    }
    if (sheet->left[last]) {
        fprintf(out, "  ");
        print_wrapped_at(out, indent, indent, sheet->cell[row][last]);
    } else {
        putc('\n', out);
    }
}

static void measure_columns(const struct sheet *sheet, size_t widths[SHEET_COLUMNS_MAX])
{
    for (uint32_t c = 0; c < sheet->n_columns; c++) {
        widths[c] = strlen(sheet->head[c]);
        for (uint32_t r = 0; r < sheet->n_rows; r++)
            if (strlen(sheet->cell[r][c]) > widths[c])
                widths[c] = strlen(sheet->cell[r][c]);
    }
}

static void show_on_terminal(void *data, const struct sheet *sheet)
{
    FILE *out = data;
    size_t widths[SHEET_COLUMNS_MAX];

    if (sheet->n_rows == 0)
        return;
    measure_columns(sheet, widths);
    putc('\n', out);
    print_wrapped(out, "", 0, sheet->title);
    for (uint32_t c = 0; c < sheet->n_columns; c++)
        print_cell(out, sheet->head[c], c + 1 == sheet->n_columns && sheet->left[c] ? 0 : widths[c],
                   sheet->left[c], c == 0);
    putc('\n', out);
    for (uint32_t r = 0; r < sheet->n_rows; r++)
        print_row(out, sheet, r, widths);
    if (sheet->note[0])
        print_wrapped(out, "", 0, sheet->note);
}

void bench_write_table(struct bench *bench, FILE *out)
{
    struct bench_fact facts[FACTS_MAX];
    uint32_t n = bench_facts(bench, facts);

    for (uint32_t i = 0; i < n; i++) {
        char name[32];

        snprintf(name, sizeof name, "%-11s ", facts[i].name);
        print_wrapped(out, name, 12, facts[i].text);
    }
    bench_each_sheet(bench, show_on_terminal, out);
    if (bench->n_findings > 0)
        fprintf(out, "\n");
    for (uint32_t i = 0; i < bench->n_findings; i++)
        print_wrapped(out, "* ", 2, bench->finding[i]);
}

/* ---- Markdown ---- */

/* A bar would begin a cell. */
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
