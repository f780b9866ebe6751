/* SPDX-License-Identifier: MIT */
/*
 * cmd_demo_faults.c - telar demo-faults: runs a misbehaving transform at every rung of isolation
 * and shows what became of the picture.
 *
 * Each run is a new process of this program, because a misbehaving thread ends its whole process.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"
#include "cli/field.h"
#include "cli/option.h"
#include "cli/text.h"
#include "faults/faults.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The picture is grey, and each of its four regions fills a page. The fault happens once, in the
 * second region. One worker does the regions in order, so the result does not depend on chance.
 */
enum {
    COLUMNS = 64,
    ROWS = 256,
    REGIONS = 4,
    ROW = 100,
    WORKERS = 1,
    LIMIT_MS = 500,
    PATIENCE_S = 20,
    CELL_COLUMNS = 14, /* of the table, for each rung */
    WHAT_COLUMNS = 36,
};

static const char *const rung_names[RUNGS] = {"threads", "shared", "guarded", "sandboxed"};

/* The faults that are shown without --all: one of each kind. */
static const char *const shown[] = {"segv",   "sigkill", "abort",     "stack",  "exit",
                                    "loop",   "before",  "neighbour", "source", "noise",
                                    "forged", "close",   "malloc",    NULL};

static const char *const outcome_names[] = {"ended",   "unharmed", "redone", "wrong",
                                            "refused", "late",     "absent"};
enum outcome {
    ENDED,    /* the fault ended the program */
    UNHARMED, /* the result is right, and no worker was lost */
    REDONE,   /* the result is right; a worker was lost and another did its region again */
    WRONG,    /* the run reports success, but pixels are wrong */
    REFUSED,  /* the run failed and said so; there is no result */
    LATE,     /* the same, because of the time limit */
    ABSENT,   /* this host or this build does not have the rung */
};

/*
 * One cell of the table: a fault at a rung. try_cell() fills it; take_cell() adds what the child
 * prints.
 */
struct cell {
    int fault; /* index into faults */
    enum fault_rung rung;
    enum outcome outcome;
    bool tried;
    unsigned wrong_pixels;
    /* from the time when the loss was noticed until the region was done again */
    double recovery_ms;
};

/* ---- in the child process, which may end ---- */

static unsigned count_wrong(telar_image *source, telar_image *result)
{
    unsigned wrong = 0;

    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++)
            wrong += telar_image_row(result, row)[column]
                     != (telar_image_row(source, row)[column] ^ 0xff);
    return wrong;
}

/* Returns the time of recovery: that of the last region that was tried again. */
static double recovery_ms(const telar_report *report)
{
    uint64_t ns = 0;

    for (uint64_t i = 0; i < report->n_tasks && report->n_losses; i++)
        if (report->task[i].attempts > 1 && report->task[i].end_ns > report->loss[0].at_ns)
            ns = report->task[i].end_ns - report->loss[0].at_ns;
    return (double)ns / 1e6;
}

static enum outcome judge(telar_status status, unsigned wrong, const telar_report *report)
{
    if (status == TELAR_OK && wrong)
        return WRONG;
    if (status == TELAR_OK)
        return report->n_losses ? REDONE : UNHARMED;
    return status == TELAR_HOST || status == TELAR_USAGE ? ABSENT
           : status == TELAR_TIMEOUT                     ? LATE
                                                         : REFUSED;
}

/* Runs telar once with one fault at one rung and prints the outcome. */
static int attempt(int fault, enum fault_rung rung)
{
    static const telar_isolation isolations[RUNGS] = {TELAR_ISOLATION_DEFAULT, TELAR_SHARED,
                                                      TELAR_GUARDED, TELAR_SANDBOXED};
    const struct telar_geometry geometry = {ROWS, COLUMNS, 1, 8};
    const struct telar_options options = {.engine = rung == RUNG_THREADS ? TELAR_THREADS
                                                                         : TELAR_PROCESSES,
                                          .isolation = isolations[rung],
                                          .workers = WORKERS,
                                          .plan = {REGIONS, 1},
                                          .timeout_ms = LIMIT_MS};
    const double params[TELAR_PARAMS_MAX] = {fault, ROW, rung, true};
    telar_image *source = NULL, *result = NULL;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_report *report = NULL;
    struct telar_error error = {.text = "no memory"};
    telar_status status = TELAR_HOST;

    alarm(PATIENCE_S);
    faults_begin(WORKERS);
    if (pipeline && telar_image_new(&geometry, &source, &error) == TELAR_OK
        && telar_pipeline_add(pipeline, &fault_transform, params, &error) == TELAR_OK)
        status = telar_run(source, &result, pipeline, &options, &report, &error);
    if (report) {
        unsigned wrong = result ? count_wrong(source, result) : 0;

        printf("%d %u %.3f\n", (int)judge(status, wrong, report), wrong, recovery_ms(report));
    } else {
        printf("%d 0 0\n", (int)ABSENT);
    }
    telar_report_free(report);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return finish_output(TELAR_OK);
}

