/* SPDX-License-Identifier: MIT */
/*
 * row.h - functions on rows that several transforms use: tables, alpha, borders.
 *
 * All are async-signal-safe.
 */
#ifndef TL_ROW_H
#define TL_ROW_H

#include <stddef.h>
#include <stdint.h>
#include <telar/geometry.h>

/* Returns the number of channels without alpha. */
uint32_t tl_colors(const struct telar_geometry *image);

/*
 * Writes a row of `pixels` pixels by table lookup. The table of colour i begins at tables + i *
 * step and has one entry for each possible sample. Copies alpha unchanged.
 */
void tl_row_look_up(const struct telar_geometry *image, void *out, const void *in, size_t pixels,
                    const uint16_t *tables, size_t step);

/* Copies the alpha channel, if there is one, from row `in` to row `out`. */
void tl_row_keep_alpha(const struct telar_geometry *image, void *out, const void *in,
                       size_t pixels);

/*
 * Repeats the first pixel `left` times to the left and the last one `right` times to the right. The
 * `inside` pixels begin `left` pixels after `row`.
 */
void tl_row_pad(void *row, size_t pixel_bytes, size_t left, size_t inside, size_t right);

#endif
