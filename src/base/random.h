/* SPDX-License-Identifier: MIT */
/*
 * random.h - random numbers for names of files and segments. Layer: the lowest.
 */
#ifndef TL_RANDOM_H
#define TL_RANDOM_H

#include <stdint.h>

/*
 * Returns 64 random bits of the kernel. If the kernel has none to give, the bits come from the
 * clock and the process id: they are then different each time, but can be guessed. So a name made
 * of this number is safe only together with O_EXCL. Never waits, never fails.
 */
uint64_t tl_random_number(void);

#endif
