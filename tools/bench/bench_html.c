/* SPDX-License-Identifier: MIT */
/*
 * One page with everything: well-formed as XML too, no script, nothing fetched.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "bench/svg.h"

static const char page_style[] =
    "body{font:16px/1.5 system-ui,Helvetica,Arial,sans-serif;max-width:62rem;margin:0 "
    "auto;padding:1rem;color:#1b1f24;"
    "background:#fff;overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}"
    "h3{font-size:1rem;margin:1.5rem 0 .25rem}"
    "p.note,figcaption{font-size:.85rem;color:#57606a;margin:.25rem 0 1rem}"
    "div.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:"
    "tabular-"
    "nums;"
    "overflow-wrap:normal}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #d0d7de;text-align:right;white-space:nowrap}"
    "th.l,td.l{text-align:left}td.t{white-space:normal;text-align:left;overflow-wrap:anywhere}"
    "div.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));"
    "gap:1rem}"
    "figure{margin:0}svg{width:100%;height:auto;display:block}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem "
    "1rem;font-size:.9rem}dt{color:#57606a}dd{margin:0}"
    "@media "
    "print{body{max-width:none;font-size:11pt}figure,tr{break-inside:avoid}div.wide{overflow:"
    "visible}"
    "table{font-size:7.5pt}}"
    "@media screen and (prefers-color-scheme: dark){body{color:#e6e9ee;background:#14171c}"
    "p.note,figcaption,dt{color:#9aa4af}th,td{border-color:#3a414b}a{color:#4da6e0}}";

static void show_sheet(void *data, const struct sheet *sheet)
{
    FILE *out = data;

    if (sheet->n_rows == 0)
        return;
    fprintf(out, "<h3>");
    svg_escape(out, sheet->title);
    fprintf(out, "</h3>\n<div class=\"wide\"><table>\n<thead><tr>");
    for (uint32_t c = 0; c < sheet->n_columns; c++)
        fprintf(out, "<th%s>%s</th>", sheet->left[c] ? " class=\"l\"" : "", sheet->head[c]);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (uint32_t r = 0; r < sheet->n_rows; r++) {
        fprintf(out, "<tr>");
        for (uint32_t c = 0; c < sheet->n_columns; c++) {
            bool text = c > 0 && c + 1 == sheet->n_columns && sheet->left[c];

            fprintf(out, "<td%s>", text ? " class=\"t\"" : sheet->left[c] ? " class=\"l\"" : "");
            svg_escape(out, sheet->cell[r][c]);
            fprintf(out, "</td>");
        }
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table></div>\n");
    if (sheet->note[0]) {
        fprintf(out, "<p class=\"note\">");
        svg_escape(out, sheet->note);
        fprintf(out, "</p>\n");
    }
}

static void write_list(FILE *out, const char *text)
{
    fprintf(out, "<li>");
    svg_escape(out, text);
    fprintf(out, "</li>\n");
}

static void write_charts(const struct bench *bench, FILE *out)
{
    static struct bench_chart charts[CHARTS_MAX];
    uint32_t n = bench_charts(bench, charts);

    fprintf(out, "<h2>Charts</h2>\n<div class=\"charts\">\n");
    for (uint32_t i = 0; i < n; i++) {
        fprintf(out, "<figure>\n");
        charts[i].draw(bench, charts[i].of, out, true);
        fprintf(out, "<figcaption>");
        svg_escape(out, charts[i].caption);
        fprintf(out, "</figcaption>\n</figure>\n");
    }
    fprintf(out, "</div>\n");
}

static void write_host(const struct bench *bench, FILE *out)
{
    struct bench_fact facts[FACTS_MAX];
    uint32_t n = bench_facts(bench, facts);

    fprintf(out, "<h2>Host</h2>\n<dl>\n");
    for (uint32_t i = 0; i < n; i++) {
        fprintf(out, "<dt>%s</dt><dd>", facts[i].name);
        svg_escape(out, facts[i].text);
        fprintf(out, "</dd>\n");
    }
    fprintf(out, "</dl>\n");
}

void bench_write_html(struct bench *bench, FILE *out)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
            "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
            "initial-scale=1\"/>\n"
            "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
            "<title>telar bench</title>\n<style>%s %s</style>\n</head>\n<body>\n<h1>telar "
            "bench</h1>\n<p><code>",
            page_style, svg_style);
    svg_escape(out, bench->command);
    fprintf(out, "</code></p>\n<h2>What was found</h2>\n<ul>\n");
    for (uint32_t i = 0; i < bench->n_findings; i++)
        write_list(out, bench->finding[i]);
    fprintf(out, "</ul>\n");
    write_charts(bench, out);
    fprintf(out, "<h2>Tables</h2>\n");
    bench_each_sheet(bench, show_sheet, out);
    fprintf(out, "<h2>How it was measured</h2>\n<ul>\n");
    for (int i = 0; bench_method[i]; i++)
        write_list(out, bench_method[i]);
    fprintf(out, "</ul>\n");
    write_host(bench, out);
    fprintf(out, "</body>\n</html>\n");
}
