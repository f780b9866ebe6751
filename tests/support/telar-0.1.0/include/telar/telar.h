/* SPDX-License-Identifier: MIT */
/*
 * telar.h - one image in shared memory, many workers, each weaving its own region. This header
 * includes all the others.
 *
 *     struct telar_error error;
 *     telar_pipeline *pipeline = telar_pipeline_new();
 *     if (telar_pipeline_parse(pipeline, "blur:sigma=2", &error) != TELAR_OK
 *         || telar_run_file("in.png", "out.png", pipeline, NULL, NULL, &error) != TELAR_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *     telar_pipeline_free(pipeline);
 *
 * The library prints nothing, ends nothing, keeps no global state and installs no signal handler.
 */
#ifndef TELAR_TELAR_H
#define TELAR_TELAR_H

#include <telar/codec.h>
#include <telar/engine.h>
#include <telar/image.h>
#include <telar/plan.h>
#include <telar/plugin.h>
#include <telar/pool.h>
#include <telar/report.h>
#include <telar/status.h>
#include <telar/transform.h>

/* The version of the library, "0.1.0". A static string. */
#ifdef __cplusplus
extern "C" {
#endif
const char *telar_version(void);
#ifdef __cplusplus
}
#endif
#endif
