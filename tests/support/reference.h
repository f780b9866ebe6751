/* SPDX-License-Identifier: MIT */
/* reference.h - the built-in transforms again, written from their manual texts: one sample at a
 * time, with the nearest pixel at the borders. Shares no code with the library. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "support/plane.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>

/* Fills every sample of *out. */
typedef void reference(const struct plane *in, const double *params, struct plane *out);

static inline bool is_alpha(const struct plane *plane, uint32_t channel)
{
    return plane->geometry.channels % 2 == 0 && channel + 1 == plane->geometry.channels;
}

/* Loops over every sample of a plane: r, c, i. */
#define EACH_SAMPLE(plane)                                                                         \
    for (uint32_t r = 0; r < (plane)->geometry.rows; r++)                                          \
        for (uint32_t c = 0; c < (plane)->geometry.columns; c++)                                   \
            for (uint32_t i = 0; i < (plane)->geometry.channels; i++)

static inline void copied(const struct plane *in, const double *params, struct plane *out)
{
    EACH_SAMPLE(in)
    {
        plane_put(out, r, c, i, plane_get(in, r, c, i));
    }
}

static inline void inverted(const struct plane *in, const double *params, struct plane *out)
{
    EACH_SAMPLE(in)
    {
        plane_put(out, r, c, i,
                  is_alpha(in, i) ? plane_get(in, r, c, i)
                                  : plane_max(in) - plane_get(in, r, c, i));
    }
}

static inline void grayed(const struct plane *in, const double *params, struct plane *out)
{
    EACH_SAMPLE(in)
    {
        uint64_t sum = UINT64_C(19595) * plane_get(in, r, c, 0)
                       + UINT64_C(38470) * plane_get(in, r, c, 1)
                       + UINT64_C(7471) * plane_get(in, r, c, 2) + 32768;

        plane_put(out, r, c, i,
                  in->geometry.channels < 3 || is_alpha(in, i) ? plane_get(in, r, c, i)
                                                               : (uint32_t)(sum / 65536));
    }
}

static inline void thresholded(const struct plane *in, const double *params, struct plane *out)
{
    uint32_t max = plane_max(in), level = (uint32_t)lround(params[0] * max);

    EACH_SAMPLE(in)
    {
        uint32_t x = plane_get(in, r, c, i);

        plane_put(out, r, c, i, is_alpha(in, i) ? x : x >= level ? max : 0);
    }
}

static inline void brightened(const struct plane *in, const double *params, struct plane *out)
{
    double max = plane_max(in);

    EACH_SAMPLE(in)
    {
        uint32_t x = plane_get(in, r, c, i);

        plane_put(out, r, c, i,
                  is_alpha(in, i) ? x : (uint32_t)lround(max * pow(x / max, 1 / params[0])));
    }
}

/* Computes w(0) to w(R) of the blur's manual. Returns R. */
static inline int blur_weights(double sigma, uint32_t weights[1000])
{
    int radius = (int)ceil(3 * sigma);
    long double all = 0, tail = 0;
    uint32_t rounded[1001];

    for (int k = -radius; k <= radius; k++)
        all += expl(-(long double)k * k / (2 * (long double)sigma * sigma));
    for (int k = radius; k >= 1; k--) {
        tail += expl(-(long double)k * k / (2 * (long double)sigma * sigma));
        rounded[k] = (uint32_t)lroundl(tail * 65536 / all);
    }
    rounded[radius + 1] = 0;
    for (int k = 1; k <= radius; k++)
        weights[k] = rounded[k] - rounded[k + 1];
    weights[0] = 65536 - 2 * rounded[1];
    return radius;
}

/* The alpha of the pixel nearest to (r, c) inside the image; 1 in an image without alpha. */
static inline uint32_t alpha_at(const struct plane *in, int64_t r, int64_t c)
{
    uint32_t last = in->geometry.channels - 1;

    return is_alpha(in, last) ? plane_get(in, r, c, last) : 1;
}

/* The first sum of the blur's manual, of one sample. */
static inline uint64_t sum_down(const struct plane *in, const uint32_t *weights, int radius,
                                uint32_t r, uint32_t c, uint32_t i)
{
    uint64_t sum = 0;

    for (int k = -radius; k <= radius; k++) {
        uint32_t times = is_alpha(in, i) ? 1 : alpha_at(in, (int64_t)r + k, c);

        sum += (uint64_t)weights[abs(k)] * plane_get(in, (int64_t)r + k, c, i) * times;
    }
    return sum;
}

