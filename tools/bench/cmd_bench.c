/* SPDX-License-Identifier: MIT */
/*
 * telar bench: the options, and the flow from wishes to outputs.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "cli/cli.h"
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    JOB = 256,
    PAGES,
    SEGMENT,
    START,
    SIZE,
    ROUNDS,
    TIME,
    PRECISION,
    SEED,
    PYTHON,
    JSON,
    CSV,
    MARKDOWN,
    TRACE,
    SVG,
    REPORT,
    PROGRESS,
    TRIAL
};

static const char shorts[] = ":e:i:j:t:qh";
static const struct option longs[] = {
    {"engine", required_argument, NULL, 'e'},
    {"isolation", required_argument, NULL, 'i'},
    {"workers", required_argument, NULL, 'j'},
    {"transform", required_argument, NULL, 't'},
    {"job", required_argument, NULL, JOB},
    {"pages", required_argument, NULL, PAGES},
    {"segment", required_argument, NULL, SEGMENT},
    {"start", required_argument, NULL, START},
    {"size", required_argument, NULL, SIZE},
    {"rounds", required_argument, NULL, ROUNDS},
    {"time", required_argument, NULL, TIME},
    {"precision", required_argument, NULL, PRECISION},
    {"seed", required_argument, NULL, SEED},
    {"python", no_argument, NULL, PYTHON},
    {"json", no_argument, NULL, JSON},
    {"csv", no_argument, NULL, CSV},
    {"markdown", no_argument, NULL, MARKDOWN},
    {"trace", required_argument, NULL, TRACE},
    {"svg", required_argument, NULL, SVG},
    {"report", required_argument, NULL, REPORT},
    {"quiet", no_argument, NULL, 'q'},
    {"progress", required_argument, NULL, PROGRESS},
    {"trial", required_argument, NULL,
     TRIAL}, /* not for people: bench_faults.c calls this program so */
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Where the results go. */
struct outputs {
    int format; /* 0: the table; JSON, CSV, MARKDOWN */
    const char *trace, *svg, *report;
    const char *trial;
};

static int help(void)
{
    printf("usage: telar bench [OPTIONS] [FILE]\n\n"
           "What isolation costs, on this host: the same picture by serial, threads, threads\n"
           "under one lock and processes at every isolation rung, in memory and from PNG to\n"
           "PNG, in random order, with intervals. Without FILE a synthetic galaxy. LIST is\n"
           "one or more of the words, with commas between.\n\n"
           "  -e, --engine=LIST      serial, threads, gil, processes (all)\n"
           "  -i, --isolation=LIST   shared, guarded, sandboxed (all)\n"
           "  -j, --workers=LIST     numbers of workers, the usual one first (what the host\n"
           "                         allows, then 1, 2, 4, ... for the curve)\n"
           "  -t, --transform=NAME[:KEY=VALUE,...]\n"
           "                         several are a pipeline (sobel)\n"
           "      --job=LIST         memory: the transform alone; file: PNG to PNG (both)\n"
           "      --pages=LIST       huge, small (both)\n"
           "      --segment=LIST     cold, or warm: touched before there are workers (cold)\n"
           "      --start=LIST       made: workers for each run; kept: for many\n"
           "      --size=RxC[,RxC]   of synthetic pictures (2000x3000)\n"
           "      --rounds=N         exactly N rounds, 2 to %d\n"
           "      --time=SECONDS     at most so long for rounds (28)\n"
           "      --precision=PERCENT\n"
           "                         stop when every interval is as narrow as that (1)\n"
           "      --seed=N           of the order and the resamples (1)\n"
           "      --python           the notebook's loop in python3 beside it\n"
           "      --json, --csv, --markdown\n"
           "                         instead of the table, on standard output\n"
           "      --trace=FILE       a trace for chrome://tracing or Perfetto\n"
           "      --svg=DIR          the charts, as files in DIR\n"
           "      --report=FILE      everything as one HTML page\n"
           "  -q, --quiet            no progress\n"
           "      --progress=auto|always|never\n"
           "                         on standard error; auto: on a terminal (auto)\n"
           "  -h, --help\n\n"
           "  telar bench --report=bench.html\n"
           "  telar bench -t blur:sigma=2 --job=memory -j 2,1 photo.png\n",
           BENCH_ROUNDS_MAX);
    return finish_output(TELAR_OK);
}

/* ---- options ---- */

static bool take_transform(struct bench *bench, const char *text)
{
    struct telar_error error = {.worker = -1};

    if (telar_pipeline_parse(bench->pipeline, text, &error) == TELAR_OK) {
        bench->wishes.transforms[bench->wishes.n_transforms++] = text;
        return true;
    }
    say_error(&error);
    return false;
}

/* As hundredths of a percent; parse_seconds reads a number with a fraction. */
static bool take_precision(struct bench_wishes *wishes, const char *text)
{
    uint32_t thousandths;

    if (!parse_seconds("--precision", text, &thousandths))
        return false;
    wishes->precision = thousandths / 1e5;
    return true;
}

