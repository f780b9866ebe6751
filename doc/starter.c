/* SPDX-License-Identifier: MIT
 * A transform to start from. It makes a picture brighter or darker.
 *     cc -O2 -shared -fPIC -o starter.so starter.c $(pkg-config --cflags telar)
 *     telar run -t ./starter.so:by=-40 in.png out.png
 */
#include <telar/plugin.h>

static void brighten(const struct telar_context *context, const struct telar_source *source,
                     const struct telar_result *result)
{
    const struct telar_region *region = &result->region; /* rows r0 to r1, columns c0 to c1 */
    const size_t pixel_bytes = telar_pixel_bytes(&context->image);
    const int by = (int)context->params[0];

    for (uint32_t r = region->r0; r < region->r1; r++) {
        const unsigned char *in = telar_source_at(source, pixel_bytes, r, region->c0);
        unsigned char *out = telar_result_at(result, pixel_bytes, r, region->c0);
        for (size_t i = 0; i < telar_region_columns(region) * pixel_bytes; i++) {
            int sample = in[i] + by;
            out[i] = (unsigned char)(sample < 0 ? 0 : sample > 255 ? 255 : sample);
        }
    }
}

static const struct telar_param params[] = {
    {"by", "number added to every sample", -255, 255, 40, true},
    {NULL, NULL, 0, 0, 0, false},
};

const struct telar_transform telar_plugin = {
    TELAR_PLUGIN_HEAD,
    .name = "brighten",
    .summary = "add a constant",
    .manual = "out = in + by, kept between 0 and 255.\n",
    .params = params,
    .depths = TELAR_DEPTH_8,
    .channels = 1u << 1 | 1u << 3,
    .process = brighten,
};
