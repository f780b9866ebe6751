/* SPDX-License-Identifier: MIT */
/*
 * kind.h - the kinds of tasks, and the functions that do them. Layer: over job and channel.
 *
 * A stage of a table names its kind by number, so that the table stays free of pointers. The number
 * is an index into a constant array of records, which is the same in every telar program. The
 * engine calls only these functions and knows nothing of what they do.
 */
#ifndef TL_KIND_H
#define TL_KIND_H

#include "engine/job.h"
#include "isolate/channel.h"

#include <telar/report.h>

/* The number of a kind, which a stage of a table names. It is an index into a tl_kind_list. */
enum tl_kind_number {
    TL_READ_RAW,       /* the next band of a stream, as the stream has it */
    TL_READ_PIXELS,    /* the next band of a stream: pixels */
    TL_READ_REST,      /* what follows the last band of a stream */
    TL_DECODE_BAND,    /* a band that can be decoded without the bands before it */
    TL_MAKE_PIXELS,    /* pixels of a band from what the stream has of it */
    TL_PREPARE,        /* the state of a transform, from its parameters */
    TL_GATHER,         /* a partial: what a whole-image statistic needs of some rows */
    TL_MERGE,          /* the state of a transform, from all partials */
    TL_PROCESS,        /* the result of a region */
    TL_ENCODE_RESULTS, /* a band of the file, from the results of regions */
    TL_ENCODE_SOURCE,  /* a band of the file, transformed from the source on the way */
    TL_ENCODE_FILE,    /* the same, and decoded from the input file before that */
    TL_KINDS,
};

struct tl_place;

/* What the engine must know of a kind. Functions may be NULL, except run. */
struct tl_kind {
    const char *name;
    telar_task_kind report; /* what the report calls it */
    bool reads_input;       /* run reads the input file */
    bool skippable;         /* run can leave the transforms out */

    /*
     * Does a task in a worker. Writes nothing of the segment but the task's extent, and says in the
     * record what became of it. Does the same when it is called again. Async-signal-safe.
     */
    void (*run)(const struct tl_place *place, const struct tl_task *task, struct tl_record *record);

    /* Reads one byte of each page that run reads, so that its first touch can be timed.
     * Async-signal-safe. */
    void (*touch)(const struct tl_place *place, const struct tl_task *task);

    /* Takes the record of a task that is done, in the coordinator. Any status but TELAR_OK ends the
     * run. */
    telar_status (*collect)(void *collector, const struct tl_task *task,
                            const struct tl_record *record, struct telar_error *error);

    /*
     * Takes the bytes of a task that is done in the coordinator, in the order of the tasks, from a
     * slot that is free for another task afterwards. Any status but TELAR_OK ends the run.
     */
    telar_status (*deliver)(void *collector, const struct tl_task *task, const unsigned char *bytes,
                            struct telar_error *error);

    /*
     * Takes, in the coordinator, the record of a task that could not be done because of the input
     * file (TL_TROUBLE_INPUT, TL_TROUBLE_DOUBT). Returns the status with which the run ends, and
     * says why. NULL: the kind has nothing to do with the file, and no worker is believed that says
     * so.
     */
    telar_status (*refuse)(void *collector, const struct tl_record *record,
                           struct telar_error *error);
};

/* An array with a record for each number, made by a layer above. */
typedef const struct tl_kind *const *tl_kind_list;

#endif
