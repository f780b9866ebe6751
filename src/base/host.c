/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/host.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <telar/engine.h>
#include <time.h>
#include <unistd.h>

uint64_t tl_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static FILE *open_below(const char *root, const char *path)
{
    char whole[PATH_MAX];

    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole)
        return NULL;
    return fopen(whole, "re");
}

/* Reads a file's first line. False when there is none. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool got = file && fgets(line, (int)size, file);

    if (file)
        fclose(file);
    return got;
}

/* ---- control groups ---- */

/*
 * The directories in which a limit on this process may stand, from its own group up to the root:
 * "controller" names the v1 hierarchy; NULL means v2. Calls visit for each until it returns false.
 */
typedef bool visitor(const char *directory, void *data);

/* Whether a list such as "cpu,cpuacct" has a name. */
static bool lists(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return true;
    return false;
}

/* The group of this process, from a line such as "4:cpu,cpuacct:/user.slice" or, for v2,
 * "0::/user.slice". */
static bool own_group(const char *root, const char *controller, char *path, size_t size)
{
    FILE *file = open_below(root, "/proc/self/cgroup");
    char line[PATH_MAX];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;

        if (!group)
            continue;
        *group++ = 0;
        group[strcspn(group, "\n")] = 0;
        found = controller ? lists(names + 1, controller) : names[1] == 0;
        snprintf(path, size, "%s", group);
    }
    if (file)
        fclose(file);
    return found;
}

static void visit_groups(const char *root, const char *controller, visitor *visit, void *data)
{
    char group[PATH_MAX], directory[2 * PATH_MAX + 64];
    char *slash;

    if (!own_group(root, controller, group, sizeof group))
        return;
    for (;;) {
        snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s%s", root, controller ? "/" : "",
                 controller ? controller : "", strcmp(group, "/") == 0 ? "" : group);
        if (!visit(directory, data))
            return;
        slash = strrchr(group, '/');
        if (!slash || group[0] == 0 || strcmp(group, "/") == 0)
            return;
        *slash = 0; /* "/a/b" -> "/a" -> "": the root of the hierarchy comes last */
    }
}

static bool read_number(const char *directory, const char *file, uint64_t *number)
{
    char path[2 * PATH_MAX + 128], line[64];

    snprintf(path, sizeof path, "%s/%s", directory, file);
    return read_line(path, line, sizeof line) && sscanf(line, "%" SCNu64, number) == 1;
}

/* ---- processors ---- */

struct quota {
    uint32_t cpus; /* UINT32_MAX: no limit found */
    const char *where;
};

static void note_quota(struct quota *quota, int64_t used_us, int64_t period_us, const char *where)
{
    uint64_t cpus;

    if (used_us <= 0 || period_us <= 0)
        return;
    cpus = ((uint64_t)used_us + (uint64_t)period_us - 1) / (uint64_t)period_us;
    if (cpus < quota->cpus)
        *quota = (struct quota){(uint32_t)cpus, where};
}

static bool visit_cpu_v2(const char *directory, void *data)
{
    char path[2 * PATH_MAX + 128], line[64];
    int64_t used_us, period_us;

    snprintf(path, sizeof path, "%s/cpu.max", directory);
    if (read_line(path, line, sizeof line)
        && sscanf(line, "%" SCNd64 " %" SCNd64, &used_us, &period_us) == 2)
        note_quota(data, used_us, period_us, "cpu.max of cgroup v2");
    return true;
}

static bool visit_cpu_v1(const char *directory, void *data)
{
    uint64_t used_us, period_us;

    if (read_number(directory, "cpu.cfs_quota_us", &used_us)
        && read_number(directory, "cpu.cfs_period_us", &period_us))
        note_quota(data, (int64_t)used_us, (int64_t)period_us, "cpu.cfs_quota_us of cgroup v1");
    return true;
}

/* sched_getaffinity wants a set as large as the kernel's own: grow it until it fits. */
static uint32_t affinity_count(void)
{
    uint32_t count = 1;

    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        bool fits = set && sched_getaffinity(0, bytes, set) == 0;

        if (fits)
            count = (uint32_t)CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (fits)
            break;
    }
    return count ? count : 1;
}

uint32_t tl_host_workers_below(const char *root, char reason[TELAR_REASON_BYTES])
{
    uint32_t cpus = affinity_count();
    struct quota quota = {UINT32_MAX, ""};

    visit_groups(root, NULL, visit_cpu_v2, &quota);
    visit_groups(root, "cpu", visit_cpu_v1, &quota);
    if (quota.cpus < cpus)
        snprintf(reason, TELAR_REASON_BYTES, "%s allows %" PRIu32 " of the %" PRIu32 " CPUs",
                 quota.where, quota.cpus, cpus);
    else
        snprintf(reason, TELAR_REASON_BYTES, "the affinity mask allows %" PRIu32 " CPU%s", cpus,
                 cpus == 1 ? "" : "s");
    cpus = quota.cpus < cpus ? quota.cpus : cpus;
    return cpus < TELAR_WORKERS_MAX ? cpus : TELAR_WORKERS_MAX;
}

uint32_t telar_host_workers(char reason[TELAR_REASON_BYTES])
{
    return tl_host_workers_below("", reason);
}

/* ---- memory ---- */

/* The number behind a name in a group's memory.stat; 0 when it is not there. */
static uint64_t read_stat(const char *directory, const char *name)
{
    char path[2 * PATH_MAX + 128], line[128];
    size_t length = strlen(name);
    uint64_t number = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/memory.stat", directory);
    file = fopen(path, "re");
    while (file && !number && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            number = strtoull(line + length, NULL, 10);
    if (file)
        fclose(file);
    return number;
}

/* What a group uses counts files that were read lately; the inactive ones are given up for the
 * asking. */
static void note_left(uint64_t *left, uint64_t limit, uint64_t used, uint64_t inactive)
{
    uint64_t held = used > inactive ? used - inactive : 0, here = limit > held ? limit - held : 0;

    if (here < *left)
        *left = here;
}

static bool visit_memory_v2(const char *directory, void *data)
{
    uint64_t limit, used;

    if (read_number(directory, "memory.max", &limit)
        && read_number(directory, "memory.current", &used))
        note_left(data, limit, used, read_stat(directory, "inactive_file"));
    return true;
}

static bool visit_memory_v1(const char *directory, void *data)
{
    uint64_t limit, used;

    if (read_number(directory, "memory.limit_in_bytes", &limit)
        && read_number(directory, "memory.usage_in_bytes", &used))
        note_left(data, limit, used, read_stat(directory, "total_inactive_file"));
    return true;
}

static uint64_t mem_available(const char *root)
{
    FILE *file = open_below(root, "/proc/meminfo");
    uint64_t kib, found = UINT64_MAX;
    char line[128];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            found = kib * 1024;
    if (file)
        fclose(file);
    return found;
}

uint64_t tl_host_memory_below(const char *root)
{
    uint64_t left = mem_available(root);

    visit_groups(root, NULL, visit_memory_v2, &left);
    visit_groups(root, "memory", visit_memory_v1, &left);
    return left;
}

uint64_t tl_host_memory_bytes(void)
{
    return tl_host_memory_below("");
}
