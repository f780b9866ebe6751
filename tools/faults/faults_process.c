/* SPDX-License-Identifier: MIT */
/*
 * faults_process.c - faults that concern others: the channel to the coordinator, what the process
 * has from the kernel, and other processes.
 */
#include <config.h>

#include "faults/faults_actions.h"

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

/* Finds the worker's channel: descriptor 3 in the sandbox, else the first seqpacket socket. */
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

static void send_message(enum fault_rung rung, const void *message, size_t bytes)
{
    (void)!send(channel(rung), message, bytes, MSG_NOSIGNAL);
}

/* The begin of the library's record. The rest does not matter here. */
struct record {
    uint64_t task;
    uint32_t attempt;
    unsigned char rest[FAULT_RECORD_BYTES - 12];
};

/* Sends a record that says this task is done. */
static void claim(enum fault_rung rung, uint64_t task, uint32_t attempt)
{
    struct record record;

    memset(&record, 0, sizeof record);
    record.task = task;
    record.attempt = attempt;
    send_message(rung, &record, sizeof record);
}

ACTION(send_noise)
{
    send_message(rung, "noise", 5);
}

ACTION(send_long_noise)
{
    static const char noise[4000];

    send_message(rung, noise, sizeof noise);
}

ACTION(send_nothing)
{
    send_message(rung, "", 0);
}

ACTION(report_ready_again)
{
    claim(rung, UINT64_MAX, 0);
}

ACTION(claim_another_task)
{
    claim(rung, 1000000, 1);
}

ACTION(claim_another_attempt)
{
    claim(rung, 1, 77);
}

/* Reports eight tasks as done, among them the current one, which the worker then reports again. */
ACTION(claim_twice)
{
    for (uint64_t task = 0; task < 8; task++)
        claim(rung, task, 1);
}

ACTION(close_channel)
{
    close(channel(rung));
}

ACTION(shut_channel)
{
    shutdown(channel(rung), SHUT_RDWR);
}

ACTION(close_all)
{
    for (int fd = 0; fd < 256; fd++)
        close(fd);
}

/* ---- the process ---- */

ACTION(close_standard)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

ACTION(change_directory)
{
    (void)!chdir("/");
}

ACTION(change_mask)
{
    umask(0777);
}

ACTION(block_signals)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void ignore(int number)
{
    (void)number;
}

ACTION(change_handlers)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, ignore);
}

ACTION(storm_of_signals)
{
    const struct itimerval often = {{0, 500}, {0, 500}};

    signal(SIGALRM, ignore);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 20; i++)
        usleep(1000);
}

ACTION(set_alarm)
{
    const struct itimerval soon = {{0, 0}, {0, 1000}};

    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (;;)
        pause();
}

ACTION(survive_parent)
{
    prctl(PR_SET_PDEATHSIG, 0);
}

ACTION(lower_priority)
{
    (void)!nice(10);
}

ACTION(limit_itself)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_NOFILE, &none);
    setrlimit(RLIMIT_DATA, &none);
}

ACTION(kill_group_member)
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

ACTION(kill_parent)
{
    kill(getppid(), SIGKILL);
}

/* ---- children and descriptors ---- */

/* The child keeps all that the worker had, long after the worker's death. */
ACTION(leave_child)
{
    if (fork() == 0) {
        sleep(2);
        _exit(0);
    }
    raise(SIGKILL);
}

/* 32 children, which end at once: no more, because others use the host too. */
ACTION(make_children)
{
    for (int i = 0; i < 32; i++)
        if (fork() == 0)
            _exit(0);
}

ACTION(open_forever)
{
    while (dup(channel(rung)) >= 0)
        continue;
}
