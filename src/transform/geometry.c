/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <telar/geometry.h>

/* With this limit row sizes fit into 32 bits with a filter byte, also on 32-bit machines. */
enum { ROW_BYTES_MAX = 0x7fffffff };

bool telar_geometry_valid(const struct telar_geometry *g)
{
    const uint32_t largest =
        0x7fffffff; /* PNG specification, 11.2.2: the width and height of IHDR */

    if (g->rows < 1 || g->rows > largest || g->columns < 1 || g->columns > largest)
        return false;
    if (g->channels < 1 || g->channels > 4 || (g->depth != 8 && g->depth != 16))
        return false;
    return g->columns <= ROW_BYTES_MAX / telar_pixel_bytes(g);
}
