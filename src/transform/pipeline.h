/* SPDX-License-Identifier: MIT */
/*
 * pipeline.h - transforms one after the other, evaluated as one. Layer: pipeline; over transform.
 *
 * A worker computes several steps of a pipeline for one region without an image in between: step
 * after step on a region that shrinks, in scratch memory. Each step sees exactly what it would see
 * if the steps before it had been applied to the whole image, so the bytes are the same as those of
 * one pass after the other.
 */
#ifndef TL_PIPELINE_H
#define TL_PIPELINE_H

#include <telar/transform.h>

/* A transform with its values. *transform has passed tl_transform_check and is not owned. */
struct tl_step {
    const struct telar_transform *transform; /* NULL: a plug-in that nobody has looked at yet */
    double params[TELAR_PARAMS_MAX];
    char *plugin; /* a plug-in's path and parameters, as they were given, owned by the caller's
                     pipeline; NULL: none */

    /* Who says what the transform needs (enum tl_need), where it may not be called itself. NULL: it
     * may. */
    uint64_t (*ask)(void *asked, uint32_t need, const struct telar_context *context, uint32_t rows,
                    uint32_t columns);
    void *asked;
};

/* What a transform is asked for while a run is planned. */
enum tl_need { TL_NEED_HALO, TL_NEED_STATE_BYTES, TL_NEED_PARTIAL_BYTES, TL_NEED_SCRATCH_BYTES };

struct telar_pipeline {
    uint32_t length;
    struct tl_step step[TELAR_PIPELINE_MAX];
};

/*
 * Neighbouring steps of a pipeline that are evaluated in one go. Made by whoever needs one, owns
 * nothing.
 */
struct tl_pass {
    const struct telar_pipeline *pipeline;
    struct telar_geometry image; /* of the whole image */
    uint32_t first,
        count; /* steps [first, first + count) of the pipeline; none: the source is copied */
    const void *const
        *states; /* of each step of the pipeline, NULL where it has none; NULL while planning */
};

/* What a callback of step `index` of the pipeline is told; points into the pipeline. scratch may be
 * NULL. */
struct telar_context tl_pipeline_context(const struct tl_pass *pass, uint32_t index, void *scratch);

/* How many bytes of the text of a plug-in are its path. */
size_t tl_plugin_path_length(const char *text);

/* Gives a step, whose transform is known, the values in `text`: "" or ":KEY=VALUE,...".
 * TELAR_USAGE. */
telar_status tl_step_parse_params(struct tl_step *step, const char *text,
                                  struct telar_error *error);

/* What a transform needs, asked of itself; rows and columns are for the scratch memory of a region
 * of that size. */
uint64_t tl_need_of(const struct telar_transform *transform, enum tl_need need,
                    const struct telar_context *context, uint32_t rows, uint32_t columns);

/* What step `index` of the pass's pipeline needs, asked of whoever may be asked. */
uint64_t tl_step_need(const struct tl_pass *pass, uint32_t index, enum tl_need need, uint32_t rows,
                      uint32_t columns);

/*
 * How many pixels around a region the pass reads: the halos of its steps, added up. False when one
 * of them is more than TELAR_HALO_MAX.
 */
bool tl_pipeline_halo(const struct tl_pass *pass, uint32_t *halo);

/*
 * How much scratch memory tl_pipeline_run needs for any region of at most rows x columns (which may
 * be larger than the image). False when that is no size_t, or a halo is too large.
 */
bool tl_pipeline_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                               size_t *bytes);

/*
 * Writes every pixel of result->region. The source view must cover that region grown by the pass's
 * halo, cut off at the edges of the image; it may cover more. scratch: as many bytes as
 * tl_pipeline_scratch_bytes says, aligned to 64 bytes, contents undefined. Async-signal-safe as far
 * as the transforms are.
 */
void tl_pipeline_run(const struct tl_pass *pass, const struct telar_source *source,
                     const struct telar_result *result, void *scratch);

/*
 * The same for the step after the pass, which is one that gathers: evaluates the pass on `region`
 * grown by the halo of that step, and lets that step gather from it into *partial. The source view
 * must cover `region` grown by the halo of the pass with this step (count + 1).
 */
bool tl_pipeline_gather_scratch_bytes(const struct tl_pass *pass, uint32_t rows, uint32_t columns,
                                      size_t *bytes);
void tl_pipeline_gather(const struct tl_pass *pass, const struct telar_source *source,
                        const struct telar_region *region, void *scratch, void *partial);

#endif
