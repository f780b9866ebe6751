/* SPDX-License-Identifier: MIT */
/*
 * Charts of what the rows cost: the speed-up curve, the rungs with their intervals, the parts of a
 * worker's time.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "bench/svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { NAMES_WIDTH = 144, RIGHT = 14, ROW = 24 };

static bool shown(const struct bench_row *row, uint32_t group)
{
    return row->group == group && !row->left_out;
}

/* The name of a row beside a chart: "processes, guarded (1)" is too long there. */
static const char *short_name(const struct bench_row *row, char text[64])
{
    const char *name = row->name;

    if (strncmp(name, "processes, ", 11) == 0)
        name += 11;
    snprintf(text, 64, "%s", name);
    return text;
}

static void put_name(FILE *out, const struct bench_row *row, double y)
{
    char text[64];

    svg_text(out, NAMES_WIDTH - 8, y, SVG_END, short_name(row, text));
}

/* ---- the cost of each rung ---- */

/* Returns half the width of the band as a factor; 1 when too few rounds leave it unknown. */
static double band_of(const struct bench *bench, uint32_t group)
{
    return isfinite(bench->group[group].resolution) ? exp(bench->group[group].resolution) : 1;
}

/* Widens the limits to hold an interval. fmin and fmax ignore NaN. */
static void take_in(const struct stats_interval *interval, double *low, double *high)
{
    *low = fmin(*low, fmin(interval->low, interval->mid));
    *high = fmax(*high, fmax(interval->high, interval->mid));
}

/* Finds the limits of the axis: all intervals and the band. Ratios need no zero on the axis. */
static struct svg_axis ratio_axis(const struct bench *bench, uint32_t group)
{
    double high = band_of(bench, group), low = 1 / high, room;

    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (shown(&bench->row[i], group))
            take_in(&bench->row[i].ratio, &low, &high);
    room = fmax(0.05 * (high - low), 0.01); /* a baseline alone is one point */
    return (struct svg_axis){low - room, high + room, NAMES_WIDTH, SVG_WIDTH - NAMES_WIDTH - RIGHT};
}

static void draw_ratio(FILE *out, const struct bench *bench, const struct svg_axis *axis,
                       const struct bench_row *row, double y)
{
    enum bench_verdict verdict = bench_judge(bench, row);
    unsigned paint = verdict == VERDICT_SLOWER   ? SVG_COLOR + 3
                     : verdict == VERDICT_FASTER ? SVG_COLOR + 2
                     : verdict == VERDICT_SAME   ? SVG_COLOR + 6
                                                 : SVG_COLOR;
    double low = svg_place(axis, row->ratio.low), high = svg_place(axis, row->ratio.high);

    put_name(out, row, y + 4);
    if (isfinite(row->ratio.low)) {
        svg_line(out, low, y, high, y, paint, 2.5, false);
        svg_line(out, low, y - 4, low, y + 4, paint, 1.5, false);
        svg_line(out, high, y - 4, high, y + 4, paint, 1.5, false);
    }
    svg_dot(out, svg_place(axis, row->ratio.mid), y, paint, verdict == VERDICT_SAME ? 1 : 0);
}

void bench_draw_rungs(const struct bench *bench, uint32_t group, FILE *out, bool within)
{
    double resolution = band_of(bench, group), y = 26, bottom;
    struct svg_axis axis = ratio_axis(bench, group);
    char name[160];

    for (uint32_t i = 0; i < bench->n_rows; i++)
        y += shown(&bench->row[i], group) ? ROW : 0;
    bottom = y - 6;
    svg_begin(out, bottom + 44, "Time of each row over that of the baseline", within);
    svg_rect(out, svg_place(&axis, 1 / resolution), 8,
             svg_place(&axis, resolution) - svg_place(&axis, 1 / resolution), bottom - 8, SVG_BAND,
             1);
    snprintf(name, sizeof name, "time over that of %s, with 99 %% interval",
             bench->row[bench->group[group].baseline].name);
    svg_grid_x(out, &axis, 8, bottom, name);
    svg_line(out, svg_place(&axis, 1), 8, svg_place(&axis, 1), bottom, SVG_INK, 1, true);
    y = 26;
    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (shown(&bench->row[i], group)) {
            draw_ratio(out, bench, &axis, &bench->row[i], y);
            y += ROW;
        }
    svg_end(out);
}

