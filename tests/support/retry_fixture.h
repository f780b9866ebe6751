/* SPDX-License-Identifier: MIT */
/*
 * retry_fixture.h - for tests of retrying: workers that fail at a chosen task. A wrapper around
 * tl_task_run() makes the worker fail there, at the first attempts or at all. A failure is the way
 * in which the worker fails.
 */
#ifndef TESTS_RETRY_FIXTURE_H
#define TESTS_RETRY_FIXTURE_H

#include "support/runs.h"
#include "support/suite.h"
#include "engine/task.h"

#include <stdatomic.h>

enum failure { KILLED, SEGV, ABORT, EXIT_0, EXIT_3, NOISE, FORGE, CLOSE, HANG, STOP, FAILURES };

extern const struct failure_name {
    const char *name, *why; /* why: words of the expected message */
    telar_status status;
} failures[FAILURES];

/*
 * The attempts that fail: those at one task, or with `all` the first `times` attempts at each task.
 */
struct strike {
    telar_task_kind kind;
    uint64_t index;
    bool all;
    uint32_t times;
    enum failure failure;
    bool after; /* fails when all is written, but before the record */
    /* Called instead of a failure: changes the written bytes and the record. The worker goes on. */
    void (*forge)(unsigned char *extent, size_t n, struct tl_record *record);
};

extern const struct strike *strike; /* NULL: no attempt fails */
extern atomic_uint *struck;         /* number of failed attempts; shared with the workers */

enum { ROWS = 1500, COLUMNS = 2000, BAND_ROWS = 128, N_BANDS = 12, FILE_BYTES_MAX = 8 << 20 };

extern char directory[64], input[80], output[80];

struct content {
    unsigned char *bytes;
    size_t n;
};

struct content load(const char *path);

/* A run from file to file with these transforms. */
struct work {
    const char *steps[4];
    struct telar_plan plan;
    bool restart; /* the input has restart points */
};

/* Together these runs have every kind of task. In the first two, bands pass through a window. In
 * the third, one task takes a band from file to file. */
extern const struct work chain, alone, straight, grid;

telar_status run(const struct work *work, struct telar_options options, telar_report **report,
                 struct telar_error *error);

/* make_input() makes the directory, remove_files() removes it. */
void make_input(bool restart);
void remove_files(void);

/* Makes the input, and returns the output of a run without failures. */
struct content expect(const struct work *work);
void check_output(const struct content *expected, const char *what);

/* Describes a strike. The text is static and valid until the next call. */
const char *describe(const struct strike *s, uint32_t workers);

#endif
