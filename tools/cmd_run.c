/* SPDX-License-Identifier: MIT */
/*
 * telar run: from the command line to struct telar_options, one call of the library, and the
 * messages afterwards. Every mistake in the command line is found before the library is called.
 */
#include <config.h>

#include "cmd_run.h"

#include "cli/cli.h"
#include "cli/misplaced.h"
#include "cli/number.h"
#include "cli/option.h"
#include "cli/progress.h"
#include "cli/signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- options ---- */

/* The library parses the text, so that its own message names what is wrong. */
static bool set_transform(const struct cli_option *option, const char *text, void *field)
{
    struct cmd_run *run = field;
    struct telar_error error = {.worker = -1};

    if (telar_pipeline_parse(run->pipeline, text, &error) != TELAR_OK) {
        say_error(&error);
        return false;
    }
    run->transforms[run->n_transforms++] = text;
    return true;
}

/* The library's 0 is its default, so that no retries are a number of their own. */
static bool set_retries(const struct cli_option *option, const char *text, void *field)
{
    uint64_t n;

    if (!parse_count(option, text, &n))
        return false;
    *(int32_t *)field = n ? (int32_t)n : TELAR_RETRIES_NONE;
    return true;
}

/* --grid and --bands fill the same plan: the second of them would silently win. */
static bool is_first_plan(const struct telar_plan *plan)
{
    if (plan->rows > 0)
        say("--grid and --bands set the same plan; give one of them");
    return plan->rows == 0;
}

static bool set_grid(const struct cli_option *option, const char *text, void *field)
{
    struct telar_plan *plan = field;

    return is_first_plan(plan) && parse_pair(option, text, &plan->rows, &plan->columns);
}

static bool set_bands(const struct cli_option *option, const char *text, void *field)
{
    struct telar_plan *plan = field;
    uint64_t n;

    if (!is_first_plan(plan) || !parse_count(option, text, &n))
        return false;
    *plan = (struct telar_plan){(uint32_t)n, 1};
    return true;
}

static bool set_roi(const struct cli_option *option, const char *text, void *field)
{
    struct telar_options *options = field;

    return options->has_roi = parse_region(option, text, &options->roi);
}

static bool set_shm_name(const struct cli_option *option, const char *text, void *field)
{
    enum { NAME_BYTES_MAX = 200 };

    *(const char **)field = text;
    if (*text && !strchr(text, '/') && strlen(text) <= NAME_BYTES_MAX)
        return true;
    say("--%s: '%s' is not a name of 1 to 200 bytes without a slash", option->name, text);
    return false;
}

/* In the order of the library's own lists, whose members begin with 1 behind the default. */
static const char *const engine_words[] = {"serial", "threads", "gil", "processes", NULL};
static const char *const isolation_words[] = {"shared", "guarded", "sandboxed", NULL};
static const char *const on_crash_words[] = {"fail", "retry", "skip", NULL};
static const char *const compression_words[] = {"fast", "small", NULL};

#define FILLS(member) .field = offsetof(struct cmd_run, member)

