/* SPDX-License-Identifier: MIT */
/*
 * bench_planted [BENCHES [ROUNDS]] - shows how often the bench finds a slowdown that exists. The
 * code of telar bench compares a transform with itself made 5 % slower, on one worker. This is
 * repeated BENCHES times, each with another seed. Prints a line for each bench, and the number of
 * slowdowns found. For tools/dev/bench-honesty, not a test of make check.
 */
#include <config.h>

#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 500, COLUMNS = 800 };

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct telar_transform plain, longer;

/* Does the work of plain, and then waits for 5 % of the time that the work took. */
static void process_longer(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_result *result)
{
    double begin = now_s(), end;

    plain.process(context, source, result);
    end = now_s() + (now_s() - begin) * 0.05;
    while (now_s() < end)
        ;
}

static telar_pipeline *pipeline_of(const struct telar_transform *transform)
{
    telar_pipeline *pipeline = telar_pipeline_new();

    if (!pipeline || telar_pipeline_add(pipeline, transform, NULL, NULL) != TELAR_OK)
        exit(TELAR_HOST);
    return pipeline;
}

static struct bench_row row_of(const char *name, const telar_pipeline *pipeline, bool again)
{
    struct bench_row row = {
        .pipeline = pipeline, .options = {.engine = TELAR_SERIAL, .workers = 1}, .again = again};

    snprintf(row.name, sizeof row.name, "%s", name);
    return row;
}

/* Three rows: the baseline, the baseline again, and the slower transform. */
static enum bench_verdict bench_once(struct bench *bench, uint64_t seed)
{
    for (int i = 0; i < 3; i++) {
        free(bench->row[i].sample);
        bench->row[i].sample = NULL;
    }
    bench->rounds = 0;
    bench->random.at = seed << 32;
    if (bench_warm_up(bench) != TELAR_OK)
        exit(TELAR_WORKER);
    bench_measure(bench);
    bench_summarize(bench);
    return bench_judge(bench, &bench->row[2]);
}

int main(int argc, char **argv)
{
    const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
    uint64_t benches = argc > 1 ? strtoull(argv[1], NULL, 10) : 20, found = 0;
    struct bench *bench = calloc(1, sizeof *bench);

    plain = *telar_transform_find("blur");
    longer = plain;
    longer.name = "longer";
    longer.process = process_longer;
    if (!bench || telar_image_new(&geometry, &bench->picture[0].image, NULL) != TELAR_OK)
        return TELAR_HOST;
    bench->wishes.rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 301;
    bench->row[0] = row_of("plain", pipeline_of(&plain), false);
    bench->row[1] = row_of("plain again", bench->row[0].pipeline, true);
    bench->row[2] = row_of("longer", pipeline_of(&longer), false);
    bench->n_rows = 3;
    bench->n_groups = 1;
    bench->group[0].again = 1;
    for (uint64_t i = 0; i < benches; i++) {
        enum bench_verdict verdict = bench_once(bench, i + 1);
        const struct stats_interval *ratio = &bench->row[2].ratio, *again = &bench->row[1].ratio;

        found += verdict == VERDICT_SLOWER;
        printf("%.3f (%.3f - %.3f), A/A %.3f (%.3f - %.3f): %s\n", ratio->mid, ratio->low,
               ratio->high, again->mid, again->low, again->high, bench_verdict_name(verdict));
        fflush(stdout);
    }
    printf("planted 5 %%: %llu of %llu found\n", (unsigned long long)found,
           (unsigned long long)benches);
    return 0;
}
