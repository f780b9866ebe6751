/* SPDX-License-Identifier: MIT */
/*
 * pipeline.h - several transforms in a row, evaluated together.
 *
 * A worker evaluates neighbouring steps of a pipeline for one region without an image in between.
 * Each step writes to scratch memory, on a region that shrinks by the halos of the later steps.
 * Each step sees the same pixels as if the earlier steps had been applied to the whole image. So
 * the bytes are the same as with one pass over the image for each step.
 */
#ifndef TL_PIPELINE_H
#define TL_PIPELINE_H

#include <telar/pipeline.h>

/*
 * A transform and its parameter values. *transform has passed tl_transform_check. The step does not
 * own it. pipeline.c fills the steps of the caller's pipeline. plugin.c completes the steps of a
 * copy: it sets `transform` and `ask` for plug-ins.
 */
struct tl_step {
    const struct telar_transform *transform; /* NULL for a plug-in that is not yet described */
    double params[TELAR_PARAMS_MAX];
    /*
     * A plug-in's path and parameters as the user gave them, or NULL for a built-in transform. The
     * caller's pipeline owns the string.
     */
    char *plugin;

    /*
     * Answers what the transform needs (enum tl_need) in place of its own functions: those of a
     * plug-in run only in a child process. NULL: call the transform's functions.
     */
    uint64_t (*ask)(void *asked, uint32_t need, const struct telar_context *context, uint32_t rows,
                    uint32_t columns);
    void *asked;
};

/* The questions to a transform while a run is planned. */
enum tl_need { TL_NEED_HALO, TL_NEED_STATE_BYTES, TL_NEED_PARTIAL_BYTES, TL_NEED_SCRATCH_BYTES };

/* The public opaque type. Planning a run works on a copy. */
struct telar_pipeline {
    uint32_t length;
    struct tl_step step[TELAR_PIPELINE_MAX];
};

/*
 * Neighbouring steps of a pipeline that are evaluated together. The user of the struct fills it and
 * keeps the objects that it points to. A pass owns nothing.
 */
struct tl_pass {
    const struct telar_pipeline *pipeline;
    struct telar_geometry image; /* of the whole image */
    uint32_t first,
        count; /* steps [first, first + count) of the pipeline; count 0 copies the source */
    const void *const
        /*
         * the state of each step of the pipeline, NULL for a step without one; NULL while planning
         */
        *states;
};

/*
 * Returns the context for the callbacks of step `index`. The context points into the pipeline.
 * `scratch` may be NULL.
 */
struct telar_context tl_pipeline_context(const struct tl_pass *pass, uint32_t index, void *scratch);

/* Returns the length of the path at the begin of a plug-in's text. */
size_t tl_plugin_path_length(const char *text);

/*
 * Sets the parameters of a step from `text`: "" or ":KEY=VALUE,...". The step's transform must be
 * known. Fails with TELAR_USAGE for a wrong text.
 */
telar_status tl_step_parse_params(struct tl_step *step, const char *text,
                                  struct telar_error *error);

/*
 * Asks the transform's own functions what it needs. `rows` and `columns` are the size of the region
 * for TL_NEED_SCRATCH_BYTES.
 */
uint64_t tl_need_of(const struct telar_transform *transform, enum tl_need need,
                    const struct telar_context *context, uint32_t rows, uint32_t columns);

/*
 * Asks what step `index` of the pipeline needs: the step's `ask` function if it has one, else its
 * transform.
 */
uint64_t tl_step_need(const struct tl_pass *pass, uint32_t index, enum tl_need need, uint32_t rows,
                      uint32_t columns);

/*
 * Computes how many pixels around a region the pass reads: the sum of its steps' halos. Returns
 * false when one halo exceeds TELAR_HALO_MAX.
 */
bool tl_pipeline_halo(const struct tl_pass *pass, uint32_t *halo);

/*
 * Computes the scratch memory that tl_pipeline_run needs for any region of at most rows x columns,
 * which may exceed the image. Returns false when the size overflows or a halo is too large.
 */
bool tl_pipeline_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                               size_t *bytes);

/*
 * Evaluates the pass and writes every pixel of result->region. The source view must cover that
 * region grown by the pass's halo, cut off at the image's edges. The caller provides the scratch
 * memory: as many bytes as tl_pipeline_scratch_bytes says, aligned to 64, with any contents.
 * Async-signal-safe if the transforms are.
 */
void tl_pipeline_run(const struct tl_pass *pass, const struct telar_source *source,
                     const struct telar_result *result, void *scratch);

/*
 * Gathers a statistic of one region for the step after the pass. Evaluates the pass on `region`
 * grown by that step's halo, then calls the step's gather function, which adds to *partial. The
 * source view must cover `region` grown by the halo of the pass with this step (count + 1).
 * tl_pipeline_gather_scratch_bytes computes the scratch memory, like tl_pipeline_scratch_bytes.
 */
bool tl_pipeline_gather_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                                      size_t *bytes);
void tl_pipeline_gather(const struct tl_pass *pass, const struct telar_source *source,
                        const struct telar_region *region, void *scratch, void *partial);

#endif
