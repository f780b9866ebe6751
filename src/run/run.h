/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run from its options to its report. Layer: the highest of the library.
 */
#ifndef TL_RUN_H
#define TL_RUN_H

#include "png/atomic_output.h"
#include "png/decoder.h"
#include "engine/coordinator.h"
#include "plugin/plugin.h"
#include "png/png_steps.h"

#include <telar/run.h>

/* All that a run holds. What is NULL or none needs no release. Only src/run/ writes it, in the
 * thread that called telar. */
struct tl_run {
    struct telar_options options; /* with every default decided */
    struct telar_limits limits;   /* options point to these two */
    struct telar_measure measure;
    const telar_pipeline *pipeline;
    const char *name; /* of the image, for messages */
    struct tl_orders orders;
    struct tl_job job;
    struct tl_segment segment;
    struct tl_sandbox *sandbox; /* NULL: none is asked for */
    struct tl_plugins plugins;
    struct tl_loading loading;          /* of the plug-ins, by workers */
    struct tl_coordinator *coordinator; /* of a pool, which keeps its workers; else NULL */
    telar_report *report;
    unsigned char *row; /* room for a row that has to be put together */
    uint32_t again;     /* how often all was done once more after a loss */

    /* Of a run from file to file. */
    struct tl_decoder *decoder;
    struct tl_atomic_output *output;
    struct tl_png_collector collector;
    bool doubted;   /* an attempt ended with a doubt about the file */
    bool abandoned; /* see struct tl_outcome */
};

/* Decides the options. The caller calls tl_run_end for what there is, on failure too. */
telar_status tl_run_begin(struct tl_run *run, const char *name, const telar_pipeline *pipeline,
                          const struct telar_options *options, telar_report **report,
                          struct telar_error *error);

/*
 * Makes the job for an image of that geometry, a segment with room for everything, and a report
 * that says so. Before it, orders.decoder is set when workers decode, and output when they encode.
 */
telar_status tl_run_plan(struct tl_run *run, const struct telar_geometry *image,
                         struct telar_error *error);

/* The two images of a run in memory. */
struct tl_images {
    const telar_image *source;
    telar_image **result; /* with the chunks of the source; the caller owns it; NULL on error */
};

/*
 * Makes an attempt (see attempts.h) in a planned run; `data` is a struct tl_images. All of the
 * source is copied in again, and no task looks at what was there before. So what a worker has
 * written to where it must not, at the shared rung, is written over. TELAR_HOST: no memory.
 */
telar_status tl_run_transform(struct tl_run *run, void *data, struct tl_outcome *outcome,
                              struct telar_error *error);

/* Makes the coordinator of a planned run whose workers live from one tl_run_workers to the next. */
telar_status tl_run_keep_workers(struct tl_run *run, struct telar_error *error);

/* Does everything that workers do in a planned run. */
telar_status tl_run_workers(struct tl_run *run, struct tl_outcome *outcome,
                            struct telar_error *error);

/* Returns TELAR_PARTIAL, in words, when regions are left as the source. */
telar_status tl_run_partial(const struct tl_run *run, const struct tl_outcome *outcome,
                            struct telar_error *error);

/* Forgets an attempt, except the zero of time and the losses of its report. */
void tl_run_start_over(struct tl_run *run);

/* Releases what the run holds. The report goes to the caller if `report` is not NULL. */
void tl_run_end(struct tl_run *run, telar_report **report);

/* Returns the time since the run began. */
uint64_t tl_run_elapsed_ns(const struct tl_run *run);

#endif
