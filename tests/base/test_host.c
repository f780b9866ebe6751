/* SPDX-License-Identifier: MIT */
/* Tests how telar reads the limits of the host. The affinity is that of this process. Control
 * groups of both versions are files in a temporary tree. */
#include <config.h>

#include "support/suite.h"

#include "base/host.h"

#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a tree of files ---- */

static char root[] = "/tmp/telar-test-host.XXXXXX";

static void remove_tree(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

/* Check runs each test in its own process, so each test has its own tree. */
static void make_tree(void)
{
    ck_assert_ptr_nonnull(mkdtemp(root));
}

/* Writes a file below the root, and makes the missing directories. */
static void put(const char *path, const char *text)
{
    char whole[512];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL;
         *slash++ = '/') {
        *slash = 0;
        mkdir(whole, 0700);
    }
    file = fopen(whole, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static uint32_t workers_below_root(char reason[TELAR_REASON_BYTES])
{
    struct tl_groups groups;

    tl_groups_read(&groups, root);
    return tl_host_workers(&groups, reason);
}

static uint64_t memory_below(const char *directory)
{
    struct tl_groups groups;

    tl_groups_read(&groups, directory);
    return tl_host_memory_bytes(&groups);
}

static uint64_t memory_below_root(void)
{
    return memory_below(root);
}

/* ---- processors ---- */

/* Limits this process to `most` CPUs. Returns the number of CPUs that it may use then. */
static uint32_t restrict_affinity(uint32_t most)
{
    uint32_t n = 0;
    cpu_set_t set;

    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set) && n++ >= most)
            CPU_CLR(cpu, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
    return n < most ? n : most;
}

START_TEST(affinity_is_counted)
{
    char reason[TELAR_REASON_BYTES];
    uint32_t all = restrict_affinity(UINT32_MAX);

    make_tree();
    ck_assert_uint_eq(workers_below_root(reason), all);
    restrict_affinity(1);
    ck_assert_uint_eq(workers_below_root(reason), 1);
    ck_assert_str_eq(reason, "the affinity mask allows 1 CPU");
    ck_assert_uint_eq(telar_host_workers(reason), 1);
    remove_tree();
}
END_TEST

/* The expected number is `allowed`, or the number of CPUs if that is smaller. */
static void check_quota(uint32_t allowed, const char *where)
{
    uint32_t cpus = restrict_affinity(UINT32_MAX);
    char reason[TELAR_REASON_BYTES];

    ck_assert_uint_eq(workers_below_root(reason), allowed < cpus ? allowed : cpus);
    ck_assert_msg((strstr(reason, where) != NULL) == (allowed < cpus), "%s", reason);
}

START_TEST(a_quota_of_version_2_is_found_on_the_way_up)
{
    make_tree();
    put("/proc/self/cgroup", "1:name=systemd:/other\n0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    check_quota(UINT32_MAX, "cgroup");
    put("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    check_quota(1, "cpu.max of cgroup v2");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "1 100000\n");
    check_quota(1, "cpu.max of cgroup v2");
    remove_tree();
}
END_TEST

START_TEST(a_quota_of_version_1_is_found_by_its_controller)
{
    make_tree();
    put("/proc/self/cgroup", "9:cpuset:/no\n4:cpuacct,cpu:/x\n1:name=systemd:/cpu\n");
    put("/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n");
    check_quota(UINT32_MAX, "cgroup");
    put("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "100000\n");
    check_quota(1, "cpu.cfs_quota_us of cgroup v1");
    put("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "100001\n"); /* just above 1 CPU: rounded up */
    check_quota(2, "cpu.cfs_quota_us of cgroup v1");
    remove_tree();
}
END_TEST

/* In a container the group's path may be missing, because the mount begins at the group itself. */
START_TEST(the_quota_at_the_root_counts)
{
    make_tree();
    put("/proc/self/cgroup", "4:cpu:/docker/0123\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "30000\n");
    check_quota(1, "cpu.cfs_quota_us of cgroup v1");
    put("/proc/self/cgroup", "4:cpu:/\n");
    check_quota(1, "cpu.cfs_quota_us of cgroup v1");
    remove_tree();
}
END_TEST

START_TEST(malformed_quotas_are_ignored)
{
    const char *const nonsense[] = {
        "", "\n", "max\n", "0 100000\n", "-5 100000\n", "100000 0\n", "100000 -1\n", "x y\n"};

    make_tree();
    put("/proc/self/cgroup", "garbage\n0::/a\n");
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        put("/sys/fs/cgroup/a/cpu.max", nonsense[i]);
        check_quota(UINT32_MAX, "cgroup");
    }
    put("/sys/fs/cgroup/a/cpu.max", "9223372036854775807 1\n");
    check_quota(UINT32_MAX, "cgroup");
    remove_tree();
}
END_TEST

/* ---- memory ---- */

START_TEST(the_smallest_free_amount_decides)
{
    make_tree();
    ck_assert_uint_eq(memory_below_root(), UINT64_MAX);
    put("/proc/meminfo", "MemTotal:  9000 kB\nMemFree: 100 kB\nMemAvailable:    5000 kB\n");
    ck_assert_uint_eq(memory_below_root(), 5000 * 1024);
    put("/proc/self/cgroup", "4:memory:/m\n0::/u/v\n");
    put("/sys/fs/cgroup/u/v/memory.max", "max\n");
    put("/sys/fs/cgroup/u/v/memory.current", "4096\n");
    ck_assert_uint_eq(memory_below_root(), 5000 * 1024);
    put("/sys/fs/cgroup/u/memory.max", "3000000\n");
    put("/sys/fs/cgroup/u/memory.current", "1000000\n");
    ck_assert_uint_eq(memory_below_root(), 2000000);
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1000000\n");
    put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "300000\n");
    ck_assert_uint_eq(memory_below_root(), 700000);
    put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "1000001\n");
    ck_assert_uint_eq(memory_below_root(), 0);
    remove_tree();
}
END_TEST

/* The kernel can free pages of files, so the memory of cached files counts as free. */
START_TEST(cached_files_count_as_free)
{
    make_tree();
    put("/proc/self/cgroup", "4:memory:/m\n0::/u\n");
    put("/sys/fs/cgroup/u/memory.max", "3000000\n");
    put("/sys/fs/cgroup/u/memory.current", "2900000\n");
    put("/sys/fs/cgroup/u/memory.stat",
        "anon 100000\nactive_file 7\nworkingset_inactive_file 5\ninactive_file 2000000\n");
    ck_assert_uint_eq(memory_below_root(), 2100000);
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1000000\n");
    put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "900000\n");
    put("/sys/fs/cgroup/memory/m/memory.stat", "inactive_file 3\ntotal_inactive_file 400000\n");
    ck_assert_uint_eq(memory_below_root(), 500000);
    put("/sys/fs/cgroup/memory/m/memory.stat",
        "total_inactive_file 990000\n"); /* may exceed the usage, which was read before */
    ck_assert_uint_eq(memory_below_root(), 1000000);
    remove_tree();
}
END_TEST

/* Version 1 writes a huge number for "no limit". The usage of that group is then ignored. */
START_TEST(the_huge_number_of_version_1_is_no_limit)
{
    make_tree();
    put("/proc/meminfo", "MemAvailable: 5000 kB\n");
    put("/proc/self/cgroup", "4:memory:/m\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "9223372036854771712\n");
    ck_assert_uint_eq(memory_below_root(), 5000 * 1024);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "400000\n");
    ck_assert_uint_eq(memory_below_root(), 600000);
    remove_tree();
}
END_TEST

START_TEST(this_host_has_a_worker_and_memory)
{
    char reason[TELAR_REASON_BYTES] = "";
    uint64_t before_ns = tl_now_ns();

    ck_assert_uint_ge(telar_host_workers(reason), 1);
    ck_assert_str_ne(reason, "");
    ck_assert_uint_gt(memory_below(""), 0);
    ck_assert_uint_ge(tl_now_ns(), before_ns);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        affinity_is_counted,
        a_quota_of_version_2_is_found_on_the_way_up,
        a_quota_of_version_1_is_found_by_its_controller,
        the_quota_at_the_root_counts,
        malformed_quotas_are_ignored,
        the_smallest_free_amount_decides,
        cached_files_count_as_free,
        the_huge_number_of_version_1_is_no_limit,
        this_host_has_a_worker_and_memory,
        NULL,
    };

    return run_suite("host", tests);
}
