/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a line on standard error that counts what is done.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* The words of --progress: auto, always, never. Ends with NULL. */
extern const char *const progress_words[];

/* Begin with {0}: off. The functions below write it, in one thread. */
struct progress {
    bool on;
    uint64_t begin_ns; /* CLOCK_MONOTONIC when the line was started */
    uint64_t shown_ns; /* the same when the line was last written */
};

/*
 * Starts the line. `word` is an index into progress_words; "auto" starts it only if standard error
 * is a terminal that can erase a line and `quiet` is false.
 */
void progress_start(struct progress *progress, int word, bool quiet);

/*
 * Shows "42 %, 3 s left", as if the rest went on as fast as what is done. For struct telar_options:
 * `data` is a struct progress.
 */
void progress_update(void *data, uint64_t done, uint64_t total);

/* Shows a text instead, for a command that counts something else. */
void progress_text(struct progress *progress, const char *text);

/* Erases the line. */
void progress_end(struct progress *progress);

#endif
