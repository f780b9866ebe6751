/* SPDX-License-Identifier: MIT */
/*
 * bench_bare [ROUNDS] - shows that telar's times for spawning and joining a worker contain nothing
 * else. Each round runs four things in random order: a bare pthread_create and pthread_join; a run
 * on threads with one worker and one pixel; a bare fork, _exit and waitpid; a run on processes. All
 * share one process, so caches, address space and page tables are the same. Spawn is the time from
 * the call to the worker's first instruction. Join is the time from the worker's last instruction
 * to the end of the join. Prints medians in microseconds. A tool for tools/dev/bench-honesty, not a
 * test.
 */
#include <config.h>

#include "bench/bench_stats.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <telar/telar.h>

enum { ROUNDS_MAX = 10000 };

enum kind { BARE_THREAD, TELAR_THREAD, BARE_PROCESS, TELAR_PROCESS, KINDS };

struct sample {
    double spawn, join;
};

static telar_image *image;
static telar_pipeline *pipeline;

/*
 * The bare worker writes its start time here. The worker does nothing, so this is its end time too.
 */
static volatile double *stamp;

/* How long telar's last run took before it made its worker, by engine. */
static double prepared_us[2];

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/*
 * A run prepares itself before it makes a worker. The bare program therefore waits as long. The
 * time since the process last slept, and since another CPU last worked for it, is then the same for
 * both.
 */
static void prepare(double us)
{
    double end = now_us() + us;

    while (now_us() < end)
        ;
}

static void *body(void *data)
{
    *stamp = now_us();
    return data;
}

static struct sample bare_thread(void)
{
    double begin;
    pthread_t thread;

    prepare(prepared_us[0]);
    begin = now_us();
    if (pthread_create(&thread, NULL, body, NULL) != 0 || pthread_join(thread, NULL) != 0)
        exit(4);
    return (struct sample){*stamp - begin, now_us() - *stamp};
}

static struct sample bare_process(void)
{
    double begin;
    pid_t child;

    prepare(prepared_us[1]);
    begin = now_us();
    child = fork();
    if (child == 0) {
        body(NULL);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child)
        exit(4);
    return (struct sample){*stamp - begin, now_us() - *stamp};
}

/* Takes the same times from the report as telar bench does. */
static struct sample of_telar(telar_engine engine)
{
    const struct telar_options options = {
        .engine = engine, .workers = 1, .isolation = TELAR_SHARED};
    struct sample sample;
    telar_image *result;
    telar_report *report;

    if (telar_run(image, &result, pipeline, &options, &report, NULL) != TELAR_OK)
        exit(4);
    sample.spawn = (double)(report->worker[0].born_ns - report->worker[0].spawn_ns) / 1e3;
    prepared_us[engine == TELAR_PROCESSES] = (double)report->worker[0].spawn_ns / 1e3;
    sample.join = (double)(report->worker[0].end_ns - report->worker[0].left_ns) / 1e3;
    telar_report_free(report);
    telar_image_free(result);
    return sample;
}

static struct sample one(enum kind kind)
{
    switch (kind) {
    case BARE_THREAD:
        return bare_thread();
    case TELAR_THREAD:
        return of_telar(TELAR_THREADS);
    case BARE_PROCESS:
        return bare_process();
    default:
        return of_telar(TELAR_PROCESSES);
    }
}

/* The order is random, because the time to make a worker depends on the previous action. In a fixed
 * order each kind would always have the same predecessor. */
static void one_round(struct sample samples[KINDS][ROUNDS_MAX], size_t i)
{
    static struct stats_random random;
    size_t order[KINDS];

    for (size_t kind = 0; kind < KINDS; kind++)
        order[kind] = kind;
    stats_shuffle(&random, order, KINDS);
    for (size_t turn = 0; turn < KINDS; turn++)
        samples[order[turn]][i] = one((enum kind)order[turn]);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

static double tell(const char *name, const struct sample *samples, size_t n)
{
    static double all[ROUNDS_MAX], spawn[ROUNDS_MAX], join[ROUNDS_MAX];
    double whole;

    for (size_t i = 0; i < n; i++) {
        spawn[i] = samples[i].spawn;
        join[i] = samples[i].join;
        all[i] = spawn[i] + join[i];
    }
    whole = median(all, n);
    printf("%-18s spawn %6.1f  join %6.1f  both %6.1f us\n", name, median(spawn, n),
           median(join, n), whole);
    return whole;
}

int main(int argc, char **argv)
{
    static struct sample samples[KINDS][ROUNDS_MAX];
    static const struct telar_geometry geometry = {1, 1, 1, 8};
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
    double threads, processes;

    stamp = mmap(NULL, sizeof *stamp, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds < 1 || rounds > ROUNDS_MAX || stamp == MAP_FAILED
        || !(pipeline = telar_pipeline_new())
        || telar_image_new(&geometry, &image, NULL) != TELAR_OK
        || telar_pipeline_parse(pipeline, "copy", NULL) != TELAR_OK)
        return 2;
    for (size_t i = 0; i < rounds; i++)
        one_round(samples, i);
    threads = tell("bare thread", samples[BARE_THREAD], rounds);
    threads = tell("telar's thread", samples[TELAR_THREAD], rounds) / threads;
    processes = tell("bare process", samples[BARE_PROCESS], rounds);
    processes = tell("telar's process", samples[TELAR_PROCESS], rounds) / processes;
    printf("telar / bare: threads %.2f, processes %.2f\n", threads, processes);
    return 0;
}