/* ---- the parts of a worker's time ---- */

double bench_longest_sum(const struct bench *bench, uint32_t group)
{
    double longest = 0;

    for (uint32_t i = 0; i < bench->n_rows; i++) {
        double sum = 0;

        for (int part = 0; part < N_PARTS && shown(&bench->row[i], group) && bench->row[i].examined;
             part++)
            sum += bench_part_median(&bench->row[i], (enum bench_part)part);
        longest = fmax(longest, sum);
    }
    return longest;
}

/* Waiting is grey, because it is no work. */
static unsigned part_paint(int part)
{
    static const unsigned paint[N_PARTS] = {SVG_COLOR + 1, SVG_COLOR + 4, SVG_COLOR + 3,
                                            SVG_COLOR + 0, SVG_FAINT,     SVG_COLOR + 2};

    return paint[part];
}

static double draw_legend(FILE *out, double y)
{
    double x = 10;

    for (int part = 0; part < N_PARTS; part++) {
        const char *name = bench_part_name((enum bench_part)part);

        svg_rect(out, x, y - 10, 11, 11, part_paint(part), 1);
        svg_text(out, x + 15, y, SVG_START, name);
        x += 27 + svg_text_width(name);
    }
    return y + 10;
}

void bench_draw_parts(const struct bench *bench, uint32_t group, FILE *out, bool within)
{
    struct svg_axis axis = {0, bench_longest_sum(bench, group) * 1.02, NAMES_WIDTH,
                            SVG_WIDTH - NAMES_WIDTH - RIGHT};
    double y = 34, bottom;

    for (uint32_t i = 0; i < bench->n_rows; i++)
        y += shown(&bench->row[i], group) && bench->row[i].examined && !bench->row[i].again ? ROW
                                                                                            : 0;
    bottom = y + 4;
    svg_begin(out, bottom + 44, "Where a worker's time goes", within);
    y = draw_legend(out, 20) + 4;
    svg_grid_x(out, &axis, y, bottom, "ms of a worker, on average over all workers");
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        double x = axis.at;

        if (!shown(row, group) || !row->examined || row->again)
            continue;
        put_name(out, row, y + 17);
        for (int part = 0; part < N_PARTS; part++) {
            double width =
                svg_place(&axis, bench_part_median(row, (enum bench_part)part)) - axis.at;

            svg_rect(out, x, y + 4, width, ROW - 8, part_paint(part), 1);
            x += width;
        }
        y += ROW;
    }
    svg_end(out);
}

/* ---- speed-up ---- */

enum { SPEEDUP_HEIGHT = 300, TOP = 16, BOTTOM = 246, LEFT = 52, LABELS = 118 };

struct series {
    const char *name;
    telar_engine engine;
    telar_isolation isolation;
    unsigned paint;
    double label_y;
};

static const struct bench_law *law_of(const struct bench *bench, uint32_t group,
                                      const struct series *series, uint32_t workers)
{
    for (uint32_t i = 0; i < bench->n_laws; i++) {
        const struct bench_row *row = &bench->row[bench->law[i].row];

        if (row->group == group && !row->kept && row->options.engine == series->engine
            && (!series->isolation || row->options.isolation == series->isolation)
            && row->options.workers == workers)
            return &bench->law[i];
    }
    return NULL;
}

static void draw_point(FILE *out, const struct svg_axis *x, const struct svg_axis *y,
                       double workers, const struct stats_interval *speedup, unsigned paint,
                       int shape)
{
    double at = svg_place(x, workers)
                + (shape - 1) * 5.0; /* beside one another, so that intervals can be told apart */
    double low = svg_place(y, speedup->low), high = svg_place(y, speedup->high);

    if (isfinite(speedup->low)) {
        svg_line(out, at, low, at, high, paint, 2, false);
        svg_line(out, at - 3, low, at + 3, low, paint, 1.5, false);
        svg_line(out, at - 3, high, at + 3, high, paint, 1.5, false);
    }
    svg_dot(out, at, svg_place(y, speedup->mid), paint, shape);
}

/*
 * Draws the line of one engine. Its name stands at the end, below the one before if the two would
 * overlap.
 */