static const struct cli_option option_table[] = {
    {"transform", 't', "NAME[:KEY=VALUE,...]", .group = "Picture",
     .help = "What to do; 'telar transforms' lists the names. Several are a pipeline, from left to "
             "right. A NAME with a slash is a plug-in: ./mine.so",
     .set = set_transform, .complete = COMPLETE_TRANSFORMS},
    {"roi", 'r', "R0:R1,C0:C1",
     .help = "Transform only these rows and columns, from zero, ends excluded. The rest is copied.",
     .set = set_roi, FILLS(options)},
    {"grid", 'g', "RxC", .help = "Cut into R rows and C columns of regions. Default: chosen.",
     .set = set_grid, FILLS(options.plan)},
    {"bands", 0, "N", .help = "The same as --grid=Nx1.", .set = set_bands, .least = 1,
     .most = INT32_MAX, FILLS(options.plan)},
    {"compression", 0, .words = compression_words,
     .help = "How OUTPUT is compressed.\n"
             "fast (default): by telar's encoder\n"
             "small: by zlib too; of each band the smaller result",
     .set = set_word, .least = TELAR_FAST, FILLS(options.compression)},
    {"no-clobber", 'n', .help = "Refuse an OUTPUT that exists. Default: replace it.",
     .set = set_flag, FILLS(options.no_clobber)},
    {"preserve", 'p', .help = "Keep the modification time and the permission bits of INPUT.",
     .set = set_flag, FILLS(options.preserve)},
    {"no-restart", 0, .help = "Leave out the chunk that lets telar decode OUTPUT in parallel.",
     .set = set_flag, FILLS(options.no_restart)},
    {"engine", 'e', .words = engine_words, .group = "Workers",
     .help = "What workers are: none, threads, threads under one lock, or processes. "
             "Default: processes.",
     .set = set_word, .least = TELAR_SERIAL, FILLS(options.engine)},
    {"workers", 'j', "N",
     .help = "Number of workers. Default: what CPU affinity and quota allow, fewer for small "
             "pictures.",
     .set = set_small, .least = 1, .most = TELAR_WORKERS_MAX, FILLS(options.workers)},
    {"isolation", 'i', .words = isolation_words,
     .help = "What a worker process may write.\n"
             "shared: the whole segment\n"
             "guarded (default): only its own part\n"
             "sandboxed: as guarded, and no files, network, processes or new memory",
     .set = set_word, .least = TELAR_SHARED, FILLS(options.isolation)},
    {"on-crash", 0, .words = on_crash_words,
     .help = "What follows when a worker process crashes or hangs.\n"
             "fail (default with -i shared): the run ends\n"
             "retry (default): another worker does the region again\n"
             "skip: as retry; a region that keeps failing stays as in INPUT, exit code 1",
     .set = set_word, .least = TELAR_ON_CRASH_FAIL, FILLS(options.on_crash)},
    {"retries", 0, "N", .help = "How often a region is tried again. Default: 2.",
     .set = set_retries, .most = TELAR_RETRIES_MAX, FILLS(options.retries)},
    {"timeout", 0, "SECONDS", .help = "Longest time of one task. Default: 0, no limit.",
     .set = set_seconds, FILLS(options.timeout_ms)},
    {"trust", 0, .help = "Load plug-ins into the program itself; for other engines than processes.",
     .set = set_flag, FILLS(options.trust_plugins)},
    {"strict", 0, .group = "Input",
     .help = "Refuse every fault of INPUT, not only those that put a pixel in doubt.",
     .set = set_flag, FILLS(limits.strict)},
    {"max-pixels", 0, "N", .group = "Memory",
     .help = "Refuse larger pictures. K, M, G: 10^3, 10^6, 10^9. Default: 1G.", .set = set_amount,
     FILLS(limits.max_pixels)},
    {"max-memory", 0, "SIZE",
     .help = "Largest segment in bytes. K, M, G: 2^10, 2^20, 2^30. Default: what the host has.",
     .set = set_bytes, FILLS(options.max_memory)},
    {"keep-shm", 0, "NAME", .help = "Leave the segment as /dev/shm/NAME.", .set = set_shm_name,
     FILLS(options.keep_shm)},
    {"json", 0, .group = "Reports",
     .help = "Write the report of the run as JSON to standard output.", .set = set_flag,
     FILLS(json)},
    {"verbose", 'v', .help = "Write the report for people to standard error.", .set = set_flag,
     FILLS(verbose)},
    {"quiet", 'q', .help = "Write nothing to standard error but a failure.", .set = set_flag,
     FILLS(quiet)},
    {"progress", 0, .words = progress_words,
     .help = "Show per cent and time left on standard error. Default: auto, on a terminal.",
     .set = set_word, FILLS(progress)},
    {.name = NULL},
};

/* ---- the run ---- */

/* Refuses options that contradict the engine or the isolation. Returns the exit code. */
static int check_engine(const struct telar_options *options)
{
    bool processes = !options->engine || options->engine == TELAR_PROCESSES;

    if (options->isolation && !processes)
        return usage_error(
            "--isolation=%s: only processes can be kept from one another, not %s; use -e processes",
            telar_isolation_name(options->isolation), telar_engine_name(options->engine));
    if (options->on_crash > TELAR_ON_CRASH_FAIL && !processes)
        return usage_error(
            "--on-crash: a crash with %s ends the program; use -e processes, or fail",
            telar_engine_name(options->engine));
    if (options->on_crash == TELAR_ON_CRASH_SKIP && options->isolation == TELAR_SHARED)
        return usage_error(
            "--on-crash=skip: a shared worker may have written anywhere; use -i guarded");
    return TELAR_OK;
}

/* Refuses options that contradict each other. Returns the exit code. */
static int check(const struct cmd_run *run)
{
    bool to_stdout = strcmp(run->output, "-") == 0;

    if (run->quiet && run->verbose)
        return usage_error("--quiet and --verbose contradict each other; give one of them");
    if (run->n_transforms == 0)
        return usage_error("no transform: give one with -t (telar transforms lists them)");
    if (run->options.preserve && (to_stdout || strcmp(run->input, "-") == 0))
        return usage_error("--preserve: a standard stream has no time and no permissions to keep; "
                           "give INPUT and OUTPUT names");
    if (run->json && to_stdout)
        return usage_error(
            "--json and the OUTPUT '-' both want standard output; give the output a name");
    if (to_stdout && isatty(STDOUT_FILENO))
        return usage_error(
            "a picture cannot be shown on a terminal; give OUTPUT a name, or pipe it on");
    return check_engine(&run->options);
}

