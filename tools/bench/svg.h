/* SPDX-License-Identifier: MIT */
/*
 * svg.h - the little of SVG 1.1 that charts need. Colours are classes and attributes: the attribute
 * is what a program without style sheets sees, and print; the class is repainted on a dark screen.
 */
#ifndef TOOLS_SVG_H
#define TOOLS_SVG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Units of every chart: half a page is about 330 of a screen's pixels, where text of 13 is still
 * read. */
enum { SVG_WIDTH = 480, SVG_TEXT = 13, SVG_COLORS = 8 };

/*
 * The paints. PAPER is the background, COLOR + i one of eight that the
 * colour-blind can tell apart.
 */
enum svg_paint { SVG_PAPER, SVG_INK, SVG_FAINT, SVG_BAND, SVG_COLOR };

/* Which point of a text lies at its x. */
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* A chart of SVG_WIDTH x height units. within: inside an HTML page, which has svg_style in its own
 * style. */
void svg_begin(FILE *out, double height, const char *title, bool within);
void svg_end(FILE *out);

/* How the paints look on a dark screen; for a <style> element. */
extern const char svg_style[];

/* Draw one shape. x, y is its upper left corner, or the middle of a dot. A frame is not filled. */
void svg_rect(FILE *out, double x, double y, double width, double height, unsigned paint,
              double opacity);
void svg_frame(FILE *out, double x, double y, double width, double height, unsigned paint);
void svg_line(FILE *out, double x1, double y1, double x2, double y2, unsigned paint, double width,
              bool dashed);
void svg_dot(FILE *out, double x, double y, unsigned paint,
             int shape); /* 0 to 3: a circle, a square, a diamond, a triangle */

/* Writes a text on the background. */
void svg_text(FILE *out, double x, double y, enum svg_anchor anchor, const char *text);
/* Writes a text on a colour, in white or black: the one that is read better there. */
void svg_label(FILE *out, double x, double y, const char *text);
/* Writes a text that reads upwards. */
void svg_text_up(FILE *out, double x, double y, const char *text);

/* Text with what has a meaning in XML written as entities. */
void svg_escape(FILE *out, const char *text);

/* About how wide a text is. */
double svg_text_width(const char *text);

/* A step of 1, 2 or 5 times a power of ten, so that about `ticks` of them make `range`. */
double svg_step(double range, int ticks);

/* From values to units: value `low` lies at `at`, `high` at `at + length`. */
struct svg_axis {
    double low, high, at, length;
};
/* Returns the units at which a value lies. */
double svg_place(const struct svg_axis *axis, double value);

/* A vertical grid with numbers below `bottom`, and the axis's name under them. */
void svg_grid_x(FILE *out, const struct svg_axis *axis, double top, double bottom,
                const char *name);

#endif
