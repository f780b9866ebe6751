/* SPDX-License-Identifier: MIT */
/*
 * transform.h - what is done to the pixels of a region, and how to write a transform.
 *
 * A transform is a pure function of the image. It reads the source inside its region and halo and
 * writes the result inside its region. It keeps nothing between calls, allocates nothing, takes no
 * lock and makes no system call. So the bytes are the same for every engine, number of workers and
 * plan, and a region can be computed again after its worker was lost.
 *
 * Borders are replicated: in place of a pixel outside the image a transform takes the nearest pixel
 * inside. The source view always covers the region and its halo, cut off at the edges of the image.
 */
#ifndef TELAR_TRANSFORM_H
#define TELAR_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the structs below, and the most parameters of one transform. */
enum { TELAR_TRANSFORM_ABI = 1, TELAR_PARAMS_MAX = 8 };

/* For `depths` in struct telar_transform. */
enum { TELAR_DEPTH_8 = 1, TELAR_DEPTH_16 = 2 };

/*
 * One parameter: a number with a range and a default. A list of parameters ends with an entry whose
 * name is NULL. The transform's author owns and fills it. The struct keeps this size as long as
 * TELAR_TRANSFORM_ABI is 1.
 */
struct telar_param {
    const char *name;            /* lower case, [a-z0-9_-] */
    const char *summary;         /* one line, with the unit */
    double least, most, initial; /* the range, both ends included, and the default */
    bool whole;                  /* only whole numbers are accepted */
};

/*
 * The image and the memory that a callback works with. telar owns and fills it. It is read-only,
 * but for scratch, and valid during the call. Later versions may add members at its end.
 */
struct telar_context {
    struct telar_geometry image; /* of the whole image; a transform keeps geometry */
    const double *params;        /* the values, in the order of the transform's list */
    const void *state; /* what prepare or merge wrote; NULL when state_bytes is NULL or gave 0 */
    void *scratch;     /* scratch_bytes of memory for this call only, aligned to 64 bytes; contents
                          undefined */
};

/*
 * A transform. The author owns it and fills it; it must live, unchanged, as long as a pipeline
 * points to it. A pointer may be NULL where its comment says so. Later versions may add members at
 * the end. telar accepts every struct_size from that of version 0.1.0 up, so a transform that was
 * built with older headers keeps working. A size beyond telar's own is accepted if the members that
 * telar does not know are 0.
 *
 * The callbacks run inside the workers, several at a time, so they must not write what two of them
 * share. In a process they may call only async-signal-safe functions. The order in a run: gather,
 * if there is one, for regions that together are the whole image; then prepare, once; then merge,
 * once; then process for every region, or for one strip of its rows after the other. Between these
 * steps all workers have finished the one before. State and partials begin as zeros and are aligned
 * to 64 bytes. Any step may be done again from its beginning after a worker was lost.
 *
 * A callback reports no error. One that crashes, hangs or writes elsewhere costs its worker:
 * telar_on_crash in engine.h says what follows.
 */
struct telar_transform {
    uint32_t abi;                     /* TELAR_TRANSFORM_ABI */
    uint32_t struct_size;             /* sizeof(struct telar_transform) */
    const char *name;                 /* 1 to 31 of [a-z0-9_-] */
    const char *summary;              /* one line */
    const char *manual;               /* the exact definition, in lines of at most 79 columns */
    const struct telar_param *params; /* NULL: none */
    uint32_t depths;   /* the depths that it accepts: TELAR_DEPTH_8, TELAR_DEPTH_16 or their sum; 0:
                          both */
    uint32_t channels; /* the numbers of channels that it accepts: the sum of 1u << n for each
                          number n; 0: 1 to 4 */

    /* Returns how many rows and columns around a region process reads, at most TELAR_HALO_MAX.
     * NULL: 0. */
    uint32_t (*halo)(const struct telar_context *context);

    /* Returns the bytes of the state, which all workers read in process. The state must contain no
     * pointers. NULL: 0. */
    size_t (*state_bytes)(const struct telar_context *context);

    /* Writes the part of the state that does not depend on pixels. context->state is NULL until
     * process. NULL: the state begins as zeros. */
    void (*prepare)(const struct telar_context *context, void *state);

    /* For a transform that must see the whole image first, for a histogram for example: returns the
     * bytes of one partial. NULL without gather and merge. */
    size_t (*partial_bytes)(const struct telar_context *context);

    /* Reads the pixels of `region` and adds its findings to *partial, which began as zeros. */
    void (*gather)(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial);

    /* Folds `count` partials, which begin stride_bytes apart, into the state. The order of the
     * partials must not matter. */
    void (*merge)(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state);

    /* Returns the bytes of scratch that gather and process need for a region of this size. NULL:
     * 0. */
    size_t (*scratch_bytes)(const struct telar_context *context, uint32_t rows, uint32_t columns);

    /* Writes every pixel of result->region from the source. Source and result never overlap. Must
     * not be NULL. */
    void (*process)(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result);
};

enum { TELAR_HALO_MAX = 4096 };

/*
 * Return a built-in transform: number `index` in the order of the manual, or that of this name.
 * NULL when there is none. Constant data, never freed. name must not be NULL. May be called from
 * any thread.
 */
const struct telar_transform *telar_transform_at(size_t index);
const struct telar_transform *telar_transform_find(const char *name);

/*
 * Returns the built-in name nearest to a misspelt one, for "did you mean", or NULL when none is
 * near. The distance is the number of letters to insert, delete or replace (Levenshtein, 1966). A
 * constant string. name must not be NULL. May be called from any thread.
 */
const char *telar_transform_suggest(const char *name);

#ifdef __cplusplus
}
#endif
#endif
