/* SPDX-License-Identifier: MIT */
/*
 * telar bench: the options, and the flow from wishes to outputs.
 */
#include <config.h>

#include "bench/bench_out.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/option.h"
#include "cli/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What standard output gets. */
enum format { FORMAT_NONE, FORMAT_JSON, FORMAT_CSV, FORMAT_MARKDOWN };

/* What the command line asks for. The setters of the options write it. */
struct cmd_bench {
    struct bench *bench;
    struct bench_wishes wishes;       /* moved into the bench when all options are read */
    enum format format;               /* FORMAT_NONE: the table */
    const char *trace, *svg, *report; /* files, or NULL */
    const char *trial;                /* a trial that bench_faults.c asks of this program */
};

/* ---- options ---- */

static bool set_transform(const struct cli_option *option, const char *text, void *field)
{
    struct cmd_bench *cmd = field;
    struct telar_error error = {.worker = -1};

    if (telar_pipeline_parse(cmd->bench->pipeline, text, &error) == TELAR_OK) {
        cmd->wishes.transforms[cmd->wishes.n_transforms++] = text;
        return true;
    }
    say_error(&error);
    return false;
}

/* As a part of the ratio. parse_seconds reads a number with a fraction. */
static bool set_precision(const struct cli_option *option, const char *text, void *field)
{
    uint32_t thousandths;

    if (!parse_seconds(option, text, &thousandths))
        return false;
    *(double *)field = thousandths / 1e5;
    return true;
}

/* option->least is the format. */
static bool set_format(const struct cli_option *option, const char *text, void *field)
{
    enum format *format = field;

    if (*format != FORMAT_NONE && *format != (enum format)option->least) {
        say("--json, --csv and --markdown all want standard output; give one of them");
        return false;
    }
    *format = (enum format)option->least;
    return true;
}

static const char *const engine_words[] = {"serial", "threads", "gil", "processes", NULL};
static const char *const isolation_words[] = {"shared", "guarded", "sandboxed", NULL};
static const char *const job_words[] = {"memory", "file", NULL};
static const char *const pages_words[] = {"huge", "small", NULL};
static const char *const segment_words[] = {"cold", "warm", NULL};
static const char *const start_words[] = {"made", "kept", NULL};

#define FILLS(member) .field = offsetof(struct cmd_bench, member)

static const struct cli_option option_table[] = {
    {"engine", 'e', "LIST", engine_words, .group = "What is compared",
     .help = "engines. Default: all.", .set = bench_set_engines, FILLS(wishes)},
    {"isolation", 'i', "LIST", isolation_words, .help = "rungs of isolation. Default: all.",
     .set = bench_set_isolations, FILLS(wishes)},
    {"workers", 'j', "LIST",
     .help = "Numbers of workers, the usual one first. Default: what the host allows, then 1, 2, "
             "4, ... below that.",
     .set = bench_set_workers, .least = 1, .most = TELAR_WORKERS_MAX, FILLS(wishes)},
    {"transform", 't', "NAME[:KEY=VALUE,...]",
     .help = "What is run; several are a pipeline. Default: sobel.", .set = set_transform,
     .complete = COMPLETE_TRANSFORMS},
    {"job", 0, "LIST", job_words, .help = "the transform alone, or from PNG to PNG. Default: both.",
     .set = bench_set_jobs, FILLS(wishes)},
    {"pages", 0, "LIST", pages_words, .help = "pages of the segment. Default: both.",
     .set = bench_set_pages, FILLS(wishes)},
    {"segment", 0, "LIST", segment_words,
     .help = "workers touch the segment first, or the bench does. Default: cold.",
     .set = bench_set_segment, FILLS(wishes)},
    {"start", 0, "LIST", start_words,
     .help = "workers start for each run, or stay for many. Default: both in the first group, made "
             "in the others.",
     .set = bench_set_start, FILLS(wishes)},
    {"size", 0, "RxC[,RxC]", .help = "Sizes of synthetic pictures. Default: 2000x3000.",
     .set = bench_set_sizes, FILLS(wishes)},
    {"rounds", 0, "N", .group = "How it is measured",
     .help = "Exactly N rounds. Default: until precise enough or out of time.", .set = set_count,
     .least = 2, .most = BENCH_ROUNDS_MAX, FILLS(wishes.rounds)},
    {"time", 0, "SECONDS", .help = "Longest time of all rounds. Default: 28.", .set = set_seconds,
     FILLS(wishes.budget_ms)},
    {"precision", 0, "PERCENT",
     .help = "Enough rounds when every interval reaches at most PERCENT to each side. Default: 1.",
     .set = set_precision, FILLS(wishes.precision)},
    {"seed", 0, "N", .help = "Seed of the order and of the resamples. Default: 1.",
     .set = set_count, .most = UINT64_MAX, FILLS(wishes.seed)},
    {"python", 0, .help = "Run the same loop in python3 too.", .set = set_flag,
     FILLS(wishes.python)},
    {"json", 0, .group = "Output", .help = "Write JSON to standard output, not the table.",
     .set = set_format, .least = FORMAT_JSON, FILLS(format)},
    {"csv", 0, .help = "Write CSV, a line for each sample.", .set = set_format, .least = FORMAT_CSV,
     FILLS(format)},
    {"markdown", 0, .help = "Write the tables in Markdown.", .set = set_format,
     .least = FORMAT_MARKDOWN, FILLS(format)},
    {"trace", 0, "FILE", .help = "Write a trace for chrome://tracing or Perfetto.", .set = set_text,
     FILLS(trace), .complete = COMPLETE_FILES},
    {"svg", 0, "DIR", .help = "Write the charts as files in DIR.", .set = set_text, FILLS(svg),
     .complete = COMPLETE_DIRECTORIES},
    {"report", 0, "FILE", .help = "Write everything as one HTML page.", .set = set_text,
     FILLS(report), .complete = COMPLETE_FILES},
    {"quiet", 'q', .help = "Show no progress.", .set = set_flag, FILLS(wishes.quiet)},
    {"progress", 0, .words = progress_words,
     .help = "Count runs on standard error. Default: auto, on a terminal.", .set = set_word,
     FILLS(wishes.progress)},
    {"trial", 0, "WHAT", .set = set_text, FILLS(trial)}, /* bench_faults.c calls this program so */
    {.name = NULL},
};

