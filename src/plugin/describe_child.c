/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "plugin/describe_child.h"

#include "base/host.h"
#include "base/status.h"
#include "plugin/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The helper's first answer. Its request is the path of the plug-in, as text. */
struct greeting {
    int32_t status; /* TELAR_OK with a description, or TELAR_INPUT with a text */
    char text[TELAR_ERROR_TEXT_BYTES];
    struct tl_description description;
};
_Static_assert(sizeof(struct greeting) <= TL_HELPER_ANSWER_MAX, "a helper cannot send it");

struct question {
    uint32_t need, rows, columns;
    struct telar_geometry image;
    double params[TELAR_PARAMS_MAX];
};

/* ---- in the helper ---- */

/* Loads and describes the plug-in. Returns false, with a text in the greeting, if that fails. */
static bool describe(const char *path, const struct telar_transform **transform,
                     struct greeting *greeting)
{
    struct telar_error error = {.worker = -1};
    void *handle;

    if (tl_load_plugin(path, transform, &handle, &error) == TELAR_OK
        && tl_describe(*transform, &greeting->description, &error) == TELAR_OK)
        return true;
    greeting->status = TELAR_INPUT;
    memcpy(greeting->text, error.text, sizeof greeting->text);
    return false;
}

static void serve(const void *request, const struct tl_helper_descriptors *descriptors)
{
    static struct greeting greeting; /* the process is the helper's alone */
    const struct telar_transform *transform;
    const char *path = request;
    struct question q;

    (void)descriptors;
    tl_helper_enter_loading(&path, 1);
    if (!describe(path, &transform, &greeting)) {
        tl_helper_answer(&greeting, sizeof greeting);
        return;
    }
    tl_helper_enter(false);
    tl_helper_answer(&greeting, sizeof greeting);
    while (tl_helper_next(&q, sizeof q)) {
        const struct telar_context context = {.image = q.image, .params = q.params};
        uint64_t number = tl_need_of(transform, (enum tl_need)q.need, &context, q.rows, q.columns);

        tl_helper_answer(&number, sizeof number);
    }
}

/* ---- in the program ---- */

/* Says why there is no answer. */
static void note_failure(struct tl_describe_child *child, const struct tl_helper_failure *failure,
                         const char *what)
{
    const int64_t pid = child->helper.pid;

    switch (failure->how) {
    case TL_HELPER_LATE:
        tl_fail(&child->error, TELAR_TIMEOUT, 0,
                "plug-in %s: %s took longer than the time limit of %" PRIu32 ".%03" PRIu32
                " s (pid %" PRId64 "); the plug-in hangs, or needs a longer --timeout",
                child->path, what, child->timeout_ms / 1000, child->timeout_ms % 1000, pid);
        break;
    case TL_HELPER_NO_SANDBOX:
        tl_fail(&child->error, TELAR_HOST, failure->errnum,
                "plug-in %s: cannot lock in the process that loads it; see telar doctor, or use -i "
                "guarded",
                child->path);
        return;
    case TL_HELPER_VIOLATION:
        tl_fail(&child->error, TELAR_WORKER, 0,
                "plug-in %s: %s, while %s; if you trust it, use -i guarded", child->path,
                failure->why, what);
        return;
    default:
        tl_fail(&child->error, TELAR_WORKER, 0,
                "plug-in %s: the process (pid %" PRId64
                ") %s while %s; the plug-in has to be mended",
                child->path, pid, failure->why, what);
    }
    child->error.pid = pid;
}

/* Waits for an answer of exactly that size. */
static bool receive(struct tl_describe_child *child, void *answer, size_t n, const char *what)
{
    struct tl_helper_failure failure;
    const uint64_t deadline_ns = tl_now_ns() + child->timeout_ms * UINT64_C(1000000);

    if (tl_helper_receive(&child->helper, answer, n, deadline_ns, &failure))
        return true;
    note_failure(child, &failure, what);
    return false;
}

/* Takes the description, or what the helper says instead: the text may hold anything, and tl_fail
 * makes one line of it. */
static telar_status greet(struct tl_describe_child *child, struct tl_description *description)
{
    struct greeting greeting;

    if (!receive(child, &greeting, sizeof greeting, "being loaded"))
        return child->error.status;
    *description = greeting.description;
    if (greeting.status == TELAR_OK)
        return TELAR_OK;
    return tl_fail(&child->error, TELAR_INPUT, 0, "%.*s", (int)sizeof greeting.text - 1,
                   greeting.text);
}

telar_status tl_describe_child_open(struct tl_describe_child *child,
                                    struct tl_description *description, struct telar_error *error)
{
    const struct tl_helper_order order = {
        .serve = serve,
        .request = child->path,
        .descriptors = {.input = -1, .others = {-1, -1}},
        .sandbox = child->sandbox,
    };

    tl_error_clear(&child->error);
    if (!tl_helper_start(&child->helper, &order))
        return tl_fail(error, TELAR_HOST, errno, "plug-in %s: cannot make a process to load it",
                       child->path);
    if (greet(child, description) == TELAR_OK)
        return TELAR_OK;
    tl_describe_child_close(child);
    if (error)
        *error = child->error;
    return child->error.status;
}

uint64_t tl_describe_child_ask(struct tl_describe_child *child, enum tl_need need,
                               const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    struct question q = {need, rows, columns, context->image, {0}};
    uint64_t number = 0;

    if (child->error.status != TELAR_OK)
        return 0;
    memcpy(q.params, context->params, sizeof q.params);
    tl_helper_ask(&child->helper, &q, sizeof q);
    return receive(child, &number, sizeof number, "telling what it needs") ? number : 0;
}

void tl_describe_child_close(struct tl_describe_child *child)
{
    tl_helper_end(&child->helper);
}
