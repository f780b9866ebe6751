/* SPDX-License-Identifier: MIT */
/*
 * checksum.h - CRC-32 and Adler-32 by the fastest library there is: libdeflate, else zlib. Layer:
 * codec.
 */
#ifndef TL_CHECKSUM_H
#define TL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Go on from the checksum of what came before: 0 for a CRC that begins, 1 for an Adler that begins.
 */
uint32_t tl_crc32(uint32_t crc, const void *bytes, size_t n);
uint32_t tl_adler32(uint32_t adler, const void *bytes, size_t n);

/* The Adler-32 of two pieces joined, of which the second is `n` bytes long. */
uint32_t tl_adler32_join(uint32_t first, uint32_t second, uint64_t n);

#endif
