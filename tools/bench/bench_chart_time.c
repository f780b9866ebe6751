/* SPDX-License-Identifier: MIT */
/*
 * Charts of one run: when each worker held which region, and the picture coloured by worker. Also
 * the list of all charts.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "bench/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MARGIN = 14 };

/* ---- timeline ---- */

enum { LANE_LEFT = 74, LANES_SHOWN_MAX = 64 };

static double lane_height(uint32_t workers)
{
    return workers <= 8 ? 32 : workers <= 16 ? 20 : 12;
}

static double ms_since(const telar_report *r, uint64_t ns)
{
    return ((double)ns - (double)r->transform_start_ns) / 1e6;
}

static void draw_span(FILE *out, const struct svg_axis *axis, double from, double to, double y,
                      double height, unsigned paint, double opacity)
{
    svg_rect(out, svg_place(axis, from), y, svg_place(axis, to) - svg_place(axis, from), height,
             paint, opacity);
}

/* Draws one worker. Spawning and joining are thin; tasks have gaps between them. */
static void draw_lane(FILE *out, const telar_report *r, const struct svg_axis *axis, uint32_t index,
                      double y, double height)
{
    const struct telar_worker_report *w = &r->worker[index];
    unsigned paint = SVG_COLOR + index % SVG_COLORS;
    char text[32];

    snprintf(text, sizeof text, "worker %" PRIu32, index);
    svg_text(out, LANE_LEFT - 8, y + height / 2 + 4, SVG_END, text);
    draw_span(out, axis, ms_since(r, w->spawn_ns), ms_since(r, w->ready_ns), y + height * 0.35,
              height * 0.3, SVG_INK, 0.75);
    draw_span(out, axis, ms_since(r, w->left_ns ? w->leave_ns : w->end_ns), ms_since(r, w->end_ns),
              y + height * 0.35, height * 0.3, SVG_INK, 0.4);
    for (uint64_t i = 0; i < r->n_tasks; i++) {
        const struct telar_task_report *t = &r->task[i];
        double from = ms_since(r, t->start_ns), to = ms_since(r, t->end_ns);
        double width = svg_place(axis, to) - svg_place(axis, from);

        if (t->worker != index || t->end_ns == 0)
            continue;
        draw_span(out, axis, from, to, y, height, paint, 1);
        if (width > 4)
            svg_line(out, svg_place(axis, to), y, svg_place(axis, to), y + height, SVG_PAPER, 0.75,
                     false);
        snprintf(text, sizeof text, "%" PRIu64, i);
        if (height >= 20 && width > svg_text_width(text) + 6)
            svg_label(out, svg_place(axis, (from + to) / 2), y + height / 2 + 4, text);
    }
}

void bench_draw_timeline(const struct bench *bench, uint32_t row, FILE *out, bool within)
{
    const telar_report *r = bench->row[row].specimen;
    uint32_t lanes = r->n_workers < LANES_SHOWN_MAX ? r->n_workers : LANES_SHOWN_MAX;
    double height = lane_height(lanes), top = 12, bottom = top + lanes * (height + 6);
    struct svg_axis axis = {0, (double)r->transform_ns / 1e6, LANE_LEFT,
                            SVG_WIDTH - LANE_LEFT - MARGIN - 8};

    svg_begin(out, bottom + 62, "Which worker held which task when", within);
    svg_grid_x(out, &axis, top - 4, bottom, "ms since the first worker was made");
    for (uint32_t i = 0; i < lanes; i++)
        draw_lane(out, r, &axis, i, top + i * (height + 6), height);
    svg_text(out, LANE_LEFT, bottom + 55, SVG_START,
             "bars: tasks, by number; thin: spawn and map, join");
    svg_end(out);
}

