/* SPDX-License-Identifier: MIT */
/*
 * output_fixture.h - what the tests of output files share: a directory of their own, and system
 * calls that fail when they are told to. The linker lets those calls pass through output_fixture.c
 * (--wrap).
 */
#ifndef TESTS_OUTPUT_FIXTURE_H
#define TESTS_OUTPUT_FIXTURE_H

#include "support/suite.h"

#include "png/atomic_output.h"
#include <sys/stat.h>

enum call { NONE, CREATE, FCHMOD, FSYNC, LINK, RENAME, CALLS };

extern enum call failing;                /* the call that fails, */
extern int failing_errno, failing_times; /* with what, and how often it still does */
extern bool no_tmpfile;                  /* as on a filesystem without O_TMPFILE */

/* Makes a directory and goes into it; comes back and removes it, empty as it must be by then. */
void enter(void);
void leave(void);

/* How many names there are in it. */
int names_here(void);

void make_file(const char *path, const char *text, mode_t mode);

/* The file must be there and hold just this. */
void check_file(const char *path, const char *text);

/* The descriptor that the next open() would get. */
int lowest_free(void);

/* The calls of codec.h; they must succeed. */
struct tl_atomic_output *open_output(const char *path);
void put(struct tl_atomic_output *output, const char *text);
void commit(struct tl_atomic_output *output);

/* tl_atomic_output_open() must fail: TELAR_OUTPUT, `phrase` and a remedy in the text, no descriptor
 * left open. */
void check_refused(const char *path, const char *phrase);

#endif
