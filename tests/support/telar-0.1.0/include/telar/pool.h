/* SPDX-License-Identifier: MIT */
/*
 * pool.h - workers that are kept: the same pipeline over image after image of one geometry.
 *
 * A run makes its workers and ends them, which for a small image takes longer than the work. A pool
 * makes them at its first run and keeps them, and the shared-memory segment, for the next: for the
 * frames of a camera, say.
 */
#ifndef TELAR_POOL_H
#define TELAR_POOL_H

#include <telar/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; belongs to the caller. */
typedef struct telar_pool telar_pool;

/*
 * A pool for images of `geometry`. What pipeline and options say is copied, except
 * options->temporary, which is not used, and options->progress_data. *pool is NULL on error.
 * Errors: those of telar_run before anything is started.
 */
telar_status telar_pool_new(const struct telar_geometry *geometry, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_pool **pool,
                            struct telar_error *error);

/*
 * As telar_run, by the pool's workers: what it promises holds here, too, but that on success
 * workers stay. A worker process that dies, in a run or between two, is replaced as
 * options.on_crash says; after a run that has failed the next one makes new workers. One run at a
 * time, from the thread that called this first: worker processes die with it. The report's times
 * begin with each run; of workers that are kept, spawn, born and ready are one moment, and so are
 * leave, left and end. Serial has nobody to keep.
 *
 * Errors: those of telar_run; TELAR_USAGE: source has another geometry. After a thread could not be
 * ended (TELAR_TIMEOUT) every later run is TELAR_HOST.
 */
telar_status telar_pool_run(telar_pool *pool, const telar_image *source, telar_image **result,
                            telar_report **report, struct telar_error *error);

/* Ends the workers and releases everything. NULL is allowed. */
void telar_pool_free(telar_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