/* ---- the picture ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(FILE *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0)
                         | (i + 2 < n ? bytes[i + 2] : 0);

        putc(base64[three >> 18], out);
        putc(base64[three >> 12 & 63], out);
        putc(i + 1 < n ? base64[three >> 6 & 63] : '=', out);
        putc(i + 2 < n ? base64[three & 63] : '=', out);
    }
}

static void put_little(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* Returns the brightness of a pixel, 0 to 255: the mean of all channels but alpha. */
static unsigned char brightness(telar_image *image, uint32_t row, uint32_t column)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    const unsigned char *pixel = telar_image_row(image, row) + column * telar_pixel_bytes(g);
    uint32_t channels = g->channels - (telar_has_alpha(g) ? 1 : 0), sum = 0;

    for (uint32_t c = 0; c < channels; c++)
        sum += g->depth == 8 ? pixel[c] : ((const uint16_t *)(const void *)pixel)[c] >> 8;
    return (unsigned char)(sum / channels);
}

/*
 * Writes a small grey copy as a BMP file, which needs no compression and no checksum. 1078 bytes of
 * headers and palette come first. Rows go from the bottom up, each padded to a multiple of four
 * bytes.
 */
static unsigned char *make_bmp(telar_image *image, uint32_t rows, uint32_t columns, size_t *bytes)
{
    enum { HEADERS = 54, PALETTE = 1024, BEGIN = HEADERS + PALETTE };
    const struct telar_geometry *g = telar_image_geometry(image);
    size_t stride = (columns + 3) / 4 * 4;
    unsigned char *bmp;

    *bytes = BEGIN + stride * rows;
    bmp = calloc(*bytes, 1);
    if (!bmp)
        return NULL;
    bmp[0] = 'B';
    bmp[1] = 'M';
    put_little(bmp + 2, (uint32_t)*bytes);
    put_little(bmp + 10, BEGIN);
    put_little(bmp + 14, 40);
    put_little(bmp + 18, columns);
    put_little(bmp + 22, rows);
    bmp[26] = 1;
    bmp[28] = 8;
    for (uint32_t i = 0; i < 256; i++)
        put_little(bmp + HEADERS + 4 * i, i << 16 | i << 8 | i);
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t column = 0; column < columns; column++)
            bmp[BEGIN + (rows - 1 - row) * stride + column] =
                brightness(image, (uint32_t)((uint64_t)row * g->rows / rows),
                           (uint32_t)((uint64_t)column * g->columns / columns));
    return bmp;
}

/* Draws the regions in the colours of their workers, and their numbers where there is room. */
static void draw_regions(FILE *out, const telar_report *r, double x, double y, double scale)
{
    char text[32];

    for (uint64_t i = 0; i < r->n_tasks; i++) {
        const struct telar_task_report *t = &r->task[i];
        double left = x + t->region.c0 * scale, top = y + t->region.r0 * scale;
        double width = (t->region.c1 - t->region.c0) * scale,
               height = (t->region.r1 - t->region.r0) * scale;

        if (t->kind != TELAR_TASK_PROCESS && t->kind != TELAR_TASK_ENCODE)
            continue;
        svg_rect(out, left, top, width, height, SVG_COLOR + t->worker % SVG_COLORS, 0.5);
        if (height > 8)
            svg_frame(out, left, top, width, height, SVG_PAPER);
        snprintf(text, sizeof text, "%" PRIu64, i);
        if (height >= 17 && width > svg_text_width(text) + 6)
            svg_label(out, left + width / 2, top + height / 2 + 4, text);
    }
}

static void draw_workers_legend(FILE *out, const telar_report *r, double y)
{
    double x = MARGIN;
    char text[32];

    for (uint32_t i = 0; i < r->n_workers && x < SVG_WIDTH - 90; i++) {
        snprintf(text, sizeof text, "worker %" PRIu32, i);
        svg_rect(out, x, y - 10, 11, 11, SVG_COLOR + i % SVG_COLORS, 1);
        svg_text(out, x + 15, y, SVG_START, text);
        x += 28 + svg_text_width(text);
    }
}

