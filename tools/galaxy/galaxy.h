/* SPDX-License-Identifier: MIT */
/*
 * galaxy.h - a synthetic photograph of a spiral galaxy: a warm bulge, two arms with dust and young
 * stars, a star field, sensor noise. Integers only (fixed.h), so that a seed gives the same bytes
 * everywhere.
 *
 * Light is counted in 1/65536 of white, and may exceed white until it is clipped.
 */
#ifndef TOOLS_GALAXY_H
#define TOOLS_GALAXY_H

#include <stddef.h>
#include <stdint.h>

enum { GALAXY_WHITE = 65535, GALAXY_CHANNELS = 3 };

struct galaxy;

/* A picture of rows x columns pixels, each at least 1. NULL: no memory. */
struct galaxy *galaxy_new(uint32_t rows, uint32_t columns, uint64_t seed);

/* Releases it. NULL is allowed. */
void galaxy_free(struct galaxy *galaxy);

/*
 * Draws one row as RGB, each sample 8 or 16 bits (in the byte order of the host). Rows may be drawn
 * in any order, and again; each is a function of the seed and the size alone. `galaxy` holds
 * working memory: one thread at a time.
 */
void galaxy_row(struct galaxy *galaxy, uint32_t row, uint32_t depth, unsigned char *samples);

/* For galaxy.c: adds the stars that touch a row to its light, GALAXY_CHANNELS values a column. */
void galaxy_add_stars(uint64_t seed, uint32_t row, uint32_t columns, int32_t *light);

#endif
