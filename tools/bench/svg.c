/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "bench/svg.h"

#include <math.h>
#include <string.h>

/*
 * Okabe and Ito's palette ("Color Universal Design", 2008), with its yellow last because it is
 * faint on paper; on a dark screen the dark ones are lighter.
 */
static const struct {
    const char *light, *dark, *class;
} paints[] = {
    {"#ffffff", "#14171c", "bg"}, {"#1b1f24", "#e6e9ee", "fg"}, {"#c4cad1", "#4a515b", "gr"},
    {"#e9edf1", "#2a3038", "bd"}, {"#0072b2", "#4da6e0", "c0"}, {"#e69f00", "#e69f00", "c1"},
    {"#009e73", "#2fc79b", "c2"}, {"#d55e00", "#f07f2e", "c3"}, {"#cc79a7", "#dd94bb", "c4"},
    {"#56b4e9", "#8fd0f5", "c5"}, {"#7a7f87", "#9aa1ab", "c6"}, {"#f0e442", "#f0e442", "c7"},
};

const char svg_style[] =
    "@media screen and (prefers-color-scheme: dark) {"
    " .f-bg{fill:#14171c} .f-fg{fill:#e6e9ee} .f-gr{fill:#4a515b} .f-bd{fill:#2a3038}"
    " .f-c0{fill:#4da6e0} .f-c2{fill:#2fc79b} .f-c3{fill:#f07f2e} .f-c4{fill:#dd94bb} "
    ".f-c5{fill:#8fd0f5}"
    " .f-c6{fill:#9aa1ab}"
    " .s-bg{stroke:#14171c} .s-fg{stroke:#e6e9ee} .s-gr{stroke:#4a515b} .s-bd{stroke:#2a3038}"
    " .s-c0{stroke:#4da6e0} .s-c2{stroke:#2fc79b} .s-c3{stroke:#f07f2e} .s-c4{stroke:#dd94bb}"
    " .s-c5{stroke:#8fd0f5} .s-c6{stroke:#9aa1ab} }";

void svg_escape(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else if ((unsigned char)*text >= ' ') /* XML allows no other control characters */
            putc(*text, out);
}

void svg_begin(FILE *out, double height, const char *title, bool within)
{
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\"", SVG_WIDTH,
            height);
    if (!within)
        fprintf(out, " width=\"%d\" height=\"%.0f\"", SVG_WIDTH, height);
    fprintf(out,
            " role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"%d\">\n<title>",
            SVG_TEXT);
    svg_escape(out, title);
    fprintf(out, "</title>\n");
    if (!within)
        fprintf(out, "<style>%s</style>\n", svg_style);
    svg_rect(out, 0, 0, SVG_WIDTH, height, SVG_PAPER, 1);
}

void svg_end(FILE *out)
{
    fprintf(out, "</svg>\n");
}

static void put_paint(FILE *out, const char *attribute, unsigned paint)
{
    fprintf(out, " class=\"%c-%s\" %s=\"%s\"", attribute[0], paints[paint].class, attribute,
            paints[paint].light);
}

void svg_rect(FILE *out, double x, double y, double width, double height, unsigned paint,
              double opacity)
{
    fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"", x, y, fmax(width, 0),
            fmax(height, 0));
    put_paint(out, "fill", paint);
    if (opacity < 1)
        fprintf(out, " fill-opacity=\"%.2f\"", opacity);
    fprintf(out, "/>\n");
}

void svg_frame(FILE *out, double x, double y, double width, double height, unsigned paint)
{
    fprintf(out,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"none\" "
            "stroke-width=\"0.75\"",
            x, y, width, height);
    put_paint(out, "stroke", paint);
    fprintf(out, "/>\n");
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, unsigned paint, double width,
              bool dashed)
{
    fprintf(out, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke-width=\"%.2f\"", x1,
            y1, x2, y2, width);
    put_paint(out, "stroke", paint);
    fprintf(out, "%s/>\n", dashed ? " stroke-dasharray=\"5 4\"" : "");
}

void svg_dot(FILE *out, double x, double y, unsigned paint, int shape)
{
    static const char *const points[] = {"-4,-4 4,-4 4,4 -4,4", "0,-5.5 5.5,0 0,5.5 -5.5,0",
                                         "0,-5 5,4 -5,4"};

    if (shape % 4 == 0)
        fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"4.5\"", x, y);
    else
        fprintf(out, "<polygon points=\"%s\" transform=\"translate(%.2f %.2f)\"",
                points[shape % 4 - 1], x, y);
    put_paint(out, "fill", paint);
    fprintf(out, "/>\n");
}

void svg_text(FILE *out, double x, double y, enum svg_anchor anchor, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};

    fprintf(out, "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\"", x, y, anchors[anchor]);
    put_paint(out, "fill", SVG_INK);
    putc('>', out);
    svg_escape(out, text);
    fprintf(out, "</text>\n");
}

/* White on a dark edge is read on every colour of the palette, and on a photograph. */
void svg_label(FILE *out, double x, double y, const char *text)
{
    fprintf(
        out,
        "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"middle\" font-size=\"12\" font-weight=\"bold\" "
        "fill=\"#fff\" "
        "stroke=\"#1b1f24\" stroke-width=\"2.5\" paint-order=\"stroke\">",
        x, y);
    svg_escape(out, text);
    fprintf(out, "</text>\n");
}

void svg_text_up(FILE *out, double x, double y, const char *text)
{
    fprintf(out, "<g transform=\"translate(%.2f %.2f) rotate(-90)\">", x, y);
    svg_text(out, 0, 0, SVG_MIDDLE, text);
    fprintf(out, "</g>\n");
}

/* Letters of Helvetica are about half as wide as they are high; a little more is taken, for other
 * fonts. */
double svg_text_width(const char *text)
{
    return (double)strlen(text) * SVG_TEXT * 0.51;
}

double svg_step(double range, int ticks)
{
    double raw = range / ticks, power = pow(10, floor(log10(raw))), part = raw / power;

    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

double svg_place(const struct svg_axis *axis, double value)
{
    return axis->at + (value - axis->low) / (axis->high - axis->low) * axis->length;
}

void svg_grid_x(FILE *out, const struct svg_axis *axis, double top, double bottom, const char *name)
{
    double step = svg_step(axis->high - axis->low, 5);

    for (double value = ceil(axis->low / step) * step; value <= axis->high + step * 1e-6;
         value += step) {
        char text[32];

        snprintf(text, sizeof text, "%.6g", fabs(value) < step * 1e-6 ? 0 : value);
        svg_line(out, svg_place(axis, value), top, svg_place(axis, value), bottom, SVG_FAINT, 0.75,
                 false);
        svg_text(out, svg_place(axis, value), bottom + 16, SVG_MIDDLE, text);
    }
    svg_line(out, axis->at, bottom, axis->at + axis->length, bottom, SVG_INK, 1, false);
    svg_text(out, axis->at + axis->length / 2, bottom + 34, SVG_MIDDLE, name);
}
