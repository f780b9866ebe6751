/* SPDX-License-Identifier: MIT */
/*
 * cmd_run.h - what the command line of `telar run` asks for, and the reports of a run.
 */
#ifndef TOOLS_CMD_RUN_H
#define TOOLS_CMD_RUN_H

#include <stdbool.h>
#include <telar/telar.h>

/* What the command line asks for. The setters of the options write it; all names belong to argv. */
struct cmd_run {
    struct telar_options options;
    struct telar_limits limits; /* options point to them */
    telar_pipeline *pipeline;
    const char *transforms[TELAR_PIPELINE_MAX]; /* as given, in order */
    size_t n_transforms;
    const char *input, *output;
    bool json, verbose, quiet;
    int progress; /* index into progress_words */
};

/* Says on standard error which workers were lost, at most 8 of them. */
void print_losses(const telar_report *report);

/* Says on standard error how the run went. */
void print_report(const telar_report *report);

/*
 * Writes the report as JSON on standard output. `report` may be NULL; the error is left out when
 * its status is TELAR_OK.
 */
void print_json(const struct cmd_run *run, const telar_report *report,
                const struct telar_error *error);

#endif
