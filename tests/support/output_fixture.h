/* SPDX-License-Identifier: MIT */
/* output_fixture.h - for tests of output files: a directory of their own, and system calls that
 * fail on request. The linker sends these calls through output_fixture.c (--wrap). */
#ifndef TESTS_OUTPUT_FIXTURE_H
#define TESTS_OUTPUT_FIXTURE_H

#include "support/suite.h"

#include "png/atomic_output.h"
#include <sys/stat.h>

enum call { NONE, CREATE, FCHMOD, FSYNC, LINK, RENAME, CALLS };

extern enum call failing;                /* the call that fails */
extern int failing_errno, failing_times; /* its errno, how often it still fails */
extern bool no_tmpfile;                  /* acts as a filesystem without O_TMPFILE */

/* enter() makes a directory and changes to it. leave() comes back and removes the directory, which
 * must be empty. */
void enter(void);
void leave(void);

/* Returns the number of names in the directory. */
int names_here(void);

void make_file(const char *path, const char *text, mode_t mode);

/* The file must exist and contain exactly this text. */
void check_file(const char *path, const char *text);

/* Returns the descriptor that the next open() would get. */
int lowest_free(void);

/* Each calls the function tl_atomic_output_*, which must succeed. */
struct tl_atomic_output *open_output(const char *path);
void put(struct tl_atomic_output *output, const char *text);
void commit(struct tl_atomic_output *output);

/* tl_atomic_output_open() must fail with TELAR_OUTPUT. The message must contain `phrase` and a
 * remedy. No descriptor may stay open. */
void check_refused(const char *path, const char *phrase);

#endif
