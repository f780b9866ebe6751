/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "plugin/plugin.h"

#include "plugin/load.h"
#include "base/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool tl_plugins_any(const struct telar_pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->length; i++)
        if (pipeline->step[i].plugin)
            return true;
    return false;
}

/* The helper would notice the same, but its sandbox hides the exact cause. */
static telar_status check_file(const char *path, struct telar_error *error)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return tl_fail(error, TELAR_INPUT, errno, "plug-in %s: cannot be opened; check its name",
                       path);
    if (!S_ISREG(status.st_mode))
        return tl_fail(error, TELAR_INPUT, 0, "plug-in %s: is no file; name the .so itself", path);
    return TELAR_OK;
}

/* Lets a helper describe the plug-in. */
static telar_status describe(struct tl_plugged *plugged, struct telar_error *error)
{
    struct telar_error problem = {.worker = -1};
    struct tl_description description;
    telar_status status = tl_describe_child_open(&plugged->child, &description, error);

    if (status != TELAR_OK
        || tl_stand_in_make(&plugged->stand_in, &description, &problem) == TELAR_OK)
        return status;
    return tl_fail(error, TELAR_INPUT, 0, "plug-in %s: %s", plugged->path, problem.text);
}

static uint64_t ask_child(void *data, uint32_t need, const struct telar_context *context,
                          uint32_t rows, uint32_t columns)
{
    return tl_describe_child_ask(data, (enum tl_need)need, context, rows, columns);
}

/* Gives a step of the pipeline its transform, or a stand-in, and its parameters. */
static telar_status plug(struct tl_plugged *plugged, struct tl_step *step, bool trusted,
                         struct telar_error *error)
{
    void *handle;
    telar_status status = check_file(plugged->path, error);

    if (status == TELAR_OK && trusted) {
        status = tl_load_plugin(plugged->path, &step->transform, &handle, error);
    } else if (status == TELAR_OK) {
        status = describe(plugged, error);
        step->transform = &plugged->stand_in.transform;
        step->ask = ask_child;
        step->asked = &plugged->child;
    }
    return status == TELAR_OK
               ? tl_step_parse_params(step, step->plugin + strlen(plugged->path), error)
               : status;
}

telar_status tl_plugins_open(struct tl_plugins *plugins, const struct telar_pipeline *pipeline,
                             bool trusted, const struct tl_sandbox *sandbox, uint32_t timeout_ms,
                             struct telar_error *error)
{
    telar_status status = TELAR_OK;

    plugins->pipeline = *pipeline;
    for (uint32_t i = 0; status == TELAR_OK && i < pipeline->length; i++) {
        struct tl_step *step = &plugins->pipeline.step[i];
        struct tl_plugged *plugged;

        if (!step->plugin)
            continue;
        plugged = calloc(1, sizeof *plugged);
        if (!plugged
            || !(plugged->path = strndup(step->plugin, tl_plugin_path_length(step->plugin)))) {
            free(plugged);
            return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory", step->plugin);
        }
        plugged->step = i;
        plugged->child =
            (struct tl_describe_child){.path = plugged->path,
                                       .sandbox = sandbox,
                                       .timeout_ms = timeout_ms ? timeout_ms : TELAR_PLUGIN_LOAD_MS,
                                       .helper = TL_HELPER_NONE};
        plugins->paths[plugins->count] = plugged->path;
        plugins->plugged[plugins->count++] = plugged;
        status = plug(plugged, step, trusted, error);
    }
    return status;
}

telar_status tl_plugins_planned(struct tl_plugins *plugins, struct telar_error *error)
{
    telar_status status = TELAR_OK;

    for (uint32_t i = 0; i < plugins->count; i++) {
        struct tl_describe_child *child = &plugins->plugged[i]->child;

        if (status == TELAR_OK && child->error.status != TELAR_OK) {
            status = child->error.status;
            if (error)
                *error = child->error;
        }
    }
    return status;
}

void tl_plugins_close(struct tl_plugins *plugins)
{
    for (uint32_t i = 0; i < plugins->count; i++) {
        tl_describe_child_close(&plugins->plugged[i]->child);
        free(plugins->plugged[i]->path);
        free(plugins->plugged[i]);
    }
    plugins->count = 0;
}

bool tl_plugins_load(const struct tl_plugins *plugins, struct telar_pipeline *pipeline)
{
    static struct tl_description description; /* the process is a worker's alone */
    void *handle;

    for (uint32_t i = 0; i < plugins->count; i++) {
        const struct tl_plugged *plugged = plugins->plugged[i];
        struct tl_step *step = &pipeline->step[plugged->step];

        if (tl_load_plugin(plugged->path, &step->transform, &handle, NULL) != TELAR_OK
            || tl_describe(step->transform, &description, NULL) != TELAR_OK
            || memcmp(&description, &plugged->stand_in.description, sizeof description) != 0)
            return false;
        step->ask = NULL;
    }
    return true;
}

/* ---- for callers ---- */

struct telar_plugin_info {
    struct tl_plugged plugged;
};

telar_status telar_plugin_describe(const char *path, telar_isolation isolation, uint32_t timeout_ms,
                                   telar_plugin_info **info, struct telar_error *error)
{
    struct tl_sandbox *sandbox = NULL;
    struct tl_plugged *plugged;
    telar_status status;

    tl_error_clear(error);
    *info = NULL;
    if ((unsigned)isolation > TELAR_SANDBOXED)
        return tl_fail(error, TELAR_USAGE, 0, "there is no isolation %d", (int)isolation);
    *info = calloc(1, sizeof **info);
    if (!*info)
        return tl_fail(error, TELAR_HOST, ENOMEM, "plug-in %s: no memory", path);
    plugged = &(*info)->plugged;
    plugged->path = (char *)(size_t)path;
    status = check_file(path, error);
    if (status == TELAR_OK
        && (isolation == TELAR_ISOLATION_DEFAULT || isolation == TELAR_SANDBOXED))
        status = tl_sandbox_new(&sandbox, error);
    plugged->child =
        (struct tl_describe_child){.path = path,
                                   .sandbox = sandbox,
                                   .timeout_ms = timeout_ms ? timeout_ms : TELAR_PLUGIN_LOAD_MS,
                                   .helper = TL_HELPER_NONE};
    if (status == TELAR_OK)
        status = describe(plugged, error);
    tl_describe_child_close(&plugged->child);
    tl_sandbox_free(sandbox);
    if (status == TELAR_OK)
        return TELAR_OK;
    telar_plugin_info_free(*info);
    *info = NULL;
    return status;
}

const struct telar_transform *telar_plugin_transform(const telar_plugin_info *info)
{
    return &info->plugged.stand_in.transform;
}

void telar_plugin_info_free(telar_plugin_info *info)
{
    free(info);
}
