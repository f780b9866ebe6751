/* SPDX-License-Identifier: MIT */
/* Tests channels: messages arrive whole and in order, and each side notices when the other one is
 * gone. */
#include <config.h>

#include "support/suite.h"

#include "isolate/channel.h"
#include "base/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <telar/engine.h>
#include <unistd.h>

static void open_pair(int ends[2])
{
    ck_assert_int_eq(tl_channel_open(ends, NULL), TELAR_OK);
    for (int i = 0; i < 2; i++)
        ck_assert(fcntl(ends[i], F_GETFD) & FD_CLOEXEC);
}

static void close_pair(int ends[2])
{
    tl_channel_close(&ends[0]);
    tl_channel_close(&ends[1]);
    ck_assert_int_eq(ends[0], -1);
    tl_channel_close(&ends[0]);
}

START_TEST(messages_come_whole_and_in_order)
{
    struct tl_record record,
        sent = {
            .task = 3, .attempt = 2, .errnum = ENOMEM, .start_ns = 5, .involuntary_switches = 9};
    struct tl_ticket ticket;
    int ends[2];

    open_pair(ends);
    for (uint64_t task = 7; task < 9; task++)
        ck_assert(tl_channel_send_ticket(ends[0], &(struct tl_ticket){.task = task, .attempt = 4}));
    for (uint64_t task = 7; task < 9; task++) {
        ck_assert(tl_channel_receive_ticket(ends[1], &ticket));
        ck_assert_uint_eq(ticket.task, task);
        ck_assert_uint_eq(ticket.attempt, 4);
    }
    ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_NOTHING);
    ck_assert(tl_channel_send_record(ends[1], &sent));
    ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_RECORD);
    ck_assert_mem_eq(&record, &sent, sizeof sent);
    ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_NOTHING);
    close_pair(ends);
}
END_TEST

START_TEST(finishing_ends_the_loop_behind_the_last_ticket)
{
    struct tl_record record;
    struct tl_ticket ticket;
    int ends[2];

    open_pair(ends);
    tl_channel_send_ticket(ends[0], &(struct tl_ticket){.task = 7});
    tl_channel_finish(ends[0]);
    ck_assert(tl_channel_receive_ticket(ends[1], &ticket));
    ck_assert(!tl_channel_receive_ticket(ends[1], &ticket));
    ck_assert(tl_channel_send_record(
        ends[1], &(struct tl_record){.task = 7})); /* records still get through */
    ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_RECORD);
    tl_channel_finish(-1);
    close_pair(ends);
}
END_TEST

START_TEST(a_coordinator_that_is_gone_ends_the_loop)
{
    struct tl_ticket ticket;
    int ends[2];

    open_pair(ends);
    tl_channel_close(&ends[0]);
    ck_assert(!tl_channel_receive_ticket(ends[1], &ticket));
    ck_assert(!tl_channel_send_record(ends[1], &(struct tl_record){0})); /* without SIGPIPE */
    close_pair(ends);
}
END_TEST

/* The coordinator receives the last record of a worker that is gone. If the worker left a ticket
 * unread, the kernel reports ECONNRESET first. */
START_TEST(the_last_record_of_a_lost_worker_arrives)
{
    for (int unread = 0; unread < 2; unread++) {
        struct tl_record record;
        int ends[2];

        open_pair(ends);
        for (int i = 0; i < unread; i++)
            ck_assert(tl_channel_send_ticket(ends[0], &(struct tl_ticket){.task = 8}));
        ck_assert(tl_channel_send_record(ends[1], &(struct tl_record){.task = 7}));
        tl_channel_close(&ends[1]);
        ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_RECORD);
        ck_assert_uint_eq(record.task, 7);
        ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_END);
        ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_END);
        ck_assert(!tl_channel_send_ticket(ends[0], &(struct tl_ticket){0})); /* without SIGPIPE */
        close_pair(ends);
    }
}
END_TEST

START_TEST(messages_of_another_size_are_invalid)
{
    const size_t sizes[] = {1, sizeof(struct tl_record) - 1, sizeof(struct tl_record) + 1, 5000};
    static const unsigned char bytes[5000];
    struct tl_record record;
    int ends[2];

    open_pair(ends);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_int_eq(send(ends[1], bytes, sizes[i], 0), (ssize_t)sizes[i]);
        ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_INVALID);
    }
    ck_assert_int_eq(tl_channel_receive_record(ends[0], &record), TL_RECEIVED_NOTHING);
    close_pair(ends);
}
END_TEST

