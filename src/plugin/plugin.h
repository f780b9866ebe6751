/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - the plug-ins of one run. The coordinator plans with stand-ins; workers load the
 * plug-ins. Layer: over pipeline and describe_child.
 */
#ifndef TL_PLUGIN_H
#define TL_PLUGIN_H

#include "transform/pipeline.h"
#include "plugin/describe_child.h"

/* A plug-in of a run. Written by tl_plugins_open. */
struct tl_plugged {
    uint32_t step; /* which step of the pipeline it is */
    char *path;
    struct tl_describe_child child;
    struct tl_stand_in stand_in;
};

/* The plug-ins of a run. Begin with {0}; must not be moved. Written by tl_plugins_open. */
struct tl_plugins {
    struct telar_pipeline
        pipeline; /* complete: for each plug-in the transform to plan with, and its parameters */
    uint32_t count;
    struct tl_plugged *plugged[TELAR_PIPELINE_MAX];
    const char *paths[TELAR_PIPELINE_MAX]; /* the same, for the sandbox */
};

/* Returns whether a step of the pipeline is a plug-in. */
bool tl_plugins_any(const struct telar_pipeline *pipeline);

/*
 * Fills *plugins from the pipeline. If `trusted`, loads the plug-ins into this process, for good.
 * Otherwise starts a helper for each, which has loaded the plug-in and answers while the run is
 * planned. TELAR_USAGE: a parameter is wrong. For other failures see telar_plugin_describe. Must be
 * closed after a failure too.
 */
telar_status tl_plugins_open(struct tl_plugins *plugins, const struct telar_pipeline *pipeline,
                             bool trusted, const struct tl_sandbox *sandbox, uint32_t timeout_ms,
                             struct telar_error *error);

/* Reports the first failure of a helper. To be called after planning, which goes on with the answer
 * 0 after a failure. */
telar_status tl_plugins_planned(struct tl_plugins *plugins, struct telar_error *error);

/* Ends the helpers and releases everything. */
void tl_plugins_close(struct tl_plugins *plugins);

/*
 * Loads all plug-ins in a worker process and puts their transforms into `pipeline`, the worker's
 * own copy, in the place of the stand-ins. Returns false if one cannot be loaded, or differs from
 * the description of its helper. Loading takes locks and memory. Another thread may have held a
 * lock at the moment of the fork, so the coordinator has a time limit for this call.
 */
bool tl_plugins_load(const struct tl_plugins *plugins, struct telar_pipeline *pipeline);

#endif