static void draw_series(const struct bench *bench, uint32_t group, FILE *out,
                        const struct svg_axis *x, const struct svg_axis *y, struct series *series,
                        int shape, double *taken_y)
{
    double before_x = NAN, before_y = NAN;

    for (uint32_t workers = 1; workers <= (uint32_t)x->high; workers++) {
        const struct bench_law *law = law_of(bench, group, series, workers);
        double at, to;

        if (!law)
            continue;
        at = svg_place(x, workers) + (shape - 1) * 5.0;
        to = svg_place(y, law->speedup.mid);
        if (isfinite(before_x))
            svg_line(out, before_x, before_y, at, to, series->paint, 1.75, false);
        draw_point(out, x, y, workers, &law->speedup, series->paint, shape);
        before_x = at;
        before_y = to;
    }
    if (!isfinite(before_y))
        return;
    for (int i = 0; i < 3; i++)
        if (fabs(before_y - taken_y[i]) < 17)
            before_y = taken_y[i] + 17;
    taken_y[shape] = before_y;
    svg_dot(out, SVG_WIDTH - LABELS + 22, before_y, series->paint, shape);
    svg_text(out, SVG_WIDTH - LABELS + 32, before_y + 4, SVG_START, series->name);
}

static void draw_frame(FILE *out, const struct svg_axis *x, const struct svg_axis *y)
{
    double step = svg_step(y->high, 5), worker_step = fmax(1, svg_step(x->high, 6));
    char text[32];

    for (double value = 0; value <= y->high; value += step) {
        snprintf(text, sizeof text, "%.3g", value);
        svg_line(out, x->at, svg_place(y, value), x->at + x->length, svg_place(y, value), SVG_FAINT,
                 0.75, false);
        svg_text(out, x->at - 7, svg_place(y, value) + 4, SVG_END, text);
    }
    for (double workers = 1; workers <= x->high; workers += worker_step) {
        snprintf(text, sizeof text, "%.0f", workers);
        svg_text(out, svg_place(x, workers), BOTTOM + 17, SVG_MIDDLE, text);
    }
    svg_line(out, x->at, BOTTOM, x->at + x->length, BOTTOM, SVG_INK, 1, false);
    svg_text(out, x->at + x->length / 2, BOTTOM + 38, SVG_MIDDLE, "workers");
    svg_text_up(out, 15, (TOP + BOTTOM) / 2.0, "speed-up over serial (times)");
}

/* Finds the most workers and the highest speed-up in the laws of a group. */
static void find_limits(const struct bench *bench, uint32_t group, double *workers, double *speedup)
{
    double slowest = 1;

    *workers = 1;
    *speedup = 1;
    for (uint32_t i = 0; i < bench->n_laws; i++)
        if (bench->row[bench->law[i].row].group == group) {
            *workers = fmax(*workers, bench->row[bench->law[i].row].options.workers);
            take_in(&bench->law[i].speedup, &slowest, speedup);
        }
    *speedup = fmax(*speedup, fmin(*workers, *speedup * 1.6));
}

void bench_draw_speedup(const struct bench *bench, uint32_t group, FILE *out, bool within)
{
    struct series series[] = {{"threads", TELAR_THREADS, TELAR_ISOLATION_DEFAULT, SVG_COLOR + 0, 0},
                              {"guarded", TELAR_PROCESSES, TELAR_GUARDED, SVG_COLOR + 3, 0},
                              {"gil", TELAR_GIL, TELAR_ISOLATION_DEFAULT, SVG_COLOR + 2, 0}};
    double workers, speedup, taken_y[3] = {-99, -99, -99}, ideal;
    struct svg_axis x, y;

    find_limits(bench, group, &workers, &speedup);
    x = (struct svg_axis){1 - 0.08 * workers, workers + 0.08 * workers, LEFT,
                          SVG_WIDTH - LEFT - LABELS};
    y = (struct svg_axis){0, speedup * 1.06, BOTTOM, TOP - BOTTOM};
    ideal = fmin(workers, speedup * 1.06);
    svg_begin(out, SPEEDUP_HEIGHT, "Speed-up over serial by the number of workers", within);
    draw_frame(out, &x, &y);
    svg_line(out, svg_place(&x, 1), svg_place(&y, 1), svg_place(&x, ideal), svg_place(&y, ideal),
             SVG_INK, 1, true);
    svg_text(out, SVG_WIDTH - LABELS + 16, TOP + 8, SVG_START, "dashed: ideal");
    for (int i = 0; i < 3; i++)
        draw_series(bench, group, out, &x, &y, &series[i], i, taken_y);
    svg_end(out);
}
