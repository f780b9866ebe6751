/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - numbers in memory, at any address: little-endian in a deflate stream, big-endian in a
 * PNG file. Layer: the lowest.
 *
 * Each function copies the bytes by memcpy, which every compiler turns into one instruction.
 */
#ifndef TL_BYTES_H
#define TL_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Returns the number whose lowest byte stands first at p. */
static inline uint32_t tl_load_le32(const unsigned char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

/* The same for eight bytes. */
static inline uint64_t tl_load_le64(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* Writes the number with its lowest byte first. */
static inline void tl_store_le64(unsigned char *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

/* The same with the highest byte first. */
static inline uint32_t tl_load_be32(const unsigned char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return be32toh(v);
}

/* Writes a number at p, highest byte first. */
static inline void tl_store_be32(unsigned char *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof v);
}

#endif
