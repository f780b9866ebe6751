/* SPDX-License-Identifier: MIT */
/*
 * How much memory this process and its children have, as the kernel counts it. RSS counts a page
 * that several processes share once for each of them; PSS divides it among them.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/host.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The parent of a process; 0 when it is gone. In /proc/PID/stat it stands behind the name, which
 * may hold anything. */
static long parent_of(const char *pid)
{
    char path[64], line[512];
    const char *behind_name;
    long parent = 0;

    snprintf(path, sizeof path, "/proc/%.16s/stat", pid);
    if (!read_first_line(path, line, sizeof line))
        return 0;
    behind_name = strrchr(line, ')');
    if (!behind_name || sscanf(behind_name, ") %*c %ld", &parent) != 1)
        return 0;
    return parent;
}

static bool add_process(const char *pid, uint64_t *rss_bytes, uint64_t *pss_bytes)
{
    char path[64], line[256];
    uint64_t kib;
    int found = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%.16s/smaps_rollup", pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Rss: %" SCNu64, &kib) == 1) {
            *rss_bytes += kib * 1024;
            found++;
        } else if (sscanf(line, "Pss: %" SCNu64, &kib) == 1) {
            *pss_bytes += kib * 1024;
            found++;
        }
    }
    if (file)
        fclose(file);
    return found == 2;
}

bool bench_memory_now(uint64_t *rss_bytes, uint64_t *pss_bytes)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    bool good;

    *rss_bytes = *pss_bytes = 0;
    good = add_process("self", rss_bytes, pss_bytes);
    while (processes && (entry = readdir(processes)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == getpid())
            good = add_process(entry->d_name, rss_bytes, pss_bytes) && good;
    if (processes)
        closedir(processes);
    return good;
}
