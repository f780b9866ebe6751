/* SPDX-License-Identifier: MIT */
/* Tests segments: their memory is reserved, zero and nameless. A child sees only the mappings that
 * it makes. Protected pages cannot be written. */
#include <config.h>

#include "support/suite.h"

#include "isolate/segment.h"

#include "support/runs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

/*
 * Returns a shape of whole pages, or of whole huge pages from 2 MiB on. No bytes are mapped twice.
 */
static struct tl_shape shape_of(uint64_t bytes)
{
    uint64_t unit = bytes >= TL_HUGE_BYTES ? TL_HUGE_BYTES : TL_PAGE_BYTES;

    return (struct tl_shape){.bytes = (bytes + unit - 1) / unit * unit};
}

static struct tl_segment create(uint64_t bytes)
{
    struct tl_shape shape = shape_of(bytes);
    struct telar_error error = {.worker = -1};
    struct tl_segment segment;

    ck_assert_msg(tl_segment_create(&segment, &shape, NULL, &error) == TELAR_OK, "%s", error.text);
    return segment;
}

static void check_empty_and_reserved(const struct tl_segment *segment)
{
    struct stat status;

    ck_assert_int_eq(fstat(segment->fd, &status), 0);
    ck_assert_uint_eq((uint64_t)status.st_size, segment->shape.bytes);
    ck_assert_uint_ge((uint64_t)status.st_blocks * 512, segment->shape.bytes);
    for (size_t i = 0; i < segment->shape.bytes; i += 512)
        if (memcmp(segment->base + i, (char[512]){0}, 512) != 0)
            ck_abort_msg("the bytes at %zu are not zero", i);
}

START_TEST(a_segment_is_reserved_zero_and_nameless)
{
    const uint64_t sizes[] = {
        1, 4096, 4097, 100000, TL_HUGE_BYTES - 1, TL_HUGE_BYTES, 5 * TL_HUGE_BYTES + 1};
    int descriptors = count_descriptors();

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct tl_segment segment = create(sizes[i]);

        ck_assert_uint_ge(segment.shape.bytes, sizes[i]);
        ck_assert_uint_eq(segment.shape.bytes % TL_PAGE_BYTES, 0);
        ck_assert_uint_eq((uintptr_t)segment.base % TL_HUGE_BYTES, 0);
        ck_assert(fcntl(segment.fd, F_GETFD) & FD_CLOEXEC);
        check_empty_and_reserved(&segment);
        memset(segment.base, 0x5a, segment.shape.bytes);
        tl_segment_destroy(&segment);
        ck_assert_int_eq(segment.fd, -1);
        ck_assert_ptr_null(segment.base);
        tl_segment_destroy(&segment);
        check_nothing_left(descriptors);
    }
}
END_TEST

/* ---- in children ---- */

/* The action of a child on the segment. The result becomes the exit status of the child. */
typedef int child_action(const struct tl_segment *segment);

/*
 * Returns the exit status of a child that performs the action, or minus the signal that killed it.
 */
static int in_child(child_action *action, const struct tl_segment *segment)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would hide the signal */
        _exit(action(segment));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int read_inherited(const struct tl_segment *segment)
{
    return *(volatile unsigned char *)segment->base;
}

static int write_through_own_mapping(const struct tl_segment *segment)
{
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, true);

    base[segment->shape.bytes - 1] = 77;
    tl_segment_unmap(base, &segment->shape);
    return 3;
}

static int write_read_only(const struct tl_segment *segment)
{
    *(volatile unsigned char *)tl_segment_map(segment->fd, &segment->shape, false) = 1;
    return 3;
}

START_TEST(a_child_sees_only_its_own_mappings)
{
    struct tl_segment segment = create(3 * TL_HUGE_BYTES);

    ck_assert_int_eq(in_child(read_inherited, &segment), -SIGSEGV);
    ck_assert_int_eq(in_child(write_through_own_mapping, &segment), 3);
    ck_assert_int_eq(segment.base[segment.shape.bytes - 1], 77);
    ck_assert_int_eq(in_child(write_read_only, &segment), -SIGSEGV);
    ck_assert_int_eq(segment.base[0], 0);
    tl_segment_destroy(&segment);
}
END_TEST

/* The second and third of four pages. The child unprotects them and writes the byte at `at`. */
static const struct tl_extent middle = {TL_PAGE_BYTES, 2 * TL_PAGE_BYTES};
static size_t at;

static int write_with_middle_unprotected(const struct tl_segment *segment)
{
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, false);

    if (!tl_segment_unprotect(base, &middle))
        return 4;
    ((volatile unsigned char *)base)[at] = 55;
    return 3;
}

static int write_with_middle_protected_again(const struct tl_segment *segment)
{
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, false);

    if (!tl_segment_unprotect(base, &middle) || !tl_segment_protect(base, &middle))
        return 4;
    ((volatile unsigned char *)base)[at] = 66;
    return 3;
}

