/* SPDX-License-Identifier: MIT */
/* The host, line by line, for every output. */
#include <config.h>

#include "bench/bench_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

struct facts {
    struct bench_fact *fact;
    uint32_t n;
};

static void add(struct facts *facts, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(struct facts *facts, const char *name, const char *format, ...)
{
    struct bench_fact *fact = &facts->fact[facts->n++];
    va_list args;

    fact->name = name;
    va_start(args, format);
    vsnprintf(fact->text, sizeof fact->text, format, args);
    va_end(args);
}

static void add_clock(const struct bench_host *host, struct facts *facts)
{
    add(facts, "clock", "%s, steps of %.0f ns, a reading costs %.0f ns%s", host->clock_source,
        host->clock_step_ns, host->clock_cost_ns,
        host->clock_back ? "; it went BACKWARDS, the figures are worth nothing" : "");
    if (isfinite(host->steal))
        add(facts, "disturbance",
            "load average before: %s; the hypervisor took %.1f %% of the CPUs meanwhile",
            host->load, host->steal * 100);
    else
        add(facts, "disturbance", "load average before: %s", host->load);
}

uint32_t bench_facts(const struct bench *bench, struct bench_fact fact[FACTS_MAX])
{
    const struct bench_host *host = &bench->host;
    struct facts facts = {fact, 0};
    char text[160];

    add(&facts, "command", "%s", bench->command);
    add(&facts, "rounds", "%s", bench_stop_text(bench, text));
    add(&facts, "seed", "%" PRIu64, bench->wishes.seed);
    add(&facts, "CPU", "%s; %" PRIu32 " workers: %s", host->cpu, host->workers,
        host->workers_reason);
    add(&facts, "memory", "%.1f GiB", (double)host->memory_bytes / 1073741824);
    add(&facts, "kernel", "%s", host->kernel);
    add(&facts, "huge pages", "shmem_enabled: %s", host->shmem_enabled);
    add(&facts, "clock rate", "governor: %s", host->governor);
    add_clock(host, &facts);
    add(&facts, "telar", "%s, compiled by %s", telar_version(), host->compiler);
    if (bench->directory[0])
        add(&facts, "files", "in %.*s", (int)(sizeof "/dev/shm" - 1), bench->directory);
    if (bench->python.wanted)
        add(&facts, "python", "%s%s%s", bench->python.version,
            bench->python.why_not[0] ? " left out: " : "", bench->python.why_not);
    return facts.n;
}
