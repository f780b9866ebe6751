/* SPDX-License-Identifier: MIT */
/* wrap.h - makes calls of the C library fail. Link the program with -Wl,--wrap=NAME for each
 * function of wrap.c. Forked workers share the counts, so a call fails in any process. */
#ifndef TESTS_WRAP_H
#define TESTS_WRAP_H

#include <stdbool.h>
#include <sys/types.h>

/* The feature that the host seems to lack. */
enum world {
    USUAL,
    NO_SHM,     /* shm_open always fails */
    NO_TMPFILE, /* the filesystem does not know O_TMPFILE */
};

/* Must be called first. */
void wrap_begin(enum world world);

/* Makes the k-th call of `call` from now on fail with errnum. With errnum 0, read and write handle
 * at most one byte. */
void wrap_arm(const char *call, int errnum, unsigned long k);

/* Kills process `pid` at the k-th call of `call` from now on, in whatever process the call is made.
 * The call itself is made. */
void wrap_arm_kill(const char *call, pid_t pid, unsigned long k);

/* Ends the failing or killing. Returns whether there was a k-th call. */
bool wrap_disarm(void);

/*
 * Returns the site of the call that failed since wrap_arm(): "CALLER, OBJECT". CALLER is
 * coordinator (the thread that called wrap_arm), thread (another thread of its process) or child.
 * OBJECT is the file of the call: input, output, unfinished (an output file with a name), segment,
 * socket, other, or none if the call names no file. The text is static and valid until the next
 * wrap_arm().
 */
const char *wrap_site(void);

/* Returns the path of the last name given to shm_open, or "". */
const char *wrap_shm_path(void);

#endif
