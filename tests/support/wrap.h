/* SPDX-License-Identifier: MIT */
/*
 * wrap.h - makes calls of the C library fail, for programs linked with -Wl,--wrap=NAME for each of
 * wrap.c's functions. Counts are kept in memory that forked workers share, so that a call fails
 * wherever it is made.
 */
#ifndef TESTS_WRAP_H
#define TESTS_WRAP_H

#include <stdbool.h>
#include <sys/types.h>

/* What this host is said not to have, as long as it is said. */
enum world {
    USUAL,
    NO_SHM,     /* shm_open always fails */
    NO_TMPFILE, /* the filesystem does not know O_TMPFILE */
};

/* Before anything else. */
void wrap_begin(enum world world);

/* The k-th call of `call` from now on fails with errnum; of read and write with 0, it does no more
 * than one byte. */
void wrap_arm(const char *call, int errnum, unsigned long k);

/* At the k-th call of `call` from now on, wherever it is made, process `pid` is killed; the call is
 * made all the same.
 */
void wrap_arm_kill(const char *call, pid_t pid, unsigned long k);

/* No more of that. Whether there was a k-th call. */
bool wrap_disarm(void);

/*
 * Returns where the call that failed since wrap_arm was made: "WHO, OBJECT". WHO is coordinator
 * (the thread that called wrap_arm), thread (another of its process) or child. OBJECT is what the
 * call was about: input, output, unfinished (an output file with a name), segment, socket, other,
 * or none when the call names no file. The text is static and holds until the next wrap_arm.
 */
const char *wrap_site(void);

/* The name that the last shm_open was given, as a path; "" when there was none. */
const char *wrap_shm_path(void);

#endif
