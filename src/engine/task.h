/* SPDX-License-Identifier: MIT */
/*
 * task.h - what a worker does a task with. Layer: over kind; under worker.
 */
#ifndef TL_TASK_H
#define TL_TASK_H

#include "engine/kind.h"

struct tl_decoder;
struct telar_pipeline;

/* Where a worker works. The coordinator sets it before the worker starts, except `base` and
 * `scratch`, which the worker maps itself. The engine hands decoder and pipeline on to the kinds
 * and does not look into them. */
struct tl_place {
    const struct tl_job *job;
    tl_kind_list kinds;
    const struct telar_pipeline *pipeline;
    struct tl_decoder *decoder; /* NULL when workers do not decode; one worker at a time uses its
                                   stream */
    int input_fd;               /* of the input file; -1: the worker does not read it */
    unsigned char *base;        /* its mapping of the segment */
    unsigned char *scratch;     /* job->scratch_bytes of its own */
};

/* Does a task, as tl_kind.run says. Async-signal-safe. */
void tl_task_run(const struct tl_place *place, const struct tl_task *task,
                 struct tl_record *record);

/*
 * Touches each page that the task writes and reads, as running it would, so that the first touch
 * can be timed by itself. Changes nothing. Async-signal-safe.
 */
void tl_task_touch(const struct tl_place *place, const struct tl_task *task);

#endif
