/* SPDX-License-Identifier: MIT */
/*
 * The experiment in Python (notebook.py). Each round starts one interpreter, which measures its own
 * loops; its start is not counted.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* notebook.py, made by the build into string literals. */
static const char script[] =
#include <bench/notebook_py.h>
    ;

/* The size of its picture. bench_plan() adds a group of telar's own rows for the same picture. */
enum { ROWS = 250, COLUMNS = 400 };

static void take_line(void *data, char *line)
{
    struct bench *bench = data;
    struct bench_python *python = &bench->python;
    double ms;
    int at;

    if (strncmp(line, "version ", 8) == 0)
        snprintf(python->version, sizeof python->version, "%s", line + 8);
    else if (strncmp(line, "numpy ", 6) == 0)
        snprintf(python->numpy, sizeof python->numpy, "%s", line + 6);
    else if (strncmp(line, "lock ", 5) == 0)
        snprintf(python->lock, sizeof python->lock, "%s", line + 5);
    else if (sscanf(line, "row %lf %n", &ms, &at) == 1)
        for (uint32_t i = 0; i < sizeof python->row / sizeof *python->row; i++) {
            struct bench_python_row *row = &python->row[i];

            if (i == python->n)
                snprintf(python->row[python->n++].name, sizeof row->name, "%s", line + at);
            if (strcmp(row->name, line + at) != 0)
                continue;
            if (row->n == python->rounds)
                row->ms[row->n++] = ms;
            break;
        }
}

static bool call(struct bench *bench, uint32_t seed)
{
    struct bench_python *python = &bench->python;
    const struct telar_geometry *g = telar_image_geometry(bench->picture[python->picture].image);
    char command[256];

    snprintf(command, sizeof command,
             "exec python3 /dev/fd/%d /dev/fd/%d %" PRIu32 " %zu %" PRIu32 " %" PRIu32,
             fileno(python->script), fileno(python->pixels), g->rows, telar_row_bytes(g),
             python->workers, seed);
    return bench_child(command, take_line, bench);
}

/* Writes script and pixels to files without a name, so that nothing can stay behind. */
static bool write_files(struct bench *bench, telar_image *image)
{
    const struct telar_geometry *g = telar_image_geometry(image);
    struct bench_python *python = &bench->python;

    python->script = tmpfile();
    python->pixels = tmpfile();
    if (!python->script || !python->pixels)
        return false;
    fputs(script, python->script);
    for (uint32_t row = 0; row < g->rows; row++)
        fwrite(telar_image_row(image, row), 1, telar_row_bytes(g), python->pixels);
    return fflush(python->script) == 0 && fflush(python->pixels) == 0;
}

/* The picture is the middle of the first one. It is small because Python is slow. */
void bench_python_begin(struct bench *bench)
{
    struct bench_python *python = &bench->python;
    const struct telar_geometry *whole = telar_image_geometry(bench->picture[0].image);
    uint32_t rows = whole->rows < ROWS ? whole->rows : ROWS;
    uint32_t columns = whole->columns < COLUMNS ? whole->columns : COLUMNS;
    telar_image *image = bench_picture_crop(bench->picture[0].image, rows, columns);

    python->wanted = true;
    python->workers = bench->wishes.n_workers ? bench->wishes.workers[0] : bench->host.workers;
    python->workers = python->workers < 2 ? 2 : python->workers; /* one is a row of its own */
    if (!image || bench->n_pictures == BENCH_LIST_MAX || !write_files(bench, image)) {
        telar_image_free(image);
        snprintf(python->why_not, sizeof python->why_not, "its files could not be made");
        say("left out: python: %s", python->why_not);
        return;
    }
    python->rows = rows;
    python->columns = columns;
    python->picture = bench->n_pictures;
    bench->picture[bench->n_pictures++].image = image;
    python->ran = call(bench, 0) && python->version[0];
    if (python->ran)
        return;
    snprintf(python->why_not, sizeof python->why_not,
             "there is no python3 on the PATH that can run the experiment");
    say("left out: python: %s", python->why_not);
}

/* A row that is missing, or has wrong pixels, ends the experiment: each round needs all rows. */
void bench_python_round(struct bench *bench)
{
    struct bench_python *python = &bench->python;
    bool good = call(bench, 1 + stats_below(&bench->random, 1000000)) && python->n > 0;

    for (uint32_t i = 0; i < python->n; i++)
        good = good && python->row[i].n == python->rounds + 1;
    if (good) {
        python->rounds++;
    } else if (!bench_interrupted) {
        python->ran = false;
        snprintf(python->why_not, sizeof python->why_not, "it failed in round %" PRIu32,
                 python->rounds + 1);
        say("python: %s", python->why_not);
    }
}

void bench_python_summarize(struct bench *bench)
{
    struct bench_python *python = &bench->python;
    const struct bench_python_row *one = NULL;
    double ratio[BENCH_ROUNDS_MAX];

    for (uint32_t i = 0; i < python->n; i++)
        if (strcmp(python->row[i].name, "python loop, 1 thread") == 0)
            one = &python->row[i];
    for (uint32_t i = 0; one && i < python->n; i++) {
        struct bench_python_row *row = &python->row[i];

        for (uint32_t round = 0; round < python->rounds; round++)
            ratio[round] = row->ms[round] / one->ms[round];
        row->ratio = stats_bootstrap(ratio, python->rounds, 2000, &bench->random);
    }
}

void bench_python_end(struct bench *bench)
{
    if (bench->python.script)
        fclose(bench->python.script);
    if (bench->python.pixels)
        fclose(bench->python.pixels);
}
