/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "bench/bench_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const bench_method[] = {
    "Each round runs every row once, in a random order. All rows of a round therefore meet the "
    "same state of the machine.",
    "In memory, the time of a row is that of its workers: from the start of the first until the "
    "last is joined. Copying the picture in and out is the same for all rows and not counted. PNG "
    "to PNG, the time is that of the whole job, from file to file.",
    "A ratio is taken to the baseline of the group in each round; the table shows the median. The "
    "interval is the middle 99 % of the medians of 4000 bootstrap resamples. MAD is the median "
    "distance from the median.",
    "The A/A row is the baseline once more; its interval is the resolution of the group. A row is "
    "not distinguishable if its ratio is not farther from 1 than that, or if its own interval "
    "holds 1. Outliers (beyond 5 MADs) are counted and kept.",
    "Before the rounds every row ran once, unmeasured, and all gave the same pixels. There are "
    "rounds until every interval is narrow enough or the time is spent.",
    "The parts of a worker's time come from runs of their own. There each task first touches its "
    "pages, which takes a little longer. The parts of one run add up to its time; medians of parts "
    "need not.",
    "Break-even sizes come from runs of their own on parts of the picture. Amdahl's share comes "
    "from the examined serial run.",
    NULL,
};

static char *next_cell(struct sheet *sheet, uint32_t *column)
{
    return sheet->cell[sheet->n_rows][(*column)++];
}

static void put_text(struct sheet *sheet, uint32_t *column, const char *text)
{
    snprintf(next_cell(sheet, column), SHEET_CELL_BYTES, "%s", text);
}

/* Puts three significant digits, or "-" for NaN. */
static void put_number(struct sheet *sheet, uint32_t *column, double number)
{
    char *cell = next_cell(sheet, column);

    if (!isfinite(number))
        snprintf(cell, SHEET_CELL_BYTES, "-");
    else
        snprintf(cell, SHEET_CELL_BYTES,
                 fabs(number) < 9.995   ? "%.2f"
                 : fabs(number) < 99.95 ? "%.1f"
                                        : "%.0f",
                 number);
}

static void put_small(struct sheet *sheet, uint32_t *column, double number)
{
    if (isfinite(number) && fabs(number) < 0.9995)
        snprintf(next_cell(sheet, column), SHEET_CELL_BYTES, "%.3f", number);
    else
        put_number(sheet, column, number);
}

static void put_interval(struct sheet *sheet, uint32_t *column,
                         const struct stats_interval *interval)
{
    char *cell = next_cell(sheet, column);

    if (isfinite(interval->low))
        snprintf(cell, SHEET_CELL_BYTES, "%.2f - %.2f", interval->low, interval->high);
    else
        snprintf(cell, SHEET_CELL_BYTES, "-");
}

static void begin_sheet(struct sheet *sheet, const char *title, const char *note,
                        const char *const *heads)
{
    memset(sheet, 0, sizeof *sheet);
    snprintf(sheet->title, sizeof sheet->title, "%s", title);
    snprintf(sheet->note, sizeof sheet->note, "%s", note);
    for (; heads[sheet->n_columns]; sheet->n_columns++)
        sheet->head[sheet->n_columns] = heads[sheet->n_columns];
    sheet->left[0] = true;
}

/* ---- times ---- */

static char mark(enum bench_outcome outcome, char letter)
{
    return outcome == OUTCOME_HELD ? letter : outcome == OUTCOME_FAILED ? '-' : '?';
}

static void put_holds(const struct bench *bench, struct sheet *sheet, uint32_t *column,
                      const struct bench_row *row)
{
    const struct bench_rung *rung = bench_rung_of(bench, row);

    if (rung)
        snprintf(next_cell(sheet, column), SHEET_CELL_BYTES, "%c%c%c",
                 mark(rung->crash.outcome, 'C'), mark(rung->stray.outcome, 'W'),
                 mark(rung->hostile.outcome, 'H'));
    else
        put_text(sheet, column, "");
}

