/* SPDX-License-Identifier: MIT */
/*
 * The findings: sentences drawn from the samples of this run.
 */
#include <config.h>

#include "bench/bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static void find(struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void find(struct bench *bench, const char *format, ...)
{
    va_list args;

    if (bench->n_findings == BENCH_FINDINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(bench->finding[bench->n_findings++], sizeof bench->finding[0], format, args);
    va_end(args);
}

/* Returns the first row of a group with this engine and rung (0: any), or NULL. */
static const struct bench_row *row_of(const struct bench *bench, uint32_t group,
                                      telar_engine engine, telar_isolation isolation)
{
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];

        if (row->group == group && row->options.engine == engine && !row->left_out && !row->again
            && !row->kept
            && (engine == TELAR_SERIAL || row->options.workers == bench->wishes.workers[0])
            && (!isolation || row->options.isolation == isolation))
            return row;
    }
    return NULL;
}

static uint32_t group_like(const struct bench *bench, enum bench_job job, bool small_pages)
{
    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (bench->row[i].job == job && bench->row[i].small_pages == small_pages)
            return bench->row[i].group;
    return UINT32_MAX;
}

/* ---- engines and rungs ---- */

static void compare_row(struct bench *bench, const struct bench_row *row)
{
    const struct bench_row *to = &bench->row[row->baseline];
    const char *where = row->job == BENCH_FILE ? "From PNG to PNG" : "In memory";
    const char *pages = row->job == BENCH_FILE ? ""
                        : row->small_pages     ? ", 4 KiB pages"
                                               : ", huge pages";
    double percent = (exp(bench->group[row->group].resolution) - 1) * 100;

    if (bench_judge(bench, row) == VERDICT_SAME)
        find(bench,
             "%s%s: %s is not distinguishable from %s (ratio %.2f, interval %.2f to %.2f; "
             "resolution %.1f %%).",
             where, pages, row->name, to->name, row->ratio.mid, row->ratio.low, row->ratio.high,
             percent);
    else if (bench_judge(bench, row) != VERDICT_NONE)
        find(bench, "%s%s: %s took %.2f times the time of %s (interval %.2f to %.2f): %.2f ms %s.",
             where, pages, row->name, row->ratio.mid, to->name, row->ratio.low, row->ratio.high,
             fabs(row->median - to->median), row->ratio.mid < 1 ? "less" : "more");
}

static void compare_processes(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];

        if (row->options.engine == TELAR_PROCESSES && !row->left_out && !row->again
            && row->picture == 0 && row->options.workers == bench->wishes.workers[0]
            && row->baseline != i)
            compare_row(bench, row);
    }
}

/* Names the two parts in which a process spends most beyond a thread. */
static void explain_processes(struct bench *bench)
{
    uint32_t group = group_like(bench, BENCH_MEMORY, false);
    const struct bench_row *threads = row_of(bench, group, TELAR_THREADS, TELAR_ISOLATION_DEFAULT);
    const struct bench_row *processes = row_of(bench, group, TELAR_PROCESSES, TELAR_GUARDED);
    double more[N_PARTS];
    int first = 0, second = -1;

    if (!threads || !processes || !threads->examined || !processes->examined)
        return;
    for (int p = 0; p < N_PARTS; p++) {
        more[p] = bench_part_median(processes, (enum bench_part)p)
                  - bench_part_median(threads, (enum bench_part)p);
        if (more[p] > more[first])
            first = p;
    }
    for (int p = 0; p < N_PARTS; p++)
        if (p != first && (second < 0 || more[p] > more[second]))
            second = p;
    if (more[second] > 0)
        find(bench,
             "A guarded process spends more time than a thread mainly on %s (%.2f ms more) and %s "
             "(%.2f ms more).",
             bench_part_name((enum bench_part)first), more[first],
             bench_part_name((enum bench_part)second), more[second]);
}

/* ---- threads, locks, pages ---- */

static void compare_gil(struct bench *bench)
{
    uint32_t group = group_like(bench, BENCH_MEMORY, false);
    const struct bench_row *serial = row_of(bench, group, TELAR_SERIAL, TELAR_ISOLATION_DEFAULT);
    const struct bench_row *gil = row_of(bench, group, TELAR_GIL, TELAR_ISOLATION_DEFAULT);
    const struct bench_row *threads = row_of(bench, group, TELAR_THREADS, TELAR_ISOLATION_DEFAULT);
    struct stats_interval ratio;

    if (!gil || gil->options.workers < 2)
        return;
    if (serial) {
        ratio = bench_ratio(bench, gil, serial, 4000);
        find(bench,
             ratio.high < 0.9
                 ? "With one lock, %" PRIu32 " threads took %.2f times the time of one worker "
                   "(interval %.2f to %.2f)."
                 : "With one lock, %" PRIu32 " threads were no faster than one worker (%.2f times "
                   "its time, interval %.2f to %.2f).",
             gil->options.workers, ratio.mid, ratio.low, ratio.high);
    }
    if (threads) {
        ratio = bench_ratio(bench, gil, threads, 4000);
        find(bench,
             "Threads with one lock took %.2f times the time of threads without it (interval %.2f "
             "to %.2f).",
             ratio.mid, ratio.low, ratio.high);
    }
}

