/* SPDX-License-Identifier: MIT */
/* sha256.h - SHA-256 (FIPS 180-4), for comparisons with published digests. Written to be short, not
 * fast. */
#ifndef TESTS_SHA256_H
#define TESTS_SHA256_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t sha256_rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* The first 32 bits of the fractional part of the square or cube root of a prime (FIPS 180-4, 4.2.2
 * and 5.3.3). */
static inline uint32_t sha256_constant(double root)
{
    return (uint32_t)ldexp(root - floor(root), 32);
}

static inline void sha256_block(uint32_t state[8], const uint32_t constants[64],
                                const unsigned char *block)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16
               | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16]
               + (sha256_rotate(w[i - 15], 7) ^ sha256_rotate(w[i - 15], 18) ^ w[i - 15] >> 3)
               + w[i - 7]
               + (sha256_rotate(w[i - 2], 17) ^ sha256_rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7]
                      + (sha256_rotate(v[4], 6) ^ sha256_rotate(v[4], 11) ^ sha256_rotate(v[4], 25))
                      + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
        uint32_t t2 = (sha256_rotate(v[0], 2) ^ sha256_rotate(v[0], 13) ^ sha256_rotate(v[0], 22))
                      + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

static inline void sha256_constants(uint32_t state[8], uint32_t constants[64])
{
    int found = 0;

    for (uint32_t candidate = 2; found < 64; candidate++) {
        uint32_t divisor = 2;

        while (candidate % divisor)
            divisor++;
        if (divisor != candidate)
            continue;
        constants[found] = sha256_constant(cbrt(candidate));
        if (found < 8)
            state[found] = sha256_constant(sqrt(candidate));
        found++;
    }
}

/* Writes the digest of n bytes as 64 lower-case hexadecimal digits. */
static inline void sha256(const unsigned char *bytes, size_t n, char hex[65])
{
    uint32_t state[8], constants[64];
    size_t padded = (n + 9 + 63) / 64 * 64;
    unsigned char *message = calloc(1, padded);

    sha256_constants(state, constants);
    memcpy(message, bytes, n);
    message[n] = 0x80;
    for (int i = 0; i < 8; i++)
        message[padded - 1 - i] = (unsigned char)((uint64_t)n * 8 >> (8 * i));
    for (size_t at = 0; at < padded; at += 64)
        sha256_block(state, constants, message + at);
    for (int i = 0; i < 8; i++)
        snprintf(hex + 8 * i, 9, "%08x", state[i]);
    free(message);
}

#endif