/* The second sum of the blur's manual, of one sample; `row` has the numbers between the passes. */
static inline uint64_t sum_along(const struct plane *in, const uint32_t *weights, int radius,
                                 const uint64_t *row, uint32_t c, uint32_t i)
{
    uint64_t sum = 0;

    for (int k = -radius; k <= radius; k++) {
        int64_t at = (int64_t)c + k, last = in->geometry.columns - 1;

        at = at < 0 ? 0 : at > last ? last : at;
        sum += weights[abs(k)] * row[at * in->geometry.channels + i];
    }
    return sum;
}

/* a / b, rounded to the nearest whole number, halves up. */
static inline uint64_t quotient(uint64_t a, uint64_t b)
{
    return (2 * a + b) / (2 * b);
}

static inline void blurred(const struct plane *in, const double *params, struct plane *out)
{
    uint32_t weights[1000], columns = in->geometry.columns, channels = in->geometry.channels;
    int radius = blur_weights(params[0], weights);
    bool alpha = is_alpha(in, channels - 1);
    uint64_t first = in->geometry.depth == 8 ? 256 : 65536, max = plane_max(in),
             second = in->geometry.depth == 8 ? 16777216 : 65536;
    uint64_t *between = malloc(sizeof *between * in->geometry.rows * columns * channels);

    ck_assert_ptr_nonnull(between);
    EACH_SAMPLE(in)
    {
        between[(r * columns + c) * channels + i] =
            quotient(sum_down(in, weights, radius, r, c, i),
                     alpha && !is_alpha(in, i) ? first * max : first);
    }
    EACH_SAMPLE(in)
    {
        const uint64_t *row = between + r * columns * channels;
        uint64_t s = sum_along(in, weights, radius, row, c, i),
                 t = sum_along(in, weights, radius, row, c, channels - 1);

        if (!alpha || is_alpha(in, i))
            plane_put(out, r, c, i, (uint32_t)quotient(s, second));
        else
            plane_put(out, r, c, i, t == 0 ? 0 : (uint32_t)quotient(max * s, t));
    }
    free(between);
}

/* All numbers are multiplied by t, so that they are whole. Without alpha, t is 1. */
static inline void steepened(const struct plane *in, const double *params, struct plane *out)
{
    static const int across[3][3] = {{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}};

    EACH_SAMPLE(in)
    {
        int64_t x = 0, y = 0, max = plane_max(in), e = plane_get(in, r, c, i),
                t = alpha_at(in, r, c);

        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 3; column++) {
                int64_t n = plane_get(in, (int64_t)r + row - 1, (int64_t)c + column - 1, i),
                        s = alpha_at(in, (int64_t)r + row - 1, (int64_t)c + column - 1),
                        counts_as = e * t + (n - e) * (s < t ? s : t);

                x += across[row][column] * counts_as;
                y += across[column][row] * counts_as;
            }
        x = t == 0 ? 0 : (llabs(x) + llabs(y)) / (2 * t);
        plane_put(out, r, c, i,
                  is_alpha(in, i) ? plane_get(in, r, c, i) : (uint32_t)(x > max ? max : x));
    }
}

/* upto[i][x] is c(x) of colour i. */
static inline void equalized(const struct plane *in, const double *params, struct plane *out)
{
    static uint64_t upto[4][65536];
    uint64_t max = plane_max(in), n = 0, least[4];

    memset(upto, 0, sizeof upto);
    EACH_SAMPLE(in)
    {
        n += i == 0 && alpha_at(in, r, c) > 0;
        upto[i][plane_get(in, r, c, i)] += alpha_at(in, r, c) > 0;
    }
    for (uint32_t i = 0; i < 4; i++) {
        least[i] = upto[i][0];
        for (uint32_t x = 1; x <= max; x++) {
            upto[i][x] += upto[i][x - 1];
            least[i] = least[i] ? least[i] : upto[i][x];
        }
    }
    EACH_SAMPLE(in)
    {
        uint32_t x = plane_get(in, r, c, i);
        bool stays = is_alpha(in, i) || n == least[i], dark = upto[i][x] == 0;

        plane_put(out, r, c, i,
                  stays  ? x
                  : dark ? 0
                         : (uint32_t)quotient((upto[i][x] - least[i]) * max, n - least[i]));
    }
}

#endif