/* Parses "12,3", a fault and a rung, and makes that attempt. */
static int attempt_cell(const char *what)
{
    int fault, rung, n = 0;

    while (faults[n].name)
        n++;
    if (sscanf(what, "%d,%d", &fault, &rung) != 2 || fault < 0 || fault >= n || rung < 0
        || rung >= RUNGS)
        return usage_error("--cell is for this program itself");
    return attempt(fault, (enum fault_rung)rung);
}

/* ---- in the parent, which prints ---- */

static void take_cell(void *data, char *line)
{
    struct cell *cell = data;
    char *at;
    long outcome = strtol(line, &at, 10);

    if (at == line || outcome < ENDED || outcome > ABSENT)
        return;
    cell->outcome = (enum outcome)outcome;
    cell->wrong_pixels = (unsigned)strtoul(at, &at, 10);
    cell->recovery_ms = strtod(at, NULL);
}

/*
 * Runs one cell in a child process. A child that prints nothing was ended by the fault. Faults with
 * promise OPEN are not tried.
 */
static struct cell try_cell(int fault, int rung)
{
    struct cell cell = {.fault = fault,
                        .rung = (enum fault_rung)rung,
                        .tried = faults[fault].promise[rung] != OPEN};
    char self[PATH_MAX], quoted[PATH_MAX + 64], command[PATH_MAX + 160];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (!cell.tried)
        return cell;
    self[n > 0 ? n : 0] = '\0';
    cell.tried = n > 0 && bench_quote(quoted, sizeof quoted, self);
    if (cell.tried) {
        snprintf(command, sizeof command, "%s demo-faults --cell=%d,%d", quoted, fault, rung);
        cell.tried = bench_child(command, take_cell, &cell);
    }
    return cell;
}

static void cell_text(const struct cell *cell, char text[32])
{
    if (!cell->tried) {
        snprintf(text, 32, "-");
        return;
    }
    switch (cell->outcome) {
    case ENDED:
        snprintf(text, 32, "PROGRAM ENDS");
        break;
    case UNHARMED:
        snprintf(text, 32, "no harm");
        break;
    case REDONE:
        snprintf(text, 32, cell->recovery_ms < 9.95 ? "redone %.1f ms" : "redone %.0f ms",
                 cell->recovery_ms);
        break;
    case WRONG:
        snprintf(text, 32, "%u PX WRONG", cell->wrong_pixels);
        break;
    case REFUSED:
    case LATE:
        snprintf(text, 32, "run fails");
        break;
    case ABSENT:
        snprintf(text, 32, "not possible");
        break;
    }
}

static bool is_shown(const struct fault *fault, bool all)
{
    for (int i = 0; shown[i]; i++)
        if (strcmp(shown[i], fault->name) == 0)
            return true;
    return all;
}

/* Prints the beginning of a text that fits `width`, padded, and returns what is left of it. */
static const char *print_part(const char *text, int width)
{
    int n = (int)strlen(text);

    if (n > width)
        for (n = width; n > 0 && text[n] != ' '; n--)
            ;
    printf("%-*.*s", width + 2, n, text);
    return text + n + (text[n] == ' ');
}

/* A row; the text goes on below itself when it is too long. */
static void print_fault(int fault, int width)
{
    const char *left = print_part(faults[fault].what, width);

    for (int rung = 0; rung < RUNGS; rung++) {
        struct cell cell = try_cell(fault, rung);
        char text[32];

        cell_text(&cell, text);
        printf(rung + 1 < RUNGS ? "%-14s" : "%s\n", text);
    }
    if (*left)
        printf("  %s\n", left);
    fflush(stdout);
}

