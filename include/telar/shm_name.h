/* SPDX-License-Identifier: MIT */
/*
 * telar/shm_name.h - names of segments that killed programs left in /dev/shm.
 */
#ifndef TELAR_SHM_NAME_H
#define TELAR_SHM_NAME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A segment has a name only between shm_open and the shm_unlink that follows at once. A process
 * that is killed between the two calls leaves an empty file under that name. The name says which
 * process made it:
 *
 *     telar-PID-START-RANDOM    PID and START in decimal, RANDOM as 16 hexadecimal digits
 *
 * START is the time at which the kernel started process PID, in clock ticks since boot (field 22 of
 * /proc/PID/stat). PID and START together tell a process from a later one with the same PID.
 */

/* Two counts of names. telar_shm_names_remove() returns them. */
struct telar_shm_names {
    uint32_t removed; /* names that are gone now */
    uint32_t left;    /* names of other users whose process is gone */
};

/*
 * Removes names that killed processes left in /dev/shm. A name is removed only if it has exactly
 * the form above, stands for an empty regular file of this user, and its process is gone. A kept
 * segment is never empty, so it stays even if its name has that form. Without /proc, nothing is
 * removed. No program uses the name of a segment after shm_open, so removing one too many, of a
 * process in another PID namespace for example, harms nobody. The library never calls this
 * function; the program telar calls it once at its start. Any thread may call it.
 */
struct telar_shm_names telar_shm_names_remove(void);

#ifdef __cplusplus
}
#endif

#endif
