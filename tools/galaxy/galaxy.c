/* SPDX-License-Identifier: MIT */
/*
 * galaxy.c - draws the galaxy, and simulates the sensor that takes the picture. galaxy_stars.c
 * draws the stars in front of it.
 */
#include <config.h>

#include "galaxy/fixed_point.h"
#include "galaxy/galaxy.h"

#include <stdbool.h>
#include <stdlib.h>

/*
 * A point of the galaxy's plane has two coordinates.
 * log_r  log2 of its distance from the centre, as Q16. The unit is half the picture's smaller side.
 * wind   its angle minus the winding of a logarithmic spiral. It is constant along an arm.
 * Brightness depends on log_r through tables, and on wind through the arms. Clouds are noise in
 * these two coordinates, so they stretch along the arms as in nature.
 */
enum {
    LOG_R_LEAST = -10 * FIXED_ONE, /* nearer than 1/1024 and farther than 8 nothing changes */
    LOG_R_MOST = 3 * FIXED_ONE,
    PROFILE_SHIFT = 9, /* one entry of a radial table covers 2^9 units of Q16 */
    PROFILE_ENTRIES = ((LOG_R_MOST - LOG_R_LEAST) >> PROFILE_SHIFT) + 2,
    LOG2_BITS = 9,
    ARM_BITS = 10,
    ARM_SHIFT = 16 - ARM_BITS,
    LATTICE = 128, /* side of the periodic grid of random values from which clouds are made */
    SIGMA_SHIFT = 6,
    SIGMA_ENTRIES = (GALAXY_WHITE >> SIGMA_SHIFT) + 1,
};

/* The appearance. Lengths are in half the smaller side, angles in turns (Q16). */
enum {
    TILT_COS = 60548,
    TILT_SIN = -25080, /* the plane's long axis is 22.5 degrees from the rows */
    FLATTEN = 105000,  /* seen at an angle: the short axis counts 1.6 times */
    WINDING = 21500,   /* turns of an arm for each doubling of the distance */
};

/* Light at one distance from the centre, in 1/65536 of white. */
struct profile {
    int32_t bulge, disc, arms;
};

struct point {
    int32_t u, v, log_r; /* u, v: rectangular coordinates in the galaxy's plane, Q16 */
    uint32_t wind;
};

/* galaxy_new fills the tables, and nothing changes them later. galaxy_row writes `light`. */
struct galaxy {
    uint32_t rows, columns;
    uint64_t seed;
    struct profile profile[PROFILE_ENTRIES];
    int32_t log2[(1 << LOG2_BITS) + 2];
    uint16_t arm[1 << ARM_BITS];   /* brightness across an arm, Q16 minus one */
    uint16_t clear[1 << ARM_BITS]; /* light that passes dust: exp2(-4 i / 1024), Q16 minus one */
    uint8_t lattice[LATTICE][LATTICE];
    int32_t sigma[SIGMA_ENTRIES]; /* deviation of the noise, by light >> SIGMA_SHIFT */
    int32_t light[];              /* one row of pixels, GALAXY_CHANNELS values each */
};

/* Returns exp(-r / length) for r = 2^log_r. `length` is Q16. */
static int32_t fade(int32_t log_r, int32_t length)
{
    int64_t r = log_r < 5 * FIXED_ONE ? fixed_exp2(log_r) : 32 * FIXED_ONE;
    int64_t halvings = r * 94548 / length; /* 1 / ln 2 in Q16: gives r / length / ln 2 as Q16 */

    return halvings > 20 * FIXED_ONE ? 0 : fixed_exp2((int32_t)-halvings);
}

/*
 * Fills the radial table: a bulge of two exponentials, a disc, and arms that reach farther out than
 * the disc. The numbers were chosen by eye.
 */
static void fill_profile(struct galaxy *g)
{
    for (int i = 0; i < PROFILE_ENTRIES; i++) {
        int32_t log_r = LOG_R_LEAST + (i << PROFILE_SHIFT);
        int32_t inner = FIXED_ONE - fade(log_r, 9000); /* the arms begin outside the bulge */
        int64_t bulge = (int64_t)fade(log_r, 2400) * 46000 + (int64_t)fade(log_r, 11000) * 38000;

        g->profile[i].bulge = (int32_t)(bulge >> 16);
        g->profile[i].disc = (int32_t)((int64_t)fade(log_r, 26000) * 27000 >> 16);
        g->profile[i].arms = (int32_t)(((int64_t)fade(log_r, 30000) * inner >> 16) * 250000 >> 16);
    }
}

