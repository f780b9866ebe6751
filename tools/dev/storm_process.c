/* SPDX-License-Identifier: MIT */
/* storm_process.c - processes, signals and files for storm. See storm.h. */
#include <config.h>

#include "dev/storm.h"

#include "base/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint32_t storm_random(uint64_t *state, uint32_t end)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 20) % end;
}

void storm_sleep_ns(uint64_t ns)
{
    struct timespec rest = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        continue;
}

/* ---- processes ---- */

void storm_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

pid_t storm_start(const char *const args[], const char *error_path)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (dup2(open("/dev/null", O_RDWR), STDOUT_FILENO) < 0
        || dup2(open(error_path, O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO) < 0)
        _exit(127);
    execv(args[0], (char *const *)args);
    _exit(127);
}

uint32_t storm_children(pid_t pid, pid_t children[STORM_WORKERS_MAX])
{
    char path[64];
    uint32_t n = 0;
    FILE *list;
    int child;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    list = fopen(path, "re");
    if (!list)
        return 0;
    while (n < STORM_WORKERS_MAX && fscanf(list, "%d", &child) == 1)
        children[n++] = child;
    fclose(list);
    return n;
}

/*
 * Returns true if a child shares its parent's memory, as after vfork. Such a child is not a worker
 * but names the output file while its parent waits. Stopping it would stop telar itself, which then
 * rightly waits to be continued.
 */
static bool is_parents_half(pid_t pid, pid_t parent)
{
    return syscall(SYS_kcmp, pid, parent, KCMP_VM, 0, 0) == 0;
}

bool storm_strike(pid_t pid, pid_t parent, int signal_number)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    pid_t children[STORM_WORKERS_MAX];
    uint32_t n = storm_children(parent, children);
    bool struck = false;

    for (uint32_t i = 0; i < n && handle >= 0; i++)
        if (children[i] == pid && (signal_number != SIGSTOP || !is_parents_half(pid, parent)))
            struck = syscall(SYS_pidfd_send_signal, handle, signal_number, NULL, 0) == 0;
    if (handle >= 0)
        close(handle);
    return struck;
}

int storm_wait(pid_t pid, uint64_t limit_ns)
{
    uint64_t until_ns = tl_now_ns() + limit_ns;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (tl_now_ns() > until_ns) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        storm_sleep_ns(200000);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool storm_all_gone(uint64_t limit_ns)
{
    uint64_t until_ns = tl_now_ns() + limit_ns;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0 && errno == ECHILD)
            return true;
        if (pid > 0)
            continue;
        if (tl_now_ns() > until_ns)
            return false;
        storm_sleep_ns(100000);
    }
}

/* ---- files ---- */

char *storm_names(const char *directory, const char *begin)
{
    DIR *list = opendir(directory);
    char *names = calloc(1, 2);
    struct dirent *entry;
    size_t used = 1;

    if (!list || !names)
        abort();
    names[0] = '/';
    while ((entry = readdir(list)) != NULL) {
        size_t length = strlen(entry->d_name);

        if (strncmp(entry->d_name, begin, strlen(begin)) != 0 || strcmp(entry->d_name, ".") == 0
            || strcmp(entry->d_name, "..") == 0)
            continue;
        names = realloc(names, used + length + 2);
        if (!names)
            abort();
        memcpy(names + used, entry->d_name, length);
        memcpy(names + used + length, "/", 2);
        used += length + 1;
    }
    closedir(list);
    return names;
}

/* telar-PID-START-RANDOM, two decimal numbers and 16 hexadecimal digits. */
static bool is_segment_name(const char *name, int length)
{
    int random = 0, end = 0;

    sscanf(name, "telar-%*[0-9]-%*[0-9]-%n%*[0-9a-f]%n", &random, &end);
    return end == length && end == random + 16;
}

bool storm_no_new_name(const char *directory, const char *before, const char *now)
{
    for (const char *name = now + 1, *end; *name; name = end + 1) {
        char framed[300], path[600];
        int looks = 0;

        end = strchr(name, '/');
        if (!is_segment_name(name, (int)(end - name))) /* another tool made it */
            continue;
        snprintf(framed, sizeof framed, "/%.*s/", (int)(end - name), name);
        if (strstr(before, framed))
            continue;
        snprintf(path, sizeof path, "%s/%.*s", directory, (int)(end - name), name);
        for (; access(path, F_OK) == 0; looks++) {
            if (looks == 1000) {
                fprintf(stderr, "storm: %s is left\n", path);
                return false;
            }
            storm_sleep_ns(1000000);
        }
    }
    return true;
}

bool storm_same_file(const char *a, const char *b)
{
    FILE *left = fopen(a, "re"), *right = fopen(b, "re");
    bool same = left && right;
    char l[65536], r[65536];
    size_t n = 1;

    while (same && n > 0) {
        n = fread(l, 1, sizeof l, left);
        same = fread(r, 1, sizeof r, right) == n && memcmp(l, r, n) == 0;
    }
    if (left)
        fclose(left);
    if (right)
        fclose(right);
    return same;
}
