/* SPDX-License-Identifier: MIT */
/*
 * transform.h - what is done to a region, and how to write one.
 *
 * A transform is a pure function of the image. It reads the source inside the region and its halo,
 * writes the result inside the region, keeps no state between calls, does no I/O, allocates nothing
 * and takes no lock. Then the bytes are the same on every engine, for any number of workers and any
 * plan, and a region can be done again when a worker died.
 *
 * Borders are replicated: a transform that needs a pixel outside the image takes the nearest one
 * inside it. The source view always covers region + halo, cut off at the edges of the image.
 */
#ifndef TELAR_TRANSFORM_H
#define TELAR_TRANSFORM_H

#include <telar/image.h>
#include <telar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TELAR_TRANSFORM_ABI = 1, TELAR_PARAMS_MAX = 8 };

/* For struct telar_transform: depths. */
enum { TELAR_DEPTH_8 = 1, TELAR_DEPTH_16 = 2 };

/*
 * One parameter: a number with a range and a default. A transform's list ends with an entry whose
 * name is NULL.
 */
struct telar_param {
    const char *name;
    const char *summary; /* one line, with the unit */
    double least, most, initial;
    bool whole; /* only whole numbers are accepted */
};

/*
 * What every callback of a transform is told. Read-only; valid during the call.
 */
struct telar_context {
    struct telar_geometry image; /* of the whole image; a transform keeps geometry */
    const double *params;        /* the values, in the order of the transform's list */
    const void *state; /* what prepare or merge wrote; NULL when state_bytes is NULL or gave 0 */
    void *scratch;     /* scratch_bytes of memory for this call only, aligned to 64 bytes; contents
                          undefined */
};

/*
 * A transform. Pointers may be NULL where it says so. The callbacks run inside the workers, several
 * at a time.
 *
 * The order in a run: when gather is there, gather once for each of several regions that together
 * are the whole image; then prepare and merge, once, in that order; then process for every region,
 * or for one strip of its rows after the other, as result->region says, so that what it reads and
 * writes stays in a cache. Between the steps the coordinator waits for all workers. State and
 * partials are zeroed before they are first handed in and lie at 64-byte alignment. Any step may be
 * run again from its beginning, when a worker died in it.
 */
struct telar_transform {
    uint32_t abi;                     /* TELAR_TRANSFORM_ABI */
    uint32_t struct_size;             /* sizeof(struct telar_transform) */
    const char *name;                 /* lower case, [a-z0-9_-] */
    const char *summary;              /* one line */
    const char *manual;               /* the exact definition, in lines of at most 79 columns */
    const struct telar_param *params; /* NULL: none */
    uint32_t
        depths; /* what it can work on: TELAR_DEPTH_8, TELAR_DEPTH_16 or both, added; 0: both */
    uint32_t channels; /* numbers of channels that it can work on, 1u << n for n of them, added; 0:
                          1 to 4 */

    /* How many rows and columns around a region it reads. NULL: 0. At most TELAR_HALO_MAX. */
    uint32_t (*halo)(const struct telar_context *context);

    /* Bytes of flat state (no pointers in it), shared by all workers and read-only in process.
     * NULL: 0. */
    size_t (*state_bytes)(const struct telar_context *context);

    /* Writes state, all of it that does not depend on pixels. NULL: leaves it zero. context->state
     * is NULL until process. */
    void (*prepare)(const struct telar_context *context, void *state);

    /* For a transform that must see the whole image first (a histogram): bytes of one partial. With
     * gather and merge. */
    size_t (*partial_bytes)(const struct telar_context *context);

    /* Reads the pixels of `region` and adds what it finds to *partial, which began as zeros. */
    void (*gather)(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial);

    /* Folds `count` partials, which begin `stride_bytes` apart, into state. The order of the
     * partials must not matter. */
    void (*merge)(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state);

    /* Bytes of scratch that gather and process need for a region of that size. NULL: 0. */
    size_t (*scratch_bytes)(const struct telar_context *context, uint32_t rows, uint32_t columns);

    /* Writes every pixel of result->region, from the source. Source and result never overlap. */
    void (*process)(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result);
};

enum { TELAR_HALO_MAX = 4096 };

/* The transforms that are built in, in the order of the manual; NULL when index is past the last.
 * Static data. */
const struct telar_transform *telar_transform_at(size_t index);

/* The built-in transform of that name, or NULL. */
const struct telar_transform *telar_transform_find(const char *name);

/* The built-in name nearest to a misspelt one (edit distance), or NULL when none is near. For "did
 * you mean". */
const char *telar_transform_suggest(const char *name);

/*
 * A pipeline: transforms, applied left to right. Opaque; belongs to the caller. Not to be changed
 * while a run uses it; several runs may read one at a time.
 */
typedef struct telar_pipeline telar_pipeline;

enum { TELAR_PIPELINE_MAX = 16 };

/* An empty pipeline (which copies), or NULL when there is no memory. */
telar_pipeline *telar_pipeline_new(void);

/* Releases it. NULL is allowed. */
void telar_pipeline_free(telar_pipeline *pipeline);

/*
 * Appends what a text such as "invert" or "blur:sigma=2,..." says. A name with a slash is that of a
 * plug-in (plugin.h), which is looked at only when a run begins: what is wrong with it or its
 * parameters is then the run's error. TELAR_USAGE: no such transform or parameter (the text
 * suggests the nearest), a value that is no number or out of range, a parameter given twice, or
 * TELAR_PIPELINE_MAX reached. The pipeline is as it was then.
 */
telar_status telar_pipeline_parse(telar_pipeline *pipeline, const char *text,
                                  struct telar_error *error);

/*
 * Appends a transform of the caller's own, with its parameters' values (NULL: the defaults).
 * *transform must stay valid as long as the pipeline. TELAR_USAGE: abi, size, name, params or
 * callbacks are not as they must be.
 */
telar_status telar_pipeline_add(telar_pipeline *pipeline, const struct telar_transform *transform,
                                const double *params, struct telar_error *error);

/* How many transforms it has. */
size_t telar_pipeline_length(const telar_pipeline *pipeline);

#ifdef __cplusplus
}
#endif
#endif