START_TEST(an_extent_is_unprotected_and_nothing_beside_it)
{
    const size_t inside[] = {4096, 8191, 8192, 12287}, outside[] = {0, 4095, 12288, 16383};
    struct tl_segment segment = create(4 * TL_PAGE_BYTES);

    for (size_t i = 0; i < LENGTH(inside); i++) {
        at = inside[i];
        ck_assert_int_eq(in_child(write_with_middle_unprotected, &segment), 3);
        ck_assert_int_eq(segment.base[at], 55);
        ck_assert_int_eq(in_child(write_with_middle_protected_again, &segment), -SIGSEGV);
        ck_assert_int_eq(segment.base[at], 55);
    }
    for (size_t i = 0; i < LENGTH(outside); i++) {
        at = outside[i];
        ck_assert_int_eq(in_child(write_with_middle_unprotected, &segment), -SIGSEGV);
        ck_assert_int_eq(segment.base[at], 0);
    }
    tl_segment_destroy(&segment);
}
END_TEST

/* ---- names ---- */

/* Larger than the address space, so that the kernel refuses before it reserves memory. */
#define TOO_MUCH (UINT64_C(1) << 48)

static const char *keep_name(void)
{
    static char name[64];

    snprintf(name, sizeof name, "telar_test_segment-%d", (int)getpid());
    return name;
}

/* Counts the page faults while each page of an unprotected extent is written. */
static int faults_of_an_unprotected_extent(const struct tl_segment *segment)
{
    const struct tl_extent extent = {TL_PAGE_BYTES, 64 * TL_PAGE_BYTES};
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, false);
    struct rusage before, after;

    if (!tl_segment_unprotect(base, &extent))
        return -1;
    getrusage(RUSAGE_SELF, &before);
    for (int page = 1; page <= 64; page++)
        ((volatile unsigned char *)base)[page * TL_PAGE_BYTES] = 1;
    getrusage(RUSAGE_SELF, &after);
    return (int)(after.ru_minflt - before.ru_minflt);
}

START_TEST(an_unprotected_extent_is_written_without_faults)
{
    struct tl_segment segment = create(66 * TL_PAGE_BYTES);
    int faults = in_child(faults_of_an_unprotected_extent, &segment);

    ck_assert_int_ge(faults, 0);
    if (madvise(segment.base, TL_PAGE_BYTES, 22) == 0) /* MADV_POPULATE_READ, Linux 5.14 */
        ck_assert_int_lt(faults, 32);
    tl_segment_destroy(&segment);
}
END_TEST

START_TEST(a_kept_name_shows_the_same_bytes)
{
    char path[128], bytes[8] = "", slash[70];
    struct tl_segment segment, second;
    struct telar_error error = {.worker = -1};
    struct stat status;
    int fd;

    snprintf(path, sizeof path, "/dev/shm/%s", keep_name());
    snprintf(slash, sizeof slash, "/%s", keep_name());
    ck_assert_int_eq(
        tl_segment_create(&segment, (struct tl_shape[]){shape_of(10000)}, keep_name(), NULL),
        TELAR_OK);
    memcpy(segment.base + 9000, "visible", 8);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    /* The second creator gets an error, and the first segment stays. */
    ck_assert_int_eq(
        tl_segment_create(&second, (struct tl_shape[]){shape_of(10000)}, keep_name(), &error),
        TELAR_HOST);
    ck_assert_int_eq(error.errnum, EEXIST);
    ck_assert_ptr_nonnull(strstr(error.text, keep_name()));
    ck_assert_int_eq(second.fd, -1);
    tl_segment_destroy(&segment);
    fd = open(path, O_RDONLY);
    ck_assert_int_eq(pread(fd, bytes, 8, 9000), 8);
    ck_assert_str_eq(bytes, "visible");
    close(fd);
    ck_assert_int_eq(shm_unlink(slash), 0);
}
END_TEST

START_TEST(a_kept_name_is_removed_when_memory_runs_out)
{
    struct telar_error error = {.worker = -1};
    struct tl_segment segment;
    char path[128];

    snprintf(path, sizeof path, "/dev/shm/%s", keep_name());
    ck_assert_int_eq(
        tl_segment_create(&segment, (struct tl_shape[]){shape_of(TOO_MUCH)}, keep_name(), &error),
        TELAR_HOST);
    ck_assert_int_ne(error.errnum, 0);
    ck_assert_int_eq(access(path, F_OK), -1);
    check_nothing_left(count_descriptors());
}
END_TEST

START_TEST(a_segment_that_is_too_large_is_refused)
{
    const uint64_t sizes[] = {TOO_MUCH, UINT64_C(1) << 60, INT64_MAX / 2};
    int descriptors = count_descriptors();

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct telar_error error = {.worker = -1};
        struct tl_segment segment;

        ck_assert_int_eq(
            tl_segment_create(&segment, (struct tl_shape[]){shape_of(sizes[i])}, NULL, &error),
            TELAR_HOST);
        ck_assert_ptr_nonnull(strstr(error.text, "/dev/shm"));
        ck_assert_int_eq(segment.fd, -1);
        check_nothing_left(descriptors);
    }
}
END_TEST

