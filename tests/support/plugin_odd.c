/* SPDX-License-Identifier: MIT */
/* A plug-in for test_plugin.sh. It copies, and -D options add one defect. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <telar/plugin.h>
#include <unistd.h>

#ifndef HEAD
#define HEAD TELAR_PLUGIN_HEAD
#endif
#ifndef SYMBOL
#define SYMBOL telar_plugin
#endif
#ifndef SUMMARY
#define SUMMARY "copies"
#endif
#ifndef NAME
#define NAME "odd"
#endif
#ifndef INITIAL
#define INITIAL 1
#endif
#ifndef MORE
#define MORE .channels = 0
#endif
#ifndef HALO
#define HALO 0
#endif

extern void nowhere(void);

/* Counts in a file how often the plug-in was loaded. Returns the count. */
static inline int times_loaded(void)
{
    FILE *file = fopen(getenv("COUNT_FILE"), "a");
    long n;

    if (!file)
        return 0;
    fputc('x', file);
    fflush(file);
    n = ftell(file);
    fclose(file);
    return (int)n;
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    const size_t pixel_bytes = telar_pixel_bytes(&context->image);

#ifdef UNRESOLVED
    nowhere();
#endif
#ifdef DEED
    DEED;
#endif
    for (uint32_t r = region->r0; r < region->r1; r++)
        memcpy(telar_result_at(result, pixel_bytes, r, region->c0),
               telar_source_at(source, pixel_bytes, r, region->c0),
               telar_region_columns(region) * pixel_bytes);
}

static uint32_t halo(const struct telar_context *context)
{
    return context->image.rows ? HALO : 0;
}

static struct telar_param params[] = {
    {"n", "a number", 0, 9, INITIAL, true},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform SYMBOL = {HEAD,
                                       .name = NAME,
                                       .summary = SUMMARY,
                                       .manual = "Copies.\n",
                                       .params = params,
                                       .halo = halo,
                                       .process = process,
                                       MORE};

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    CONSTRUCTOR;
}
#endif