START_TEST(waiting_tells_which_channels_can_be_read)
{
    int ends[TELAR_WORKERS_MAX], others[TELAR_WORKERS_MAX];
    struct tl_poll_result seen[TELAR_WORKERS_MAX];

    for (int i = 0; i < TELAR_WORKERS_MAX; i++)
        ends[i] = others[i] = -1;
    for (int i = 0; i < 20; i += 2) {
        int pair[2];

        open_pair(pair);
        ends[i] = pair[0];
        others[i] = pair[1];
    }
    tl_channel_send_record(others[4], &(struct tl_record){0});
    tl_channel_close(&others[10]);
    tl_channel_wait(ends, NULL, seen, TELAR_WORKERS_MAX, UINT64_MAX);
    for (int i = 0; i < TELAR_WORKERS_MAX; i++)
        ck_assert_msg(seen[i].readable == (i == 4 || i == 10), "%d", i);
    for (int i = 0; i < 20; i++) {
        tl_channel_close(&ends[i]);
        tl_channel_close(&others[i]);
    }
}
END_TEST

START_TEST(waiting_ends_at_its_deadline)
{
    uint64_t deadline_ns = tl_now_ns() + 2000000;
    struct tl_poll_result seen[1] = {{true, true}};
    int ends[2];

    open_pair(ends);
    tl_channel_wait(ends, NULL, seen, 1, deadline_ns);
    ck_assert_uint_ge(tl_now_ns(), deadline_ns);
    ck_assert(!seen[0].readable && !seen[0].ended);
    tl_channel_wait(ends, NULL, seen, 1, 0); /* a deadline in the past: returns at once */
    close_pair(ends);
}
END_TEST

static atomic_uint interrupted;

static void count_interrupt(int number)
{
    atomic_fetch_add(&interrupted, 1);
}

static void interrupt_every_ms(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}};
    struct sigaction action = {.sa_handler = count_interrupt}; /* no SA_RESTART */

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

/* Sends a ticket after 20 more signals. By then the other side waits. */
static void *send_late(void *end)
{
    unsigned until = atomic_load(&interrupted) + 20;
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* only the waiting thread gets signals */
    while (atomic_load(&interrupted) < until)
        sched_yield();
    tl_channel_send_ticket(*(int *)end, &(struct tl_ticket){.task = 7});
    return NULL;
}

START_TEST(signals_do_not_break_a_message)
{
    struct tl_ticket ticket = {0};
    struct tl_poll_result seen[1] = {{true, true}};
    pthread_t thread;
    int ends[2];

    open_pair(ends);
    interrupt_every_ms();
    tl_channel_wait(ends, NULL, seen, 1,
                    UINT64_MAX); /* a signal ends the wait early, without a result */
    ck_assert(!seen[0].readable && !seen[0].ended);
    ck_assert_int_eq(pthread_create(&thread, NULL, send_late, &ends[0]), 0);
    ck_assert(tl_channel_receive_ticket(ends[1], &ticket));
    ck_assert_uint_eq(ticket.task, 7);
    pthread_join(thread, NULL);
    close_pair(ends);
}
END_TEST

START_TEST(running_out_of_descriptors_is_reported)
{
    struct rlimit before, none;
    struct telar_error error = {.worker = -1};
    telar_status status;
    int ends[2];

    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    status = tl_channel_open(ends, &error);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_eq(status, TELAR_HOST);
    ck_assert_int_eq(error.errnum, EMFILE);
    ck_assert_int_eq(ends[0], -1);
    ck_assert_int_eq(ends[1], -1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        messages_come_whole_and_in_order,
        finishing_ends_the_loop_behind_the_last_ticket,
        a_coordinator_that_is_gone_ends_the_loop,
        the_last_record_of_a_lost_worker_arrives,
        messages_of_another_size_are_invalid,
        waiting_tells_which_channels_can_be_read,
        waiting_ends_at_its_deadline,
        signals_do_not_break_a_message,
        under_valgrind() ? NULL : running_out_of_descriptors_is_reported,
        NULL,
    };

    return run_suite("channel", tests);
}
