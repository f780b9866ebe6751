/* SPDX-License-Identifier: MIT */
/*
 * Speed-up, efficiency, the serial fraction of Karp and Flatt (1990), and the bound of Amdahl
 * (1967) from the share of the work that only one worker can do.
 */
#include <config.h>

#include "bench/bench.h"

#include <math.h>

static const struct bench_row *serial_of(const struct bench *bench, uint32_t group)
{
    for (uint32_t i = 0; i < bench->n_rows; i++)
        if (bench->row[i].group == group && !bench->row[i].left_out
            && bench->row[i].options.engine == TELAR_SERIAL)
            return &bench->row[i];
    return NULL;
}

/*
 * e = (1/S - 1/n) / (1 - 1/n): the serial share that alone would explain a speed-up S of n workers.
 */
static double karp_flatt(double speedup, uint32_t workers)
{
    return workers < 2 ? NAN : (1 / speedup - 1.0 / workers) / (1 - 1.0 / workers);
}

/*
 * Inflating a stream and writing the file are done in order. They are the serial share of a whole-
 * file job.
 */
static double serial_share(const struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        const struct bench_row *row = &bench->row[i];
        double all = 0;

        if (row->job != BENCH_FILE || row->options.engine != TELAR_SERIAL || row->examined == 0)
            continue;
        for (int step = 0; step < N_STEPS; step++)
            all += bench_step_median(row, (enum bench_step)step);
        return (bench_step_median(row, STEP_INFLATE) + bench_step_median(row, STEP_WRITE)) / all;
    }
    return NAN;
}

void bench_laws(struct bench *bench)
{
    bench->n_laws = 0;
    for (uint32_t i = 0; i < bench->n_rows && bench->rounds > 0; i++) {
        struct bench_row *row = &bench->row[i];
        const struct bench_row *serial = serial_of(bench, row->group);
        struct bench_law *law = &bench->law[bench->n_laws];

        if (row->left_out || row->again || !serial || row == serial)
            continue;
        law->row = i;
        law->serial = (uint32_t)(serial - bench->row);
        law->speedup = bench_ratio(bench, serial, row, 4000);
        law->efficiency = law->speedup.mid / row->options.workers;
        law->karp_flatt = karp_flatt(law->speedup.mid, row->options.workers);
        bench->n_laws++;
    }
    bench->amdahl_serial = serial_share(bench);
}