/* ---- unusual hosts ---- */

static void do_nothing(int number)
{
    (void)number;
}

/* A profiler sends signals every 5 ms, on a host without huge pages. Reserving the memory takes
 * longer than the time between two signals. */
START_TEST(frequent_signals_do_not_stop_the_reservation)
{
    const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    struct tl_segment segment;

    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    segment = create(UINT64_C(512) << 20);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert_uint_ge(segment.shape.bytes, UINT64_C(512) << 20);
    tl_segment_destroy(&segment);
}
END_TEST

/* The count is a multiple of a huge page and at most the size of the segment. A small segment has
 * none. */
START_TEST(huge_bytes_are_counted)
{
    struct tl_segment small = create(100000), large = create(8 * TL_HUGE_BYTES);

    memset(large.base, 1, large.shape.bytes);
    ck_assert_uint_eq(tl_segment_huge_bytes(&small), 0);
    ck_assert_uint_le(tl_segment_huge_bytes(&large), large.shape.bytes);
    ck_assert_uint_eq(tl_segment_huge_bytes(&large) % TL_HUGE_BYTES, 0);
    tl_segment_destroy(&small);
    tl_segment_destroy(&large);
}
END_TEST

START_TEST(private_memory_is_zero_and_may_be_empty)
{
    unsigned char *memory = tl_private_map(10000), *none = tl_private_map(0);

    ck_assert_ptr_nonnull(memory);
    ck_assert_ptr_nonnull(none);
    for (int i = 0; i < 10000; i++)
        if (memory[i])
            ck_abort_msg("the byte at %d is not zero", i);
    memset(memory, 1, 10000);
    tl_private_unmap(memory, 10000);
    tl_private_unmap(none, 0);
    tl_private_unmap(NULL, 10000);
    ck_assert_ptr_null(tl_private_map(SIZE_MAX / 2));
    ck_assert_int_ne(errno, 0);
}
END_TEST

/* From 256 KiB on, private memory begins at a multiple of a huge page. */
START_TEST(private_memory_can_be_on_huge_pages)
{
    for (size_t bytes = TL_HUGE_BYTES / 8; bytes <= 3 * TL_HUGE_BYTES; bytes += TL_HUGE_BYTES / 2) {
        unsigned char *memory = tl_private_map(bytes);

        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % TL_HUGE_BYTES, 0);
        memory[0] = memory[bytes - 1] = 1;
        tl_private_unmap(memory, bytes);
    }
}
END_TEST

/*
 * The last two pages are mapped again behind the end. Every mapping can read and write them there.
 */
START_TEST(the_last_pages_are_mapped_twice)
{
    const struct tl_shape shape = {.bytes = 5 * TL_PAGE_BYTES, .again_bytes = 2 * TL_PAGE_BYTES};
    struct tl_segment segment;
    unsigned char *base;

    ck_assert_int_eq(tl_segment_create(&segment, &shape, NULL, NULL), TELAR_OK);
    base = tl_segment_map(segment.fd, &shape, true);
    ck_assert_ptr_nonnull(base);
    segment.base[3 * TL_PAGE_BYTES + 7] = 88;
    ck_assert_uint_eq(segment.base[5 * TL_PAGE_BYTES + 7], 88);
    ck_assert_uint_eq(base[5 * TL_PAGE_BYTES + 7], 88);
    base[7 * TL_PAGE_BYTES - 1] = 99;
    ck_assert_uint_eq(segment.base[5 * TL_PAGE_BYTES - 1], 99);
    tl_segment_unmap(base, &shape);
    tl_segment_destroy(&segment);
    ck_assert(!any_segment_mapped());
}
END_TEST

START_TEST(a_bad_descriptor_is_reported)
{
    ck_assert_ptr_null(tl_segment_map(-1, (struct tl_shape[]){shape_of(4096)}, false));
    ck_assert_int_eq(errno, EBADF);
    tl_segment_unmap(NULL, (struct tl_shape[]){shape_of(4096)});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_segment_is_reserved_zero_and_nameless,
        a_child_sees_only_its_own_mappings,
        an_extent_is_unprotected_and_nothing_beside_it,
        an_unprotected_extent_is_written_without_faults,
        a_kept_name_shows_the_same_bytes,
        a_kept_name_is_removed_when_memory_runs_out,
        a_segment_that_is_too_large_is_refused,
        frequent_signals_do_not_stop_the_reservation,
        huge_bytes_are_counted,
        private_memory_is_zero_and_may_be_empty,
        private_memory_can_be_on_huge_pages,
        the_last_pages_are_mapped_twice,
        a_bad_descriptor_is_reported,
        NULL,
    };

    return run_suite("segment", tests);
}
