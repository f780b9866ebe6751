/* SPDX-License-Identifier: MIT */
/* Segments: reserved, empty, without a name, not in a child unless it maps them, and guarded by
 * pages. */
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

/* Whole pages, huge ones if it has any; nothing mapped twice. */
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
            ck_abort_msg("not all zeros at %zu", i);
}

START_TEST(it_is_reserved_empty_and_nameless)
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

/* What the child does with the segment; its exit status when it lives to say it. */
typedef int deed_function(const struct tl_segment *segment);

/* Returns the exit status of a child that did it, or minus the signal that killed it. */
static int in_child(deed_function *deed, const struct tl_segment *segment)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would say more than it should */
        _exit(deed(segment));
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

START_TEST(a_child_has_only_what_it_maps_itself)
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

/* The second and third of four pages are opened; then the byte at `at` is written. */
static const struct tl_extent middle = {TL_PAGE_BYTES, 2 * TL_PAGE_BYTES};
static size_t at;

static int write_with_middle_open(const struct tl_segment *segment)
{
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, false);

    if (!tl_segment_unprotect(base, &middle))
        return 4;
    ((volatile unsigned char *)base)[at] = 55;
    return 3;
}

static int write_with_middle_closed(const struct tl_segment *segment)
{
    unsigned char *base = tl_segment_map(segment->fd, &segment->shape, false);

    if (!tl_segment_unprotect(base, &middle) || !tl_segment_protect(base, &middle))
        return 4;
    ((volatile unsigned char *)base)[at] = 66;
    return 3;
}

START_TEST(an_extent_is_opened_and_nothing_beside_it)
{
    const size_t inside[] = {4096, 8191, 8192, 12287}, outside[] = {0, 4095, 12288, 16383};
    struct tl_segment segment = create(4 * TL_PAGE_BYTES);

    for (size_t i = 0; i < LENGTH(inside); i++) {
        at = inside[i];
        ck_assert_int_eq(in_child(write_with_middle_open, &segment), 3);
        ck_assert_int_eq(segment.base[at], 55);
        ck_assert_int_eq(in_child(write_with_middle_closed, &segment), -SIGSEGV);
        ck_assert_int_eq(segment.base[at], 55);
    }
    for (size_t i = 0; i < LENGTH(outside); i++) {
        at = outside[i];
        ck_assert_int_eq(in_child(write_with_middle_open, &segment), -SIGSEGV);
        ck_assert_int_eq(segment.base[at], 0);
    }
    tl_segment_destroy(&segment);
}
END_TEST

/* ---- names ---- */

/* More than an address space has, so that nothing is reserved on the way. */
#define TOO_MUCH (UINT64_C(1) << 48)

static const char *keep_name(void)
{
    static char name[64];

    snprintf(name, sizeof name, "telar_test_segment-%d", (int)getpid());
    return name;
}

/* How many page faults it takes to write to each of the pages of an extent that was opened. */
static int faults_of_an_open_extent(const struct tl_segment *segment)
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

START_TEST(an_open_extent_is_written_without_faults)
{
    struct tl_segment segment = create(66 * TL_PAGE_BYTES);
    int faults = in_child(faults_of_an_open_extent, &segment);

    ck_assert_int_ge(faults, 0);
    if (madvise(segment.base, TL_PAGE_BYTES, 22) == 0) /* MADV_POPULATE_READ, Linux 5.14 */
        ck_assert_int_lt(faults, 32);
    tl_segment_destroy(&segment);
}
END_TEST

START_TEST(a_name_that_is_kept_shows_the_same_bytes)
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
    /* Who comes second gets nothing, and takes nothing away. */
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

START_TEST(a_kept_name_goes_when_there_is_no_room)
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

START_TEST(too_much_is_refused)
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

/* ---- hosts that are otherwise ---- */

static void do_nothing(int number)
{
    (void)number;
}

/* A program that profiles itself, on a host without huge pages: reserving takes longer than from
 * signal to signal. */
START_TEST(signals_do_not_keep_it_from_being_reserved)
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

/* Whatever the kernel gives: never more than there is, in huge pages; nothing for a segment too
 * small to have one. */
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

START_TEST(private_memory_is_zero_and_may_be_none)
{
    unsigned char *memory = tl_private_map(10000), *none = tl_private_map(0);

    ck_assert_ptr_nonnull(memory);
    ck_assert_ptr_nonnull(none);
    for (int i = 0; i < 10000; i++)
        if (memory[i])
            ck_abort_msg("not zero at %d", i);
    memset(memory, 1, 10000);
    tl_private_unmap(memory, 10000);
    tl_private_unmap(none, 0);
    tl_private_unmap(NULL, 10000);
    ck_assert_ptr_null(tl_private_map(SIZE_MAX / 2));
    ck_assert_int_ne(errno, 0);
}
END_TEST

/* From 256 KiB on it lies so that it can be on huge pages, all of it. */
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

/* The last two pages come again behind the end: for reading and writing, in every mapping. */
START_TEST(the_end_is_mapped_twice)
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

START_TEST(a_bad_descriptor_is_said)
{
    ck_assert_ptr_null(tl_segment_map(-1, (struct tl_shape[]){shape_of(4096)}, false));
    ck_assert_int_eq(errno, EBADF);
    tl_segment_unmap(NULL, (struct tl_shape[]){shape_of(4096)});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        it_is_reserved_empty_and_nameless,
        a_child_has_only_what_it_maps_itself,
        an_extent_is_opened_and_nothing_beside_it,
        an_open_extent_is_written_without_faults,
        a_name_that_is_kept_shows_the_same_bytes,
        a_kept_name_goes_when_there_is_no_room,
        too_much_is_refused,
        signals_do_not_keep_it_from_being_reserved,
        huge_bytes_are_counted,
        private_memory_is_zero_and_may_be_none,
        private_memory_can_be_on_huge_pages,
        the_end_is_mapped_twice,
        a_bad_descriptor_is_said,
        NULL,
    };

    return run_suite("segment", tests);
}
