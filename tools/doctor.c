/* SPDX-License-Identifier: MIT */
/*
 * Examines the host. Each examine_ function adds one finding and never fails. What the kernel does
 * not tell is left out.
 */
#include <config.h>

#include "doctor.h"

#include "cli/host.h"
#include "cli/left_names.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <telar/telar.h>

/* The trial's picture: 34 MiB, so that source and result are a segment of 69 MiB. */
enum { TRIAL_ROWS = 3000, TRIAL_COLUMNS = 4000, TRIAL_CHANNELS = 3, MIB = 1 << 20 };

/* Processes that TELAR_WORKERS_MAX workers need, with some for other programs of the user. */
enum { WORKERS_AND_OTHERS = TELAR_WORKERS_MAX + 64 };

static void add(struct findings *findings, const char *name, enum level level, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
static void add(struct findings *findings, const char *name, enum level level, const char *remedy,
                const char *format, ...)
{
    struct finding *finding = &findings->finding[findings->count++];
    va_list args;

    assert(findings->count <= FINDINGS_MAX);
    finding->name = name;
    finding->level = level;
    finding->remedy = remedy;
    va_start(args, format);
    vsnprintf(finding->text, sizeof finding->text, format, args);
    va_end(args);
}

/* Older kernels work too, but have no huge pages on request (MADV_COLLAPSE, Linux 6.1). */
static void examine_kernel(struct findings *findings)
{
    struct utsname name;
    int major = 0, minor = 0;

    if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2)
        add(findings, "kernel", LEVEL_WARN, "telar needs Linux", "of unknown version");
    else if (major < 6 || (major == 6 && minor < 1))
        add(findings, "kernel", LEVEL_WARN,
            "Linux 6.1 can give huge pages to shared memory on request", "%s %s", name.sysname,
            name.release);
    else
        add(findings, "kernel", LEVEL_OK, NULL, "%s %s", name.sysname, name.release);
}

static void examine_cpus(struct findings *findings)
{
    char reason[TELAR_REASON_BYTES];
    uint32_t workers = telar_host_workers(reason);

    if (workers > 1)
        add(findings, "cpus", LEVEL_OK, NULL, "%" PRIu32 " workers: %s", workers, reason);
    else
        add(findings, "cpus", LEVEL_WARN,
            "give telar more CPUs; a second worker makes nothing faster here", "1 worker: %s",
            reason);
}

/*
 * MemAvailable is the memory that can be taken without swapping. The library checks limits of
 * control groups in each run.
 */
static void examine_memory(struct findings *findings)
{
    char available[32] = "0";
    uint64_t kib;

    read_keyed_line("/proc/meminfo", "MemAvailable", available, sizeof available);
    kib = strtoull(available, NULL, 10);
    if (kib * 1024 < 512 * (uint64_t)MIB)
        add(findings, "memory", LEVEL_WARN, "large pictures are refused; see run --max-memory",
            "%" PRIu64 " MiB available", kib * 1024 / MIB);
    else
        add(findings, "memory", LEVEL_OK, NULL, "%" PRIu64 " MiB available", kib * 1024 / MIB);
}

/*
 * Containers have a small /dev/shm by default. telar then uses a memfd, so this is only a warning.
 */
static void examine_shm(struct findings *findings)
{
    static const char remedy[] =
        "larger pictures use a memfd instead; for --keep-shm: mount -o remount,size=1g "
        "/dev/shm, or docker run --shm-size=1g";
    struct statvfs shm;
    uint64_t size, left;

    if (statvfs("/dev/shm", &shm) != 0) {
        add(findings, "shm", LEVEL_WARN, "mount -t tmpfs shm /dev/shm; until then a memfd is used",
            "no /dev/shm");
        return;
    }
    size = (uint64_t)shm.f_blocks * shm.f_frsize;
    left = (uint64_t)shm.f_bavail * shm.f_frsize;
    if (left < 72 * (uint64_t)MIB)
        add(findings, "shm", LEVEL_WARN, remedy,
            "/dev/shm has %" PRIu64 " MiB, %" PRIu64 " MiB free", size / MIB, left / MIB);
    else
        add(findings, "shm", LEVEL_OK, NULL, "/dev/shm has %" PRIu64 " MiB, %" PRIu64 " MiB free",
            size / MIB, left / MIB);
}

/*
 * A run that SIGKILL ends between shm_open and shm_unlink leaves the name of an empty object, which
 * takes no memory. This program has removed those of its own user before it came here.
 */
static void examine_left_names(struct findings *findings)
{
    const struct telar_shm_names names = left_names_found();

    if (names.left > 0)
        add(findings, "left names", LEVEL_WARN,
            "they are empty; their owner removes them by running telar",
            "killed runs of other users left %" PRIu32 " in /dev/shm", names.left);
    else if (names.removed > 0)
        add(findings, "left names", LEVEL_OK, NULL,
            "removed %" PRIu32 " that killed runs left in /dev/shm", names.removed);
    else
        add(findings, "left names", LEVEL_OK, NULL, "killed runs left none in /dev/shm");
}

/* Reads the policy for huge pages in shared memory. The kernel lists all, with brackets around the
 * one in force. */
static void read_policy(char *policy, size_t size)
{
    char list[128] = "", *begin;

    read_first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", list, sizeof list);
    begin = strchr(list, '[');
    snprintf(policy, size, "%.*s", begin ? (int)strcspn(begin + 1, "]") : 7,
             begin ? begin + 1 : "unknown");
}

