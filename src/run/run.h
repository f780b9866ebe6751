/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run from its options to its report. Layer: the highest of the library.
 */
#ifndef TL_RUN_H
#define TL_RUN_H

#include "png/decoder.h"
#include "engine/coordinator.h"
#include "plugin/plugin.h"
#include "png/png_steps.h"

#include <telar/run.h>

/* All that a run holds; what is NULL or none needs no release. */
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
    struct tl_loading loading; /* of the plug-ins, by workers */
    telar_report *report;
    unsigned char *row; /* one row, where it has to be put together */

    /* Of a run from file to file. */
    struct tl_decoder *decoder;
    struct tl_atomic_output *output;
    struct tl_png_collector collector;
    bool abandoned; /* see struct tl_outcome */
    uint32_t again; /* how often all was done once more after a crash */
};

/* Decides the options. On failure, too, tl_run_end is for what there is. */
telar_status tl_run_begin(struct tl_run *run, const char *name, const telar_pipeline *pipeline,
                          const struct telar_options *options, telar_report **report,
                          struct telar_error *error);

/* From an image's geometry to a segment with room for everything, and a report that says so. */
telar_status tl_run_plan(struct tl_run *run, const struct telar_geometry *image, bool decode,
                         bool encode, struct telar_error *error);

/* Copies the pixels of an image into the segment of a planned run. */
void tl_run_copy_in(struct tl_run *run, const telar_image *source);

/* Makes an image of the result of a run, with the chunks of the source. *result, which the caller
 * owns, is NULL on error. TELAR_HOST: no memory. */
telar_status tl_run_copy_out(struct tl_run *run, const telar_image *source, telar_image **result,
                             struct telar_error *error);

/* Completes the orders, once the run is planned. tl_run_workers does that itself. */
void tl_run_give_orders(struct tl_run *run);

/* All that the workers do. */
telar_status tl_run_workers(struct tl_run *run, struct tl_outcome *outcome,
                            struct telar_error *error);

/* TELAR_PARTIAL, in words, when regions are left as the source. */
telar_status tl_run_partial(const struct tl_run *run, const struct tl_outcome *outcome,
                            struct telar_error *error);

/* Forgets an attempt, but for its report's zero of time and its losses. */
void tl_run_start_over(struct tl_run *run);

/* Releases what the run holds; the report goes to the caller who wants it. */
void tl_run_end(struct tl_run *run, telar_report **report);

uint64_t tl_run_elapsed_ns(const struct tl_run *run);

#endif