/* Returns whether there were fewer workers than wanted although there were regions for more. */
static bool missed_workers(const telar_report *report)
{
    return report->workers < report->workers_wanted
           && report->workers < (uint64_t)report->grid_rows * report->grid_columns;
}

/* Says what a user would not expect: faults of INPUT, lost workers, fewer workers, an animation. */
static void say_surprises(const struct cmd_run *run, const telar_report *report)
{
    for (uint32_t i = 0; i < report->n_warnings; i++)
        say("%s: %s", run->input, report->warning[i].text);
    print_losses(report);
    if (report->lost[0])
        say("%s: could not keep of the file that it replaced: %s", run->output, report->lost);
    if (missed_workers(report))
        say("workers: %u instead of %u: %s", report->workers, report->workers_wanted,
            report->workers_reason);
    if (strstr(report->dropped, "acTL"))
        say("%s: is animated; %s has only the first picture, because telar keeps no animation",
            run->input, run->output);
}

/* Runs and reports. Messages come before the JSON on standard output. Returns the exit code. */
static int execute(struct cmd_run *run)
{
    struct progress progress = {0};
    const struct telar_measure measure = {TELAR_MEASURE_INIT,
                                          .count_huge_pages = run->verbose || run->json};
    struct telar_error error = {.worker = -1};
    telar_report *report = NULL;
    telar_status status;

    run->options.measure = &measure;
    if (!run->quiet)
        say_other_extension(run->output);
    run->options.temporary = interrupt_guard();
    if (run->options.engine != TELAR_ENGINE_DEFAULT && run->options.engine != TELAR_PROCESSES)
        crash_guard(run->input, run->output, run->options.temporary);
    run->options.limits = &run->limits;
    progress_start(&progress, run->progress, run->quiet);
    run->options.progress = progress_update;
    run->options.progress_data = &progress;
    status = telar_run_file(run->input, run->output, run->pipeline, &run->options,
                            run->quiet && !run->json ? NULL : &report, &error);
    crash_guard_end();
    progress_end(&progress);
    if (report && (status == TELAR_OK || status == TELAR_PARTIAL) && !run->quiet)
        say_surprises(run, report);
    end_if_output_pipe_broke(&error, run->output);
    if (status != TELAR_OK)
        say_error(&error);
    if (report && run->verbose)
        print_report(report);
    if (run->json)
        print_json(run, report, &error);
    telar_report_free(report);
    return (int)status;
}

/* Fills in the operands and runs. Returns the exit code. */
static int run_operands(struct cmd_run *run, int n, char **operands)
{
    int status;

    if (n > 2)
        return usage_error("run takes INPUT and OUTPUT, not %d names; for several files: for f in "
                           "*.png; do telar run -t NAME \"$f\" \"out/$f\"; done",
                           n);
    if (n < 2)
        return usage_error("run takes INPUT and OUTPUT, not %d name%s; see telar run --help", n,
                           n == 1 ? "" : "s");
    run->input = operands[0];
    run->output = operands[1];
    status = check(run);
    return status == TELAR_OK ? finish_output(execute(run)) : status;
}

static int run(int argc, char **argv)
{
    struct cmd_run run = {.options = {TELAR_OPTIONS_INIT},
                          .limits = {TELAR_LIMITS_INIT},
                          .pipeline = telar_pipeline_new()};
    int status;

    if (!run.pipeline) {
        say("no memory");
        return TELAR_HOST;
    }
    status = take_options(&run_command, argc, argv, &run);
    if (status == OPTIONS_TAKEN)
        status = run_operands(&run, argc - optind, argv + optind);
    telar_pipeline_free(run.pipeline);
    return status;
}

const struct command run_command = {
    .name = "run",
    .summary = "transform a PNG file by regions, on threads or processes",
    .usage = "[OPTIONS] -t NAME INPUT OUTPUT",
    .about = "Reads a PNG file, transforms it by regions, writes a PNG file. '-' is standard input "
             "or output. If the run fails, OUTPUT is left as it was.\n",
    .options = option_table,
    .examples = "  telar run -t blur:sigma=2 -t sobel in.png out.png\n",
    .operands = COMPLETE_FILES,
    .run = run,
};
