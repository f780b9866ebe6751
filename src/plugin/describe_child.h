/* SPDX-License-Identifier: MIT */
/*
 * describe_child.h - a helper that has loaded a plug-in and says what it is and what it needs, so
 * that the program that plans with the plug-in need not load it. The program believes nothing that
 * the helper says but numbers and printable text. Layer: over helper, description, pipeline and
 * load.
 */
#ifndef TL_DESCRIBE_CHILD_H
#define TL_DESCRIBE_CHILD_H

#include "plugin/description.h"
#include "transform/pipeline.h"
#include "isolate/helper.h"

/* The helper of one plug-in. Begin with {.helper = TL_HELPER_NONE}. */
struct tl_describe_child {
    const char *path;                 /* of the plug-in; the caller's */
    const struct tl_sandbox *sandbox; /* NULL: the helper is not locked in */
    uint32_t timeout_ms;              /* for loading, and for each answer */
    struct tl_helper helper;
    struct telar_error error; /* the first failure; from then on every answer is 0 */
};

/*
 * Starts the helper and waits until it has described the plug-in. *description may hold anything:
 * see tl_stand_in_make. After an error the helper is ended. TELAR_INPUT, TELAR_WORKER,
 * TELAR_TIMEOUT, TELAR_HOST: see telar_plugin_describe.
 */
telar_status tl_describe_child_open(struct tl_describe_child *child,
                                    struct tl_description *description, struct telar_error *error);

/*
 * Asks what the plug-in needs; rows and columns are those of a region, for scratch memory. Returns
 * 0 after an error, which tl_plugins_planned reports.
 */
uint64_t tl_describe_child_ask(struct tl_describe_child *child, enum tl_need need,
                               const struct telar_context *context, uint32_t rows,
                               uint32_t columns);

/* Ends the helper, if there is one. */
void tl_describe_child_close(struct tl_describe_child *child);

#endif
