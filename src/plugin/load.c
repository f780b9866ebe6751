/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "plugin/load.h"

#include "base/status.h"
#include "transform/transform.h"

#include <dlfcn.h>

static const char symbol[] = "telar_plugin";

/* Fails with the text of dlerror, which begins with the path if the cause is the file. */
static telar_status refuse(const char *path, struct telar_error *error)
{
    const char *why = dlerror();

    return tl_fail(
        error, TELAR_INPUT, 0,
        "plug-in %s: cannot be loaded (%s); build it with: cc -shared -fPIC -o NAME.so NAME.c",
        path, why ? why : "unknown");
}

telar_status tl_load_plugin(const char *path, const struct telar_transform **transform,
                            void **handle, struct telar_error *error)
{
    struct telar_error problem = {.worker = -1};
    telar_status status = TELAR_OK;

    *transform = NULL;
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!*handle)
        return refuse(path, error);
    *transform = dlsym(*handle, symbol);
    if (!*transform)
        status = tl_fail(error, TELAR_INPUT, 0,
                         "plug-in %s: exports no symbol %s; it must have \"const struct "
                         "telar_transform %s = {...}\"",
                         path, symbol, symbol);
    else if (tl_transform_check(*transform, &problem) != TELAR_OK)
        status = tl_fail(error, TELAR_INPUT, 0, "plug-in %s: %s", path, problem.text);
    if (status == TELAR_OK)
        return TELAR_OK;
    tl_unload_plugin(*handle);
    *handle = NULL;
    return status;
}

void tl_unload_plugin(void *handle)
{
    if (handle)
        dlclose(handle);
}
