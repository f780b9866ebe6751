/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/segment.h"

#include "base/descriptor.h"
#include "base/random.h"
#include "base/status.h"
#include "isolate/shm_name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* ---- mappings ---- */

/*
 * Returns address space at a multiple of TL_HUGE_BYTES; elsewhere the kernel cannot use huge pages.
 * Returns NULL when there is none.
 */
static unsigned char *take_aligned_space(size_t bytes)
{
    size_t taken = bytes + TL_HUGE_BYTES, before;
    unsigned char *space =
        mmap(NULL, taken, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (space == MAP_FAILED)
        return NULL;
    before = round_up((uintptr_t)space, TL_HUGE_BYTES) - (uintptr_t)space;
    if (before)
        munmap(space, before);
    munmap(space + before + bytes, TL_HUGE_BYTES - before);
    return space + before;
}

static bool map_at(unsigned char *base, size_t bytes, int fd, size_t offset, int protection)
{
    return mmap(base, bytes, protection, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) != MAP_FAILED;
}

unsigned char *tl_segment_map(int fd, const struct tl_shape *shape, bool writable)
{
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ, failure;
    size_t bytes = shape->bytes, again = shape->again_bytes;
    unsigned char *base = take_aligned_space(bytes + again);

    if (!base)
        return NULL;
    if (map_at(base, bytes, fd, 0, protection)
        && (!again || map_at(base + bytes, again, fd, bytes - again, protection)))
        return base;
    failure = errno;
    munmap(base, bytes + again);
    errno = failure;
    return NULL;
}

/*
 * mprotect leaves 4 KiB mappings. One MADV_POPULATE_READ enters them all. Shared pages can then be
 * written without a second fault. Without that call each page faults at its first use.
 */
static void enter_all(unsigned char *begin, size_t bytes)
{
    madvise(begin, bytes, MADV_POPULATE_READ);
}

void tl_segment_prefault(unsigned char *base, const struct tl_shape *shape)
{
    enter_all(base, shape->bytes + shape->again_bytes);
}

bool tl_segment_map_extent(unsigned char *base, int fd, const struct tl_extent *extent)
{
    return map_at(base + extent->offset, extent->bytes, fd, extent->offset, PROT_READ);
}

void tl_segment_unmap(unsigned char *base, const struct tl_shape *shape)
{
    if (base)
        munmap(base, shape->bytes + shape->again_bytes);
}

bool tl_segment_unprotect(unsigned char *base, const struct tl_extent *extent)
{
    if (mprotect(base + extent->offset, extent->bytes, PROT_READ | PROT_WRITE) != 0)
        return false;
    enter_all(base + extent->offset, extent->bytes);
    return true;
}

bool tl_segment_protect(unsigned char *base, const struct tl_extent *extent)
{
    return mprotect(base + extent->offset, extent->bytes, PROT_READ) == 0;
}

/* Returns the bytes to map for `bytes` of private memory. From 256 KiB on these are whole huge
 * pages: clearing a huge page takes less time than the page faults of that many small pages. */
static size_t private_bytes(size_t bytes)
{
    return bytes < TL_HUGE_BYTES / 8 ? bytes + !bytes : round_up(bytes, TL_HUGE_BYTES);
}

void *tl_private_map(size_t bytes)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    size_t size = private_bytes(bytes);
    void *space = NULL, *memory;

    if (size % TL_HUGE_BYTES == 0 && !(space = take_aligned_space(size)))
        return NULL;
    memory = mmap(space, size, protection, flags | (space ? MAP_FIXED : 0), -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (space)
        madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

void *tl_shared_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void tl_private_unmap(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, private_bytes(bytes));
}

/* ---- the object behind them ---- */

/*
 * Reserves memory in pieces, because a kernel may undo all of a call that a signal interrupts: in a
 * program with a timer, one large call would begin again for ever. Returns 0 or an errno, as
 * posix_fallocate does.
 */
static int reserve(int fd, size_t offset, size_t bytes)
{
    int failure = 0;

    for (size_t end = offset + bytes; offset < end && !failure;) {
        size_t piece = end - offset < TL_HUGE_BYTES ? end - offset : TL_HUGE_BYTES;

        failure = posix_fallocate(fd, (off_t)offset, (off_t)piece);
        if (failure == EINTR)
            failure = 0;
        else
            offset += piece;
    }
    return failure;
}

/*
 * Asks for huge pages. MADV_COLLAPSE makes a huge page of every 2 MiB that hold at least one page,
 * whatever shmem_enabled says. Where this fails, the memory stays on small pages, which costs time
 * and nothing else. Returns 0 or an errno.
 */
static int seed_huge_pages(int fd, unsigned char *base, size_t bytes)
{
    for (size_t offset = 0; offset < bytes; offset += TL_HUGE_BYTES) {
        int failure = reserve(fd, offset, TL_PAGE_BYTES);

        if (failure)
            return failure;
    }
    madvise(base, bytes, MADV_COLLAPSE);
    return 0;
}

/*
 * Sizes, maps and reserves an open object. Without reserving, a full /dev/shm would be a SIGBUS in
 * the middle of a run; so it is ENOSPC here. Huge pages come first, because reserving small pages
 * and collapsing them would touch everything twice. Returns 0 or an errno.
 */
static int set_up(struct tl_segment *segment, const struct tl_shape *shape)
{
    size_t bytes = shape->bytes;
    int failure;

    segment->shape = *shape;
    if (ftruncate(segment->fd, (off_t)bytes) != 0)
        return errno;
    segment->base = tl_segment_map(segment->fd, shape, true);
    if (!segment->base)
        return errno;
    if (madvise(segment->base, bytes + shape->again_bytes, MADV_DONTFORK) != 0)
        return errno;
    failure = shape->small_pages || bytes % TL_HUGE_BYTES
                  ? 0
                  : seed_huge_pages(segment->fd, segment->base, bytes);
    return failure ? failure : reserve(segment->fd, 0, bytes);
}

/* An atomic OR with 0 writes without losing a byte that another process writes at that moment. */
void tl_segment_touch(const struct tl_segment *segment)
{
    for (size_t i = 0; i < segment->shape.bytes; i += TL_PAGE_BYTES)
        __atomic_fetch_or(segment->base + i, 0, __ATOMIC_RELAXED);
}

void tl_segment_destroy(struct tl_segment *segment)
{
    tl_segment_unmap(segment->base, &segment->shape);
    if (segment->readonly_fd >= 0)
        close(segment->readonly_fd);
    if (segment->fd >= 0)
        close(segment->fd);
    *segment = TL_SEGMENT_NONE;
}

telar_status tl_segment_open_readonly(struct tl_segment *segment, struct telar_error *error)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", segment->fd);
    segment->readonly_fd = tl_descriptor_open(AT_FDCWD, path, O_RDONLY, 0);
    if (segment->readonly_fd >= 0)
        return TELAR_OK;
    return tl_fail(error, TELAR_HOST, errno,
                   "cannot open the shared memory again for sandboxed workers (%s); mount /proc, "
                   "or use -i guarded",
                   path);
}

