/* SPDX-License-Identifier: MIT */
/*
 * storm - runs telar many times, sends signals to its workers or its coordinator at random moments,
 * and checks telar's promises after each run:
 *
 * - The output has exactly the expected bytes. Or the run fails with one line and the old output is
 *   untouched.
 * - No process, no shared memory name and no temporary file is left.
 *
 * The seed decides what is run, which process gets which signal, and when. Run i of seed S equals
 * run 0 of seed S + i, so one failure can be repeated alone. The scheduling of the processes is not
 * repeatable.
 */
#include <config.h>

#include "dev/storm.h"

#include "base/host.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_WORKS = 6, STRIKES_MAX = 8, EXITS = 256, PATH_BYTES = 4096 };
static const uint64_t millisecond = 1000000, patience_ns = UINT64_C(120000000000);

/*
 * The runs. Together they have every kind of task. chain.png is one deflate stream, so its bands
 * are decoded one after the other. alone.png has bands that are decoded independently.
 */
static const struct work {
    const char *input, *options[6];
} works[N_WORKS] = {
    {"chain.png", {"-t", "gamma:gamma=1.5", "-t", "blur:sigma=4"}},
    {"alone.png", {"-t", "gamma:gamma=1.5", "-t", "blur:sigma=4"}},
    {"chain.png", {"-t", "blur:sigma=4", "-t", "equalize"}},
    {"alone.png", {"-g", "5x3", "-t", "equalize", "-t", "sobel"}},
    {"chain.png", {"-g", "7x1", "-t", "blur:sigma=9"}},
    {"alone.png", {"-t", "gamma:gamma=1.5"}},
};

/* The state of this program. main() and prepare() fill it; the strikes add to the counts. */
static struct storm {
    char telar[PATH_BYTES], directory[1024];
    char input[PATH_BYTES], output[PATH_BYTES], messages[PATH_BYTES], old[PATH_BYTES];
    char *names_before;         /* names in /dev/shm when storm started */
    uint64_t alone_ns[N_WORKS]; /* time of each run without strikes */
    uint32_t exits[EXITS], strikes;
    uint64_t *gone_ns; /* for each killed coordinator, the time until its last worker had ended */
    uint32_t n_gone;
    bool sandbox; /* this host can run workers sandboxed */
} storm;

static char *path_of(char path[PATH_BYTES], const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", storm.directory, name);
    return path;
}

static const char *expected_name(uint32_t work)
{
    static char name[32];

    snprintf(name, sizeof name, "expected-%u.png", work);
    return name;
}

/* ---- one run ---- */

/* A run as the seed chose it. */
struct plan {
    uint32_t work, workers;
    const char *isolation, *retries;
};

/* Starts telar run ... INPUT OUTPUT. The argument strings stay valid until the next call. */
static pid_t start_run(const struct plan *plan)
{
    const struct work *work = &works[plan->work];
    static char workers[16];
    const char *args[STORM_ARGS_MAX] = {storm.telar,        "run",           "-e", "processes",
                                        "--on-crash=retry", "--timeout=0.5", "-i", plan->isolation,
                                        "--retries",        plan->retries,   "-j", workers};
    int n = 12;

    snprintf(workers, sizeof workers, "%u", plan->workers);
    for (int i = 0; i < 6 && work->options[i]; i++)
        args[n++] = work->options[i];
    args[n++] = path_of(storm.input, work->input);
    args[n++] = storm.output;
    return storm_start(args, storm.messages);
}

static struct plan choose_plan(uint64_t *seed)
{
    static const char *const isolations[] = {"guarded", "shared", "guarded", "sandboxed"};
    struct plan plan = {.work = storm_random(seed, N_WORKS), .workers = 1 + storm_random(seed, 64)};

    if (storm_random(seed, 2))
        plan.workers = 1 + storm_random(seed, 4);
    plan.isolation = isolations[storm_random(seed, storm.sandbox ? 4 : 3)];
    plan.retries = storm_random(seed, 4) ? "1000" : "2";
    return plan;
}

/* Writes the old output: a few bytes that are not a picture. */
static void put_old_output(void)
{
    FILE *file = fopen(storm.output, "we");

    if (!file || fputs("the old output\n", file) < 0 || fclose(file) != 0)
        abort();
}

/* Checks that no shared memory name and no temporary file is left. */
static bool check_names(void)
{
    char *now = storm_names("/dev/shm", "telar-"), *files = storm_names(storm.directory, ".");
    bool clean = storm_no_new_name("/dev/shm", storm.names_before, now);

    if (strcmp(files, "/") != 0) {
        fprintf(stderr, "storm: left in the output's directory: %s\n", files);
        clean = false;
    }
    free(now);
    free(files);
    return clean;
}

