/* SPDX-License-Identifier: MIT */
/*
 * cause.h - how a worker ended. The only place that decodes a wait status. Layer: over status.
 */
#ifndef TL_CAUSE_H
#define TL_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

/* How a worker ended. Plain data. */
struct tl_exit_cause {
    bool known;        /* false: the kernel could not tell (somebody else reaped the child) */
    bool orderly;      /* ended by itself with status 0 */
    int signal;        /* the signal that killed it, 0 when none did */
    int code;          /* its exit status when no signal did */
    const char *words; /* NULL, or what to say in the place of all that */
};

/* From what waitpid gave for a child that has ended. */
struct tl_exit_cause tl_exit_cause_of_status(int wait_status);

/* For those that have no wait status, or whose tells of us: in words, which stay the caller's. */
struct tl_exit_cause tl_exit_cause_in_words(const char *words, bool orderly);

/* The cause of ending somebody who has broken the contract of its channel. */
extern const char tl_cause_nonsense[];

/* For people: "was killed by SIGSEGV (Segmentation fault)", "ended with exit status 3", ... Fits in
 * 96 bytes. */
void tl_exit_cause_text(const struct tl_exit_cause *cause, char *text, size_t size);

#endif