static void make_times(const struct bench *bench, uint32_t group, struct sheet *sheet)
{
    static const char *const heads[] = {"row",     "ms",  "MAD", "ratio", "99 % interval",
                                        "verdict", "out", "CWH", NULL};
    char note[512], resolution[32] = "not known";

    if (isfinite(bench->group[group].resolution))
        snprintf(resolution, sizeof resolution, "+-%.1f %%",
                 (exp(bench->group[group].resolution) - 1) * 100);
    snprintf(note, sizeof note,
             "ms: median. ratio: to %s, median of the rounds. In brackets: another number of "
             "workers. Resolution here: %s. out: outliers. CWH, as tried on this host: C a crash "
             "is contained, W a stray write is caught, H hostile calls are stopped.",
             bench->row[bench->group[group].baseline].name, resolution);
    begin_sheet(sheet, bench->group[group].title, note, heads);
    sheet->left[5] = true;
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        uint32_t column = 0;

        if (row->group != group || row->left_out)
            continue;
        put_text(sheet, &column, row->name);
        put_small(sheet, &column, row->median);
        put_small(sheet, &column, row->mad);
        put_number(sheet, &column, row->ratio.mid);
        put_interval(sheet, &column, &row->ratio);
        put_text(sheet, &column, bench_verdict_name(bench_judge(bench, row)));
        snprintf(next_cell(sheet, &column), SHEET_CELL_BYTES, "%zu", row->outliers);
        put_holds(bench, sheet, &column, row);
        sheet->n_rows++;
    }
}

/* ---- where the time goes ---- */

static void put_cover(const struct bench_row *row, struct sheet *sheet, uint32_t *column)
{
    double least = INFINITY, most = 0;

    for (uint32_t i = 0; i < row->examined; i++) {
        least = fmin(least, row->anatomy[i].least_cover);
        most = fmax(most, row->anatomy[i].most_cover);
    }
    snprintf(next_cell(sheet, column), SHEET_CELL_BYTES, "%.1f - %.1f %%", least * 100, most * 100);
}

static double wall_median(const struct bench_row *row)
{
    double wall[BENCH_EXAMINED];

    for (uint32_t i = 0; i < row->examined; i++)
        wall[i] = row->anatomy[i].wall_ms - row->anatomy[i].setup_ms - row->anatomy[i].finish_ms;
    return stats_median(wall, row->examined);
}

static void make_parts(const struct bench *bench, uint32_t group, struct sheet *sheet)
{
    static const char *const heads[] = {"row",  "spawn", "map", "touch",      "compute",
                                        "wait", "join",  "all", "adds up to", NULL};
    char title[192];

    snprintf(title, sizeof title, "Where a worker's time goes, ms: %.100s",
             bench->group[group].title);
    begin_sheet(
        sheet, title,
        "Medians of the examined runs, averages over the workers. all: from the start of the "
        "first worker until the last is joined. adds up to: the sum of all parts over the "
        "time around the call, the least and the most of all workers and runs.",
        heads);
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        uint32_t column = 0;

        if (row->group != group || row->left_out || row->again || row->examined == 0)
            continue;
        put_text(sheet, &column, row->name);
        for (int part = 0; part < N_PARTS; part++)
            put_small(sheet, &column, bench_part_median(row, (enum bench_part)part));
        put_small(sheet, &column, wall_median(row));
        put_cover(row, sheet, &column);
        sheet->n_rows++;
    }
}

static void make_steps(const struct bench *bench, uint32_t group, struct sheet *sheet)
{
    static const char *const heads[] = {"row",    "inflate", "unfilter", "transform",
                                        "encode", "write",   "sum",      NULL};
    char title[192];

    snprintf(title, sizeof title, "What the work is, ms summed over all workers: %.100s",
             bench->group[group].title);
    begin_sheet(sheet, title,
                "Medians of the examined runs. Only one worker at a time inflates, and one writes.",
                heads);
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        uint32_t column = 0;
        double sum = 0;

        if (row->group != group || row->left_out || row->again || row->examined == 0)
            continue;
        put_text(sheet, &column, row->name);
        for (int step = 0; step < N_STEPS; step++) {
            put_small(sheet, &column, bench_step_median(row, (enum bench_step)step));
            sum += bench_step_median(row, (enum bench_step)step);
        }
        put_small(sheet, &column, sum);
        sheet->n_rows++;
    }
}

