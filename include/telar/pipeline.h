/* SPDX-License-Identifier: MIT */
/*
 * pipeline.h - transforms in a row: what a run does to an image.
 */
#ifndef TELAR_PIPELINE_H
#define TELAR_PIPELINE_H

#include <telar/status.h>
#include <telar/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A list of transforms, applied from left to right. Opaque. The caller owns it and ends its life
 * with telar_pipeline_free(). Several runs, in several threads, may use one at a time; while a
 * thread adds to it or frees it no other may use it.
 */
typedef struct telar_pipeline telar_pipeline;

/* The most transforms of one pipeline. */
enum { TELAR_PIPELINE_MAX = 16 };

/* Makes an empty pipeline, which copies the image. Returns NULL when there is no memory. May be
 * called from any thread. */
telar_pipeline *telar_pipeline_new(void);

/* Frees a pipeline. NULL is allowed and does nothing. */
void telar_pipeline_free(telar_pipeline *pipeline);

/*
 * Appends one transform, given as text: "NAME" or "NAME:KEY=VALUE,KEY=VALUE", such as
 * "blur:sigma=2". A name with a slash is the path of a plug-in (plugin.h). A run, not this call,
 * opens the plug-in and checks its parameters. Numbers are written as in the C locale. pipeline and
 * text must not be NULL, error may be. The text is copied. Errors, after which the pipeline is
 * unchanged: TELAR_USAGE: no transform or parameter has this name (the error suggests the nearest),
 * a value is no number or out of its range, a parameter is given twice, or the pipeline is full.
 * TELAR_HOST: no memory.
 */
telar_status telar_pipeline_parse(telar_pipeline *pipeline, const char *text,
                                  struct telar_error *error);

/*
 * Appends a transform of the program's own. params has one value for each of its parameters, or is
 * NULL for the defaults; the values are copied. The transform, with the strings and the list that
 * it points to, must live as long as the pipeline. pipeline and transform must not be NULL, error
 * may be. Errors, after which the pipeline is unchanged:
 * TELAR_USAGE: a member of the transform or a value is not as transform.h says, or the pipeline is
 * full.
 */
telar_status telar_pipeline_add(telar_pipeline *pipeline, const struct telar_transform *transform,
                                const double *params, struct telar_error *error);

/* Returns the number of transforms. pipeline must not be NULL. */
size_t telar_pipeline_length(const telar_pipeline *pipeline);

#ifdef __cplusplus
}
#endif
#endif
