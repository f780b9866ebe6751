/* SPDX-License-Identifier: MIT */
/*
 * segment.h - the POSIX shared-memory object that holds a job. The only place that calls shm_open,
 * memfd_create, mmap, mprotect and their like. Layer: over base.
 */
#ifndef TL_SEGMENT_H
#define TL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

enum { TL_PAGE_BYTES = 4096, TL_HUGE_BYTES = 2 << 20 };

/* A piece of a segment. Both numbers are multiples of TL_PAGE_BYTES wherever protection changes. */
struct tl_extent {
    uint64_t offset;
    uint64_t bytes;
};

/*
 * How a segment is mapped: all of it, and its last `again_bytes` a second time, right behind. Rows
 * that run over the end of a ring there go on at its beginning, at contiguous addresses.
 */
struct tl_shape {
    size_t bytes;
    size_t again_bytes;
    bool small_pages; /* do not ask for huge ones */
};

/*
 * A shared-memory object and one mapping of it. The coordinator's mapping is left out of every fork
 * (MADV_DONTFORK). So a worker process has only the mapping that it makes itself from the inherited
 * descriptor. The functions below write the fields.
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
 * Creates a segment of that shape, whose numbers are whole pages. The segment is all zeros, mapped
 * for reading and writing, on huge pages if the kernel gives them. All its memory is reserved, so
 * writing to it cannot raise SIGBUS.
 *
 * The object comes from shm_open under a random name, which is removed at once (shm_name.h), or
 * under keep_name (without slash), which stays. If /dev/shm has no room, the object is a memfd,
 * unless the name is to be kept. TELAR_HOST: there is not so much memory; nothing stays behind.
 */
telar_status tl_segment_create(struct tl_segment *segment, const struct tl_shape *shape,
                               const char *keep_name, struct telar_error *error);

/*
 * Opens the object a second time, for reading only. A sandboxed worker cannot make a mapping from
 * this descriptor writable. TELAR_HOST: /proc is not there, or no descriptor is left.
 */
telar_status tl_segment_open_readonly(struct tl_segment *segment, struct telar_error *error);

/* Removes a kept name, so that another attempt can have it. */
void tl_segment_unlink(const char *keep_name);

/* Writes to every page without changing a byte, so that each page is there. */
void tl_segment_touch(const struct tl_segment *segment);

/* Unmaps and closes. TL_SEGMENT_NONE is allowed. */
void tl_segment_destroy(struct tl_segment *segment);

/* Returns how many bytes of the mapping are on huge pages, as /proc/self/smaps says. */
uint64_t tl_segment_huge_bytes(const struct tl_segment *segment);

/* ---- for workers: async-signal-safe, errno is set on failure ---- */

/* Maps a segment of that shape from its descriptor. Returns NULL on failure. */
unsigned char *tl_segment_map(int fd, const struct tl_shape *shape, bool writable);

/* Enters all pages into the page tables at once. A kernel before Linux 5.14 enters each page at its
 * first use. */
void tl_segment_prefault(unsigned char *base, const struct tl_shape *shape);

/* Maps an extent again, at its place, from a descriptor for reading and writing, so that
 * tl_segment_unprotect can make it writable. */
bool tl_segment_map_extent(unsigned char *base, int fd, const struct tl_extent *extent);

/* Unmaps a mapping of tl_segment_map. NULL is allowed. */
void tl_segment_unmap(unsigned char *base, const struct tl_shape *shape);

/*
 * Makes an extent writable and enters its pages at once. Of the bytes that are mapped twice, only
 * the first mapping becomes writable.
 */
bool tl_segment_unprotect(unsigned char *base, const struct tl_extent *extent);

/* Makes an extent read-only again. */
bool tl_segment_protect(unsigned char *base, const struct tl_extent *extent);

/*
 * Maps private zeroed memory: from 256 KiB on, on huge pages if the host gives them. A fork copies
 * an entry for each page in use, tens of thousands for a picture on small pages. Returns NULL on
 * failure. 0 bytes give a pointer that must not be read.
 */
void *tl_private_map(size_t bytes);

/* Unmaps such memory. NULL is allowed. */
void tl_private_unmap(void *memory, size_t bytes);

/* Maps zeroed memory that processes forked from now on share with this one. Returns NULL on
 * failure. tl_private_unmap unmaps it. */
void *tl_shared_map(size_t bytes);

#endif
