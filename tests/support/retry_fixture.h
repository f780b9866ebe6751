/* SPDX-License-Identifier: MIT */
/*
 * retry_fixture.h - workers that are lost at a task of one's choice: what a worker does for a task
 * is called in a wrapper, which has it die there, at the first attempt or at every one. For tests
 * of doing it again.
 */
#ifndef TESTS_RETRY_FIXTURE_H
#define TESTS_RETRY_FIXTURE_H

#include "support/runs.h"
#include "support/suite.h"
#include "engine/task.h"

#include <stdatomic.h>

enum deed { KILLED, SEGV, ABORT, EXIT_0, EXIT_3, NOISE, FORGE, CLOSE, HANG, STOP, DEEDS };

extern const struct deed_name {
    const char *name, *why; /* why: what is said of it */
    telar_status status;
} deeds[DEEDS];

/* Who is struck: a task, or with `all` the first `times` attempts at each. */
struct strike {
    telar_task_kind kind;
    uint64_t index;
    bool all;
    uint32_t times;
    enum deed deed;
    bool after; /* when all is written, but nobody has been told */
    /* In the place of a deed: changes what was written and what is told of it, and the worker goes
     * on. */
    void (*forge)(unsigned char *extent, size_t n, struct tl_record *record);
};

extern const struct strike *strike; /* NULL: none */
extern atomic_uint *struck;         /* how often; shared with the workers */

enum { ROWS = 1500, COLUMNS = 2000, BAND_ROWS = 128, N_BANDS = 12, FILE_BYTES_MAX = 8 << 20 };

extern char directory[64], input[80], output[80];

struct content {
    unsigned char *bytes;
    size_t n;
};

struct content load(const char *path);

/* What is done: from file to file, by the steps. */
struct work {
    const char *steps[4];
    struct telar_plan plan;
    bool restart; /* whether each band of the input can be decoded for itself */
};

/*
 * The stages of these have every kind of task; in the first two, bands pass through a window, and
 * in the third each goes from file to file in one task.
 */
extern const struct work chain, alone, straight, grid;

telar_status run(const struct work *work, struct telar_options options, telar_report **report,
                 struct telar_error *error);

/* The first makes the directory, the last removes it. */
void make_input(bool restart);
void remove_files(void);

/* What comes of the work where nothing goes wrong; makes its input, too. */
struct content expect(const struct work *work);
void check_output(const struct content *expected, const char *what);

/* In static memory, until the next call. */
const char *describe(const struct strike *s, uint32_t workers);

#endif