/* ---- what the kernel counts ---- */

enum counter { MINOR, MAJOR, VOLUNTARY, INVOLUNTARY, USER, SYSTEM, N_COUNTERS };

static double counter_median(const struct bench *bench, const struct bench_row *row,
                             enum counter counter)
{
    double of[BENCH_ROUNDS_MAX];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        const struct bench_sample *s = &row->sample[i];
        const double all[N_COUNTERS] = {(double)s->minor_faults,
                                        (double)s->major_faults,
                                        (double)s->voluntary,
                                        (double)s->involuntary,
                                        s->user_ms,
                                        s->system_ms};

        of[i] = all[counter];
    }
    return stats_median(of, bench->rounds);
}

static void make_counts(const struct bench *bench, uint32_t group, struct sheet *sheet)
{
    static const char *const heads[] = {"row",    "minor", "major", "vol.", "invol.", "user ms",
                                        "sys ms", "RSS",   "PSS",   "huge", NULL};
    char title[192];

    snprintf(title, sizeof title, "What the kernel counted: %.100s", bench->group[group].title);
    begin_sheet(
        sheet, title,
        "Medians of sums over the workers: page faults, context switches, CPU time. RSS and "
        "PSS: MiB of all processes together after the last task, with the bench's own copy "
        "of the picture. RSS counts a page of the segment once for each process that maps "
        "it; PSS counts it once. huge: MiB of the segment on huge pages.",
        heads);
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        uint32_t column = 0;

        if (row->group != group || row->left_out || row->again)
            continue;
        put_text(sheet, &column, row->name);
        for (int counter = MINOR; counter < N_COUNTERS; counter++)
            if (counter < USER)
                snprintf(next_cell(sheet, &column), SHEET_CELL_BYTES, "%.0f",
                         counter_median(bench, row, (enum counter)counter));
            else
                put_number(sheet, &column, counter_median(bench, row, (enum counter)counter));
        put_number(sheet, &column, row->rss_bytes ? (double)row->rss_bytes / 1048576 : NAN);
        put_number(sheet, &column, row->pss_bytes ? (double)row->pss_bytes / 1048576 : NAN);
        put_number(sheet, &column,
                   row->specimen ? (double)row->specimen->huge_bytes / 1048576 : NAN);
        sheet->n_rows++;
    }
}

/* ---- laws, rungs, Python ---- */

static void make_laws(const struct bench *bench, struct sheet *sheet)
{
    static const char *const heads[] = {"row",           "job",        "n",          "speed-up",
                                        "99 % interval", "efficiency", "Karp-Flatt", NULL};

    begin_sheet(sheet, "Speed-up over serial",
                "n: workers. efficiency: speed-up over n. Karp-Flatt: the serial share that would "
                "explain the speed-up. A share that grows with the workers is overhead, not serial "
                "work.",
                heads);
    sheet->left[1] = true;
    for (uint32_t i = 0; i < bench->n_laws; i++) {
        const struct bench_law *law = &bench->law[i];
        const struct bench_row *row = &bench->row[law->row];
        uint32_t column = 0;
        char job[48];

        snprintf(job, sizeof job, "%s%s", row->job == BENCH_FILE ? "PNG to PNG" : "in memory",
                 bench->python.ran && row->group == bench->python.group ? ", small" : "");
        put_text(sheet, &column, row->name);
        put_text(sheet, &column, job);
        snprintf(next_cell(sheet, &column), SHEET_CELL_BYTES, "%" PRIu32, row->options.workers);
        put_number(sheet, &column, law->speedup.mid);
        put_interval(sheet, &column, &law->speedup);
        put_number(sheet, &column, law->efficiency);
        put_number(sheet, &column, law->karp_flatt);
        sheet->n_rows++;
    }
}

