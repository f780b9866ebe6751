/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/host.h"

#include "base/text_file.h"

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

/* ---- control groups ---- */

/* Called with one directory of a hierarchy after the other; false ends that. */
typedef bool visitor(const char *directory, void *data);

void tl_groups_read(struct tl_groups *groups, const char *root)
{
    char path[PATH_MAX];

    groups->root = root;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    tl_text_file_read(path, groups->lines, sizeof groups->lines);
}

/* Returns whether a list such as "cpu,cpuacct" has a name. */
static bool lists(const char *names, size_t length, const char *name)
{
    const char *end = names + length;

    for (const char *at = names; at < end; at += strcspn(at, ",:") + 1)
        if (strcspn(at, ",:") == strlen(name) && strncmp(at, name, strlen(name)) == 0)
            return true;
    return false;
}

/*
 * Finds the group of this process: from a line such as "4:cpu,cpuacct:/user.slice" with the
 * controller's name in it, or, for the controller NULL, from that of v2, "0::/user.slice".
 */
static bool own_group(const struct tl_groups *groups, const char *controller, char group[PATH_MAX])
{
    for (const char *line = groups->lines; *line; line += strcspn(line, "\n"), line += *line != 0) {
        const char *names = line + strcspn(line, ":\n"), *end;

        if (*names++ != ':')
            continue;
        end = names + strcspn(names, ":\n");
        if (*end != ':'
            || !(controller ? lists(names, (size_t)(end - names), controller) : end == names))
            continue;
        snprintf(group, PATH_MAX, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
        return true;
    }
    return false;
}

/*
 * Calls visit for each directory in which a limit on this process may stand, from its own group up
 * to the root of the hierarchy. The controller names a hierarchy of v1; NULL stands for v2.
 */
static void visit_groups(const struct tl_groups *groups, const char *controller, visitor *visit,
                         void *data)
{
    char group[PATH_MAX], directory[2 * PATH_MAX + 64];
    char *slash;

    if (!own_group(groups, controller, group))
        return;
    for (;;) {
        snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s%s", groups->root,
                 controller ? "/" : "", controller ? controller : "",
                 strcmp(group, "/") == 0 ? "" : group);
        if (!visit(directory, data))
            return;
        slash = strrchr(group, '/');
        if (!slash || group[0] == 0 || strcmp(group, "/") == 0)
            return;
        *slash = 0; /* "/a/b" -> "/a" -> "": the root of the hierarchy comes last */
    }
}

static bool read_line(const char *directory, const char *file, char *line, size_t size)
{
    char path[2 * PATH_MAX + 128];

    snprintf(path, sizeof path, "%s/%s", directory, file);
    return tl_text_file_read(path, line, size);
}

static bool read_number(const char *directory, const char *file, uint64_t *number)
{
    char line[64];

    return read_line(directory, file, line, sizeof line) && sscanf(line, "%" SCNu64, number) == 1;
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
    int64_t used_us, period_us;
    char line[64];

    if (read_line(directory, "cpu.max", line, sizeof line)
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

/* Returns how many CPUs this thread may use. sched_getaffinity fails for a set smaller than the
 * kernel's own, so the set grows until it is large enough. */
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

uint32_t tl_host_workers(const struct tl_groups *groups, char reason[TELAR_REASON_BYTES])
{
    uint32_t cpus = affinity_count();
    struct quota quota = {UINT32_MAX, ""};
    char unread[TELAR_REASON_BYTES];

    reason = reason ? reason : unread;
    visit_groups(groups, NULL, visit_cpu_v2, &quota);
    visit_groups(groups, "cpu", visit_cpu_v1, &quota);
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
    struct tl_groups groups;

    tl_groups_read(&groups, "");
    return tl_host_workers(&groups, reason);
}

/* ---- memory ---- */

/* Returns the number behind a name at the beginning of a line, 0 when no line begins with it. */
static uint64_t number_after(const char *text, const char *name)
{
    const size_t length = strlen(name);

    for (; *text; text += strcspn(text, "\n"), text += *text != 0)
        if (strncmp(text, name, length) == 0 && (text[length] == ' ' || text[length] == ':'))
            return strtoull(text + length + 1, NULL, 10);
    return 0;
}

/* What a group of one version is limited by, and has in use. */
struct memory_files {
    const char *limit, *used, *inactive; /* two files, and a name in memory.stat */
};

/*
 * Lowers *left to what this group may still take. What the group uses includes files that were read
 * lately; the kernel gives the inactive ones up when memory is short. Files that cannot change the
 * result are not read: those of a group without a limit, which is v1's largest number, and the
 * statistics of a group with more than enough left.
 */
static void note_left(uint64_t *left, const char *directory, const struct memory_files *files)
{
    char text[8192];
    uint64_t limit, used, here, inactive;

    if (!read_number(directory, files->limit, &limit) || limit >= UINT64_C(1) << 62
        || !read_number(directory, files->used, &used))
        return;
    here = limit > used ? limit - used : 0;
    if (here >= *left)
        return;
    read_line(directory, "memory.stat", text, sizeof text);
    inactive = number_after(text, files->inactive);
    used -= inactive < used ? inactive : used;
    here = limit > used ? limit - used : 0;
    *left = here < *left ? here : *left;
}

static bool visit_memory_v2(const char *directory, void *data)
{
    note_left(data, directory,
              &(struct memory_files){"memory.max", "memory.current", "inactive_file"});
    return true;
}

static bool visit_memory_v1(const char *directory, void *data)
{
    note_left(data, directory,
              &(struct memory_files){"memory.limit_in_bytes", "memory.usage_in_bytes",
                                     "total_inactive_file"});
    return true;
}

static uint64_t mem_available(const char *root)
{
    char path[PATH_MAX], text[4096];
    uint64_t kib;

    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    kib = tl_text_file_read(path, text, sizeof text) ? number_after(text, "MemAvailable") : 0;
    return kib ? kib * 1024 : UINT64_MAX;
}

uint64_t tl_host_memory_bytes(const struct tl_groups *groups)
{
    uint64_t left = mem_available(groups->root);

    visit_groups(groups, NULL, visit_memory_v2, &left);
    visit_groups(groups, "memory", visit_memory_v1, &left);
    return left;
}
