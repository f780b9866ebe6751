/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - a transform in a shared object.
 *
 * A plug-in is a file that exports one symbol, a transform. transform.h explains its members.
 *
 *     #include <telar/plugin.h>
 *
 *     static void process(const struct telar_context *context, const struct telar_source *source,
 *                         const struct telar_result *result) { ... }
 *
 *     const struct telar_transform telar_plugin = {
 *         TELAR_PLUGIN_HEAD, .name = "mine", .summary = "one line", .manual = "What it does.\n",
 *         .process = process,
 *     };
 *
 *     cc -shared -fPIC -o mine.so mine.c
 *     telar run -t ./mine.so in.png out.png
 *
 * A plug-in is compiled with telar's headers and links nothing of telar. It uses only types and
 * inline functions of the headers. A plug-in built with older headers keeps loading, from version
 * 0.1.0 on. telar_pipeline_parse() takes its path, with a slash and without a colon, as a name:
 * "./mine.so:key=value".
 *
 * With TELAR_PROCESSES the program itself never loads a plug-in. A child process loads it and sends
 * a description, and telar checks each field. Then each worker loads it before its first task, and
 * must find the same description. A constructor can so harm only that child or worker. The default
 * isolation of a run with a plug-in is TELAR_SANDBOXED. A sandbox has two stages. Constructors run
 * in the first: the plug-in and the system's libraries can be read, other files only be looked at,
 * and memory can be mapped. Everything after them runs in the second, as telar's own sandboxed code
 * does. The second stage is the stricter one, and the process enters it by itself. A hostile
 * constructor can prevent that by changing the code of its process. The process then stays in the
 * first stage.
 *
 * The other engines load a plug-in into the program, where nothing contains it. This is TELAR_USAGE
 * unless trust_plugins in struct telar_options is set.
 */
#ifndef TELAR_PLUGIN_H
#define TELAR_PLUGIN_H

#include <stdint.h>
#include <telar/engine.h>
#include <telar/status.h>
#include <telar/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first initializers of a plug-in's struct telar_transform. */
#define TELAR_PLUGIN_HEAD .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform)

/* The symbol that the shared object exports. The library has no such symbol; the declaration is for
 * the plug-in's compiler. */
extern const struct telar_transform telar_plugin;

/* The longest time to load a plug-in, in milliseconds, when timeout_ms is 0. */
enum { TELAR_PLUGIN_LOAD_MS = 10000 };

/*
 * The description of a plug-in. Opaque. The caller owns it and ends its life with
 * telar_plugin_info_free(). Several threads may read one at a time.
 */
typedef struct telar_plugin_info telar_plugin_info;

/*
 * Loads the plug-in at `path` in a child process and makes its description. isolation says what the
 * child may do, as in struct telar_options. timeout_ms 0 means TELAR_PLUGIN_LOAD_MS. path and info
 * must not be NULL, error may be. *info is NULL after an error. May be called from any thread.
 * Errors:
 * TELAR_USAGE: there is no such isolation.
 * TELAR_INPUT: no such file, no shared object, no symbol telar_plugin, built for another ABI, or a
 * description with a wrong field.
 * TELAR_WORKER: the child crashed, or the sandbox killed it.
 * TELAR_TIMEOUT: loading took too long. The child was killed.
 * TELAR_HOST: no sandbox, processes, descriptors or memory.
 */
telar_status telar_plugin_describe(const char *path, telar_isolation isolation, uint32_t timeout_ms,
                                   telar_plugin_info **info, struct telar_error *error);

/*
 * Returns the description as a transform: name, summary, manual, params, depths, channels. Of the
 * callbacks only prepare and gather mean something, by being NULL or not. None may be called. info
 * must not be NULL. The pointer is valid until telar_plugin_info_free().
 */
const struct telar_transform *telar_plugin_transform(const telar_plugin_info *info);

/* Frees a description. NULL is allowed and does nothing. */
void telar_plugin_info_free(telar_plugin_info *info);

#ifdef __cplusplus
}
#endif
#endif
