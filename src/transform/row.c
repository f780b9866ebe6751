/* SPDX-License-Identifier: MIT */
/*
 * row.c - functions on rows that several transforms use: tables, alpha, borders.
 */
#include <config.h>

#include "transform/row.h"

#include <string.h>

uint32_t tl_colors(const struct telar_geometry *image)
{
    return image->channels - telar_has_alpha(image);
}

/* Looks up one channel of a row. Neighbouring samples of it are `channels` samples apart. */
static void look_up_8(uint8_t *out, const uint8_t *in, size_t pixels, size_t channels,
                      const uint16_t *table)
{
    for (size_t i = 0; i < pixels; i++)
        out[i * channels] = (uint8_t)table[in[i * channels]];
}

static void look_up_16(uint16_t *out, const uint16_t *in, size_t pixels, size_t channels,
                       const uint16_t *table)
{
    for (size_t i = 0; i < pixels; i++)
        out[i * channels] = table[in[i * channels]];
}

void tl_row_look_up(const struct telar_geometry *image, void *out, const void *in, size_t pixels,
                    const uint16_t *tables, size_t step)
{
    uint32_t colors = tl_colors(image), channels = image->channels;

    for (uint32_t i = 0; i < colors; i++)
        if (image->depth == 8)
            look_up_8((uint8_t *)out + i, (const uint8_t *)in + i, pixels, channels,
                      tables + i * step);
        else
            look_up_16((uint16_t *)out + i, (const uint16_t *)in + i, pixels, channels,
                       tables + i * step);
    tl_row_keep_alpha(image, out, in, pixels);
}

void tl_row_keep_alpha(const struct telar_geometry *image, void *out, const void *in, size_t pixels)
{
    size_t channels = image->channels;

    if (!telar_has_alpha(image))
        return;
    for (size_t i = channels - 1; i < pixels * channels; i += channels)
        if (image->depth == 8)
            ((uint8_t *)out)[i] = ((const uint8_t *)in)[i];
        else
            ((uint16_t *)out)[i] = ((const uint16_t *)in)[i];
}

void tl_row_pad(void *row, size_t pixel_bytes, size_t left, size_t inside, size_t right)
{
    unsigned char *first = (unsigned char *)row + left * pixel_bytes,
                  *last = first + (inside - 1) * pixel_bytes;

    for (size_t i = 1; i <= left; i++)
        memcpy(first - i * pixel_bytes, first, pixel_bytes);
    for (size_t i = 1; i <= right; i++)
        memcpy(last + i * pixel_bytes, last, pixel_bytes);
}