static bool take_format(struct outputs *outputs, int format)
{
    if (outputs->format && outputs->format != format) {
        say("--json, --csv and --markdown all want standard output; give one of them");
        return false;
    }
    outputs->format = format;
    return true;
}

static bool take_option(struct bench *bench, struct outputs *outputs, int option, const char *value)
{
    struct bench_wishes *wishes = &bench->wishes;

    switch (option) {
    case 'e':
        return bench_take_engines(wishes, value);
    case 'i':
        return bench_take_isolations(wishes, value);
    case 'j':
        return bench_take_workers(wishes, value);
    case 't':
        return take_transform(bench, value);
    case JOB:
        return bench_take_jobs(wishes, value);
    case PAGES:
        return bench_take_pair("--pages", value, "huge", "small", wishes->small_pages,
                               &wishes->n_pages);
    case SEGMENT:
        return bench_take_pair("--segment", value, "cold", "warm", wishes->warm,
                               &wishes->n_segments);
    case START:
        return bench_take_start(wishes, value);
    case SIZE:
        return bench_take_sizes(wishes, value);
    case ROUNDS:
        return parse_count("--rounds", value, 2, BENCH_ROUNDS_MAX, &wishes->rounds);
    case TIME:
        return parse_seconds("--time", value, &wishes->budget_ms);
    case PRECISION:
        return take_precision(wishes, value);
    case SEED:
        return parse_count("--seed", value, 0, UINT64_MAX, &wishes->seed);
    case PYTHON:
        return wishes->python = true;
    case JSON:
    case CSV:
    case MARKDOWN:
        return take_format(outputs, option);
    case TRACE:
        outputs->trace = value;
        return true;
    case SVG:
        outputs->svg = value;
        return true;
    case REPORT:
        outputs->report = value;
        return true;
    case TRIAL:
        outputs->trial = value;
        return true;
    case PROGRESS:
        return (wishes->progress = parse_word("--progress", value, progress_words)) >= 0;
    case 'q':
        return wishes->quiet = true;
    default:
        return false;
    }
}

/* What is only wrong together, and what is meant when nothing is said. */
static int complete(struct bench *bench)
{
    struct bench_wishes *wishes = &bench->wishes;
    struct telar_error error;

    if (wishes->input && wishes->n_sizes)
        return usage_error("--size is for synthetic pictures; %s has a size of its own",
                           wishes->input);
    if (wishes->input && strcmp(wishes->input, "-") == 0)
        return usage_error("standard input can be read only once; give FILE a name");
    if (wishes->n_sizes == 0)
        wishes->size[wishes->n_sizes++] = (struct telar_geometry){2000, 3000, 3, 8};
    if (wishes->n_transforms == 0) {
        wishes->transforms[wishes->n_transforms++] = "sobel";
        if (telar_pipeline_parse(bench->pipeline, "sobel", &error) != TELAR_OK)
            return say_error(&error);
    }
    if (telar_pipeline_parse(bench->notebook, "invert", &error) != TELAR_OK)
        return say_error(&error);
    bench->random.at = wishes->seed << 32;
    return TELAR_OK;
}

/* As it can be given again. */
static void note_command(struct bench *bench, int argc, char **argv)
{
    size_t used = (size_t)snprintf(bench->command, sizeof bench->command, "telar");

    for (int i = 0; i < argc && used < sizeof bench->command; i++)
        used +=
            (size_t)snprintf(bench->command + used, sizeof bench->command - used, " %s", argv[i]);
}

/* ---- outputs ---- */

/* Closing tells whether all could be written. */
static int close_file(FILE *file, const char *path)
{
    int failed = ferror(file);

    if (fclose(file) == 0 && !failed)
        return TELAR_OK;
    say("%s: cannot be written: %s", path, strerror(errno));
    return TELAR_OUTPUT;
}

/* What cannot be written is better known before a minute of measuring. A file that is there is left
 * as it is. */
static int can_write(const char *path, bool directory)
{
    char parent[4096];
    struct stat old;
    char *slash;

    snprintf(parent, sizeof parent, "%s", path);
    for (size_t n = strlen(parent); n > 1 && parent[n - 1] == '/'; n--)
        parent[n - 1] = '\0';
    slash = strrchr(parent, '/');
    if (stat(path, &old) == 0) {
        errno = S_ISDIR(old.st_mode) == directory ? 0 : directory ? ENOTDIR : EISDIR;
        if (!errno && access(path, W_OK) == 0)
            return TELAR_OK;
    } else {
        if (slash)
            *(slash == parent ? slash + 1 : slash) = '\0';
        if (access(slash ? parent : ".", W_OK) == 0)
            return TELAR_OK;
    }
    say("%s: cannot be written: %s", path, strerror(errno));
    return TELAR_OUTPUT;
}

