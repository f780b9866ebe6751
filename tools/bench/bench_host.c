/* SPDX-License-Identifier: MIT */
/*
 * Describes the host, and checks its clock.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/host.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#ifdef __clang__
static const char compiler_name[] = "clang";
#else
static const char compiler_name[] = "gcc";
#endif

enum { CLOCK_READINGS = 100000 };

static void read_line(const char *path, char *line, size_t size)
{
    if (!read_first_line(path, line, size))
        snprintf(line, size, "not known");
}

static void read_value(const char *path, const char *key, char *value, size_t size)
{
    if (!read_keyed_line(path, key, value, size))
        snprintf(value, size, "not known");
}

static struct bench_ticks read_ticks(void)
{
    uint64_t t[8] = {0};
    struct bench_ticks ticks = {0};
    FILE *file = fopen("/proc/stat", "re");

    if (file
        && fscanf(file,
                  "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                  " %" SCNu64 " %" SCNu64,
                  &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7])
               == 8) {
        for (int i = 0; i < 8; i++)
            ticks.all += t[i];
        ticks.stolen = t[7];
    }
    if (file)
        fclose(file);
    return ticks;
}

/* Measures the steps of the clock and the cost of a reading, and notices a clock that goes back. */
static void check_clock(struct bench_host *host)
{
    double begin_ms = now_ms(), before_ms = begin_ms;

    host->clock_step_ns = INFINITY;
    for (int i = 0; i < CLOCK_READINGS; i++) {
        double at_ms = now_ms();

        if (at_ms < before_ms)
            host->clock_back = true;
        if (at_ms > before_ms)
            host->clock_step_ns = fmin(host->clock_step_ns, (at_ms - before_ms) * 1e6);
        before_ms = at_ms;
    }
    host->clock_cost_ns = (before_ms - begin_ms) * 1e6 / CLOCK_READINGS;
}

void bench_host_begin(struct bench_host *host)
{
    struct utsname name;
    char value[64];

    if (uname(&name) == 0)
        snprintf(host->kernel, sizeof host->kernel, "%.32s %.80s %.32s", name.sysname, name.release,
                 name.machine);
    read_value("/proc/cpuinfo", "model name", host->cpu, sizeof host->cpu);
    read_value("/proc/meminfo", "MemTotal", value, sizeof value);
    if (sscanf(value, "%" SCNu64, &host->memory_bytes) == 1)
        host->memory_bytes *= 1024;
    read_line("/proc/loadavg", host->load, sizeof host->load);
    read_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", host->shmem_enabled,
              sizeof host->shmem_enabled);
    read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
              host->clock_source, sizeof host->clock_source);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", host->governor,
              sizeof host->governor);
    snprintf(host->compiler, sizeof host->compiler, "%s %.80s", compiler_name, __VERSION__);
    host->workers = telar_host_workers(host->workers_reason);
    host->steal = NAN;
    check_clock(host);
    host->ticks = read_ticks();
}

void bench_host_end(struct bench_host *host)
{
    struct bench_ticks now = read_ticks();

    if (now.all > host->ticks.all)
        host->steal =
            (double)(now.stolen - host->ticks.stolen) / (double)(now.all - host->ticks.all);
}
