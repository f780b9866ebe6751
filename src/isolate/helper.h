/* SPDX-License-Identifier: MIT */
/*
 * helper.h - a helper: a child process that does one thing with code or bytes that are not trusted,
 * and answers over a channel. Layer: over child, channel and sandbox.
 *
 *     program                                   helper
 *     tl_helper_start(order)     request -->    order->serve(request, descriptors)
 *                                               tl_helper_enter_loading, tl_helper_enter
 *     tl_helper_receive              <--        tl_helper_answer
 *     tl_helper_ask             question -->    tl_helper_next
 *                                    <--        tl_helper_answer
 *     tl_helper_end                             (is killed)
 *
 * A request, a question and an answer are flat bytes of a size that both sides know. The program
 * believes nothing of an answer but its size.
 */
#ifndef TL_HELPER_H
#define TL_HELPER_H

#include "isolate/sandbox.h"

#include <sys/types.h>

enum { TL_HELPER_ANSWER_MAX = 16384, TL_HELPER_OTHERS = 2 };

/* Descriptors that a helper has beside its channel; -1 for none. The program fills them in, and the
 * helper finds them under other numbers. */
struct tl_helper_descriptors {
    int input; /* for reading; stays open in the last stage of the sandbox if that is asked for */
    int others[TL_HELPER_OTHERS]; /* closed by the last stage of the sandbox at the latest */
};

/* What a helper is started for. Made by the program; the helper has a copy. */
struct tl_helper_order {
    /*
     * What the helper does; the process ends when this returns. Until the helper has loaded
     * anything it must keep to async-signal-safe calls.
     */
    void (*serve)(const void *request, const struct tl_helper_descriptors *descriptors);
    const void *request;
    struct tl_helper_descriptors descriptors;
    const struct tl_sandbox *sandbox; /* NULL: the helper is not locked in */
};

/* A helper, as the program sees it. Begin with TL_HELPER_NONE. */
struct tl_helper {
    int end;   /* of the channel; -1: there is no helper */
    int watch; /* see tl_child_watch */
    pid_t pid; /* stays after the helper has ended, for messages */
};

#define TL_HELPER_NONE ((struct tl_helper){.end = -1, .watch = -1})

/* Why there is no answer. */
enum tl_helper_failed {
    TL_HELPER_LATE,       /* the deadline has passed */
    TL_HELPER_ENDED,      /* the helper has ended */
    TL_HELPER_NONSENSE,   /* the helper has sent something else than an answer of that size */
    TL_HELPER_NO_MEMORY,  /* the helper could not map memory */
    TL_HELPER_NO_SANDBOX, /* the helper could not be locked in */
    TL_HELPER_VIOLATION,  /* the helper has tried a system call that its sandbox forbids */
};

enum { TL_HELPER_WHY_BYTES = 128 };

/* Why a helper was lost. tl_helper_receive writes all of it when it returns false. */
struct tl_helper_failure {
    enum tl_helper_failed how;
    int errnum;                    /* of TL_HELPER_NO_MEMORY and TL_HELPER_NO_SANDBOX, else 0 */
    char why[TL_HELPER_WHY_BYTES]; /* completes "the process (pid 4711) ..." */
};

/* Starts a helper. Returns false with errno if there is no process or no descriptor for it. */
bool tl_helper_start(struct tl_helper *helper, const struct tl_helper_order *order);

/*
 * Waits until deadline_ns (of tl_now_ns; UINT64_MAX: for ever) for an answer of exactly n bytes, at
 * most TL_HELPER_ANSWER_MAX. Returns false, with the reason, if none has come: then the helper is
 * ended and joined.
 */
bool tl_helper_receive(struct tl_helper *helper, void *answer, size_t n, uint64_t deadline_ns,
                       struct tl_helper_failure *failure);

/* Sends a question of n bytes, which tl_helper_next gives to the helper. A helper that is gone is
 * not noticed before tl_helper_receive. */
void tl_helper_ask(struct tl_helper *helper, const void *question, size_t n);

/* Ends the helper, whatever it does, and joins it. Does nothing if there is none. */
void tl_helper_end(struct tl_helper *helper);

/* ---- in the helper; async-signal-safe ---- */

/* Sends an answer; nothing of it for n 0. */
void tl_helper_answer(const void *answer, size_t n);

/* Waits for a question of exactly n bytes. Returns false if the program has none any more. */
bool tl_helper_next(void *question, size_t n);

/* Says that memory could not be mapped, with errno, and ends the process. */
_Noreturn void tl_helper_no_memory(void);

/*
 * Enter the first and the second stage of the sandbox: sandbox.h describes both. Without a sandbox
 * they do nothing. On failure the program gets TL_HELPER_NO_SANDBOX and the process ends.
 */
void tl_helper_enter_loading(const char *const paths[], size_t n);
void tl_helper_enter(bool keep_input);

#endif
