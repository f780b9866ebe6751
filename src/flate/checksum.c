/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "flate/checksum.h"

#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

uint32_t tl_crc32(uint32_t crc, const void *bytes, size_t n)
{
#ifdef HAVE_LIBDEFLATE
    /* libdeflate takes NULL as "start again", so an empty piece must not reach it. */
    return n > 0 ? libdeflate_crc32(crc, bytes, n) : crc;
#else
    return n > 0 ? (uint32_t)crc32_z(crc, bytes, n) : crc;
#endif
}

uint32_t tl_adler32(uint32_t adler, const void *bytes, size_t n)
{
#ifdef HAVE_LIBDEFLATE
    return n > 0 ? libdeflate_adler32(adler, bytes, n) : adler;
#else
    return n > 0 ? (uint32_t)adler32_z(adler, bytes, n) : adler;
#endif
}

uint32_t tl_adler32_join(uint32_t first, uint32_t second, uint64_t n)
{
    return (uint32_t)adler32_combine64(first, second, (z_off64_t)n);
}
