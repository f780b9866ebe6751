/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - a transform in a shared object of its own.
 *
 * A plug-in is a file that exports one symbol, a transform (transform.h says what its members
 * mean):
 *
 *     #include <telar/plugin.h>
 *
 *     static void process(const struct telar_context *context, const struct telar_source *source,
 *                         const struct telar_result *result) { ... }
 *
 *     const struct telar_transform telar_plugin = {
 *         TELAR_PLUGIN_HEAD, .name = "mine", .summary = "one line", .manual = "What it does.\n",
 * .process = process,
 *     };
 *
 *     cc -shared -fPIC -o mine.so mine.c
 *     telar run -t ./mine.so in.png out.png
 *
 * It is built with telar's headers, and links nothing of telar: of the headers it uses types and
 * inline functions. A text for telar_pipeline_parse whose name has a slash in it,
 * "./mine.so:key=value", is the path of a plug-in, without a
 * ':' in it.
 *
 * Where it is loaded. With TELAR_PROCESSES never in the program: a first child process loads it and
 * says what it is, plain data, every part of which is checked; then every worker loads it at its
 * start, and must find the same. What a constructor does, and how it ends, stays in that child or
 * worker. The isolation is TELAR_SANDBOXED unless another one is asked for: constructors then run
 * where only the plug-in and the system's libraries can be read, and everything after them as
 * telar's own sandboxed code does. That second stage is entered by the process that has run the
 * constructor: one that sets out to, and changes the code around it, stays in the first stage, in
 * which files of the system's libraries can be read, others looked at, and memory mapped. With the
 * other engines it is loaded into the program itself, where nothing contains it: that is
 * TELAR_USAGE unless trust_plugins is set in struct telar_options.
 */
#ifndef TELAR_PLUGIN_H
#define TELAR_PLUGIN_H

#include <telar/engine.h>
#include <telar/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first members of every plug-in's struct telar_transform. */
#define TELAR_PLUGIN_HEAD .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform)

/* What the shared object exports. The library has no such symbol; the declaration is for the
 * plug-in's compiler. */
extern const struct telar_transform telar_plugin;

/* How long loading one may take, in milliseconds, where timeout_ms does not say otherwise. */
enum { TELAR_PLUGIN_LOAD_MS = 10000 };

/* What a plug-in says of itself. Opaque; belongs to the caller. */
typedef struct telar_plugin_info telar_plugin_info;

/*
 * Has a child process load the plug-in and say what it is. isolation: as in struct telar_options,
 * what the child is kept from; timeout_ms 0: TELAR_PLUGIN_LOAD_MS. May be called from any thread.
 * *info is NULL on error: TELAR_INPUT: no such file, no shared object, no symbol telar_plugin,
 * another ABI, or a description that is not as it must be. TELAR_WORKER: it crashed while it was
 * loaded, or broke out of the sandbox. TELAR_TIMEOUT: it hung. TELAR_HOST: no sandbox, processes or
 * memory.
 */
telar_status telar_plugin_describe(const char *path, telar_isolation isolation, uint32_t timeout_ms,
                                   telar_plugin_info **info, struct telar_error *error);

/*
 * The description as a transform: name, summary, manual, params, depths, channels. Of its functions
 * only prepare and gather tell something, by being NULL or not; none may be called. Valid until the
 * info is freed.
 */
const struct telar_transform *telar_plugin_transform(const telar_plugin_info *info);

/* Releases it. NULL is allowed. */
void telar_plugin_info_free(telar_plugin_info *info);

#ifdef __cplusplus
}
#endif
#endif
