/* SPDX-License-Identifier: MIT */
/*
 * telar run: from the command line to struct telar_options, one call of the library, and what is
 * said afterwards. All that is wrong with the command line alone is found before the library is
 * called, so that nothing was started then.
 */
#include <config.h>

#include "cli/cli.h"
#include "run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    BANDS = 256,
    TRUST,
    ON_CRASH,
    RETRIES,
    TIMEOUT,
    MAX_PIXELS,
    MAX_MEMORY,
    KEEP_SHM,
    COMPRESSION,
    NO_RESTART,
    JSON,
    PROGRESS
};

static const char shorts[] = ":e:j:t:g:r:i:vqh";
static const struct option longs[] = {
    {"engine", required_argument, NULL, 'e'},
    {"workers", required_argument, NULL, 'j'},
    {"transform", required_argument, NULL, 't'},
    {"grid", required_argument, NULL, 'g'},
    {"bands", required_argument, NULL, BANDS},
    {"roi", required_argument, NULL, 'r'},
    {"isolation", required_argument, NULL, 'i'},
    {"on-crash", required_argument, NULL, ON_CRASH},
    {"retries", required_argument, NULL, RETRIES},
    {"trust", no_argument, NULL, TRUST},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"max-pixels", required_argument, NULL, MAX_PIXELS},
    {"max-memory", required_argument, NULL, MAX_MEMORY},
    {"keep-shm", required_argument, NULL, KEEP_SHM},
    {"compression", required_argument, NULL, COMPRESSION},
    {"no-restart", no_argument, NULL, NO_RESTART},
    {"json", no_argument, NULL, JSON},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"progress", required_argument, NULL, PROGRESS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int help(void)
{
    printf("usage: telar run [OPTIONS] -t NAME INPUT OUTPUT\n\n"
           "Reads a PNG file, transforms it by regions, writes a PNG file. '-' is standard\n"
           "input or output. OUTPUT is complete and right, or it is as it was before.\n\n"
           "  -t, --transform=NAME[:KEY=VALUE,...]\n"
           "                         what to do ('telar transforms' lists what there is);\n"
           "                         several are a pipeline, from left to right; a NAME with\n"
           "                         a slash is a plug-in, ./mine.so\n"
           "  -e, --engine=serial|threads|gil|processes\n"
           "                         how workers exist (processes)\n"
           "  -j, --workers=N        how many, 1 to %d (what CPU affinity and quota allow)\n"
           "  -g, --grid=RxC         cut into R rows and C columns of regions (chosen)\n"
           "      --bands=N          the same as --grid=Nx1\n"
           "  -r, --roi=R0:R1,C0:C1  transform only these rows and columns, from zero, ends\n"
           "                         excluded; the rest is copied\n"
           "  -i, --isolation=shared|guarded|sandboxed\n"
           "                         what a worker process may write: all of the segment, or\n"
           "                         its own slots and region only; and nothing else of this\n"
           "                         machine (guarded)\n"
           "      --on-crash=fail|retry|skip\n"
           "                         when a worker process crashes or hangs: end the run; do\n"
           "                         its region again; or at last leave it as it was, and\n"
           "                         exit with 1 (retry; fail with -i shared)\n"
           "      --retries=N        how often a region is tried again, 0 to 1000 (2)\n"
           "      --trust            with other engines than processes: load plug-ins\n"
           "                         into the program itself\n"
           "      --timeout=SECONDS  how long one task may take; 0 is no limit (0)\n"
           "      --max-pixels=N     refuse more pixels (1G); K, M, G are 10^3, 10^6, 10^9\n"
           "      --max-memory=SIZE  largest segment, in bytes or K, M, G of 2^10, 2^20,\n"
           "                         2^30 (what the host has)\n"
           "      --keep-shm=NAME    leave the segment visible as /dev/shm/NAME\n"
           "      --compression=fast|small\n"
           "                         by telar; or the same and zlib, whichever is smaller\n"
           "                         (fast)\n"
           "      --no-restart       leave out what lets telar read OUTPUT in parallel\n"
           "      --json             the report of the run, on standard output\n"
           "  -v, --verbose          the same for people, on standard error\n"
           "  -q, --quiet            nothing on standard error but a failure\n"
           "      --progress=auto|always|never\n"
           "                         a counter on standard error; auto: on a terminal (auto)\n"
           "  -h, --help\n\n"
           "  telar run -t blur:sigma=2 -t sobel in.png out.png\n",
           TELAR_WORKERS_MAX);
    return finish_output(TELAR_OK);
}

