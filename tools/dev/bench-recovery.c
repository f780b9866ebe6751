/* SPDX-License-Identifier: MIT */
/*
 * bench-recovery [ROUNDS] - measures how long telar takes to recover from a lost worker.
 *
 * A transform kills its worker, or hangs, the first time that it gets a certain region. Afterwards
 * it behaves. It notes the times in memory that it shares with this program. The result is the time
 * from the kill (or from the deadline, after a hang) until another worker begins the same region.
 * That is the whole cost of recovery, apart from the region's own time.
 */
#include <config.h>

#include "base/host.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <telar/telar.h>
#include <unistd.h>

enum { ROWS = 1024, COLUMNS = 1024, BANDS = 16, STRUCK_ROW = 512, TIMEOUT_MS = 100, ROUNDS = 50 };

enum blow { KILL, HANG };

/*
 * Shared with the workers. The main program clears it before each run; the transform writes the
 * times.
 */
static struct notes {
    enum blow blow;
    atomic_bool struck;
    uint64_t struck_ns, again_ns, done_ns;
} * notes;

/* Kills or hangs the calling worker. */
static void be_struck(void)
{
    notes->struck_ns = tl_now_ns();
    if (notes->blow == KILL)
        raise(SIGKILL);
    for (;;)
        pause();
}

/* The transform: arithmetic that takes about a millisecond for each region. */
static void work(const struct telar_context *context, const struct telar_source *source,
                 const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    size_t n = (size_t)(region->c1 - region->c0) * context->image.channels;
    bool here = region->r0 <= STRUCK_ROW && STRUCK_ROW < region->r1;

    if (here && !atomic_exchange(&notes->struck, true))
        be_struck();
    if (here)
        notes->again_ns = tl_now_ns();
    for (uint32_t row = region->r0; row < region->r1; row++) {
        const unsigned char *in = telar_source_at(source, context->image.channels, row, region->c0);
        unsigned char *out = telar_result_at(result, context->image.channels, row, region->c0);

        for (size_t i = 0; i < n; i++)
            out[i] = (unsigned char)(in[i] * in[i] % 251);
    }
    if (here)
        notes->done_ns = tl_now_ns();
}

static const struct telar_transform transform = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "struck",
    .summary = "for measuring",
    .manual = "for measuring",
    .process = work,
};

struct times {
    double recovery_ms[1000], own_ms[1000];
    uint32_t n;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *what, const char *isolation, struct times *times)
{
    qsort(times->recovery_ms, times->n, sizeof *times->recovery_ms, compare);
    qsort(times->own_ms, times->n, sizeof *times->own_ms, compare);
    printf("%-28s %-10s %8.2f ms (%6.2f - %6.2f, at most %6.2f)   the region itself %6.2f ms\n",
           what, isolation, times->recovery_ms[times->n / 2], times->recovery_ms[times->n / 4],
           times->recovery_ms[3 * times->n / 4], times->recovery_ms[times->n - 1],
           times->own_ms[times->n / 2]);
}

/* Makes one run and adds its times. Returns false if the run failed. */
static bool measure(const telar_image *picture, const telar_pipeline *pipeline,
                    telar_isolation isolation, enum blow blow, struct times *times)
{
    struct telar_options options = {.workers = 2,
                                    .plan = {BANDS, 1},
                                    .isolation = isolation,
                                    .timeout_ms = blow == HANG ? TIMEOUT_MS : 0};
    struct telar_error error = {.text = ""};
    telar_image *result;
    uint64_t from_ns;

    memset(notes, 0, sizeof *notes);
    notes->blow = blow;
    if (telar_run(picture, &result, pipeline, &options, NULL, &error) != TELAR_OK) {
        fprintf(stderr, "bench-recovery: %s\n", error.text);
        return false;
    }
    telar_image_free(result);
    from_ns = notes->struck_ns + (blow == HANG ? TIMEOUT_MS * UINT64_C(1000000) : 0);
    times->recovery_ms[times->n] = ((double)notes->again_ns - (double)from_ns) / 1e6;
    times->own_ms[times->n++] = (double)(notes->done_ns - notes->again_ns) / 1e6;
    return true;
}

static bool bench(const telar_image *picture, const telar_pipeline *pipeline, uint32_t rounds)
{
    const struct {
        const char *what, *rung;
        telar_isolation isolation;
        enum blow blow;
    } cases[] = {
        {"killed, until begun again", "guarded", TELAR_GUARDED, KILL},
        {"deadline, until begun again", "guarded", TELAR_GUARDED, HANG},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct times times;

        times.n = 0;
        while (times.n < rounds)
            if (!measure(picture, pipeline, cases[i].isolation, cases[i].blow, &times))
                return false;
        print(cases[i].what, cases[i].rung, &times);
    }
    return true;
}

int main(int argc, char **argv)
{
    const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_image *picture = NULL;
    bool good;

    if (argc > 2 || rounds < 1 || rounds > 1000) {
        fprintf(stderr, "usage: bench-recovery [ROUNDS]   (1 to 1000)\n");
        return 2;
    }
    notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    good = notes != MAP_FAILED && pipeline
           && telar_pipeline_add(pipeline, &transform, NULL, NULL) == TELAR_OK
           && telar_image_new(&geometry, &picture, NULL) == TELAR_OK;
    printf("%d x %d RGB in %d bands, 2 workers, %lu rounds: median (quartiles)\n", ROWS, COLUMNS,
           BANDS, rounds);
    good = good && bench(picture, pipeline, (uint32_t)rounds);
    telar_image_free(picture);
    telar_pipeline_free(pipeline);
    return good ? 0 : 1;
}