static void print_table(bool all)
{
    int width = text_columns(stdout) - RUNGS * CELL_COLUMNS - 2;

    width = width > WHAT_COLUMNS ? WHAT_COLUMNS : width;
    printf("%-*s", width + 2, "the transform, once,");
    for (int rung = 0; rung < RUNGS; rung++)
        printf(rung + 1 < RUNGS ? "%-14s" : "%s\n", rung_names[rung]);
    for (int fault = 0; faults[fault].name; fault++)
        if (is_shown(&faults[fault], all))
            print_fault(fault, width);
    printf("\nPROGRAM ENDS  the worker's crash ended all of telar; the output is untouched\n"
           "PX WRONG      the run reports success, but so many pixels are wrong\n"
           "run fails     exit 5 or 6 with region, process, cause; the output is untouched\n"
           "redone        another worker did the region again, and every pixel is right. The\n"
           "              time is from noticing the loss (after at most %d ms) until then\n"
           "no harm       every pixel is right, and no worker was lost\n"
           "-             not tried: nothing is promised, and the run would not end\n",
           LIMIT_MS);
}

static const char *cell_fault(const void *object)
{
    const struct cell *cell = object;

    return faults[cell->fault].name;
}

static const char *cell_what(const void *object)
{
    const struct cell *cell = object;

    return faults[cell->fault].what;
}

static const char *cell_rung(const void *object)
{
    const struct cell *cell = object;

    return rung_names[cell->rung];
}

static const char *cell_outcome(const void *object)
{
    const struct cell *cell = object;

    return cell->tried ? outcome_names[cell->outcome] : "not tried";
}

static const struct field cell_fields[] = {
    {.name = "fault", .type = FIELD_WORD, .word = cell_fault},
    {.name = "what", .type = FIELD_WORD, .word = cell_what},
    {.name = "rung", .type = FIELD_WORD, .word = cell_rung},
    {.name = "outcome", .type = FIELD_WORD, .word = cell_outcome},
    {FIELD(struct cell, wrong_pixels)},
    {FIELD(struct cell, recovery_ms)},
    {.name = NULL},
};

static void print_json(bool all)
{
    struct json json = {.out = stdout};

    json_begin(&json, NULL, '{');
    json_number(&json, "version", 1);
    json_begin(&json, "cells", '[');
    for (int fault = 0; faults[fault].name; fault++)
        for (int rung = 0; rung < RUNGS && is_shown(&faults[fault], all); rung++) {
            struct cell cell = try_cell(fault, rung);

            json_object(&json, NULL, cell_fields, &cell);
        }
    json_end(&json, ']');
    json_end(&json, '}');
}

/* The options of the command line. The setters of option_table fill it. */
struct cmd_demo_faults {
    bool all, json;
    const char *cell; /* try_cell() asks this program for one cell */
};

#define FILLS(member) .field = offsetof(struct cmd_demo_faults, member)

static const struct cli_option option_table[] = {
    {"all", 0, .help = "Show every fault, not one of each kind.", .set = set_flag, FILLS(all)},
    {"json", 0, .help = "Write JSON.", .set = set_flag, FILLS(json)},
    {"cell", 0, "FAULT,RUNG", .set = set_text, FILLS(cell)},
    {.name = NULL},
};

static int run(int argc, char **argv)
{
    struct cmd_demo_faults cmd = {.all = false};
    int result = take_options(&demo_faults_command, argc, argv, &cmd);

    if (result != OPTIONS_TAKEN)
        return result;
    if (cmd.cell)
        return attempt_cell(cmd.cell);
    if (optind < argc)
        return usage_error("demo-faults takes no names");
    if (cmd.json)
        print_json(cmd.all);
    else
        print_table(cmd.all);
    return finish_output(TELAR_OK);
}

const struct command demo_faults_command = {
    .name = "demo-faults",
    .summary = "run a misbehaving transform under every rung of isolation",
    .usage = "[OPTIONS]",
    .about = "Runs a misbehaving transform at every rung of isolation and shows what became of "
             "the picture. Each run is a process of its own.\n",
    .options = option_table,
    .run = run,
};
