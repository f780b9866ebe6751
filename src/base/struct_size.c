/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/struct_size.h"

#include "base/status.h"

#include <inttypes.h>
#include <string.h>

/* No struct comes near to this. A size above it is not initialized, and nothing is read by it. */
enum { SIZE_MAX_BYTES = 4096 };

bool tl_struct_size_fits(const void *from, uint32_t size, uint32_t first, uint32_t own)
{
    const unsigned char *byte = from;

    if (size < first || size > SIZE_MAX_BYTES)
        return false;
    for (uint32_t i = own; i < size; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

telar_status tl_struct_size_take(const struct tl_struct_shape *shape, const void *from, void *into,
                                 struct telar_error *error)
{
    uint32_t size = 0;

    memset(into, 0, shape->own);
    if (from)
        memcpy(&size, from, sizeof size);
    if (size != 0 && (size < shape->first || size > SIZE_MAX_BYTES))
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s: no version of it has %" PRIu32 " bytes; set struct_size by %s",
                       shape->name, size, shape->macro);
    if (size != 0 && !tl_struct_size_fits(from, size, shape->first, shape->own))
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s: a member is set that this version of telar does not know; leave it 0, "
                       "or use a newer libtelar",
                       shape->name);
    if (from)
        memcpy(into, from, size == 0 ? shape->first : size < shape->own ? size : shape->own);
    return TELAR_OK;
}
