/*
 * bench-engines - what processes cost over threads: the transform phase alone, on an image in memory.
 *
 *     bench-engines [ROUNDS [WORKERS [TRANSFORM]]]        default: 15 2 invert
 *
 * Every round runs all contenders once, in an order of its own, each on a segment of its own that its workers touch for
 * the first time (cold). Ratios are taken round by round, so that what slows the machine for a while slows both sides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <telar/telar.h>

enum { ROWS = 4000, COLUMNS = 6000, ROUNDS_MAX = 1000 };

static const struct contender {
    const char *name;
    struct telar_options options;
    size_t against; /* the contender that its ratio is taken to */
} contenders[] = {
    {"threads, huge pages", {.engine = TELAR_THREADS}, 0},
    {"threads again (A/A)", {.engine = TELAR_THREADS}, 0},
    {"processes, shared", {.engine = TELAR_PROCESSES, .isolation = TELAR_SHARED}, 0},
    {"processes, guarded", {.engine = TELAR_PROCESSES, .isolation = TELAR_GUARDED}, 0},
    {"threads, 4 KiB pages", {.engine = TELAR_THREADS, .small_pages = true}, 4},
    {"processes, shared", {.engine = TELAR_PROCESSES, .isolation = TELAR_SHARED, .small_pages = true}, 4},
    {"processes, guarded", {.engine = TELAR_PROCESSES, .isolation = TELAR_GUARDED, .small_pages = true}, 4},
};
enum { N = sizeof contenders / sizeof *contenders };

static double sample[N][ROUNDS_MAX]; /* milliseconds */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *values, size_t n, double part)
{
    double sorted[ROUNDS_MAX];

    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    return sorted[(size_t)((double)(n - 1) * part + 0.5)];
}

static void fail(const struct telar_error *error)
{
    fprintf(stderr, "bench-engines: %s\n", error->text);
    exit(error->status);
}

static telar_image *make_image(void)
{
    const struct telar_geometry geometry = {ROWS, COLUMNS, 3, 8};
    struct telar_error error;
    telar_image *image;

    if (telar_image_new(&geometry, &image, &error) != TELAR_OK)
        fail(&error);
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t i = 0; i < telar_row_bytes(&geometry); i++)
            telar_image_row(image, row)[i] = (unsigned char)(row * 7 + i * 13 + (i >> 4));
    return image;
}

static double run_once(const telar_image *image, const telar_pipeline *pipeline, const struct telar_options *options)
{
    struct telar_error error;
    telar_image *result;
    telar_report *report;
    double milliseconds;

    if (telar_run(image, &result, pipeline, options, &report, &error) != TELAR_OK)
        fail(&error);
    milliseconds = (double)report->transform_ns / 1e6;
    telar_report_free(report);
    telar_image_free(result);
    return milliseconds;
}

/* Fisher and Yates, with the C library's generator: only that no contender always comes first matters. */
static void shuffle(size_t order[N])
{
    for (size_t i = N; i > 1; i--) {
        size_t j = (size_t)rand() % i, other = order[j];

        order[j] = order[i - 1];
        order[i - 1] = other;
    }
}

static void measure(const telar_image *image, const telar_pipeline *pipeline, uint32_t workers, size_t rounds)
{
    size_t order[N];

    for (size_t i = 0; i < N; i++)
        order[i] = i;
    for (size_t round = 0; round <= rounds; round++) { /* the first is a warm-up, and overwritten */
        shuffle(order);
        for (size_t i = 0; i < N; i++) {
            struct telar_options options = contenders[order[i]].options;

            options.workers = workers;
            sample[order[i]][round ? round - 1 : 0] = run_once(image, pipeline, &options);
        }
    }
}

static void print_table(size_t rounds)
{
    printf("%-24s %8s %17s   %s\n", "contender", "ms", "(quartiles)", "ratio to threads with the same pages");
    for (size_t i = 0; i < N; i++) {
        double ratio[ROUNDS_MAX];

        for (size_t round = 0; round < rounds; round++)
            ratio[round] = sample[i][round] / sample[contenders[i].against][round];
        printf("%-24s %8.2f (%6.2f - %6.2f)   x%.2f (%.2f - %.2f)\n", contenders[i].name,
               quantile(sample[i], rounds, 0.5), quantile(sample[i], rounds, 0.25), quantile(sample[i], rounds, 0.75),
               quantile(ratio, rounds, 0.5), quantile(ratio, rounds, 0.25), quantile(ratio, rounds, 0.75));
    }
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
    uint32_t workers = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 2;
    const char *transform = argc > 3 ? argv[3] : "invert";
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_image *image = make_image();
    struct telar_error error;
    struct utsname host;
    char reason[TELAR_REASON_BYTES];

    if (rounds < 1 || rounds > ROUNDS_MAX || workers < 1) {
        fprintf(stderr, "usage: bench-engines [ROUNDS [WORKERS [TRANSFORM]]], 1 to %d rounds\n", ROUNDS_MAX);
        return TELAR_USAGE;
    }
    if (telar_pipeline_parse(pipeline, transform, &error) != TELAR_OK)
        fail(&error);
    uname(&host);
    telar_host_workers(reason);
    printf("%s on %d x %d RGB8 (%.1f MB), %" PRIu32 " workers, %zu rounds; %s %s %s, %s\n", transform, ROWS, COLUMNS,
           ROWS * COLUMNS * 3 / 1e6, workers, rounds, host.sysname, host.release, host.machine, reason);
    measure(image, pipeline, workers, rounds);
    print_table(rounds);
    telar_image_free(image);
    telar_pipeline_free(pipeline);
    return 0;
}
