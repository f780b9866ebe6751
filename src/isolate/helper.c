/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/helper.h"

#include "base/host.h"
#include "isolate/channel.h"
#include "isolate/child.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a message of the helper is. */
enum { ANSWER, NO_MEMORY, NO_SANDBOX, VIOLATION };

struct message {
    struct head {
        uint32_t kind;
        int32_t number; /* errno, or the number of a system call */
    } head;
    unsigned char answer[TL_HELPER_ANSWER_MAX];
};

/* ---- in the helper ---- */

/* The only helper that this process is. */
static struct {
    int end;
    const struct tl_sandbox *sandbox;
} own;

static void send_trouble(uint32_t kind, int number)
{
    const struct head head = {kind, number};

    tl_channel_send(own.end, &head, sizeof head);
}

static void send_violation(int number)
{
    send_trouble(VIOLATION, number);
}

void tl_helper_answer(const void *answer, size_t n)
{
    struct message message = {.head.kind = ANSWER};

    assert(n <= sizeof message.answer);
    if (n > 0)
        memcpy(message.answer, answer, n);
    tl_channel_send(own.end, &message, sizeof message.head + n);
}

bool tl_helper_next(void *question, size_t n)
{
    return tl_channel_receive(own.end, question, n) == (ssize_t)n;
}

void tl_helper_no_memory(void)
{
    send_trouble(NO_MEMORY, errno);
    _exit(0);
}

static void enter(bool entered)
{
    if (entered)
        return;
    send_trouble(NO_SANDBOX, errno);
    _exit(0);
}

void tl_helper_enter_loading(const char *const paths[], size_t n)
{
    if (own.sandbox)
        enter(tl_sandbox_enter_loading(own.sandbox, paths, n, send_violation));
}

void tl_helper_enter(bool keep_input)
{
    if (own.sandbox)
        enter(tl_sandbox_enter(own.sandbox, keep_input, send_violation));
}

/* What a new helper gets from the program. */
struct birth {
    struct tl_helper_order order;
    int end;
};

/* Closes what is not the helper's. In a sandbox, descriptors are where its filters expect them. */
static bool arrange(struct birth *birth)
{
    struct tl_helper_descriptors *d = &birth->order.descriptors;
    const int kept[] = {birth->end, d->input, d->others[0], d->others[1]};
    int *others[TL_HELPER_OTHERS];
    size_t n = 0;

    for (int i = 0; i < TL_HELPER_OTHERS; i++)
        if (d->others[i] >= 0)
            others[n++] = &d->others[i];
    if (birth->order.sandbox)
        return tl_sandbox_arrange(&birth->end, &d->input, others, n);
    tl_child_close_others(kept, sizeof kept / sizeof *kept);
    return true;
}

static void live(void *data)
{
    struct birth *birth = data;

    if (!arrange(birth))
        _exit(1);
    own.end = birth->end;
    own.sandbox = birth->order.sandbox;
    birth->order.serve(birth->order.request, &birth->order.descriptors);
}

/* ---- in the program ---- */

bool tl_helper_start(struct tl_helper *helper, const struct tl_helper_order *order)
{
    struct birth birth = {.order = *order};
    int ends[2], failure;

    if (tl_channel_open(ends, NULL) != TELAR_OK)
        return false;
    birth.end = ends[1];
    helper->pid = tl_child_start(live, &birth, NULL);
    failure = errno;
    tl_channel_close(&ends[1]);
    if (helper->pid < 0)
        tl_channel_close(&ends[0]);
    helper->end = ends[0];
    helper->watch = helper->pid < 0 ? -1 : tl_child_watch(helper->pid);
    errno = failure;
    return helper->pid >= 0;
}

/* Closes the program's side and joins the helper. `gone`: it has closed its own side. */
static struct tl_exit_cause join(struct tl_helper *helper, bool gone)
{
    tl_channel_close(&helper->end);
    tl_channel_close(&helper->watch);
    return tl_child_end(helper->pid, gone);
}

void tl_helper_end(struct tl_helper *helper)
{
    if (helper->end >= 0)
        join(helper, false);
}

void tl_helper_ask(struct tl_helper *helper, const void *question, size_t n)
{
    tl_channel_send(helper->end, question, n);
}

/*
 * Waits for a message. Returns false when the deadline has passed. Sets *got to its bytes, or to 0
 * when the helper has ended without another. What a helper sent before it ended may be noticed only
 * after its end, so there is one more look.
 */
static bool wait_for_message(struct tl_helper *helper, struct message *message, ssize_t *got,
                             uint64_t deadline_ns)
{
    struct tl_poll_result seen = {0};

    *got = 0;
    while (!seen.readable && !seen.ended && tl_now_ns() < deadline_ns)
        tl_channel_wait(&helper->end, &helper->watch, &seen, 1, deadline_ns);
    if (!seen.readable && !seen.ended)
        return false;
    if (!seen.readable)
        tl_channel_wait(&helper->end, NULL, &seen, 1, tl_now_ns());
    if (seen.readable)
        *got = tl_channel_receive(helper->end, message, sizeof *message);
    return true;
}

/* Ends the helper and says why there is no answer; `why` NULL: how the helper ended says it. */
static bool lose(struct tl_helper *helper, struct tl_helper_failure *failure,
                 enum tl_helper_failed how, int errnum, const char *why)
{
    struct tl_exit_cause cause = join(helper, how == TL_HELPER_ENDED);

    failure->how = how;
    failure->errnum = errnum;
    if (why)
        snprintf(failure->why, sizeof failure->why, "%s", why);
    else
        tl_exit_cause_text(&cause, failure->why, sizeof failure->why);
    return false;
}

/* A message that is no answer of the right size. */
static bool refuse(struct tl_helper *helper, const struct message *message, size_t n,
                   struct tl_helper_failure *failure)
{
    char why[TL_SANDBOX_VIOLATION_BYTES];

    if (n == sizeof message->head && message->head.kind == NO_MEMORY)
        return lose(helper, failure, TL_HELPER_NO_MEMORY, message->head.number,
                    "could not map its memory");
    if (n == sizeof message->head && message->head.kind == NO_SANDBOX)
        return lose(helper, failure, TL_HELPER_NO_SANDBOX, message->head.number,
                    "could not be locked in; see telar doctor");
    if (n == sizeof message->head && message->head.kind == VIOLATION) {
        tl_sandbox_violation_text(message->head.number, why);
        return lose(helper, failure, TL_HELPER_VIOLATION, 0, why);
    }
    return lose(helper, failure, TL_HELPER_NONSENSE, 0, tl_cause_nonsense);
}

bool tl_helper_receive(struct tl_helper *helper, void *answer, size_t n, uint64_t deadline_ns,
                       struct tl_helper_failure *failure)
{
    struct message message;
    ssize_t got;

    assert(n <= sizeof message.answer);
    if (!wait_for_message(helper, &message, &got, deadline_ns))
        return lose(helper, failure, TL_HELPER_LATE, 0, "took too long");
    if (got <= 0)
        return lose(helper, failure, TL_HELPER_ENDED, 0, NULL);
    if (got != (ssize_t)(sizeof message.head + n) || message.head.kind != ANSWER)
        return refuse(helper, &message, (size_t)got, failure);
    if (n > 0)
        memcpy(answer, message.answer, n);
    return true;
}