/* Fills the table across an arm: steep at both sides, with a fainter arm between two. */
static void fill_arm(struct galaxy *g)
{
    for (uint32_t i = 0; i < 1 << ARM_BITS; i++) {
        uint32_t angle = i << (16 - ARM_BITS);
        int64_t main = (FIXED_ONE + fixed_cos(angle)) / 2;
        int64_t other = (FIXED_ONE + fixed_cos(2 * angle + 9000)) / 2;
        int64_t main2 = main * main >> 16, other2 = other * other >> 16;
        int64_t sum = (main2 * main2 >> 16) * 50000 + (other2 * other2 >> 16) * 13000 + main * 2500;

        g->arm[i] = (uint16_t)(sum >> 16 > 65535 ? 65535 : sum >> 16);
        g->clear[i] = (uint16_t)(fixed_exp2(-(int32_t)(i << (18 - ARM_BITS))) - 1);
    }
}

static void fill_tables(struct galaxy *g)
{
    for (int i = 0; i < (1 << LOG2_BITS) + 2; i++)
        g->log2[i] = fixed_log2((UINT64_C(1) << LOG2_BITS) + (uint64_t)i) - LOG2_BITS * FIXED_ONE;
    for (uint32_t y = 0; y < LATTICE; y++)
        for (uint32_t x = 0; x < LATTICE; x++)
            g->lattice[y][x] =
                (uint8_t)(fixed_random(fixed_random(g->seed) + y * LATTICE + x) >> 56);
    /*
     * Read noise of 1.5 levels of 8 bits, plus photon noise, whose variance is proportional to the
     * light.
     */
    for (uint32_t i = 0; i < SIGMA_ENTRIES; i++)
        g->sigma[i] = (int32_t)fixed_sqrt(385 * 385 + ((uint64_t)i << SIGMA_SHIFT) * 31);
}

struct galaxy *galaxy_new(uint32_t rows, uint32_t columns, uint64_t seed)
{
    struct galaxy *g = NULL;

    if (columns <= INT32_MAX / (GALAXY_CHANNELS * sizeof g->light[0]))
        g = calloc(1, sizeof *g + columns * GALAXY_CHANNELS * sizeof g->light[0]);
    if (!g)
        return NULL;
    g->rows = rows;
    g->columns = columns;
    g->seed = seed;
    fill_profile(g);
    fill_arm(g);
    fill_tables(g);
    return g;
}

void galaxy_free(struct galaxy *galaxy)
{
    free(galaxy);
}

/* Returns log2 of x > 0 as Q16, from a table. fixed_log2 is exact but takes sixteen steps. */
static int32_t quick_log2(const struct galaxy *g, uint64_t x)
{
    int whole = 63 - __builtin_clzll(x);
    uint32_t m =
        /* the bits after the leading one, Q31 */
        (uint32_t)((x << (63 - whole)) >> 32) & 0x7fffffff;
    const int32_t *at = &g->log2[m >> (31 - LOG2_BITS)];
    int64_t between = (m >> (15 - LOG2_BITS)) & 0xffff;

    return whole * FIXED_ONE + at[0] + (int32_t)((at[1] - at[0]) * between >> 16);
}

/*
 * Returns one octave of clouds at (x, y), Q16: 0 to 65535 (value noise). The
 * pattern repeats in x after mask + 1 cells, a power of 2.
 */
