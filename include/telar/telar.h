/* SPDX-License-Identifier: MIT */
/*
 * telar.h - all of the library. An image lies in shared memory, and workers transform it, each its
 * own regions.
 *
 *     struct telar_error error = {.text = "no memory"};
 *     telar_pipeline *pipeline = telar_pipeline_new();
 *     telar_status status = TELAR_HOST;
 *
 *     if (pipeline)
 *         status = telar_pipeline_parse(pipeline, "blur:sigma=2", &error);
 *     if (status == TELAR_OK)
 *         status = telar_run_file("in.png", "out.png", pipeline, NULL, NULL, &error);
 *     if (status != TELAR_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *     telar_pipeline_free(pipeline);
 *
 * The library prints nothing, never ends the program, has no global state and installs no signal
 * handler. A pointer may be NULL only where a comment allows it. A string that is returned is
 * constant unless its comment says otherwise.
 */
#ifndef TELAR_TELAR_H
#define TELAR_TELAR_H

#include <telar/engine.h>
#include <telar/geometry.h>
#include <telar/host.h>
#include <telar/image.h>
#include <telar/output.h>
#include <telar/pipeline.h>
#include <telar/plan.h>
#include <telar/plugin.h>
#include <telar/png.h>
#include <telar/pool.h>
#include <telar/report.h>
#include <telar/run.h>
#include <telar/shm_name.h>
#include <telar/status.h>
#include <telar/transform.h>
#include <telar/version.h>
#include <telar/worker.h>

#endif
