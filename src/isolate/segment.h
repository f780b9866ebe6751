/* SPDX-License-Identifier: MIT */
/*
 * segment.h - the POSIX shared-memory object that holds a job. The only place that calls shm_open,
 * memfd_create, mmap, mprotect and their like. Layer: over status.
 */
#ifndef TL_SEGMENT_H
#define TL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

enum { TL_PAGE_BYTES = 4096, TL_HUGE_BYTES = 2 << 20 };

/* A part of a segment. For anything that is protected by itself both numbers are multiples of
 * TL_PAGE_BYTES. */
struct tl_extent {
    uint64_t offset;
    uint64_t bytes;
};

/*
 * How a segment is mapped: all of it, and then its last `again_bytes` once more, right behind, so
 * that what runs over the end of a ring there goes on at its beginning.
 */
struct tl_shape {
    size_t bytes;
    size_t again_bytes;
    bool small_pages; /* do not ask for huge ones */
};

/*
 * A shared-memory object and one mapping of it. The coordinator's mapping is left out of every fork
 * (MADV_DONTFORK), so that a worker has nothing but what it maps itself from the inherited
 * descriptor.
 */
struct tl_segment {
    int fd;          /* -1: none */
    int readonly_fd; /* the same object, but only for reading; -1 unless tl_segment_open_readonly
                      made it */
    unsigned char *base; /* NULL: not mapped; otherwise at a multiple of TL_HUGE_BYTES */
    struct tl_shape shape;
    const char *backing; /* "shm" or "memfd" */
};

#define TL_SEGMENT_NONE ((struct tl_segment){.fd = -1, .readonly_fd = -1})

/*
 * Creates a segment of that shape (both numbers are whole pages), all zeros, reserved (writing to
 * it can not raise SIGBUS), on huge pages where the kernel gives them, mapped for reading and
 * writing. Its name is gone when this returns, unless keep_name (without slash) is given. /dev/shm
 * is asked first, then a memfd. TELAR_HOST: neither gives so much; nothing stays behind.
 */
telar_status tl_segment_create(struct tl_segment *segment, const struct tl_shape *shape,
                               const char *keep_name, struct telar_error *error);

/*
 * Opens it once more, only for reading: what a sandboxed worker maps from that it can never make
 * writable, as it could with a mapping from a descriptor for both. TELAR_HOST: /proc is not there,
 * or no descriptor is left.
 */
telar_status tl_segment_open_readonly(struct tl_segment *segment, struct telar_error *error);

/* Takes a kept name away, when another attempt is to have it. */
void tl_segment_unlink(const char *keep_name);

/* Touches every page for writing, so that each is there and zeroed. Changes nothing. */
void tl_segment_touch(const struct tl_segment *segment);

/* Unmaps and closes. A segment that is none is allowed. */
void tl_segment_destroy(struct tl_segment *segment);

/* How many of its bytes this process has mapped with huge pages, as /proc/self/smaps says. */
uint64_t tl_segment_huge_bytes(const struct tl_segment *segment);

/* The rest is for workers: async-signal-safe, errno is set on failure. */

/* Maps a segment of that shape from its descriptor. NULL on failure. */
unsigned char *tl_segment_map(int fd, const struct tl_shape *shape, bool writable);

/* Enters all of it into the page tables at once, where the kernel can: else each page is, when it
 * is first used. */
void tl_segment_prefault(unsigned char *base, const struct tl_shape *shape);

/* Maps an extent of it again, at its place, from a descriptor for reading and writing: it can be
 * opened then. */
bool tl_segment_map_extent(unsigned char *base, int fd, const struct tl_extent *extent);

/* Unmaps what tl_segment_map gave. */
void tl_segment_unmap(unsigned char *base, const struct tl_shape *shape);

/*
 * Makes an extent of such a mapping writable, and enters its pages at once, or read-only again;
 * what is mapped twice, where it is first.
 */
bool tl_segment_unprotect(unsigned char *base, const struct tl_extent *extent);
bool tl_segment_protect(unsigned char *base, const struct tl_extent *extent);

/*
 * Private zeroed memory. On huge pages, from 256 KiB on and if the host gives them: a fork copies
 * an entry for each page that is in use, and a picture on small pages makes every worker process
 * wait for tens of thousands of them; and a worker's scratch memory is there with one fault. NULL
 * on failure; 0 bytes give a pointer that must not be read.
 */
void *tl_private_map(size_t bytes);
void tl_private_unmap(void *memory, size_t bytes);

/* Zeroed memory that processes forked from now on share with this one. Unmapped as the other. NULL
 * on failure. */
void *tl_shared_map(size_t bytes);

#endif
