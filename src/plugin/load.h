/* SPDX-License-Identifier: MIT */
/*
 * load.h - a shared object that exports a transform. The only place that calls dlopen, dlsym and
 * dlclose. Layer: over transform.
 */
#ifndef TL_LOAD_H
#define TL_LOAD_H

#include <telar/plugin.h>

/*
 * Loads one into this process, running its constructors, and finds its transform, which has then
 * passed tl_transform_check. *handle is for tl_unload_plugin. Not async-signal-safe. TELAR_INPUT:
 * no file, no shared object, no such symbol, or a transform that cannot be used.
 */
telar_status tl_load_plugin(const char *path, const struct telar_transform **transform,
                            void **handle, struct telar_error *error);

/* NULL is allowed. */
void tl_unload_plugin(void *handle);

#endif
