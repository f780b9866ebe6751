/* SPDX-License-Identifier: MIT */
/*
 * left_names.h - names of segments that killed runs left in /dev/shm.
 */
#ifndef TOOLS_LEFT_NAMES_H
#define TOOLS_LEFT_NAMES_H

#include <telar/shm_name.h>

/* Removes those of this user whose process is gone. main calls it once, before the command. */
void left_names_remove(void);

/* Returns what left_names_remove found. */
struct telar_shm_names left_names_found(void);

#endif
