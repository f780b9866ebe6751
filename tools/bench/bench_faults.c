/* SPDX-License-Identifier: MIT */
/*
 * Tries what isolation buys. One transform crashes, one writes into another region, one opens files
 * and sockets and reads other memory. This program is started anew for each trial, because a rung
 * that fails ends the program.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A grey picture of two regions, each of which fills a page of 4 KiB. The first region lies in
 * front of the second.
 */
enum { SIDE = 64, LIMIT_S = 20 };

static const char *const trials[] = {"crash", "stray", "hostile", NULL};

/* ---- the transforms: each misbehaves in the second region, and copies ---- */

static void copy(const struct telar_source *source, const struct telar_result *result)
{
    for (uint32_t row = result->region.r0; row < result->region.r1; row++)
        memcpy(telar_result_at(result, 1, row, result->region.c0),
               telar_source_at(source, 1, row, result->region.c0),
               telar_region_columns(&result->region));
}

static void crash(const struct telar_context *context, const struct telar_source *source,
                  const struct telar_result *result)
{
    static volatile uintptr_t nowhere = 16;

    (void)context;
    if (result->region.r0 == SIDE)
        *(volatile unsigned char *)nowhere = 1;
    copy(source, result);
}

static void stray(const struct telar_context *context, const struct telar_source *source,
                  const struct telar_result *result)
{
    (void)context;
    copy(source, result);
    if (result->region.r0 == SIDE)
        ((volatile unsigned char *)result->data)[-1] ^= 0xff;
}

/*
 * Tries a file, the network, and the memory of the parent. The first pixel of the result says what
 * succeeded.
 */
static void hostile(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    unsigned char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)telar_version(), 1};
    unsigned char got = 0;

    (void)context;
    copy(source, result);
    if (result->region.r0 != SIDE)
        return;
    got |= open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 1 : 0;
    got |= socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 2 : 0;
    got |= process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1 ? 4 : 0;
    result->data[0] = got;
}

static const struct telar_transform transforms[] = {
    {.abi = TELAR_TRANSFORM_ABI,
     .struct_size = sizeof transforms[0],
     .name = "crash",
     .summary = "crashes",
     .manual = "",
     .process = crash},
    {.abi = TELAR_TRANSFORM_ABI,
     .struct_size = sizeof transforms[0],
     .name = "stray",
     .summary = "writes astray",
     .manual = "",
     .process = stray},
    {.abi = TELAR_TRANSFORM_ABI,
     .struct_size = sizeof transforms[0],
     .name = "hostile",
     .summary = "calls",
     .manual = "",
     .process = hostile},
};

/* ---- in the program that tries ---- */

static void tell(bool held, const char *text)
{
    printf("%s %s\n", held ? "held" : "failed", text);
}

/* Prints what became of the picture, which was all zeros. */
static void judge_picture(telar_image *result, int trial)
{
    unsigned char neighbour = telar_image_row(result, SIDE - 1)[SIDE - 1],
                  got = telar_image_row(result, SIDE)[0];
    char text[128];

    if (trial == 1) {
        tell(neighbour == 0, neighbour ? "a neighbour's pixel was changed, and nobody noticed"
                                       : "no pixel was changed");
    } else if (trial == 2) {
        snprintf(text, sizeof text, "it got%s%s%s%s", got & 1 ? " a file" : "",
                 got & 2 ? ", a socket" : "", got & 4 ? ", another process's memory" : "",
                 got ? "" : " nothing");
        tell(got == 0, text);
    } else {
        tell(true, "the work was done all the same");
    }
}

/* Makes the run of one trial. Threads are not asked to read other memory: they share it anyway. */
static void attempt(int trial, const struct telar_options *options)
{
    const struct telar_geometry geometry = {2 * SIDE, SIDE, 1, 8};
    struct telar_error error = {.text = "no memory"};
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_image *source = NULL, *result = NULL;

    if (pipeline && telar_image_new(&geometry, &source, &error) == TELAR_OK
        && telar_pipeline_add(pipeline, &transforms[trial], NULL, &error) == TELAR_OK) {
        if (telar_run(source, &result, pipeline, options, NULL, &error) == TELAR_OK)
            judge_picture(result, trial);
        else
            tell(error.status == TELAR_WORKER, error.text);
    }
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
}

/* `what` is "crash,4,2": a trial, an engine, an isolation. */
int bench_try(const char *what)
{
    char name[16];
    int engine, isolation;

    if (sscanf(what, "%15[a-z],%d,%d", name, &engine, &isolation) != 3)
        return TELAR_USAGE;
    alarm(LIMIT_S);
    for (int trial = 0; trials[trial]; trial++)
        if (strcmp(name, trials[trial]) == 0) {
            const struct telar_options options = {.engine = (telar_engine)engine,
                                                  .isolation = (telar_isolation)isolation,
                                                  .workers = 1,
                                                  .plan = {2, 1}};

            attempt(trial, &options);
        }
    return finish_output(TELAR_OK);
}

/* ---- in the bench ---- */

const char *bench_outcome_name(enum bench_outcome outcome)
{
    static const char *const names[] = {"not known", "held", "failed"};

    return names[outcome];
}

/* Takes one line of the answer. `data` is a struct bench_trial. */
static void take_answer(void *data, char *line)
{
    struct bench_trial *trial = data;

    if (strncmp(line, "held ", 5) == 0)
        trial->outcome = OUTCOME_HELD;
    else if (strncmp(line, "failed ", 7) == 0)
        trial->outcome = OUTCOME_FAILED;
    else
        return;
    snprintf(trial->text, sizeof trial->text, "%s", strchr(line, ' ') + 1);
}

/* Starts a program for one trial. A program that does not answer has ended by the trial. */
static void try_one(const char *name, const struct bench_rung *rung, struct bench_trial *trial)
{
    char self[PATH_MAX], quoted[PATH_MAX + 64], command[PATH_MAX + 160];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    bool tried = false;

    *trial = (struct bench_trial){OUTCOME_FAILED, "the program ended with it"};
    self[n > 0 ? n : 0] = '\0';
    if (n > 0 && bench_quote(quoted, sizeof quoted, self)) {
        snprintf(command, sizeof command, "exec %s bench --trial=%s,%d,%d", quoted, name,
                 (int)rung->engine, (int)rung->isolation);
        tried = bench_child(command, take_answer, trial);
    }
    if (!tried)
        trial->outcome = OUTCOME_UNKNOWN;
}

static bool same_rung(const struct bench_rung *rung, const struct bench_row *row)
{
    return rung->engine == row->options.engine && rung->isolation == row->options.isolation;
}

const struct bench_rung *bench_rung_of(const struct bench *bench, const struct bench_row *row)
{
    for (uint32_t i = 0; i < bench->n_rungs; i++)
        if (same_rung(&bench->rung[i], row))
            return &bench->rung[i];
    return NULL;
}

void bench_faults(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->n_rows && bench->n_rungs < BENCH_RUNGS_MAX; i++) {
        const struct bench_row *row = &bench->row[i];
        struct bench_rung *rung = &bench->rung[bench->n_rungs];

        if (row->left_out || bench_rung_of(bench, row))
            continue;
        rung->engine = row->options.engine;
        rung->isolation = row->options.isolation;
        try_one("crash", rung, &rung->crash);
        try_one("stray", rung, &rung->stray);
        try_one("hostile", rung, &rung->hostile);
        if (bench_interrupted)
            return;
        bench->n_rungs++;
    }
}