void bench_draw_picture(const struct bench *bench, uint32_t row, FILE *out, bool within)
{
    enum { SMALL = 240, HEIGHT_MOST = 420 };
    const telar_report *r = bench->row[row].specimen;
    double scale =
        fmin((SVG_WIDTH - 2.0 * MARGIN) / r->image.columns, (double)HEIGHT_MOST / r->image.rows);
    double width = r->image.columns * scale, height = r->image.rows * scale,
           x = (SVG_WIDTH - width) / 2, small;
    size_t bytes;
    unsigned char *bmp;

    small = fmin(1, SMALL / fmax(r->image.columns, r->image.rows));
    bmp = make_bmp(bench->picture[bench->row[row].picture].image,
                   (uint32_t)fmax(1, r->image.rows * small),
                   (uint32_t)fmax(1, r->image.columns * small), &bytes);
    svg_begin(out, height + 50, "The picture, coloured by the worker that made each region",
              within);
    if (bmp) {
        fprintf(out,
                "<image x=\"%.2f\" y=\"12\" width=\"%.2f\" height=\"%.2f\" "
                "preserveAspectRatio=\"none\" "
                "href=\"data:image/bmp;base64,",
                x, width, height);
        put_base64(out, bmp, bytes);
        fprintf(out, "\"/>\n");
    }
    free(bmp);
    draw_regions(out, r, x, 12, scale);
    draw_workers_legend(out, r, height + 36);
    svg_end(out);
}

/* ---- which charts ---- */

static struct bench_chart *add(struct bench_chart charts[CHARTS_MAX], uint32_t *n, const char *what,
                               uint32_t number,
                               void (*draw)(const struct bench *, uint32_t, FILE *, bool),
                               uint32_t of)
{
    static struct bench_chart lost;
    struct bench_chart *chart = *n < CHARTS_MAX ? &charts[(*n)++] : &lost;

    snprintf(chart->name, sizeof chart->name, "%s-%" PRIu32, what, number);
    chart->draw = draw;
    chart->of = of;
    return chart;
}

static bool has_laws(const struct bench *bench, uint32_t group)
{
    for (uint32_t i = 0; i < bench->n_laws; i++)
        if (bench->row[bench->law[i].row].group == group
            && bench->row[bench->law[i].row].options.workers > 1)
            return true;
    return false;
}

/*
 * Returns the row whose run is shown: the last one of the group with all workers that is not the
 * A/A row.
 */
static uint32_t shown_run(const struct bench *bench, uint32_t group)
{
    uint32_t shown = UINT32_MAX;

    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];

        if (row->group == group && row->specimen && !row->again
            && (shown == UINT32_MAX || row->options.workers == bench->wishes.workers[0]))
            shown = i;
    }
    return shown;
}

static void add_runs(const struct bench *bench, uint32_t group,
                     struct bench_chart charts[CHARTS_MAX], uint32_t *n)
{
    uint32_t row = shown_run(bench, group);
    struct bench_chart *chart;

    if (row == UINT32_MAX)
        return;
    chart = add(charts, n, "timeline", group + 1, bench_draw_timeline, row);
    snprintf(chart->caption, sizeof chart->caption,
             "One run of %s, that of the middle time: which worker held which task when. %s",
             bench->row[row].name, bench->group[group].title);
    chart = add(charts, n, "picture", group + 1, bench_draw_picture, row);
    snprintf(chart->caption, sizeof chart->caption,
             "The picture coloured by worker, with the numbers of the tasks, in the same run.");
}

uint32_t bench_charts(const struct bench *bench, struct bench_chart charts[CHARTS_MAX])
{
    struct bench_chart *chart;
    uint32_t n = 0;

    for (uint32_t g = 0; g < bench->n_groups && bench->rounds > 0; g++) {
        const char *title = bench->group[g].title;

        chart = add(charts, &n, "rungs", g + 1, bench_draw_rungs, g);
        snprintf(
            chart->caption, sizeof chart->caption,
            "What each row costs: %s. The band is what this host cannot tell from none (A/A); grey "
            "squares are not distinguishable; in brackets another number of workers.",
            title);
        if (bench_longest_sum(bench, g) > 0) { /* false when the bench was interrupted */
            chart = add(charts, &n, "parts", g + 1, bench_draw_parts, g);
            snprintf(chart->caption, sizeof chart->caption, "Where a worker's time goes: %s.",
                     title);
        }
        if (has_laws(bench, g)) {
            chart = add(charts, &n, "speedup", g + 1, bench_draw_speedup, g);
            snprintf(chart->caption, sizeof chart->caption, "Speed-up over one worker alone: %s.",
                     title);
        }
        if (g == 0 || bench->row[bench->group[g].baseline].job == BENCH_FILE)
            add_runs(bench, g, charts, &n);
    }
    return n;
}