/* The library parses it, so that its own text names what is wrong and what would be right. */
static bool take_transform(struct run *run, const char *text)
{
    struct telar_error error = {.worker = -1};

    if (telar_pipeline_parse(run->pipeline, text, &error) != TELAR_OK) {
        say_error(&error);
        return false;
    }
    run->transforms[run->n_transforms++] = text;
    return true;
}

/*
 * The words of an option are those of the library's own list, whose members are counted from 1
 * behind the default.
 */
static bool take_engine(struct run *run, const char *text)
{
    static const char *const words[] = {"serial", "threads", "gil", "processes", NULL};
    int word = parse_word("--engine", text, words);

    run->options.engine = (telar_engine)(TELAR_SERIAL + word);
    return word >= 0;
}

static bool take_isolation(struct run *run, const char *text)
{
    static const char *const words[] = {"shared", "guarded", "sandboxed", NULL};
    int word = parse_word("--isolation", text, words);

    run->options.isolation = (telar_isolation)(TELAR_SHARED + word);
    return word >= 0;
}

static bool take_on_crash(struct run *run, const char *text)
{
    static const char *const words[] = {"fail", "retry", "skip", NULL};
    int word = parse_word("--on-crash", text, words);

    run->options.on_crash = (telar_on_crash)(TELAR_ON_CRASH_FAIL + word);
    return word >= 0;
}

/* For the library 0 is its default. */
static bool take_retries(struct run *run, const char *text)
{
    uint64_t n;

    if (!parse_count("--retries", text, 0, TELAR_RETRIES_MAX, &n))
        return false;
    run->options.retries = n ? (int32_t)n : TELAR_RETRIES_NONE;
    return true;
}

static bool take_compression(struct run *run, const char *text)
{
    static const char *const words[] = {"fast", "small", NULL};
    int word = parse_word("--compression", text, words);

    run->options.compression = (telar_compression)word;
    return word >= 0;
}

/* Both say the same thing, so the second of them would silently win; a script that has both has a
 * mistake in it. */
static bool take_plan(struct run *run, bool bands, const char *text)
{
    struct telar_plan *plan = &run->options.plan;
    uint64_t n;

    if (plan->rows > 0) {
        say("give --grid or --bands once");
        return false;
    }
    if (!bands)
        return parse_pair("--grid", text, &plan->rows, &plan->columns);
    if (!parse_count("--bands", text, 1, INT32_MAX, &n))
        return false;
    *plan = (struct telar_plan){(uint32_t)n, 1};
    return true;
}

static bool take_shm_name(struct run *run, const char *text)
{
    enum { NAME_BYTES_MAX = 200 };

    run->options.keep_shm = text;
    if (*text && !strchr(text, '/') && strlen(text) <= NAME_BYTES_MAX)
        return true;
    say("--keep-shm: '%s' is not a file's name without a slash", text);
    return false;
}

/* More than the library can have is a wrong option, not a host that refuses: -j 100000 must not
 * become 256. */
static bool take_workers(struct run *run, const char *text)
{
    uint64_t n;

    if (!parse_count("--workers", text, 1, TELAR_WORKERS_MAX, &n))
        return false;
    run->options.workers = (uint32_t)n;
    return true;
}

/* One option that next_option gave; false when its value is no good, after that has been said. */
static bool take_option(struct run *run, int option, const char *value)
{
    switch (option) {
    case 't':
        return take_transform(run, value);
    case 'e':
        return take_engine(run, value);
    case 'i':
        return take_isolation(run, value);
    case 'j':
        return take_workers(run, value);
    case 'g':
        return take_plan(run, false, value);
    case BANDS:
        return take_plan(run, true, value);
    case 'r':
        return run->options.has_roi = parse_region("--roi", value, &run->options.roi);
    case ON_CRASH:
        return take_on_crash(run, value);
    case RETRIES:
        return take_retries(run, value);
    case TRUST:
        return run->options.trust_plugins = true;
    case TIMEOUT:
        return parse_seconds("--timeout", value, &run->options.timeout_ms);
    case MAX_PIXELS:
        return parse_amount("--max-pixels", value, &run->options.limits.max_pixels);
    case MAX_MEMORY:
        return parse_bytes("--max-memory", value, &run->options.max_memory);
    case COMPRESSION:
        return take_compression(run, value);
    case NO_RESTART:
        run->options.no_restart = true;
        return true;
    case KEEP_SHM:
        return take_shm_name(run, value);
    case PROGRESS:
        return (run->progress = parse_word("--progress", value, progress_words)) >= 0;
    case JSON:
        return run->json = true;
    case 'v':
        return run->verbose = true;
    case 'q':
        return run->quiet = true;
    default:
        return false;
    }
}

