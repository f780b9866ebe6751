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

static inline void blurred(const struct plane *in, const double *params, struct plane *out)
{
    uint32_t weights[1000], columns = in->geometry.columns, channels = in->geometry.channels;
    int radius = blur_weights(params[0], weights);
    uint64_t first = in->geometry.depth == 8 ? 256 : 65536,
             second = in->geometry.depth == 8 ? 16777216 : 65536;
    uint64_t *between = malloc(sizeof *between * in->geometry.rows * columns * channels);

    ck_assert_ptr_nonnull(between);
    EACH_SAMPLE(in)
    {
        uint64_t sum = first / 2;

        for (int k = -radius; k <= radius; k++)
            sum += (uint64_t)weights[abs(k)] * plane_get(in, (int64_t)r + k, c, i);
        between[(r * columns + c) * channels + i] = sum / first;
    }
    EACH_SAMPLE(in)
    {
        uint64_t sum = second / 2;

        for (int k = -radius; k <= radius; k++) {
            int64_t at = (int64_t)c + k;

            at = at < 0 ? 0 : at >= columns ? columns - 1 : at;
            sum += weights[abs(k)] * between[(r * columns + at) * channels + i];
        }
        plane_put(out, r, c, i,
                  is_alpha(in, i) ? plane_get(in, r, c, i) : (uint32_t)(sum / second));
    }
    free(between);
}

static inline void steepened(const struct plane *in, const double *params, struct plane *out)
{
    static const int across[3][3] = {{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}};

    EACH_SAMPLE(in)
    {
        int x = 0, y = 0, max = (int)plane_max(in);

        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 3; column++) {
                int neighbour =
                    (int)plane_get(in, (int64_t)r + row - 1, (int64_t)c + column - 1, i);

                x += across[row][column] * neighbour;
                y += across[column][row] * neighbour;
            }
        x = (abs(x) + abs(y)) / 2;
        plane_put(out, r, c, i,
                  is_alpha(in, i) ? plane_get(in, r, c, i) : (uint32_t)(x > max ? max : x));
    }
}

static inline void equalized(const struct plane *in, const double *params, struct plane *out)
{
    static uint64_t upto[4][65536];
    uint64_t max = plane_max(in), n = (uint64_t)in->geometry.rows * in->geometry.columns, least[4];

    memset(upto, 0, sizeof upto);
    EACH_SAMPLE(in)
    {
        upto[i][plane_get(in, r, c, i)]++;
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
        uint64_t part = upto[i][x] - least[i], all = n - least[i];

        plane_put(out, r, c, i,
                  is_alpha(in, i) || all == 0 ? x : (uint32_t)((2 * part * max + all) / (2 * all)));
    }
}

#endif
