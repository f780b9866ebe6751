/* SPDX-License-Identifier: MIT */
/* samples.h - bytes of every kind that an encoder of images meets, the same in every run. */
#ifndef TESTS_SAMPLES_H
#define TESTS_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

enum sample {
    SAMPLE_RANDOM,   /* incompressible */
    SAMPLE_FLAT,     /* one value */
    SAMPLE_GRADIENT, /* slowly rising */
    SAMPLE_NOISE,    /* small residuals around zero, as photographs leave them */
    SAMPLE_REPEAT,   /* one random block again and again */
    SAMPLE_WORDS,    /* words of a small vocabulary: many short matches */
    SAMPLE_ISLANDS,  /* flat, with a few random bytes here and there */
    SAMPLE_MIXED,    /* 50,000 bytes of each of the others in turn */
    SAMPLES
};

/* The low bits of a linear congruential generator repeat soon, so the high bits are mixed in. */
static inline uint32_t sample_random(uint32_t *seed)
{
    uint32_t v = *seed = *seed * 1664525u + 1013904223u;

    v = (v ^ v >> 16) * 0x7feb352du;
    return v ^ v >> 15;
}

static inline unsigned char sample_byte(enum sample kind, size_t i, uint32_t *seed)
{
    uint32_t r = sample_random(seed), piece = (uint32_t)(i % 997);

    switch (kind) {
    case SAMPLE_FLAT:
        return 77;
    case SAMPLE_GRADIENT:
        return (unsigned char)(i / 40);
    case SAMPLE_NOISE:
        return (unsigned char)((r & 3) + (r >> 2 & 3) - (r >> 4 & 7));
    case SAMPLE_REPEAT:
        return (unsigned char)(sample_random(&piece) >> 5);
    case SAMPLE_ISLANDS:
        return i % 777 < 30 ? (unsigned char)r : 250;
    case SAMPLE_MIXED:
        return sample_byte((enum sample)(i / 50000 % SAMPLE_MIXED), i, seed);
    default:
        return (unsigned char)r;
    }
}

/* A word is up to 19 bytes, at any position of 64 random bytes. */
static inline void sample_words(unsigned char *out, size_t n, uint32_t seed)
{
    unsigned char vocabulary[64 + 19];

    for (size_t i = 0; i < sizeof vocabulary; i++)
        vocabulary[i] = (unsigned char)sample_random(&seed);
    for (size_t i = 0; i < n;)
        for (uint32_t word = sample_random(&seed) % 64, left = 1 + sample_random(&seed) % 19;
             left && i < n; left--)
            out[i++] = vocabulary[word++];
}

static inline void sample_fill(unsigned char *out, size_t n, enum sample kind, uint32_t seed)
{
    if (kind == SAMPLE_WORDS) {
        sample_words(out, n, seed);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = sample_byte(kind, i, &seed);
}

#endif
