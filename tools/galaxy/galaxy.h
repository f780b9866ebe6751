/* SPDX-License-Identifier: MIT */
/*
 * galaxy.h - draws a synthetic photograph of a spiral galaxy: a warm bulge, two arms with dust and
 * young stars, a star field, and sensor noise.
 *
 * The code uses integers only (fixed.h), so a seed gives the same bytes on every machine. Light is
 * counted in 1/65536 of white. It may exceed white until it is clipped.
 */
#ifndef TOOLS_GALAXY_H
#define TOOLS_GALAXY_H

#include <stddef.h>
#include <stdint.h>

enum { GALAXY_WHITE = 65535, GALAXY_CHANNELS = 3 };

struct galaxy;

/*
 * Makes a galaxy for a picture of rows x columns pixels, each at least 1. Returns NULL without
 * memory. The caller frees it with galaxy_free.
 */
struct galaxy *galaxy_new(uint32_t rows, uint32_t columns, uint64_t seed);

/* Frees the galaxy. NULL is allowed. */
void galaxy_free(struct galaxy *galaxy);

/*
 * Draws one row as RGB. A sample has 8 or 16 bits, in the host's byte order. Rows may be drawn in
 * any order and repeatedly: each depends on the seed and the size alone. `galaxy` contains working
 * memory, so only one thread at a time may use it.
 */
void galaxy_row(struct galaxy *galaxy, uint32_t row, uint32_t depth, unsigned char *samples);

/*
 * galaxy_stars.c: adds the stars that touch a row to `light`, GALAXY_CHANNELS values for each
 * column.
 */
void galaxy_add_stars(uint64_t seed, uint32_t row, uint32_t columns, int32_t *light);

#endif