void tl_segment_unlink(const char *keep_name)
{
    char name[NAME_MAX + 2];

    snprintf(name, sizeof name, "/%s", keep_name);
    shm_unlink(name);
}

/*
 * Makes an object in /dev/shm under a random name and removes the name at once. Signals are blocked
 * between the two calls, so that only SIGKILL can leave the name; see shm_name.h. Another telar may
 * remove the name first. Returns a descriptor, or -1 with errno; also when the name stays.
 */
static int open_unnamed(void)
{
    char name[TL_SHM_NAME_BYTES];
    sigset_t all, before;
    int fd, failure;

    tl_shm_name_make(tl_random_number(), name);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    failure = fd >= 0 && (shm_unlink(name) == 0 || errno == ENOENT) ? 0 : errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failure)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}

static int open_named(const char *name)
{
    char path[NAME_MAX + 2];

    snprintf(path, sizeof path, "/%s", name);
    return shm_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Makes the segment of an object in /dev/shm. Returns 0 or an errno. */
static int create_shm(struct tl_segment *segment, const struct tl_shape *shape,
                      const char *keep_name)
{
    int failure, fd = keep_name ? open_named(keep_name) : open_unnamed();

    if (fd < 0)
        return errno;
    segment->fd = tl_descriptor_above_standard(fd);
    segment->backing = "shm";
    failure = segment->fd < 0 ? errno : set_up(segment, shape);
    if (failure && keep_name)
        tl_segment_unlink(keep_name);
    return failure;
}

static int create_memfd(struct tl_segment *segment, const struct tl_shape *shape)
{
    segment->fd = tl_descriptor_above_standard(memfd_create("telar", MFD_CLOEXEC));
    if (segment->fd < 0)
        return errno;
    segment->backing = "memfd";
    return set_up(segment, shape);
}

telar_status tl_segment_create(struct tl_segment *segment, const struct tl_shape *shape,
                               const char *keep_name, struct telar_error *error)
{
    uint64_t bytes = shape->bytes;
    int shm_failure, failure;

    *segment = TL_SEGMENT_NONE;
    shm_failure = create_shm(segment, shape, keep_name);
    if (!shm_failure)
        return TELAR_OK;
    tl_segment_destroy(segment);
    if (shm_failure == EFBIG)
        return tl_fail(
            error, TELAR_HOST, EFBIG,
            "the segment of %" PRIu64
            " bytes is larger than the limit on the size of files, which holds for shared "
            "memory too; raise the limit (ulimit -f, or prlimit --fsize=%" PRIu64 ")",
            bytes, bytes);
    if (keep_name)
        return tl_fail(error, TELAR_HOST, shm_failure,
                       "cannot make the shared-memory object /dev/shm/%s of %" PRIu64 " bytes; %s",
                       keep_name, bytes,
                       shm_failure == EEXIST ? "remove what has that name, or use another"
                                             : "telar doctor shows what /dev/shm has");
    failure = create_memfd(segment, shape);
    if (!failure)
        return TELAR_OK;
    tl_segment_destroy(segment);
    return tl_fail(error, TELAR_HOST, failure,
                   "cannot reserve %" PRIu64
                   " bytes of shared memory, neither in /dev/shm (%s) nor as a memfd; "
                   "use a smaller image or give the host more memory",
                   bytes, strerror(shm_failure));
}

uint64_t tl_segment_huge_bytes(const struct tl_segment *segment)
{
    uintptr_t begin = (uintptr_t)segment->base, from, to;
    unsigned long long kib;
    uint64_t total = 0;
    bool ours = false;
    char line[512];
    FILE *smaps = segment->shape.bytes % TL_HUGE_BYTES ? NULL : fopen("/proc/self/smaps", "re");

    if (!smaps)
        return 0;
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            ours = from >= begin && to <= begin + segment->shape.bytes;
        else if (ours && sscanf(line, "ShmemPmdMapped: %llu kB", &kib) == 1)
            total += (uint64_t)kib * 1024;
    }
    fclose(smaps);
    return total;
}
