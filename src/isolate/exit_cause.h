/* SPDX-License-Identifier: MIT */
/*
 * exit_cause.h - how a worker ended. The only place that decodes a wait status. Layer: over base.
 */
#ifndef TL_EXIT_CAUSE_H
#define TL_EXIT_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

/* How a worker ended. Plain data, written by the functions below. */
struct tl_exit_cause {
    bool known;   /* false: the kernel could not tell, because another waitpid took the child */
    bool orderly; /* the worker ended by itself with status 0 */
    int signal;   /* the signal that killed the worker, 0 when none did */
    int code;     /* the exit status when no signal did */
    const char *words; /* NULL, or a text that says all this instead */
};

/* Returns the cause for the status that waitpid gave for a child that has ended. */
struct tl_exit_cause tl_exit_cause_of_status(int wait_status);

/*
 * Returns a cause given as text, for threads and for children that telar killed itself. `words` is
 * not copied; it must stay valid as long as the cause.
 */
struct tl_exit_cause tl_exit_cause_in_words(const char *words, bool orderly);

/* "sent a message that makes no sense": why a process is ended that broke the contract of its
 * channel. */
extern const char tl_cause_nonsense[];

/* Writes the cause for people: "was killed by SIGSEGV (Segmentation fault)", "ended with exit
 * status 3". 96 bytes are always enough. */
void tl_exit_cause_text(const struct tl_exit_cause *cause, char *text, size_t size);

#endif
