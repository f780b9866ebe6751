/* SPDX-License-Identifier: MIT */
/*
 * pool.h - workers that stay: one pipeline over image after image of one geometry.
 *
 * A run makes its workers and ends them, which takes longer than the work on a small image. A pool
 * makes its workers at its first run. It keeps them and the shared-memory segment for the next, for
 * the frames of a camera for example.
 */
#ifndef TELAR_POOL_H
#define TELAR_POOL_H

#include <telar/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Workers and a segment. Opaque. The caller owns it and ends its life with telar_pool_free(). One
 * thread at a time may use it, always the same for telar_pool_run(): worker processes die with the
 * thread that made them.
 */
typedef struct telar_pool telar_pool;

/*
 * Makes a pool for images of this geometry. geometry, pipeline and pool must not be NULL, options
 * and error may be. The pool copies the options and the pipeline, so both may be freed. Only the
 * transforms of telar_pipeline_add() and progress_data must live as long as the pool. The pool does
 * not use `temporary`. *pool is NULL after an error. Errors: those of telar_run() before a worker
 * is made.
 */
telar_status telar_pool_new(const struct telar_geometry *geometry, const telar_pipeline *pipeline,
                            const struct telar_options *options, telar_pool **pool,
                            struct telar_error *error);

/*
 * Does what telar_run() does, with the workers of the pool. The workers stay after success. A
 * worker process that dies, in a run or between two runs, is replaced as on_crash says. After a run
 * that failed the next run makes new workers. report and error may be NULL, the others not; *result
 * and *report are as for telar_run().
 *
 * The times in the report begin with each run. For a worker that was kept, spawn_ns, born_ns and
 * ready_ns are the same moment, and so are leave_ns, left_ns and end_ns. TELAR_SERIAL keeps no
 * worker.
 *
 * Errors: those of telar_run(), and these:
 * TELAR_USAGE: the source has another geometry than the pool.
 * TELAR_HOST: an earlier run ended with TELAR_TIMEOUT and a thread that could not be killed. Every
 * later run fails so.
 */
telar_status telar_pool_run(telar_pool *pool, const telar_image *source, telar_image **result,
                            telar_report **report, struct telar_error *error);

/* Ends the workers and frees the pool. NULL is allowed and does nothing. */
void telar_pool_free(telar_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
