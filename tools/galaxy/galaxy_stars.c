/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "galaxy/fixed_point.h"
#include "galaxy/galaxy.h"

/*
 * galaxy_stars.c - draws the stars in front of the galaxy.
 *
 * The sky is divided into square cells. The stars of a cell depend on the seed and the cell alone,
 * so a row can find its stars without a list. Faint stars are many and small. Bright stars are few.
 * They have a halo and four spikes, as from a telescope whose secondary mirror hangs on four vanes.
 */
struct layer {
    uint32_t cell;    /* side in pixels */
    uint32_t most;    /* stars of a cell: 0 to this, each number equally likely */
    uint32_t reach;   /* how many pixels around it a star may light */
    int32_t faintest; /* light at the middle of the faintest star */
    int32_t brightest;
    int32_t exponent; /* fluxes follow a power law: P(flux > f) ~ f^(-1/exponent), Q16 */
    int spiky;
};

static const struct layer layers[] = {
    {.cell = 48, .most = 5, .reach = 5, .faintest = 5200, .brightest = 160000, .exponent = 44000},
    {.cell = 192,
     .most = 1,
     .reach = 40,
     .faintest = 60000,
     .brightest = 900000,
     .exponent = 52000,
     .spiky = 1},
};

/* make_star fills it. */
struct star {
    int32_t row, column; /* of its middle, in 1/16 pixel */
    int32_t flux[GALAXY_CHANNELS];
};

/* Sets the colour, from red giants to blue giants. Factors are Q8. */
static void colour_star(int32_t flux, uint32_t heat, struct star *star)
{
    int32_t blue = (int32_t)heat - 110; /* -110 to 145 */

    star->flux[0] = (flux >> 8) * (blue < 0 ? 270 : 270 - blue * 2 / 3);
    star->flux[1] = (flux >> 8) * (blue < 0 ? 250 + blue / 2 : 250 - blue / 4);
    star->flux[2] = (flux >> 8) * (blue < 0 ? 250 + blue * 5 / 4 : 280);
}

static struct star make_star(const struct layer *layer, uint32_t cell_row, uint32_t cell_column,
                             uint64_t random)
{
    struct star star;
    int64_t side = (int64_t)layer->cell * 16;
    /* u is uniform in (0, 1]: flux = faintest * u^-exponent */
    int32_t log_u = fixed_log2(((random >> 32) & 0xffff) + 1) - 16 * FIXED_ONE;
    int64_t flux = fixed_exp2((int32_t)(-(int64_t)log_u * layer->exponent / FIXED_ONE));

    flux = flux * layer->faintest / FIXED_ONE;
    star.row = (int32_t)(cell_row * side + (int64_t)((random & 0xffff) * (uint64_t)side >> 16));
    star.column =
        (int32_t)(cell_column * side + (int64_t)((random >> 16 & 0xffff) * (uint64_t)side >> 16));
    colour_star((int32_t)(flux > layer->brightest ? layer->brightest : flux), random >> 48 & 255,
                &star);
    return star;
}

/*
 * Returns 2^(-d2 / width): a Gaussian of the distance. d2 is in 1/256 square pixels, width in
 * square pixels, Q8.
 */
static int32_t gauss(int64_t d2, int64_t width)
{
    int64_t halvings = d2 * FIXED_ONE / width;

    return halvings > 16 * FIXED_ONE ? 0 : fixed_exp2((int32_t)-halvings);
}

/* Returns the share of a star's light at offset (y, x) from its middle, in 1/16 pixel; Q16. */
static int32_t spread(const struct layer *layer, int64_t y, int64_t x)
{
    int64_t d2 = y * y + x * x, ay = y < 0 ? -y : y, ax = x < 0 ? -x : x;
    int64_t middle = gauss(d2, 512); /* half the light at 1.4 pixels, so sigma is 1.2 */
    int64_t halo, spikes;

    if (!layer->spiky)
        return (int32_t)middle;
    halo = 700 * 2304 / (2304 + d2) * 2304 / (2304 + d2);
    spikes = (int64_t)gauss(ay * ay, 110) * fixed_exp2((int32_t)(-ax * 900)) / 24
             + (int64_t)gauss(ax * ax, 110) * fixed_exp2((int32_t)(-ay * 900)) / 24;
    return (int32_t)(middle + halo + (spikes >> 16));
}

static void add_star(const struct layer *layer, const struct star *star, uint32_t row,
                     uint32_t columns, int32_t *light)
{
    int64_t y = (int64_t)row * 16 - star->row, reach = (int64_t)layer->reach * 16;
    int64_t first = (star->column - reach + 15) / 16, last = (star->column + reach) / 16;

    if (y < -reach || y > reach)
        return;
    first = star->column < reach ? 0 : first;
    last = last < columns ? last : (int64_t)columns - 1;
    for (int64_t column = first; column <= last; column++) {
        int64_t part = spread(layer, y, column * 16 - star->column);
        int32_t *here = light + column * GALAXY_CHANNELS;

        for (int c = 0; c < GALAXY_CHANNELS; c++)
            here[c] += (int32_t)(star->flux[c] * part >> 16);
    }
}

static void add_layer(uint64_t seed, const struct layer *layer, uint32_t row, uint32_t columns,
                      int32_t *light)
{
    uint32_t top = row < layer->reach ? 0 : (row - layer->reach) / layer->cell;
    uint32_t bottom = (row + layer->reach) / layer->cell,
             right = (columns + layer->reach) / layer->cell;

    for (uint32_t y = top; y <= bottom; y++)
        for (uint32_t x = 0; x <= right; x++) {
            uint64_t random =
                fixed_random(seed ^ fixed_random(((uint64_t)y << 32 | x) ^ layer->cell));

            for (uint64_t count = random % (layer->most + 1); count > 0; count--) {
                struct star star = make_star(layer, y, x, fixed_random(random + count));

                add_star(layer, &star, row, columns, light);
            }
        }
}

void galaxy_add_stars(uint64_t seed, uint32_t row, uint32_t columns, int32_t *light)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        add_layer(seed, &layers[i], row, columns, light);
}