/* Returns the last line of telar's standard error, for a message. */
static const char *last_line(void)
{
    static char line[1024];
    FILE *file = fopen(storm.messages, "re");

    strcpy(line, "(nothing)");
    while (file && fgets(line, sizeof line, file))
        line[strcspn(line, "\n")] = 0;
    if (file)
        fclose(file);
    return line;
}

/*
 * Returns true if a run that got so many strikes ended in an allowed way. Only a run with few
 * retries may fail, with exit code 5 or 6.
 */
static bool check_end(const struct plan *plan, int status, uint32_t strikes)
{
    char expected[PATH_BYTES];
    bool may_fail = strikes > 0 && strcmp(plan->retries, "2") == 0;
    bool same = storm_same_file(storm.output, path_of(expected, expected_name(plan->work)));
    bool untouched = storm_same_file(storm.output, storm.old);
    const char *wrong = NULL;

    if (status < 0)
        wrong = "did not end";
    else if (status == 0 && !same)
        wrong = "other bytes";
    else if (status != 0 && !untouched)
        wrong = "the old output is gone";
    else if (status != 0 && !(may_fail && (status == 5 || status == 6)))
        wrong = "failed";
    else if (!storm_all_gone(0))
        wrong = "a process is left";
    if (wrong)
        fprintf(stderr, "storm: %s, exit %d after %u strikes: %s\n", wrong, status, strikes,
                last_line());
    return !wrong && check_names();
}

/* Runs telar once and sends signals to its workers. Returns false if a promise was broken. */
static bool strike_workers(uint64_t seed)
{
    static const int signals[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,
                                  SIGABRT, SIGFPE,  SIGTERM, SIGKILL};
    struct plan plan = choose_plan(&seed);
    uint32_t wanted = 1 + storm_random(&seed, STRIKES_MAX), strikes = 0;
    uint64_t step_ns = 2 * storm.alone_ns[plan.work] / wanted;
    int status;
    pid_t pid;

    put_old_output();
    pid = start_run(&plan);
    for (uint32_t i = 0; i < wanted; i++) {
        pid_t workers[STORM_WORKERS_MAX];
        int number = signals[storm_random(&seed, sizeof signals / sizeof *signals)];
        uint32_t n, chosen = storm_random(&seed, 1 << 20);

        storm_sleep_ns(step_ns / 1000 * storm_random(&seed, 1000));
        n = storm_children(pid, workers);
        strikes += n > 0 && storm_strike(workers[chosen % n], pid, number);
    }
    status = storm_wait(pid, patience_ns);
    storm.strikes += strikes;
    storm.exits[status < 0 ? EXITS - 1 : status]++;
    if (check_end(&plan, status, strikes))
        return true;
    fprintf(stderr, "storm: that was work %u, -j %u, -i %s, --retries=%s\n", plan.work,
            plan.workers, plan.isolation, plan.retries);
    return false;
}

/*
 * Runs telar once and kills the coordinator. Its workers must end too, and its shared memory names
 * must vanish. Returns false if a promise was broken.
 */
static bool strike_coordinator(uint64_t seed)
{
    struct plan plan = choose_plan(&seed);
    char expected[PATH_BYTES];
    uint64_t since_ns;
    bool gone;
    pid_t pid;

    put_old_output();
    pid = start_run(&plan);
    storm_sleep_ns(storm.alone_ns[plan.work] / 1000 * storm_random(&seed, 1200));
    since_ns = tl_now_ns();
    storm.strikes += storm_strike(pid, getpid(), SIGKILL);
    gone = storm_all_gone(patience_ns);
    storm.gone_ns[storm.n_gone++] = tl_now_ns() - since_ns;
    if (!gone)
        fprintf(stderr, "storm: workers outlive their coordinator\n");
    if (!storm_same_file(storm.output, storm.old)
        && !storm_same_file(storm.output, path_of(expected, expected_name(plan.work)))) {
        fprintf(stderr, "storm: the output is neither the old one nor complete\n");
        return false;
    }
    return gone && check_names();
}

/* ---- preparing and reporting ---- */

static void must_run(const char *const args[])
{
    int status = storm_wait(storm_start(args, storm.messages), patience_ns);

    if (status == 0)
        return;
    fprintf(stderr, "storm: %s %s: exit %d: %s\n", args[0], args[1], status, last_line());
    exit(2);
}

