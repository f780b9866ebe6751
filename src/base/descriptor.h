/* SPDX-License-Identifier: MIT */
/*
 * file.h - what reading and writing files have in common. Layer: over status.
 */
#ifndef TL_FILE_H
#define TL_FILE_H

#include <sys/types.h>

enum { TL_SHORT_PATH_BYTES = 208 };

/* A path as messages show it: whole, or "..." and its end, so that a long one does not push out the
 * cause. */
void tl_shorten_path(const char *path, char shown[TL_SHORT_PATH_BYTES]);

/*
 * A descriptor in the place of one that was just made, and closed then if it is 0, 1 or 2: where
 * one of those was closed, something meant for standard output or standard error would end up in
 * what is ours. -1 stays -1; -1 and errno on failure.
 */
int tl_descriptor_above_standard(int fd);

/* openat() with O_CLOEXEC, above standard. -1 and errno on failure. */
int tl_descriptor_open(int directory, const char *path, int flags, mode_t mode);

#endif