static void compare_pages(struct bench *bench)
{
    const struct bench_row *huge =
        row_of(bench, group_like(bench, BENCH_MEMORY, false), TELAR_THREADS, 0);
    const struct bench_row *small =
        row_of(bench, group_like(bench, BENCH_MEMORY, true), TELAR_THREADS, 0);
    struct stats_interval ratio;

    if (!huge || !small)
        return;
    ratio = bench_ratio(bench, small, huge, 4000);
    find(bench,
         "With 4 KiB pages, threads took %.2f times the time with huge pages (interval %.2f to "
         "%.2f).",
         ratio.mid, ratio.low, ratio.high);
}

/* ---- laws ---- */

/*
 * Amdahl's law assumes that the serial share is done first and the rest after it. The pipeline does
 * the rest meanwhile. Then only the serial share itself and the number of workers are bounds.
 */
static void tell_amdahl(struct bench *bench)
{
    double serial = bench->amdahl_serial, workers = bench->wishes.workers[0];

    if (!isfinite(serial) || workers < 2)
        return;
    find(
        bench,
        "Inflating and writing are %.0f %% of the whole-file job; only one worker at a time can do "
        "them. If the rest waited for them, %.0f workers could be at most %.2f times as fast "
        "(Amdahl's law). The rest is done meanwhile: at most %.2f times.",
        serial * 100, workers, 1 / (serial + (1 - serial) / workers), fmin(workers, 1 / serial));
}

static void tell_speedups(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_laws; i++) {
        const struct bench_law *law = &bench->law[i];
        const struct bench_row *row = &bench->row[law->row];

        if (row->options.workers < 2 || row->options.workers != bench->wishes.workers[0]
            || row->picture != 0 || row->options.engine == TELAR_GIL
            || row->options.isolation == TELAR_SHARED || row->small_pages || row->kept)
            continue;
        find(bench,
             "%s, %s: %" PRIu32
             " workers are %.2f times as fast as serial (interval %.2f to %.2f), efficiency "
             "%.2f.",
             row->job == BENCH_FILE ? "From PNG to PNG" : "In memory", row->name,
             row->options.workers, law->speedup.mid, law->speedup.low, law->speedup.high,
             law->efficiency);
    }
}

static void tell_even(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_evens; i++) {
        const struct bench_even *even = &bench->even[i];
        const char *name = bench->row[even->row].name;

        if (isfinite(even->pixels.mid))
            find(bench,
                 "%s: as fast as serial at about %.0f pixels (between %.0f and %.0f), a square of "
                 "%.0f x %.0f.",
                 name, even->pixels.mid, even->pixels.low, even->pixels.high,
                 sqrt(even->pixels.mid), sqrt(even->pixels.mid));
        else if (!bench_interrupted)
            find(bench,
                 "%s: no size was found, from 4 x 4 pixels to the whole picture, at which it is as "
                 "fast as serial.",
                 name);
    }
}

/* ---- isolation, Python ---- */

static void tell_rungs(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rungs; i++) {
        const struct bench_rung *rung = &bench->rung[i];

        if (rung->engine == TELAR_PROCESSES)
            find(
                bench,
                "Tried on this host, %s processes: a crash %s, a stray write %s, hostile calls %s.",
                telar_isolation_name(rung->isolation),
                rung->crash.outcome == OUTCOME_HELD ? "was contained" : "ended the program",
                rung->stray.outcome == OUTCOME_HELD ? "was caught" : "went unnoticed",
                rung->hostile.outcome == OUTCOME_HELD ? "were stopped" : "got through");
    }
}

static void tell_python(struct bench *bench)
{
    const struct bench_python *python = &bench->python;
    const struct bench_row *serial = row_of(bench, python->group, TELAR_SERIAL, 0);

    if (!python->ran || python->rounds == 0)
        return;
    find(bench, "Python %s has its interpreter lock %s.", python->version, python->lock);
    for (uint32_t i = 0; i < python->n; i++) {
        const struct bench_python_row *row = &python->row[i];
        double median = stats_median(row->ms, python->rounds);
        bool loop =
            strcmp(row->name, "python loop, 1 thread") == 0; /* what the others are compared with */

        if (!loop && isfinite(row->ratio.low))
            find(bench,
                 "%s took %.2f times the time of the loop in one thread (interval %.2f to %.2f).",
                 row->name, row->ratio.mid, row->ratio.low, row->ratio.high);
        else if (loop && serial)
            find(bench,
                 "One worker of telar did in %.3f ms what the loop in one Python thread did in "
                 "%.1f ms.",
                 serial->median, median);
    }
}

const char *bench_stop_text(const struct bench *bench, char text[160])
{
    static const char *const why[] = {"every interval is narrow enough", "the time was spent",
                                      "so many were asked for", "interrupted"};

    if (bench->rounds == 0)
        snprintf(text, 160, "0 rounds: %s, nothing was measured", why[bench->stop]);
    else if (!isfinite(bench->widest))
        snprintf(text, 160, "%" PRIu32 " of them, too few for intervals: %s", bench->rounds,
                 why[bench->stop]);
    else
        snprintf(text, 160, "%" PRIu32 " rounds in %.1f s: %s; the widest interval is +-%.1f %%",
                 bench->rounds, bench->spent_s, why[bench->stop], bench->widest * 100);
    return text;
}

void bench_conclude(struct bench *bench)
{
    bench->n_findings = 0;
    if (bench->rounds == 0)
        return;
    compare_processes(bench);
    explain_processes(bench);
    if (bench->rounds > 1) { /* one round gives no intervals */
        compare_gil(bench);
        compare_pages(bench);
        tell_speedups(bench);
    }
    tell_amdahl(bench);
    tell_even(bench);
    tell_rungs(bench);
    tell_python(bench);
}
