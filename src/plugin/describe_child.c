/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "plugin/describe_child.h"

#include "isolate/channel.h"
#include "isolate/child.h"
#include "base/host.h"
#include "plugin/load.h"
#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The child's first message. */
struct greeting {
    int32_t status; /* TELAR_OK, TELAR_INPUT with a text, TELAR_HOST with an errno, TELAR_WORKER
                       with a system call */
    int32_t number; /* that */
    char text[TELAR_ERROR_TEXT_BYTES];
    struct tl_description description;
};

struct question {
    uint32_t need, rows, columns;
    struct telar_geometry image;
    double params[TELAR_PARAMS_MAX];
};

/* ---- the child ---- */

/* Its message, large, and its end for the handler of violations. */
static struct greeting greeting;
static int child_end;

static void greet(telar_status status, int number)
{
    greeting.status = (int32_t)status;
    greeting.number = number;
    tl_channel_send(child_end, &greeting, sizeof greeting);
}

static void tell_violation(int number)
{
    greet(TELAR_WORKER, number);
}

static bool describe(const struct tl_describe_child *probe,
                     const struct telar_transform **transform)
{
    struct telar_error error = {.worker = -1};
    void *handle;

    if (tl_load_plugin(probe->path, transform, &handle, &error) == TELAR_OK
        && tl_describe(*transform, &greeting.description, &error) == TELAR_OK)
        return true;
    memcpy(greeting.text, error.text, sizeof greeting.text);
    greet(TELAR_INPUT, 0);
    return false;
}

static void answer(const struct telar_transform *transform)
{
    struct question q;

    while (tl_channel_receive(child_end, &q, sizeof q) == (ssize_t)sizeof q) {
        const struct telar_context context = {.image = q.image, .params = q.params};
        uint64_t number = tl_need_of(transform, (enum tl_need)q.need, &context, q.rows, q.columns);

        if (!tl_channel_send(child_end, &number, sizeof number))
            return;
    }
}

static void live(void *data)
{
    struct tl_describe_child *probe = data;
    const struct telar_transform *transform;
    int none = -1;

    if (!probe->sandbox)
        tl_child_close_others(&probe->child_end, 1);
    else if (!tl_sandbox_arrange(&probe->child_end, &none, NULL, 0))
        _exit(1);
    child_end = probe->child_end;
    if (probe->sandbox
        && !tl_sandbox_enter_loading(probe->sandbox, &probe->path, 1, tell_violation)) {
        greet(TELAR_HOST, errno);
        return;
    }
    if (!describe(probe, &transform))
        return;
    if (probe->sandbox && !tl_sandbox_enter(probe->sandbox, false, tell_violation)) {
        greet(TELAR_HOST, errno);
        return;
    }
    greet(TELAR_OK, 0);
    answer(transform);
}

/* ---- the program ---- */

/* Ends the child, and takes the first thing that went wrong. */
static void lose(struct tl_describe_child *probe, bool late, bool noise, const char *what)
{
    int64_t pid = probe->pid;
    struct tl_exit_cause cause = tl_child_end(probe->pid, !late && !noise);
    char why[96];

    tl_channel_close(&probe->end);
    tl_exit_cause_text(&cause, why, sizeof why);
    if (late)
        tl_fail(&probe->error, TELAR_TIMEOUT, 0,
                "plug-in %s: %s took longer than the time limit of %" PRIu32 ".%03" PRIu32
                " s (pid %" PRId64 "); the plug-in hangs, or needs a longer --timeout",
                probe->path, what, probe->timeout_ms / 1000, probe->timeout_ms % 1000, pid);
    else
        tl_fail(&probe->error, TELAR_WORKER, 0,
                "plug-in %s: the process (pid %" PRId64
                ") %s while %s; the plug-in has to be mended",
                probe->path, pid, noise ? "sent a message that makes no sense" : why, what);
    probe->error.pid = pid;
}

/* Waits for a message of exactly that size. */
static bool hear(struct tl_describe_child *probe, void *message, size_t bytes, const char *what)
{
    uint64_t deadline_ns = tl_now_ns() + probe->timeout_ms * UINT64_C(1000000);
    struct tl_poll_result seen = {0};
    ssize_t got = 0;

    while (!seen.word && tl_now_ns() < deadline_ns)
        tl_channel_wait(&probe->end, NULL, &seen, 1, deadline_ns);
    if (seen.word)
        got = tl_channel_receive(probe->end, message, bytes);
    if (got == (ssize_t)bytes)
        return true;
    lose(probe, !seen.word, got > 0, what);
    return false;
}

/* What the child said, in words. The text may be anything: tl_fail makes one line of it. */
static telar_status judge(struct tl_describe_child *probe, struct greeting *said)
{
    char call[TL_SANDBOX_NAME_BYTES];

    said->text[sizeof said->text - 1] = 0;
    switch (said->status) {
    case TELAR_OK:
        return TELAR_OK;
    case TELAR_INPUT:
        return tl_fail(&probe->error, TELAR_INPUT, 0, "%s", said->text);
    case TELAR_HOST:
        return tl_fail(&probe->error, TELAR_HOST, said->number,
                       "plug-in %s: cannot lock in the process that loads it; see telar doctor, or "
                       "use -i guarded",
                       probe->path);
    default:
        tl_sandbox_call_name(said->number, call);
        return tl_fail(
            &probe->error, TELAR_WORKER, 0,
            "plug-in %s: tried the system call %s while it was loaded, which its sandbox forbids; "
            "if you trust it, use -i guarded",
            probe->path, call);
    }
}

telar_status tl_describe_child_open(struct tl_describe_child *probe,
                                    struct tl_description *description, struct telar_error *error)
{
    struct greeting said;
    int ends[2];
    telar_status status = tl_channel_open(ends, error);

    if (status != TELAR_OK)
        return status;
    tl_error_clear(&probe->error);
    probe->end = ends[0];
    probe->child_end = ends[1];
    probe->pid = tl_child_start(live, probe, NULL);
    tl_channel_close(&ends[1]);
    if (probe->pid < 0) {
        tl_channel_close(&probe->end);
        return tl_fail(error, TELAR_HOST, errno, "plug-in %s: cannot make a process to load it",
                       probe->path);
    }
    if (hear(probe, &said, sizeof said, "being loaded") && judge(probe, &said) == TELAR_OK) {
        *description = said.description;
        return TELAR_OK;
    }
    tl_describe_child_close(probe);
    if (error)
        *error = probe->error;
    return probe->error.status;
}

uint64_t tl_describe_child_ask(struct tl_describe_child *probe, enum tl_need need,
                               const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    struct question q = {need, rows, columns, context->image, {0}};
    uint64_t number = 0;

    if (probe->error.status != TELAR_OK)
        return 0;
    memcpy(q.params, context->params, sizeof q.params);
    if (!tl_channel_send(probe->end, &q, sizeof q))
        lose(probe, false, false, "telling what it needs");
    else if (!hear(probe, &number, sizeof number, "telling what it needs"))
        number = 0;
    return number;
}

void tl_describe_child_close(struct tl_describe_child *probe)
{
    if (probe->end < 0)
        return;
    tl_channel_close(&probe->end);
    tl_child_end(probe->pid, false);
}