/* Checks options that contradict each other, and fills in the defaults. */
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

/* Notes the command line for the reports. */
static void note_command(struct bench *bench, int argc, char **argv)
{
    size_t used = (size_t)snprintf(bench->command, sizeof bench->command, "telar");

    for (int i = 0; i < argc && used < sizeof bench->command; i++)
        used +=
            (size_t)snprintf(bench->command + used, sizeof bench->command - used, " %s", argv[i]);
}

/* ---- outputs ---- */

/* Closes a file. fclose() also reports writes that failed late. */
static int close_file(FILE *file, const char *path)
{
    int failed = ferror(file);

    if (fclose(file) == 0 && !failed)
        return TELAR_OK;
    say("%s: cannot be written: %s", path, strerror(errno));
    return TELAR_OUTPUT;
}

/* Checks before a minute of measuring that a file or directory can be written. Changes nothing. */
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

static int can_write_all(const struct cmd_bench *cmd)
{
    int status = cmd->trace ? can_write(cmd->trace, false) : TELAR_OK;

    if (status == TELAR_OK && cmd->report)
        status = can_write(cmd->report, false);
    return status == TELAR_OK && cmd->svg ? can_write(cmd->svg, true) : status;
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

/* Writes all outputs. Returns the first failure. */
static int write_outputs(struct bench *bench, const struct cmd_bench *cmd)
{
    int status = TELAR_OK, next;

    if (cmd->format == FORMAT_JSON)
        bench_write_json(bench, stdout);
    else if (cmd->format == FORMAT_CSV)
        bench_write_csv(bench, stdout);
    else if (cmd->format == FORMAT_MARKDOWN)
        bench_write_markdown(bench, stdout);
    else
        bench_write_table(bench, stdout);
    if (cmd->trace)
        status = write_trace(bench, cmd->trace);
    if (cmd->svg && (next = write_charts(bench, cmd->svg)) != TELAR_OK)
        status = status == TELAR_OK ? next : status;
    if (cmd->report && (next = write_report(bench, cmd->report)) != TELAR_OK)
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

static int execute(struct bench *bench, const struct cmd_bench *cmd)
{
    telar_status status;

    bench_catch_signals(); /* before there is a directory to remove */
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
    status = (telar_status)write_outputs(bench, cmd);
    return status == TELAR_OK && bench_interrupted ? TELAR_PARTIAL : (int)status;
}

/* Measures and writes. Returns the exit code. */
static int run_operands(struct bench *bench, const struct cmd_bench *cmd, int n, char **operands)
{
    int status;

    if (n > 1)
        return usage_error("bench takes one FILE, not %d", n);
    bench->wishes = cmd->wishes;
    bench->wishes.input = n > 0 ? operands[0] : NULL;
    status = complete(bench);
    if (status == TELAR_OK)
        status = can_write_all(cmd);
    return status == TELAR_OK ? finish_output(execute(bench, cmd)) : status;
}

static int run(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct cmd_bench cmd = {.bench = bench,
                            .wishes = {.budget_ms = 28000, .precision = 0.01, .seed = 1}};
    int status;

    if (!bench || !(bench->pipeline = telar_pipeline_new())
        || !(bench->notebook = telar_pipeline_new())) {
        say("no memory");
        return TELAR_HOST;
    }
    note_command(bench, argc, argv);
    status = take_options(&bench_command, argc, argv, &cmd);
    if (status == OPTIONS_TAKEN && !cmd.trial)
        status = run_operands(bench, &cmd, argc - optind, argv + optind);
    release(bench);
    return cmd.trial && status == OPTIONS_TAKEN ? bench_try(cmd.trial) : status;
}

const struct command bench_command = {
    .name = "bench",
    .summary = "measure what isolation costs on this host",
    .usage = "[OPTIONS] [FILE]",
    .about = "Measures on this host what isolation costs. The same picture is transformed by "
             "serial, threads, threads under one lock, and processes at every rung of isolation; "
             "in memory, and from PNG to PNG. The order is random; results have intervals. Without "
             "FILE the picture is a synthetic galaxy. LIST is one or more words, with commas "
             "between.\n",
    .options = option_table,
    .examples = "  telar bench --report=bench.html\n"
                "  telar bench -t blur:sigma=2 --job=memory -j 2,1 photo.png\n",
    .operands = COMPLETE_FILES,
    .run = run,
};