static void make_evens(const struct bench *bench, struct sheet *sheet)
{
    static const char *const heads[] = {"row", "pixels", "from", "to", NULL};

    begin_sheet(sheet, "Break-even with serial",
                "Below `from` serial is faster, above `to` the row is.", heads);
    for (uint32_t i = 0; i < bench->n_evens; i++) {
        const struct stats_interval *pixels = &bench->even[i].pixels;
        uint32_t column = 0;

        put_text(sheet, &column, bench->row[bench->even[i].row].name);
        put_number(sheet, &column, pixels->mid);
        put_number(sheet, &column, pixels->low);
        put_number(sheet, &column, pixels->high);
        sheet->n_rows++;
    }
}

static void make_rungs(const struct bench *bench, struct sheet *sheet)
{
    static const char *const heads[] = {"trial", "what became of it", NULL};
    static const char *const trials[] = {"a crash", "a stray write", "hostile calls"};

    begin_sheet(sheet, "What isolation buys, as tried on this host in this run", "", heads);
    sheet->left[1] = true;
    for (uint32_t i = 0; i < bench->n_rungs; i++) {
        const struct bench_rung *rung = &bench->rung[i];
        const struct bench_trial *const results[] = {&rung->crash, &rung->stray, &rung->hostile};

        for (int trial = 0; trial < 3; trial++, sheet->n_rows++) {
            uint32_t column = 0;

            snprintf(next_cell(sheet, &column), SHEET_CELL_BYTES, "%s: %s",
                     rung->engine == TELAR_PROCESSES ? telar_isolation_name(rung->isolation)
                                                     : telar_engine_name(rung->engine),
                     trials[trial]);
            snprintf(next_cell(sheet, &column), SHEET_CELL_BYTES, "%s: %s",
                     bench_outcome_name(results[trial]->outcome), results[trial]->text);
        }
    }
}

static void make_python(const struct bench *bench, struct sheet *sheet)
{
    static const char *const heads[] = {"row", "median ms", "MAD", "ratio", "99 % interval", NULL};
    const struct bench_python *python = &bench->python;
    char title[192];

    snprintf(title, sizeof title,
             "The notebook in Python %.20s (lock %.60s; numpy %.20s), %" PRIu32 " x %" PRIu32,
             python->version, python->lock, python->numpy, python->rows, python->columns);
    begin_sheet(sheet, title,
                "Ratio to the loop in one thread. Telar's rows on the same picture stand above.",
                heads);
    for (uint32_t i = 0; i < python->n && python->rounds > 0; i++) {
        const struct bench_python_row *row = &python->row[i];
        uint32_t column = 0;

        put_text(sheet, &column, row->name);
        put_small(sheet, &column, stats_median(row->ms, python->rounds));
        put_small(sheet, &column, stats_mad(row->ms, python->rounds));
        put_small(sheet, &column, row->ratio.mid);
        put_interval(sheet, &column, &row->ratio);
        sheet->n_rows++;
    }
}

void bench_each_sheet(struct bench *bench, void (*show)(void *data, const struct sheet *sheet),
                      void *data)
{
    static struct sheet sheet;

    for (uint32_t g = 0; g < bench->n_groups && bench->rounds > 0; g++) {
        make_times(bench, g, &sheet);
        show(data, &sheet);
        make_parts(bench, g, &sheet);
        show(data, &sheet);
        if (bench->row[bench->group[g].baseline].job == BENCH_FILE) {
            make_steps(bench, g, &sheet);
            show(data, &sheet);
        }
        make_counts(bench, g, &sheet);
        show(data, &sheet);
    }
    make_python(bench, &sheet);
    show(data, &sheet);
    make_laws(bench, &sheet);
    show(data, &sheet);
    make_evens(bench, &sheet);
    show(data, &sheet);
    make_rungs(bench, &sheet);
    show(data, &sheet);
}