/* Half of the segment is enough: fragmented memory may lack some blocks of 2 MiB. */
static void examine_huge_pages(struct findings *findings, const telar_report *report)
{
    char policy[32];
    bool enough = report->huge_bytes * 2 >= report->segment_bytes;

    read_policy(policy, sizeof policy);
    add(findings, "huge pages", enough ? LEVEL_OK : LEVEL_WARN,
        enough ? NULL
               : "echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled; until then runs "
                 "take longer",
        "back %" PRIu64 " MiB of that segment of %" PRIu64 " MiB (shmem_enabled is %s)",
        report->huge_bytes / MIB, report->segment_bytes / MIB, policy);
}

/*
 * Makes a real run, which shows more than any question to the kernel: two processes share a
 * segment, and each makes its own part writable.
 */
static telar_status try_run(struct telar_geometry geometry, telar_isolation isolation,
                            telar_report **report, struct telar_error *error)
{
    const struct telar_measure measure = {TELAR_MEASURE_INIT, .count_huge_pages = true};
    const struct telar_options options = {
        .engine = TELAR_PROCESSES, .isolation = isolation, .workers = 2, .measure = &measure};
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_image *source = NULL, *result = NULL;
    telar_status status = TELAR_HOST;

    if (pipeline)
        status = telar_image_new(&geometry, &source, error);
    if (status == TELAR_OK)
        status = telar_pipeline_parse(pipeline, "invert", error);
    if (status == TELAR_OK)
        status = telar_run(source, &result, pipeline, &options, report, error);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

/* The library's own message says what is missing, with the remedy. */
static void examine_sandbox(struct findings *findings)
{
    struct telar_error error = {.worker = -1, .text = "no memory"};
    telar_report *report = NULL;

    if (try_run((struct telar_geometry){16, 16, 1, 8}, TELAR_SANDBOXED, &report, &error)
        == TELAR_OK)
        add(findings, "sandbox", LEVEL_OK, NULL, "%s", report->sandbox);
    else
        add(findings, "sandbox", LEVEL_WARN, "until then -i sandboxed is refused; -i guarded works",
            "%s", error.text);
    telar_report_free(report);
}

static void examine_run(struct findings *findings)
{
    const struct telar_geometry large = {TRIAL_ROWS, TRIAL_COLUMNS, TRIAL_CHANNELS, 8};
    struct telar_error error = {.worker = -1, .text = "no memory"};
    telar_report *report = NULL;

    if (try_run(large, TELAR_GUARDED, &report, &error) != TELAR_OK) {
        add(findings, "processes", LEVEL_BAD,
            "telar run -e threads may still work; see the other lines", "a trial failed: %s",
            error.text);
    } else if (report->workers < 2) {
        add(findings, "processes", LEVEL_WARN, "raise the limit on processes",
            "only %" PRIu32 " of 2 workers: %s", report->workers, report->workers_reason);
    } else {
        add(findings, "processes", LEVEL_OK, NULL,
            "2 %s processes shared a segment of %" PRIu64 " MiB (%s)", report->isolation,
            report->segment_bytes / MIB, report->backing);
        examine_huge_pages(findings, report);
    }
    telar_report_free(report);
}

/* Compares a limit of this process with what TELAR_WORKERS_MAX workers need. */
static void examine_limit(struct findings *findings, const char *name, int resource,
                          uint64_t wanted, const char *remedy)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    if (limit.rlim_cur == RLIM_INFINITY)
        add(findings, name, LEVEL_OK, NULL, "no limit");
    else if (limit.rlim_cur >= wanted)
        add(findings, name, LEVEL_OK, NULL, "at most %" PRIu64, (uint64_t)limit.rlim_cur);
    else
        add(findings, name, LEVEL_WARN, remedy, "at most %" PRIu64 "; %d workers need %" PRIu64,
            (uint64_t)limit.rlim_cur, TELAR_WORKERS_MAX, wanted);
}

/* Reads the limit of the process's own control group on processes, version 2 or 1. */
static void examine_pids(struct findings *findings)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX], path[PATH_MAX + 64], most[64];

    while (file && fgets(line, sizeof line, file)) {
        char *group = strrchr(line, ':');
        const char *top = strncmp(line, "0::", 3) == 0 ? ""
                          : strstr(line, ":pids:")     ? "/pids"
                                                       : NULL;

        if (!top || !group)
            continue;
        group[strcspn(group, "\n")] = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/pids.max", top, group + 1);
        if (!read_first_line(path, most, sizeof most))
            continue;
        if (strcmp(most, "max") == 0)
            add(findings, "pids cgroup", LEVEL_OK, NULL, "no limit");
        else if (strtoull(most, NULL, 10) >= WORKERS_AND_OTHERS)
            add(findings, "pids cgroup", LEVEL_OK, NULL, "at most %s processes", most);
        else
            add(findings, "pids cgroup", LEVEL_WARN,
                "raise pids.max (docker run --pids-limit), or use fewer workers: -j",
                "at most %s processes; %d workers need %d", most, TELAR_WORKERS_MAX,
                WORKERS_AND_OTHERS);
        break;
    }
    if (file)
        fclose(file);
}

void doctor_examine(struct findings *findings)
{
    examine_kernel(findings);
    examine_cpus(findings);
    examine_memory(findings);
    examine_shm(findings);
    examine_left_names(findings);
    examine_run(findings);
    examine_sandbox(findings);
    examine_limit(findings, "user processes", RLIMIT_NPROC, WORKERS_AND_OTHERS,
                  "ulimit -u unlimited, or use fewer workers: -j");
    examine_pids(findings);
    examine_limit(findings, "open files", RLIMIT_NOFILE, TELAR_WORKERS_MAX * 2 + 64,
                  "ulimit -n 1024, or use fewer workers: -j");
}