static int32_t cloud(const struct galaxy *g, uint32_t x, uint32_t y, uint32_t mask)
{
    uint32_t x0 = (x >> 16) & mask, x1 = (x0 + 1) & mask, y0 = (y >> 16) % LATTICE,
             y1 = (y0 + 1) % LATTICE;
    int32_t fx = (x >> 8) & 255, fy = (y >> 8) & 255;
    int32_t top, bottom;

    fx = fx * fx * (768 - 2 * fx) >> 16; /* smoothstep, so that the grid does not show */
    fy = fy * fy * (768 - 2 * fy) >> 16;
    top = (g->lattice[y0][x0] << 8) + (g->lattice[y0][x1] - g->lattice[y0][x0]) * fx;
    bottom = (g->lattice[y1][x0] << 8) + (g->lattice[y1][x1] - g->lattice[y1][x0]) * fx;
    return top + ((bottom - top) * fy >> 8);
}

/*
 * Returns four octaves of clouds. The first has `cells` cells from x = 0 to 1 and repeats after
 * `period` cells.
 */
static int32_t clouds(const struct galaxy *g, uint32_t x, uint32_t y, uint32_t cells,
                      uint32_t period)
{
    int32_t sum = 0;

    for (int octave = 0; octave < 4; octave++) {
        sum += cloud(g, x * cells, y * cells, period - 1) >> (octave + 1);
        cells *= 2;
        period = period < LATTICE ? period * 2 : LATTICE;
    }
    return sum * 16 / 15;
}

/* Interpolates the radial table linearly, so that large pictures show no rings. */
static struct profile profile_at(const struct galaxy *g, int32_t log_r)
{
    const struct profile *p = &g->profile[(log_r - LOG_R_LEAST) >> PROFILE_SHIFT];
    int32_t f = (log_r - LOG_R_LEAST) & ((1 << PROFILE_SHIFT) - 1);

    return (struct profile){
        p[0].bulge + (int32_t)((int64_t)(p[1].bulge - p[0].bulge) * f >> PROFILE_SHIFT),
        p[0].disc + (int32_t)((int64_t)(p[1].disc - p[0].disc) * f >> PROFILE_SHIFT),
        p[0].arms + (int32_t)((int64_t)(p[1].arms - p[0].arms) * f >> PROFILE_SHIFT),
    };
}

/* Returns `gain` times the part of x (0 to 65535) above `floor`, at most 65535. */
static int32_t above(int32_t x, int32_t floor, int32_t gain)
{
    int32_t y = (x - floor) * gain;

    return x <= floor ? 0 : y > 65535 ? 65535 : y;
}

/* Adds the light of arms and disc at one point, reduced by the dust in front of them. */
static void add_disc(const struct galaxy *g, struct profile p, struct point at,
                     int32_t light[GALAXY_CHANNELS])
{
    /*
     * Q6: the colours of old stars, young stars and glowing clouds, and the colours that dust
     * absorbs.
     */
    static const int32_t old[] = {60, 50, 40}, hot[] = {32, 41, 62};
    static const int32_t pink[] = {56, 20, 34}, taken[] = {38, 50, 64};
    uint32_t u = (uint32_t)at.u, v = (uint32_t)at.v;
    int32_t grain = clouds(g, u, v, 12, LATTICE),
            fine = p.arms < 512 ? 0 : clouds(g, v, u, 40, LATTICE);
    int32_t rough = (clouds(g, at.wind, (uint32_t)(at.log_r - LOG_R_LEAST) / 2, 8, 8) + grain) / 2;
    uint32_t across =
        /* noise makes the arms' edges ragged */
        (2 * at.wind + (uint32_t)(rough - 32768) / 2) & 0xffff;
    int64_t arm = (int64_t)p.arms * g->arm[across >> ARM_SHIFT] >> 16;
    int64_t lane =
        g->arm[((across + 10500) & 0xffff) >> ARM_SHIFT]; /* dust lies on an arm's inner edge */
    int64_t young = arm * (7000 + above(rough, 21000, 3)) >> 16,
            glow = arm * above(fine, 41500, 4) >> 16;
    int64_t dust = (lane + 9000) * above((grain + rough) / 2, 19000, 2) >> 16;

    dust = dust > 65535 ? 65535 : dust;
    for (int c = 0; c < GALAXY_CHANNELS; c++) {
        int64_t sum = (p.disc * old[c] + young * hot[c] + glow * pink[c]) / 64;

        light[c] += (int32_t)(sum * g->clear[dust * taken[c] / 64 >> ARM_SHIFT] >> 16);
    }
}

