/* SPDX-License-Identifier: MIT */
/*
 * checksum.h - CRC-32 (PNG specification, annex D) and Adler-32 (RFC 1950, section 9).
 *
 * libdeflate computes both when the build found it, because its vector code is the fastest.
 * Otherwise zlib does. The functions take no lock and no memory, so a worker may call them after
 * fork.
 */
#ifndef TL_CHECKSUM_H
#define TL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Return the checksum of everything so far: of the bytes that gave `crc` or `adler`, then of these
 * n bytes. The first piece starts with 0 for CRC-32 and with 1 for Adler-32. `bytes` may be NULL
 * when n is 0.
 */
uint32_t tl_crc32(uint32_t crc, const void *bytes, size_t n);
uint32_t tl_adler32(uint32_t adler, const void *bytes, size_t n);

/*
 * Returns the Adler-32 of two pieces in a row from their own checksums. The second piece has n
 * bytes. Workers inflate bands separately, and the coordinator joins their checksums with this.
 */
uint32_t tl_adler32_join(uint32_t first, uint32_t second, uint64_t n);

#endif
