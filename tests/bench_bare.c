/*
 * bench_bare [ROUNDS] - what making and joining a worker costs when nothing else is done: fork, _exit,
 * waitpid; and pthread_create, pthread_join. Prints the medians, in microseconds, of the whole, and its parts
 * as telar bench has them: spawn, from the call to the first instruction of the worker's own; join, from its
 * last one to its being joined. What the bench is compared with in tools/bench-honesty; no test of make
 * check.
 */
#include <config.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 10000 };

/* Written by the worker: when it began, which is also when it ended, for it does nothing. */
static volatile double *stamp;

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void *body(void *data)
{
    *stamp = now_us();
    return data;
}

static double one_thread(double *spawn)
{
    double begin = now_us(), end;
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, NULL) != 0)
        exit(4);
    pthread_join(thread, NULL);
    end = now_us();
    *spawn = *stamp - begin;
    return end - begin;
}

static double one_process(double *spawn)
{
    double begin = now_us(), end;
    pid_t child = fork();

    if (child == 0) {
        body(NULL);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child)
        exit(4);
    end = now_us();
    *spawn = *stamp - begin;
    return end - begin;
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

static void measure(const char *name, double (*one)(double *spawn), size_t rounds)
{
    static double all[ROUNDS_MAX], spawn[ROUNDS_MAX], join[ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        all[i] = one(&spawn[i]);
        join[i] = all[i] - spawn[i];
    }
    printf("%s all %.1f spawn %.1f join %.1f\n", name, median(all, rounds), median(spawn, rounds),
           median(join, rounds));
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;

    stamp = mmap(NULL, sizeof *stamp, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds < 1 || rounds > ROUNDS_MAX || stamp == MAP_FAILED)
        return 2;
    measure("threads", one_thread, rounds);
    measure("processes", one_process, rounds);
    return 0;
}