static int can_write_all(const struct outputs *outputs)
{
    int status = outputs->trace ? can_write(outputs->trace, false) : TELAR_OK;

    if (status == TELAR_OK && outputs->report)
        status = can_write(outputs->report, false);
    return status == TELAR_OK && outputs->svg ? can_write(outputs->svg, true) : status;
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file)
        say("%s: cannot be written: %s", path, strerror(errno));
    return file;
}

static int write_trace(const struct bench *bench, const char *path)
{
    FILE *file = open_file(path);

    if (!file)
        return TELAR_OUTPUT;
    bench_write_trace(bench, file);
    return close_file(file, path);
}

static int write_report(struct bench *bench, const char *path)
{
    FILE *file = open_file(path);

    if (!file)
        return TELAR_OUTPUT;
    bench_write_html(bench, file);
    return close_file(file, path);
}

static int write_charts(const struct bench *bench, const char *directory)
{
    static struct bench_chart charts[CHARTS_MAX];
    uint32_t n = bench_charts(bench, charts);
    int status = TELAR_OK;

    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        say("%s: cannot be made: %s", directory, strerror(errno));
        return TELAR_OUTPUT;
    }
    for (uint32_t i = 0; i < n && status == TELAR_OK; i++) {
        char path[4096];
        FILE *file;

        snprintf(path, sizeof path, "%.4000s/%.32s.svg", directory, charts[i].name);
        file = open_file(path);
        if (!file)
            return TELAR_OUTPUT;
        charts[i].draw(bench, charts[i].of, file, false);
        status = close_file(file, path);
    }
    return status;
}

/* All outputs are tried; the first failure is the one that counts. */
static int write_outputs(struct bench *bench, const struct outputs *outputs)
{
    int status = TELAR_OK, next;

    if (outputs->format == JSON)
        bench_write_json(bench, stdout);
    else if (outputs->format == CSV)
        bench_write_csv(bench, stdout);
    else if (outputs->format == MARKDOWN)
        bench_write_markdown(bench, stdout);
    else
        bench_write_table(bench, stdout);
    if (outputs->trace)
        status = write_trace(bench, outputs->trace);
    if (outputs->svg && (next = write_charts(bench, outputs->svg)) != TELAR_OK)
        status = status == TELAR_OK ? next : status;
    if (outputs->report && (next = write_report(bench, outputs->report)) != TELAR_OK)
        status = status == TELAR_OK ? next : status;
    return status;
}

/* ---- flow ---- */

static void release(struct bench *bench)
{
    bench_python_end(bench);
    bench_end_pools(bench);
    bench_pictures_free(bench);
    for (uint32_t i = 0; i < bench->n_rows; i++) {
        free(bench->row[i].sample);
        telar_report_free(bench->row[i].specimen);
    }
    telar_pipeline_free(bench->pipeline);
    telar_pipeline_free(bench->notebook);
    free(bench);
}

static int execute(struct bench *bench, const struct outputs *outputs)
{
    telar_status status;

    bench_catch_signals(); /* before there is a directory that would be left behind */
    status = bench_pictures_make(bench);
    if (status != TELAR_OK)
        return (int)status;
    bench_host_begin(&bench->host);
    if (bench->wishes.python)
        bench_python_begin(bench);
    status = bench_plan(bench);
    if (status == TELAR_OK)
        status = bench_warm_up(bench);
    if (status != TELAR_OK)
        return (int)status;
    bench_measure(bench);
    bench_summarize(bench);
    bench_python_summarize(bench);
    bench_examine(bench);
    bench_laws(bench);
    bench_find_even(bench);
    bench_faults(bench);
    bench_host_end(&bench->host);
    bench_conclude(bench);
    status = (telar_status)write_outputs(bench, outputs);
    return status == TELAR_OK && bench_interrupted ? TELAR_PARTIAL : (int)status;
}

int command_bench(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct outputs outputs = {0};
    int status = TELAR_OK, got;

    if (!bench || !(bench->pipeline = telar_pipeline_new())
        || !(bench->notebook = telar_pipeline_new())) {
        say("no memory");
        return TELAR_HOST;
    }
    bench->wishes = (struct bench_wishes){.budget_ms = 28000, .precision = 0.01, .seed = 1};
    note_command(bench, argc, argv);
    while (status == TELAR_OK && (got = next_option(argc, argv, shorts, longs)) != -1) {
        if (got == 'h') {
            release(bench);
            return help();
        }
        if (!take_option(bench, &outputs, got, optarg))
            status = TELAR_USAGE;
    }
    if (status == TELAR_OK && outputs.trial) {
        release(bench);
        return bench_trial(outputs.trial);
    }
    if (status == TELAR_OK && argc - optind > 1)
        status = usage_error("bench takes one FILE, not %d", argc - optind);
    if (status == TELAR_OK) {
        bench->wishes.input = optind < argc ? argv[optind] : NULL;
        status = complete(bench);
    }
    if (status == TELAR_OK)
        status = can_write_all(&outputs);
    if (status == TELAR_OK)
        status = finish_output(execute(bench, &outputs));
    release(bench);
    return status;
}
