/* SPDX-License-Identifier: MIT */
/*
 * load.h - loads a shared object that exports a transform. The only place that calls dlopen, dlsym
 * and dlclose. Layer: over transform.
 */
#ifndef TL_LOAD_H
#define TL_LOAD_H

#include <telar/plugin.h>

/*
 * Loads a plug-in into this process, which runs its constructors, and finds its transform. The
 * transform has passed tl_transform_check and stays the plug-in's. *handle is for tl_unload_plugin.
 * Not async-signal-safe. TELAR_INPUT: no such file, no shared object, no such symbol, or a
 * transform that cannot be used; *handle is NULL then.
 */
telar_status tl_load_plugin(const char *path, const struct telar_transform **transform,
                            void **handle, struct telar_error *error);

/* Unloads a plug-in; its transform is gone then. NULL is allowed. */
void tl_unload_plugin(void *handle);

#endif
