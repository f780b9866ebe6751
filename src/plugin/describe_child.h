/* SPDX-License-Identifier: MIT */
/*
 * probe.h - the describing child: a process that has loaded a plug-in and answers what it is and
 * what it needs, so that the program that plans with it need not load it. Nothing that the child
 * says is believed to be more than numbers and printable text. Layer: over child, channel, sandbox,
 * description, pipeline and plugin.
 */
#ifndef TL_PROBE_H
#define TL_PROBE_H

#include "plugin/description.h"
#include "transform/pipeline.h"
#include "isolate/sandbox.h"

#include <sys/types.h>

/* A child; begin with {.end = -1}. */
struct tl_describe_child {
    const char *path;                 /* of the plug-in; the caller's */
    const struct tl_sandbox *sandbox; /* NULL: the child is not locked in */
    uint32_t timeout_ms;              /* for loading, and for each answer */
    int end, child_end;               /* of the channel; -1: there is no child */
    pid_t pid;
    struct telar_error error; /* the first thing that went wrong; from then on every answer is 0 */
};

/*
 * Starts the child, and waits until it has described the plug-in. *description may be anything: see
 * tl_stand_in_make. The child is ended after an error. TELAR_INPUT, TELAR_WORKER, TELAR_TIMEOUT,
 * TELAR_HOST: see telar_plugin_describe.
 */
telar_status tl_describe_child_open(struct tl_describe_child *probe,
                                    struct tl_description *description, struct telar_error *error);

/* Asks the child. rows and columns are for the scratch memory of a region of that size. After an
 * error: 0. */
uint64_t tl_describe_child_ask(struct tl_describe_child *probe, enum tl_need need,
                               const struct telar_context *context, uint32_t rows,
                               uint32_t columns);

/* Ends the child, if there is one. */
void tl_describe_child_close(struct tl_describe_child *probe);

#endif
