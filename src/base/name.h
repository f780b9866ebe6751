/* SPDX-License-Identifier: MIT */
/*
 * name.h - the distance between names, for suggestions. Layer: the lowest.
 */
#ifndef TL_NAME_H
#define TL_NAME_H

#include <stddef.h>

/* Bytes of the longest name that is compared, with the zero byte. */
enum { TL_NAME_BYTES = 32 };

/*
 * Returns how many letters must be inserted, removed, changed or swapped with their neighbour to
 * make `right` of `misspelt`. Returns SIZE_MAX when that is too much for a suggestion, or when a
 * name is longer than TL_NAME_BYTES.
 */
size_t tl_name_distance(const char *misspelt, const char *right);

#endif