/* Computes the light of sky and galaxy at (u, v) of its plane, Q16. */
static void draw_point(const struct galaxy *g, int32_t u, int32_t v, int32_t light[GALAXY_CHANNELS])
{
    static const int32_t sky[] = {1500, 1400, 2000}, warm[] = {64, 57, 44};
    uint64_t r2 = (uint64_t)((int64_t)u * u + (int64_t)v * v);
    struct point at = {u, v, (quick_log2(g, r2 | 1) - 32 * FIXED_ONE) / 2, 0};
    struct profile p;

    at.log_r = at.log_r < LOG_R_LEAST ? LOG_R_LEAST : at.log_r > LOG_R_MOST ? LOG_R_MOST : at.log_r;
    at.wind = fixed_angle(u, v) + (uint32_t)((int64_t)(at.log_r - LOG_R_LEAST) * WINDING >> 16);
    p = profile_at(g, at.log_r);
    for (int c = 0; c < GALAXY_CHANNELS; c++)
        light[c] = sky[c] + p.bulge * warm[c] / 64;
    if (p.disc + p.arms > 64)
        add_disc(g, p, at, light);
}

static int32_t clamp_radius(int64_t x)
{
    const int64_t most = 64 * FIXED_ONE;

    x >>= 16;
    return (int32_t)(x < -most ? -most : x > most ? most : x);
}

/* Fills g->light with one row of sky. Along a row (u, v) grows by equal steps (Q32). */
static void draw_sky(struct galaxy *g, uint32_t row)
{
    int64_t side = g->rows < g->columns ? g->rows : g->columns;
    int64_t unit = (INT64_C(1) << 32) / side; /* half a pixel */
    int64_t x = (1 - (int64_t)g->columns) * unit,
            y = (2 * (int64_t)row + 1 - (int64_t)g->rows) * unit;
    int64_t u = x / FIXED_ONE * TILT_COS + y / FIXED_ONE * TILT_SIN,
            du = 2 * unit * TILT_COS / FIXED_ONE;
    int64_t v = y / FIXED_ONE * TILT_COS - x / FIXED_ONE * TILT_SIN,
            dv = -2 * unit * TILT_SIN / FIXED_ONE;

    v = v / FIXED_ONE * FLATTEN;
    dv = dv * FLATTEN / FIXED_ONE;
    for (uint32_t column = 0; column < g->columns; column++) {
        int32_t *light = g->light + (size_t)column * GALAXY_CHANNELS;

        draw_point(g, clamp_radius(u), clamp_radius(v), light);
        u += du;
        v += dv;
    }
}

/*
 * Returns the sample that a sensor makes of this light: adds noise and clips. The sum of four
 * uniform numbers is close enough to a normal one (Irwin-Hall distribution). Its standard deviation
 * is 65536 / sqrt(3), and the factor 28378 / 2^30 makes it one.
 */
static uint32_t sample(const struct galaxy *g, int32_t light, uint64_t random)
{
    int64_t sum = (int64_t)((random & 0xffff) + (random >> 16 & 0xffff))
                  + (int64_t)((random >> 32 & 0xffff) + (random >> 48));

    light = light > GALAXY_WHITE ? GALAXY_WHITE : light;
    light +=
        (int32_t)((sum - 2 * 65535) * 28378 / FIXED_ONE * g->sigma[light >> SIGMA_SHIFT] >> 14);
    return light < 0 ? 0 : light > GALAXY_WHITE ? GALAXY_WHITE : (uint32_t)light;
}

void galaxy_row(struct galaxy *g, uint32_t row, uint32_t depth, unsigned char *samples)
{
    size_t n = (size_t)g->columns * GALAXY_CHANNELS;
    uint64_t key = fixed_random(g->seed ^ fixed_random(row));
    uint16_t *wide = (uint16_t *)(void *)samples;

    draw_sky(g, row);
    galaxy_add_stars(g->seed, row, g->columns, g->light);
    for (size_t i = 0; i < n; i++) {
        uint32_t value = sample(g, g->light[i], fixed_random(key + i));

        if (depth == 16)
            wide[i] = (uint16_t)value;
        else
            samples[i] = (unsigned char)((value * 255 + 32768) >> 16);
    }
}
