/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - the plug-ins of one run: planned with through stand-ins, loaded by workers. Layer:
 * over pipeline and probe.
 */
#ifndef TL_PLUGIN_H
#define TL_PLUGIN_H

#include "transform/pipeline.h"
#include "plugin/describe_child.h"

/* One step that is a plug-in. */
struct tl_plugged {
    uint32_t step; /* of the pipeline */
    char *path;
    struct tl_describe_child child;
    struct tl_stand_in stand_in;
};

/* Of a run. Begin with {0}; must not be moved. */
struct tl_plugins {
    struct telar_pipeline
        pipeline; /* complete: for each plug-in the transform to plan with, and its parameters */
    uint32_t count;
    struct tl_plugged *plugged[TELAR_PIPELINE_MAX];
    const char *paths[TELAR_PIPELINE_MAX]; /* the same, for the sandbox */
};

/* Whether a pipeline has any. */
bool tl_plugins_any(const struct telar_pipeline *pipeline);

/*
 * Fills *plugins. With `trusted` they are loaded into this process, for good; else each has a child
 * that has loaded it and answers while the run is planned. TELAR_USAGE: a parameter is wrong.
 * Otherwise see telar_plugin_describe. To be closed on errors too.
 */
telar_status tl_plugins_open(struct tl_plugins *plugins, const struct telar_pipeline *pipeline,
                             bool trusted, const struct tl_sandbox *sandbox, uint32_t timeout_ms,
                             struct telar_error *error);

/* After planning, which asked the children and went on whatever they said: the first thing that
 * went wrong with one. */
telar_status tl_plugins_planned(struct tl_plugins *plugins, struct telar_error *error);

/* Releases everything. */
void tl_plugins_close(struct tl_plugins *plugins);

/*
 * In a worker process, whose own copy `pipeline` is: loads all, and puts their transforms in the
 * place of the stand-ins. False when one cannot be loaded, or is not what its child said. This
 * takes locks and memory, of which another thread of the program may have had one at the moment of
 * the fork: the coordinator has a time limit for it.
 */
bool tl_plugins_load(const struct tl_plugins *plugins, struct telar_pipeline *pipeline);

#endif
