/* SPDX-License-Identifier: MIT */
/*
 * shm_name.h - the short-lived name of a segment; see <telar/shm_name.h> for its form. Layer: over
 * base.
 */
#ifndef TL_SHM_NAME_H
#define TL_SHM_NAME_H

#include <stdint.h>

enum { TL_SHM_NAME_BYTES = 72 };

/* Writes a new name of the calling process, with the slash that shm_open wants. Without /proc,
 * START is 0. */
void tl_shm_name_make(uint64_t random, char name[TL_SHM_NAME_BYTES]);

#endif
