/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - descriptors of files, and paths in messages. Layer: the lowest.
 */
#ifndef TL_DESCRIPTOR_H
#define TL_DESCRIPTOR_H

#include <sys/types.h>

enum { TL_SHORT_PATH_BYTES = 208 };

/* Writes a path for a message: whole, or "..." and its end. A long path would leave no room for the
 * cause. */
void tl_shorten_path(const char *path, char shown[TL_SHORT_PATH_BYTES]);

/*
 * Returns a descriptor above 2 in the place of a new one, which is closed if it was 0, 1 or 2. If
 * the program has closed one of those, a message for standard error would otherwise go into telar's
 * file. -1 stays -1. Returns -1 with errno on failure.
 */
int tl_descriptor_above_standard(int fd);

/* Calls openat() with O_CLOEXEC and returns a descriptor above 2, or -1 with errno. */
int tl_descriptor_open(int directory, const char *path, int flags, mode_t mode);

#endif
