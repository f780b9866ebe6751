/* SPDX-License-Identifier: MIT */
/*
 * Misbehaviour towards others: the channel to the coordinator, what a process has of its own, other
 * processes.
 */
#include <config.h>

#include "faults/faults_deeds.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- the channel ---- */

static int channel(enum fault_rung rung)
{
    if (rung == RUNG_SANDBOXED)
        return 3;
    for (int fd = 0; fd < 256; fd++) {
        int type;
        socklen_t size = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
            return fd;
    }
    return -1;
}

static void say(enum fault_rung rung, const void *message, size_t bytes)
{
    (void)!send(channel(rung), message, bytes, MSG_NOSIGNAL);
}

/* As the library's, of which only the beginning matters here. */
struct record {
    uint64_t task;
    uint32_t attempt;
    unsigned char rest[FAULT_RECORD_BYTES - 12];
};

static void claim(enum fault_rung rung, uint64_t task, uint32_t attempt)
{
    struct record record;

    memset(&record, 0, sizeof record);
    record.task = task;
    record.attempt = attempt;
    say(rung, &record, sizeof record);
}

DEED(send_noise)
{
    say(rung, "noise", 5);
}

DEED(send_long_noise)
{
    static const char noise[4000];

    say(rung, noise, sizeof noise);
}

DEED(send_nothing)
{
    say(rung, "", 0);
}

DEED(say_hello_again)
{
    claim(rung, UINT64_MAX, 0);
}

DEED(claim_another_task)
{
    claim(rung, 1000000, 1);
}

DEED(claim_another_attempt)
{
    claim(rung, 1, 77);
}

/* The task at hand, said to be done by the deed and then by the worker's loop again. */
DEED(claim_twice)
{
    for (uint64_t task = 0; task < 8; task++)
        claim(rung, task, 1);
}

DEED(close_channel)
{
    close(channel(rung));
}

DEED(shut_channel)
{
    shutdown(channel(rung), SHUT_RDWR);
}

DEED(close_all)
{
    for (int fd = 0; fd < 256; fd++)
        close(fd);
}

/* ---- the process ---- */

DEED(close_standard)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

DEED(change_directory)
{
    (void)!chdir("/");
}

DEED(change_mask)
{
    umask(0777);
}

DEED(block_signals)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void ignore(int number)
{
    (void)number;
}

DEED(change_handlers)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, ignore);
}

DEED(storm_of_signals)
{
    const struct itimerval often = {{0, 500}, {0, 500}};

    signal(SIGALRM, ignore);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 20; i++)
        usleep(1000);
}

DEED(set_alarm)
{
    const struct itimerval soon = {{0, 0}, {0, 1000}};

    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (;;)
        pause();
}

DEED(survive_parent)
{
    prctl(PR_SET_PDEATHSIG, 0);
}

DEED(lower_priority)
{
    (void)!nice(10);
}

DEED(limit_itself)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_NOFILE, &none);
    setrlimit(RLIMIT_DATA, &none);
}

DEED(kill_group_member)
{
    char path[64], line[256];
    FILE *file;
    long pid = 0, parent = getppid();

    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", parent, parent);
    file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        _exit(1);
    fclose(file);
    for (char *at = line; *at && *at != '\n' && (pid = strtol(at, &at, 10)) == getpid();)
        continue;
    if (pid > 1 && pid != getpid())
        kill((pid_t)pid, SIGKILL);
}

DEED(kill_parent)
{
    kill(getppid(), SIGKILL);
}

/* ---- children and descriptors ---- */

/* Long after the worker's death its child holds all that it had. */
DEED(leave_child)
{
    if (fork() == 0) {
        sleep(2);
        _exit(0);
    }
    raise(SIGKILL);
}

/* As many as a test may make of a host that others use, too; all end at once. */
DEED(make_children)
{
    for (int i = 0; i < 32; i++)
        if (fork() == 0)
            _exit(0);
}

DEED(open_forever)
{
    while (dup(channel(rung)) >= 0)
        continue;
}
