/* SPDX-License-Identifier: MIT */
/*
 * status.h - how a function of the library reports the outcome of a call.
 *
 * A function that can fail returns a telar_status. Its last argument is a pointer to a struct
 * telar_error of the caller. This pointer may be NULL when the caller needs no reason. The library
 * reports the first error of a call. A mistake in the program is no status: NULL for a pointer that
 * must not be NULL, or a row that the image does not have, may end the program.
 */
#ifndef TELAR_STATUS_H
#define TELAR_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <telar/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The outcome of a call. The numbers are also the exit codes of the program telar. After every
 * status the library has released what the call had made, and the program may call any function
 * again; the one exception is under TELAR_TIMEOUT.
 */
typedef enum telar_status {
    /* Every function: the call did what its comment says, and the result is complete. */
    TELAR_OK = 0,

    /* Runs with TELAR_ON_CRASH_SKIP: the result is written, but some regions are the source's own.
     * The error names the first of them, the report lists all. Another run may complete them. */
    TELAR_PARTIAL = 1,

    /* Every function: an argument makes no sense. Nothing was started. The same call fails again:
     * change the argument. */
    TELAR_USAGE = 2,

    /* Functions that read a file or a plug-in: it cannot be read, is damaged, is no PNG file or no
     * plug-in, or is over a limit. The same call fails again until the file or the limit changes.
     */
    TELAR_INPUT = 3,

    /* Every function that needs memory, shared memory, processes or descriptors: the host refused.
     * The same call may succeed later, with fewer workers or with a smaller image. */
    TELAR_HOST = 4,

    /* Runs and telar_plugin_describe: a worker died or broke its contract and was not replaced.
     * The same call may succeed if the cause was the host, and fails again if it is the transform.
     */
    TELAR_WORKER = 5,

    /* Runs and telar_plugin_describe: a task or a load took longer than its limit. With processes
     * the late worker was killed, and one may go on. With threads the late thread still runs and
     * its segment stays mapped: start no further run of that pool, and let the process end. */
    TELAR_TIMEOUT = 6,

    /* telar_run_file and telar_image_write: the output could not be written. The file at its path
     * is as it was; bytes that went to a pipe stay there. The same call may succeed later. */
    TELAR_OUTPUT = 7,
} telar_status;

enum { TELAR_ERROR_TEXT_BYTES = 512 };

/*
 * The reason why a call failed. The library fills it during the call, in the calling thread, and
 * only when the status is not TELAR_OK. The caller owns it; it has no pointers, may be copied, and
 * nothing of it must be freed. The struct keeps this size in all versions with the same soname.
 */
struct telar_error {
    telar_status status;               /* the same as the call returned */
    int errnum;                        /* errno of the failing system call, or 0 */
    int worker;                        /* index of the worker concerned, or -1 */
    int64_t pid;                       /* its process id, or 0 when it is no process */
    bool has_region;                   /* whether region is set */
    struct telar_region region;        /* the region that the worker was computing */
    char text[TELAR_ERROR_TEXT_BYTES]; /* one line for people, without a newline: what happened, to
                                          what, why, and what to do */
};

/*
 * Returns the name of a status: "ok", "partial", "usage", "input", "host", "worker", "timeout",
 * "output", and "unknown" for other numbers. A constant string, never NULL. May be called from any
 * thread and from a signal handler.
 */
const char *telar_status_name(telar_status status);

#ifdef __cplusplus
}
#endif
#endif