/* What is only wrong together with the engine or the isolation. */
static int check_engine(const struct telar_options *options)
{
    bool processes = !options->engine || options->engine == TELAR_PROCESSES;

    if (options->isolation && !processes)
        return usage_error("--isolation=%s: only processes can be kept from one another, not %s",
                           telar_isolation_name(options->isolation),
                           telar_engine_name(options->engine));
    if (options->on_crash > TELAR_ON_CRASH_FAIL && !processes)
        return usage_error(
            "--on-crash: a crash with %s ends the program; use -e processes, or fail",
            telar_engine_name(options->engine));
    if (options->on_crash == TELAR_ON_CRASH_SKIP && options->isolation == TELAR_SHARED)
        return usage_error(
            "--on-crash=skip: a shared worker may have written anywhere; use -i guarded");
    return TELAR_OK;
}

/* What is only wrong together. */
static int check(const struct run *run)
{
    bool to_stdout = strcmp(run->output, "-") == 0;

    if (run->n_transforms == 0)
        return usage_error("nothing to do: give a transform with -t (telar transforms lists them)");
    if (run->json && to_stdout)
        return usage_error(
            "--json and the OUTPUT '-' both want standard output; give the output a name");
    if (to_stdout && isatty(STDOUT_FILENO))
        return usage_error(
            "a picture cannot be shown on a terminal; give OUTPUT a name, or pipe it on");
    return check_engine(&run->options);
}

/* Whether there were fewer workers than wanted, and enough regions for more of them. */
static bool missed_workers(const telar_report *report)
{
    return report->workers < report->workers_wanted
           && report->workers < (uint64_t)report->grid_rows * report->grid_columns;
}

/* What was done, but not as somebody expects who does not ask for the report. */
static void say_surprises(const struct run *run, const telar_report *report)
{
    print_losses(report);
    if (missed_workers(report))
        say("workers: %u instead of %u: %s", report->workers, report->workers_wanted,
            report->workers_reason);
    if (strstr(report->dropped, "acTL"))
        say("%s: is animated, which telar does not keep: %s has its first picture", run->input,
            run->output);
}

/* Standard error comes before standard output: who reads the JSON to its end has seen the message.
 */
static int execute(struct run *run)
{
    struct progress progress = {0};
    struct telar_error error = {.worker = -1};
    telar_report *report = NULL;
    telar_status status;

    if (run->options.engine != TELAR_ENGINE_DEFAULT && run->options.engine != TELAR_PROCESSES)
        crash_guard(run->input, run->output);
    run->options.temporary = interrupt_guard();
    progress_start(&progress, run->progress, run->quiet);
    run->options.progress = progress_update;
    run->options.progress_data = &progress;
    status = telar_run_file(run->input, run->output, run->pipeline, &run->options, &report, &error);
    progress_end(&progress);
    if (report && (status == TELAR_OK || status == TELAR_PARTIAL) && !run->quiet)
        say_surprises(run, report);
    if (status != TELAR_OK)
        say_error(&error);
    if (report && run->verbose && !run->quiet)
        print_report(report);
    if (run->json)
        print_json(run, report, &error);
    telar_report_free(report);
    return (int)status;
}

/* The pipeline is the only thing held; the names in struct run belong to argv. */
int command_run(int argc, char **argv)
{
    struct run run = {.pipeline = telar_pipeline_new()};
    int status = TELAR_OK, got;

    if (!run.pipeline) {
        say("no memory");
        return TELAR_HOST;
    }
    while (status == TELAR_OK && (got = next_option(argc, argv, shorts, longs)) != -1) {
        if (got == 'h') {
            status = help();
            goto out;
        }
        if (!take_option(&run, got, optarg))
            status = TELAR_USAGE;
    }
    if (status == TELAR_OK && argc - optind != 2)
        status = usage_error(
            "run takes two names, INPUT and OUTPUT, not %d; '-' is standard input or output",
            argc - optind);
    if (status == TELAR_OK) {
        run.input = argv[optind];
        run.output = argv[optind + 1];
        status = check(&run);
    }
    if (status == TELAR_OK)
        status = finish_output(execute(&run));
out:
    telar_pipeline_free(run.pipeline);
    return status;
}
