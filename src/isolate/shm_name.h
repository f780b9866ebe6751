/* SPDX-License-Identifier: MIT */
/*
 * shm_name.h - the short-lived name of a segment in /dev/shm. Layer: over base.
 *
 * A segment has a name only between shm_open and the shm_unlink that follows at once. A process
 * that is killed between the two calls leaves an empty object under that name. The name says which
 * process made it, so that a later program can find and remove it:
 *
 *     telar-PID-START-RANDOM    PID and START in decimal, RANDOM as 16 hexadecimal digits
 *
 * START is the time at which the kernel started process PID, in clock ticks since boot (field 22 of
 * /proc/PID/stat). PID and START together tell a process from a later one with the same PID.
 */
#ifndef TL_SHM_NAME_H
#define TL_SHM_NAME_H

#include <stdint.h>

enum { TL_SHM_NAME_BYTES = 72 };

/* Writes a new name of the calling process, with the slash that shm_open wants. Without /proc,
 * START is 0. */
void tl_shm_name_make(uint64_t random, char name[TL_SHM_NAME_BYTES]);

/* What tl_shm_names_remove found. */
struct tl_shm_names {
    uint32_t removed; /* names that are gone now */
    uint32_t left;    /* names whose process is gone, but which this user may not remove */
};

/*
 * Removes names that killed processes left in /dev/shm. A name is removed only if it has exactly
 * the form above, stands for an empty regular file of this user, and its process is gone. A kept
 * segment is never empty, so it stays even if its name has that form. Without /proc, nothing is
 * removed. No program uses the name of a segment after shm_open, so removing one too many, of a
 * process in another PID namespace for example, harms nobody.
 */
struct tl_shm_names tl_shm_names_remove(void);

#endif
