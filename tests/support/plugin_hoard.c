/* SPDX-License-Identifier: MIT */
/*
 * For test_memory.sh: a plug-in that takes 1200 MiB in one way, WAY, in its constructor or, if LATE
 * is defined, in its process function. Ends its process with status 77 when it has the memory, and
 * copies when the memory is refused.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <telar/plugin.h>
#include <unistd.h>

enum { MIB = 1 << 20, PIECES = 1200, HAS_ALL = 77 };

static inline void *map_piece(int protection, int flags)
{
    void *memory = mmap(NULL, MIB, protection, flags | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- the ways: each returns NULL when the next MiB is refused ---- */

static inline void *take_private(void)
{
    return map_piece(PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static inline void *take_shared(void)
{
    return map_piece(PROT_READ | PROT_WRITE, MAP_SHARED);
}

static inline void *take_unreserved(void)
{
    return map_piece(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
}

static inline void *take_growing(void)
{
    return map_piece(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN);
}

static inline void *take_protected(void)
{
    void *memory = map_piece(PROT_NONE, MAP_PRIVATE);

    return memory && mprotect(memory, MIB, PROT_READ | PROT_WRITE) == 0 ? memory : NULL;
}

static inline void *take_moved(void)
{
    static size_t bytes = 4096;
    static void *memory;
    void *grown;

    if (!memory)
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    grown = memory == MAP_FAILED ? memory : mremap(memory, bytes, bytes + MIB, MREMAP_MAYMOVE);
    if (grown == MAP_FAILED)
        return NULL;
    bytes += MIB;
    return memory = grown;
}

static inline void *take_break(void)
{
    void *memory = sbrk(MIB);

    return memory == (void *)-1 ? NULL : memory;
}

static inline void *take_heap(void)
{
    return malloc(MIB);
}

static inline void *take_raised(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_STACK, &unlimited);
    return NULL;
}

/* Lets the stack grow by so many MiB; each has its last byte written. */
static __attribute__((noinline, unused)) int grow_stack(int pieces)
{
    volatile char piece[MIB];

    piece[0] = 1;
    return pieces > 0 ? grow_stack(pieces - 1) + piece[0] : piece[0];
}

static inline void *take_stack(void)
{
    return grow_stack(PIECES) > 0 ? (void *)1 : NULL;
}

static void take_all(void)
{
    void *volatile taken = (void *)1;

    for (int i = 0; i < PIECES && taken; i++)
        taken = WAY();
    if (taken)
        _exit(HAS_ALL);
}

/* ---- the plug-in ---- */

#ifndef LATE
static __attribute__((constructor)) void begin(void)
{
    take_all();
}
#endif

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    const size_t pixel_bytes = telar_pixel_bytes(&context->image);

#ifdef LATE
    take_all();
#endif
    for (uint32_t r = region->r0; r < region->r1; r++)
        memcpy(telar_result_at(result, pixel_bytes, r, region->c0),
               telar_source_at(source, pixel_bytes, r, region->c0),
               telar_region_columns(region) * pixel_bytes);
}

const struct telar_transform telar_plugin = {TELAR_PLUGIN_HEAD, .name = "hoard",
                                             .summary = "takes memory", .manual = "Takes memory.\n",
                                             .process = process};
