/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/channel.h"

#include "base/descriptor.h"
#include "base/host.h"
#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <telar/engine.h>
#include <unistd.h>

telar_status tl_channel_open(int ends[2], struct telar_error *error)
{
    int failure;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        ends[0] = ends[1] = -1;
    ends[0] = tl_descriptor_above_standard(ends[0]);
    failure = errno;
    ends[1] = tl_descriptor_above_standard(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return TELAR_OK;
    failure = ends[0] < 0 ? failure : errno;
    tl_channel_close(&ends[0]);
    tl_channel_close(&ends[1]);
    return tl_fail(error, TELAR_HOST, failure, "cannot make a channel to a worker");
}

void tl_channel_close(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* MSG_NOSIGNAL: when the other side is gone, the program gets EPIPE here and no SIGPIPE. */
static bool send_whole(int end, const void *message, size_t bytes)
{
    ssize_t sent;

    do
        sent = send(end, message, bytes, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)bytes;
}

/*
 * Returns the bytes of one message, 0 when the other side is gone, -1 with errno. A longer message
 * shows as bytes + 1.
 */
static ssize_t receive_whole(int end, void *message, size_t bytes, int flags)
{
    ssize_t got;

    do
        got = recv(end, message, bytes, flags | MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    return got;
}

bool tl_channel_receive_ticket(int end, struct tl_ticket *ticket)
{
    return receive_whole(end, ticket, sizeof *ticket, 0) == (ssize_t)sizeof *ticket;
}

bool tl_channel_send_record(int end, const struct tl_record *record)
{
    return send_whole(end, record, sizeof *record);
}

bool tl_channel_send_ticket(int end, const struct tl_ticket *ticket)
{
    return send_whole(end, ticket, sizeof *ticket);
}

void tl_channel_finish(int end)
{
    if (end >= 0)
        shutdown(end, SHUT_WR);
}

bool tl_channel_send(int end, const void *message, size_t bytes)
{
    return send_whole(end, message, bytes);
}

ssize_t tl_channel_receive(int end, void *message, size_t bytes)
{
    return receive_whole(end, message, bytes, 0);
}

enum tl_received tl_channel_receive_record(int end, struct tl_record *record)
{
    ssize_t got = receive_whole(end, record, sizeof *record, MSG_DONTWAIT);

    /* The kernel reports once, before the waiting records, that the worker ended with a ticket
     * unread. */
    if (got < 0 && errno == ECONNRESET)
        got = receive_whole(end, record, sizeof *record, MSG_DONTWAIT);
    if (got == (ssize_t)sizeof *record)
        return TL_RECEIVED_RECORD;
    if (got > 0)
        return TL_RECEIVED_INVALID;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? TL_RECEIVED_NOTHING
                                                                : TL_RECEIVED_END;
}

/* Rounded up, so that a deadline has passed when the wait for it ends. */
static int milliseconds_until(uint64_t deadline_ns)
{
    uint64_t now_ns = tl_now_ns(), ms;

    if (deadline_ns == UINT64_MAX)
        return -1;
    ms = deadline_ns <= now_ns ? 0 : (deadline_ns - now_ns + 999999) / 1000000;
    return ms < 60000 ? (int)ms : 60000;
}

void tl_channel_wait(const int *ends, const int *watches, struct tl_poll_result *seen,
                     uint32_t count, uint64_t deadline_ns)
{
    struct pollfd set[2 * TELAR_WORKERS_MAX];
    int ready;

    assert(count <= TELAR_WORKERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        set[i] = (struct pollfd){.fd = ends[i], .events = POLLIN};
        set[count + i] = (struct pollfd){.fd = watches ? watches[i] : -1, .events = POLLIN};
    }
    ready = poll(set, 2 * count, milliseconds_until(deadline_ns));
    for (uint32_t i = 0; i < count; i++)
        seen[i] = (struct tl_poll_result){ready > 0 && set[i].revents != 0,
                                          ready > 0 && set[count + i].revents != 0};
}
