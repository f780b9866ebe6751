/* SPDX-License-Identifier: MIT */
/*
 * status.h - how every function of the library says what became of a call.
 *
 * A function that can fail returns a telar_status and takes, as its last argument, a pointer to a
 * struct telar_error that the caller owns (NULL when the caller does not care). The first error of
 * a call is the one reported.
 */
#ifndef TELAR_STATUS_H
#define TELAR_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <telar/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What became of a call. The numbers are the exit codes of the program telar, so that there is one
 * table and not two.
 */
typedef enum telar_status {
    TELAR_OK = 0,      /* done; the result is complete */
    TELAR_PARTIAL = 1, /* done, but part of the result is missing by the caller's own policy */
    TELAR_USAGE = 2,   /* an argument makes no sense; nothing was started */
    TELAR_INPUT = 3,   /* the input cannot be read or is not acceptable */
    TELAR_HOST =
        4, /* the host cannot give what is needed (memory, processes, descriptors, shared memory) */
    TELAR_WORKER = 5,  /* a worker died or broke its contract */
    TELAR_TIMEOUT = 6, /* a time limit passed */
    TELAR_OUTPUT = 7,  /* the output could not be written; its path is as it was */
} telar_status;

enum { TELAR_ERROR_TEXT_BYTES = 512 };

/*
 * Why a call failed. Filled only when the status is not TELAR_OK. Plain data: copy it, keep it,
 * nothing to free.
 */
struct telar_error {
    telar_status status;
    int errnum;                        /* errno of the failing system call, 0 when there was none */
    int worker;                        /* index of the worker concerned, -1 when none is */
    int64_t pid;                       /* its process id, 0 when it is no process of its own */
    bool has_region;                   /* whether region is meant */
    struct telar_region region;        /* the region that was being worked on */
    char text[TELAR_ERROR_TEXT_BYTES]; /* one line for people, without a newline: what, where, and
                                          the remedy */
};

/*
 * The name of a status ("ok", "usage", "input", ...), for reports. Never NULL; a static string;
 * safe from any thread.
 */
const char *telar_status_name(telar_status status);

#ifdef __cplusplus
}
#endif
#endif
