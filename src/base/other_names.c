/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/other_names.h"

#include <stddef.h>
#include <string.h>

/* From ImageMagick, GraphicsMagick, vips, ffmpeg, OpenCV, Pillow and scikit-image. */
static const struct tl_other_name other_names[] = {
    {"negate", "invert"},
    {"negative", "invert"},
    {"complement", "invert"},
    {"bitwise_not", "invert"},
    {"grayscale", "gray"},
    {"greyscale", "gray"},
    {"monochrome", "gray"},
    {"desaturate", "gray"},
    {"rgb2gray", "gray"},
    {"colorspace", "gray"},
    {"colourspace", "gray"},
    {"binarize", "threshold"},
    {"binarise", "threshold"},
    {"gaussian", "blur"},
    {"gaussian-blur", "blur"},
    {"gaussian_blur", "blur"},
    {"gaussblur", "blur"},
    {"gblur", "blur"},
    {"smooth", "blur"},
    {"edge", "sobel"},
    {"edges", "sobel"},
    {"edgedetect", "sobel"},
    {"hist_equal", "equalize"},
    {"histeq", "equalize"},
    {"identity", "copy"},
    {"noop", "copy"},
    {"null", "copy"},
    {"resize", NULL},
    {"scale", NULL},
    {"thumbnail", NULL},
    {"shrink", NULL},
    {"zoom", NULL},
    {"crop", NULL},
    {"trim", NULL},
    {"extent", NULL},
    {"rotate", NULL},
    {"transpose", NULL},
    {"flip", NULL},
    {"flop", NULL},
    {"mirror", NULL},
};

const struct tl_other_name *tl_other_name_find(const char *name)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcmp(other_names[i].there, name) == 0)
            return &other_names[i];
    return NULL;
}
