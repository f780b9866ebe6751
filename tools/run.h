/* SPDX-License-Identifier: MIT */
/*
 * run.h - the parts of `telar run`: its options, what it shows while it runs, what it says
 * afterwards.
 */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

#include <telar/telar.h>

/* What the command line asks for. */
struct run {
    struct telar_options options;
    telar_pipeline *pipeline;
    const char *transforms[TELAR_PIPELINE_MAX]; /* as they were given */
    size_t n_transforms;
    const char *input, *output;
    bool json, verbose, quiet;
    int progress; /* index into progress_words */
};

/* auto, always, never; NULL-terminated. */
extern const char *const progress_words[];

/* A line on standard error that counts regions. Begin with {0}; off until it is started. */
struct progress {
    bool on;
    uint64_t shown_ns; /* CLOCK_MONOTONIC when it was last written */
};

/* Starts it if `word` says so, or, for auto, if standard error is a terminal that can erase a line.
 */
void progress_start(struct progress *progress, int word, bool quiet);

/* For struct telar_options: data is a struct progress. */
void progress_update(void *data, uint64_t done, uint64_t total);

/* Shows a text instead, for a command that counts something else. */
void progress_text(struct progress *progress, const char *text);

/* Erases the line. */
void progress_end(struct progress *progress);

/*
 * Has a fatal signal in this process say in one line which file and region it was, and exit with
 * TELAR_WORKER, before anything was written. For engines whose workers are threads; processes that
 * crash are the library's business. The names must stay valid.
 */
void crash_guard(const char *input, const char *output);

/*
 * Has SIGHUP, SIGINT and SIGTERM, where they are not ignored, end this process as ever, but remove
 * the unfinished output before: of the run whose options have what is returned.
 */
struct telar_temporary *interrupt_guard(void);

/* Says on standard error which workers were lost, as far as there are not too many to read, and
 * that it did not matter. */
void print_losses(const telar_report *report);

/* Says on standard error how it went. */
void print_report(const telar_report *report);

/* Writes the report as JSON on standard output. report may be NULL; error's status may be TELAR_OK.
 */
void print_json(const struct run *run, const telar_report *report, const struct telar_error *error);

#endif