/* Makes the input files and the expected outputs, and measures the runs without strikes. */
static void prepare(void)
{
    char alone[PATH_BYTES], chain[PATH_BYTES], expected[PATH_BYTES];

    must_run((const char *[]){storm.telar, "galaxy", "--size=1600x900", path_of(alone, "alone.png"),
                              NULL});
    must_run((const char *[]){storm.telar, "run", "--no-restart", "-t", "copy", alone,
                              path_of(chain, "chain.png"), NULL});
    for (uint32_t i = 0; i < N_WORKS; i++) {
        struct plan plan = {.work = i, .workers = 2, .isolation = "guarded", .retries = "1000"};
        uint64_t begin_ns = tl_now_ns();

        if (storm_wait(start_run(&plan), patience_ns) != 0) {
            fprintf(stderr, "storm: an undisturbed run fails: %s\n", last_line());
            exit(2);
        }
        storm.alone_ns[i] = tl_now_ns() - begin_ns;
        path_of(expected, expected_name(i));
        if (rename(storm.output, expected) != 0)
            abort();
    }
    path_of(storm.old, "old");
    put_old_output();
    if (rename(storm.output, storm.old) != 0)
        abort();
    storm.sandbox =
        storm_wait(start_run(&(struct plan){0, 2, "sandboxed", "1000"}), patience_ns) == 0;
    printf("storm: the rung sandboxed is %s\n",
           storm.sandbox ? "tested" : "left out: this host cannot run it");
}

static void remove_all(void)
{
    char *names = storm_names(storm.directory, ""), *name = names + 1;

    for (char *end; *name; name = end + 1) {
        char path[PATH_BYTES];

        end = strchr(name, '/');
        *end = 0;
        unlink(path_of(path, name));
    }
    rmdir(storm.directory);
    free(names);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report(uint32_t runs, uint32_t failures)
{
    printf("storm: %u runs, %u strikes that hit;", runs, storm.strikes);
    for (int i = 0; i < EXITS; i++)
        if (storm.exits[i])
            printf(" exit %d: %u;", i, storm.exits[i]);
    if (storm.n_gone > 0) {
        qsort(storm.gone_ns, storm.n_gone, sizeof *storm.gone_ns, compare);
        printf(" workers gone after %.2f ms in the median, %.2f ms at most;",
               (double)storm.gone_ns[storm.n_gone / 2] / (double)millisecond,
               (double)storm.gone_ns[storm.n_gone - 1] / (double)millisecond);
    }
    printf(" broken promises: %u\n", failures);
}

/* Finds telar: two folders above this program, or the path given with --telar. */
static void find_program(const char *given, const char *self)
{
    const char *slash = strrchr(self, '/');
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%.*s/../../telar", slash ? (int)(slash - self) : 1,
             slash ? self : ".");
    if (!realpath(given ? given : path, storm.telar)) {
        perror(given ? given : path);
        exit(2);
    }
}

/* Makes the directory of all files, in `base` or in /tmp. */
static void make_directory(const char *base)
{
    snprintf(storm.directory, sizeof storm.directory, "%s/telar-storm.XXXXXX",
             base ? base : "/tmp");
    if (!mkdtemp(storm.directory)) {
        perror(storm.directory);
        exit(2);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: storm [--runs=N] [--seed=S] [--kill-coordinator] [--telar=PROGRAM]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"runs", required_argument, NULL, 'n'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"kill-coordinator", no_argument, NULL, 'c'},
                                          {"telar", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    bool (*strike)(uint64_t) = strike_workers;
    uint32_t runs = 100, failures = 0;
    const char *telar = NULL;
    uint64_t seed = 1;

    for (int got; (got = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        if (got == 'n')
            runs = (uint32_t)strtoul(optarg, NULL, 10);
        else if (got == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (got == 'c')
            strike = strike_coordinator;
        else if (got == 't')
            telar = optarg;
        else
            return usage();
    if (optind != argc)
        return usage();
    find_program(telar, argv[0]);
    make_directory(getenv("TMPDIR"));
    storm.gone_ns = calloc(runs ? runs : 1, sizeof *storm.gone_ns);
    if (!storm.gone_ns) {
        perror("storm");
        return 2;
    }
    storm_adopt();
    path_of(storm.output, "out.png");
    path_of(storm.messages, "messages");
    storm.names_before = storm_names("/dev/shm", "telar-");
    prepare();
    for (uint32_t i = 0; i < runs; i++)
        if (!strike((seed + i) * UINT64_C(0x9e3779b97f4a7c15) | 1)) {
            failures++;
            fprintf(stderr, "storm: broken with --seed=%" PRIu64 " --runs=1\n", seed + i);
        }
    report(runs, failures);
    remove_all();
    return failures > 0;
}
