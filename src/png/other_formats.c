/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/other_formats.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A command is `before`, the input's name, `between`, the output's name without .png, `after`. */
struct converter {
    const char *before, *between, *after;
};

static const struct converter convert = {"convert ", " ", ".png"},
                              convert_first = {"convert '", "[0]' ", ".png"},
                              dwebp = {"dwebp ", " -o ", ".png"},
                              heif = {"heif-convert ", " ", ".png"}, djxl = {"djxl ", " ", ".png"},
                              rsvg = {"rsvg-convert ", " -o ", ".png"},
                              pdftoppm = {"pdftoppm -png ", " ", ""},
                              gunzip = {"gunzip <", " >", ".png"};

/* The first entry that matches wins: a RIFF that is no WebP comes after WebP. */
static const struct {
    size_t offset;
    const char *magic;
    size_t bytes;
    const char *what;
    const struct converter *converter;
} formats[] = {
    {0, "\xff\xd8\xff", 3, "a JPEG", &convert},
    {0, "GIF8", 4, "a GIF", &convert_first},
    {8, "WEBP", 4, "a WebP", &dwebp},
    {0, "RIFF", 4, "a RIFF (perhaps WebP)", &dwebp},
    {4, "ftypavif", 8, "an AVIF", &heif},
    {4, "ftypheic", 8, "a HEIC", &heif},
    {4, "ftypheix", 8, "a HEIC", &heif},
    {4, "ftypmif1", 8, "a HEIF", &heif},
    {0, "\0\0\0\x0cJXL ", 8, "a JPEG XL", &djxl},
    {0, "\xff\x0a", 2, "a JPEG XL", &djxl},
    {0, "II*\0", 4, "a TIFF", &convert_first},
    {0, "MM\0*", 4, "a TIFF", &convert_first},
    {0, "BM", 2, "a BMP", &convert},
    {0, "%PDF", 4, "a PDF", &pdftoppm},
    {0, "\x8aMNG", 4, "an MNG", &convert_first},
    {0, "\x8bJNG", 4, "a JNG", &convert},
    {0, "<svg", 4, "an SVG", &rsvg},
    {0, "\x1f\x8b", 2, "a gzip", &gunzip},
    {0, "P6\n", 3, "a PPM", &convert},
    {0, "P5\n", 3, "a PGM", &convert},
};

/* A longer name would leave no room for the rest of the message. */
enum { PLAIN_MAX = 100 };

enum { N_FORMATS = sizeof formats / sizeof *formats };

/* Returns whether a shell takes the name as it is, and a program takes it for no option. The
 * message has the name twice, so it must be short. */
static bool is_plain(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+@,";

    return name[0] != '-' && strlen(name) <= PLAIN_MAX && strncmp(name, "...", 3) != 0
           && name[strspn(name, plain)] == '\0';
}

/* The output must not be the input, which may be called .png. */
static void write_command(const struct converter *converter, const char *name,
                          char command[TL_CONVERSION_BYTES])
{
    const char *input = is_plain(name) ? name : "INPUT", *output = is_plain(name) ? name : "OUTPUT";
    const char *slash = strrchr(output, '/'), *dot = strrchr(slash ? slash : output, '.');
    int stem = dot ? (int)(dot - output) : (int)strlen(output);
    const char *mark = dot && strcmp(dot, ".png") == 0 ? "-converted" : "";

    snprintf(command, TL_CONVERSION_BYTES, "%s%s%s%.*s%s%s", converter->before, input,
             converter->between, stem, output, mark, converter->after);
}

const char *tl_other_format_find(const unsigned char *bytes, size_t n, const char *name,
                                 char command[TL_CONVERSION_BYTES])
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (n >= formats[i].offset + formats[i].bytes
            && memcmp(bytes + formats[i].offset, formats[i].magic, formats[i].bytes) == 0) {
            write_command(formats[i].converter, name, command);
            return formats[i].what;
        }
    return NULL;
}
