/* SPDX-License-Identifier: MIT */
/*
 * task.h - what is done for each kind of task. Layer: over job, pipeline and codec; under worker.
 */
#ifndef TL_TASK_H
#define TL_TASK_H

#include "isolate/channel.h"
#include "engine/job.h"

struct tl_decoder;

/* Where a worker works. */
struct tl_place {
    const struct tl_job *job;
    struct tl_decoder *decoder; /* when workers decode; a stream is read by one of them at a time */
    unsigned char *base;        /* its mapping of the segment */
    unsigned char *scratch;     /* job->scratch_bytes of its own */
};

/*
 * Runs a task, writing nothing of the segment but the task's extent, and says in the record what
 * became of it: trouble, bytes, checksums, and the parts of its time. Async-signal-safe. Runs the
 * same again and again.
 */
void tl_task_run(const struct tl_place *place, const struct tl_task *task,
                 struct tl_record *record);

/*
 * Touches each page that a task writes, and of the source each that it reads, as running it would,
 * so that their first touch can be timed by itself. Changes nothing.
 */
void tl_task_touch(const struct tl_place *place, const struct tl_task *task);

#endif
