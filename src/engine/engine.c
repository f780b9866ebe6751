/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/engine.h"

const struct tl_engine *tl_engine_find(telar_engine id)
{
    static const struct tl_engine *const engines[] = {&tl_engine_serial, &tl_engine_threads,
                                                      &tl_engine_gil, &tl_engine_processes};

    if (id == TELAR_ENGINE_DEFAULT)
        id = TELAR_PROCESSES;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (engines[i]->id == id)
            return engines[i];
    return NULL;
}

const char *telar_engine_name(telar_engine engine)
{
    switch (engine) {
    case TELAR_SERIAL:
        return "serial";
    case TELAR_THREADS:
        return "threads";
    case TELAR_GIL:
        return "gil";
    case TELAR_ENGINE_DEFAULT:
    case TELAR_PROCESSES:
        return "processes";
    }
    return "unknown";
}

const char *telar_isolation_name(telar_isolation isolation)
{
    switch (isolation) {
    case TELAR_SHARED:
        return "shared";
    case TELAR_ISOLATION_DEFAULT:
    case TELAR_GUARDED:
        return "guarded";
    case TELAR_SANDBOXED:
        return "sandboxed";
    }
    return "unknown";
}
