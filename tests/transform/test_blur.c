/* SPDX-License-Identifier: MIT */
/* Tests the loops of the blur: every kernel computes the sums that the blur's manual defines. */
#include <config.h>

#include "support/suite.h"

#include <stdio.h>

#include "support/reference.h"
#include "transform/blur.h"

enum { SAMPLES_MAX = 140, RADIUS_MAX = 900, TAPS_MAX = 2 * RADIUS_MAX + 1 };

enum kind { ZEROS, GREATEST, RANDOM, KINDS };

/* The numbers of one pass: bits of a source sample, greatest sample, bits of a result, divisor of
 * the sums. */
struct pass {
    unsigned in_bits;
    uint32_t greatest;
    unsigned out_bits;
    uint64_t divisor;
};

static const struct pass passes[] = {
    {8, 255, 16, UINT64_C(1) << 8},
    {16, 255 * 256, 8, UINT64_C(1) << 24},
    {16, 65535, 16, UINT64_C(1) << 16},
};

enum { PASSES = sizeof passes / sizeof *passes };

static tl_blur_weigh *loop_of(const struct tl_blur_kernel *kernel, size_t pass)
{
    tl_blur_weigh *const loops[PASSES] = {kernel->down_8, kernel->along_8, kernel->both_16};

    return loops[pass];
}

/* Allocates exactly n samples, so that a sanitizer detects an access to the next one. */
static void *samples(size_t n, unsigned bits)
{
    void *memory = malloc(n * (bits / 8));

    ck_assert_ptr_nonnull(memory);
    return memory;
}

static uint32_t get(const void *memory, size_t i, unsigned bits)
{
    return bits == 8 ? ((const uint8_t *)memory)[i] : ((const uint16_t *)memory)[i];
}

static void put(void *memory, size_t i, unsigned bits, uint32_t value)
{
    if (bits == 8)
        ((uint8_t *)memory)[i] = (uint8_t)value;
    else
        ((uint16_t *)memory)[i] = (uint16_t)value;
}

static void fill(void *memory, size_t n, const struct pass *pass, enum kind kind, uint32_t *seed)
{
    for (size_t i = 0; i < n; i++)
        put(memory, i, pass->in_bits,
            kind == ZEROS      ? 0
            : kind == GREATEST ? pass->greatest
                               : next_random(seed) % (pass->greatest + 1));
}

/* The weights of the manual, and the same weights in the form that a kernel takes. */
struct weights {
    uint32_t whole[1000];
    uint16_t half[1000];
    size_t radius;
};

static void make_weights(double sigma, struct weights *weights)
{
    weights->radius = (size_t)blur_weights(sigma, weights->whole);
    ck_assert_uint_eq(weights->whole[0] % 2, 0);
    weights->half[0] = (uint16_t)(weights->whole[0] / 2);
    for (size_t k = 1; k <= weights->radius; k++)
        weights->half[k] = (uint16_t)weights->whole[k];
}

static uint32_t expected(const struct pass *pass, const struct weights *weights,
                         const void *const *tap, size_t i)
{
    uint64_t sum = weights->whole[0] * (uint64_t)get(tap[weights->radius], i, pass->in_bits);

    for (size_t k = 1; k <= weights->radius; k++)
        sum += weights->whole[k]
               * ((uint64_t)get(tap[weights->radius - k], i, pass->in_bits)
                  + get(tap[weights->radius + k], i, pass->in_bits));
    return (uint32_t)((sum + pass->divisor / 2) / pass->divisor);
}

static void check_loop(tl_blur_weigh *loop, const struct pass *pass, const struct weights *weights,
                       const void *const *tap, size_t n)
{
    void *out = samples(n, pass->out_bits);

    memset(out, 0xa5, n * (pass->out_bits / 8)); /* erases what the last kernel wrote */
    loop(out, tap, weights->half, weights->radius, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(get(out, i, pass->out_bits), expected(pass, weights, tap, i));
    free(out);
}

/* Runs every kernel on n samples. Each tap has its own memory. */
static void check_kernels(size_t pass, const struct weights *weights, size_t n, enum kind kind)
{
    const struct tl_blur_kernel *kernels[] = {&tl_blur_plain, tl_blur_x86()};
    uint32_t seed = (uint32_t)(1 + n);
    void *tap[TAPS_MAX];

    for (size_t k = 0; k <= 2 * weights->radius; k++) {
        tap[k] = samples(n, passes[pass].in_bits);
        fill(tap[k], n, &passes[pass], kind, &seed);
    }
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
        if (kernels[k])
            check_loop(loop_of(kernels[k], pass), &passes[pass], weights, (const void *const *)tap,
                       n);
    for (size_t k = 0; k <= 2 * weights->radius; k++)
        free(tap[k]);
}

START_TEST(sums_are_right_for_every_length)
{
    struct weights weights;

    make_weights(2, &weights);
    for (size_t pass = 0; pass < PASSES; pass++)
        for (size_t n = 1; n <= SAMPLES_MAX; n++)
            for (enum kind kind = ZEROS; kind < KINDS; kind++)
                check_kernels(pass, &weights, n, kind);
}
END_TEST

START_TEST(sums_are_right_for_every_width_of_the_curve)
{
    static const double sigmas[] = {0.3, 0.34, 0.5, 1, 1.7, 5.5, 40, 300};
    struct weights weights;

    for (size_t s = 0; s < sizeof sigmas / sizeof *sigmas; s++) {
        make_weights(sigmas[s], &weights);
        for (size_t pass = 0; pass < PASSES; pass++)
            for (enum kind kind = ZEROS; kind < KINDS; kind++)
                check_kernels(pass, &weights, 77, kind);
    }
}
END_TEST

/* The numbers of one pass with alpha: bits of a source sample, max of the depth, greatest weighed
 * alpha, bits of a result, and the divisor of alpha's sums. */
struct alpha_pass {
    bool along;
    unsigned in_bits;
    uint64_t max, greatest;
    unsigned out_bits;
    uint64_t divisor;
};

static const struct alpha_pass alpha_passes[] = {
    {false, 8, 255, 255, 16, UINT64_C(1) << 8},
    {true, 16, 255, 65280, 8, UINT64_C(1) << 24},
    {false, 16, 65535, 65535, 16, UINT64_C(1) << 16},
    {true, 16, 65535, 65535, 16, UINT64_C(1) << 16},
};

enum { ALPHA_PASSES = sizeof alpha_passes / sizeof *alpha_passes };

static tl_blur_weigh_alpha *alpha_loop_of(const struct tl_blur_alpha_kernel *kernel, size_t pass)
{
    tl_blur_weigh_alpha *const loops[ALPHA_PASSES] = {kernel->down_8, kernel->along_8,
                                                      kernel->down_16, kernel->along_16};

    return loops[pass];
}

/* Fills a row of pixels. A third of them is invisible. A weighed sample does not exceed its weighed
 * alpha. */
static void fill_pixels(void *memory, size_t n, size_t channels, const struct alpha_pass *pass,
                        enum kind kind, uint32_t *seed)
{
    for (size_t p = 0; p < n; p += channels) {
        uint32_t greatest = (uint32_t)pass->greatest,
                 alpha = next_random(seed) % 3 ? next_random(seed) % (greatest + 1) : 0;

        alpha = kind == ZEROS ? 0 : kind == GREATEST ? greatest : alpha;
        for (size_t i = 0; i + 1 < channels; i++)
            put(memory, p + i, pass->in_bits,
                kind == GREATEST ? greatest
                                 : next_random(seed) % ((pass->along ? alpha : greatest) + 1));
        put(memory, p + channels - 1, pass->in_bits, alpha);
    }
}

/* The weighted sum of sample i, or of its product with alpha, which is sample `times`. */
static uint64_t alpha_sum(const struct alpha_pass *pass, const struct weights *weights,
                          const void *const *tap, size_t i, size_t times)
{
    uint64_t sum = 0;

    for (size_t k = 0; k <= 2 * weights->radius; k++) {
        uint64_t x = get(tap[k], i, pass->in_bits);

        if (times != i)
            x *= get(tap[k], times, pass->in_bits);
        sum += x * weights->whole[k < weights->radius ? weights->radius - k : k - weights->radius];
    }
    return sum;
}

static uint32_t alpha_expected(const struct alpha_pass *pass, const struct weights *weights,
                               const void *const *tap, size_t i, size_t channels)
{
    size_t last = i / channels * channels + channels - 1;
    uint64_t t;

    if (i == last)
        return (uint32_t)quotient(alpha_sum(pass, weights, tap, i, i), pass->divisor);
    if (!pass->along)
        return (uint32_t)quotient(alpha_sum(pass, weights, tap, i, last),
                                  pass->divisor * pass->max);
    t = alpha_sum(pass, weights, tap, last, last);
    return t == 0 ? 0 : (uint32_t)quotient(pass->max * alpha_sum(pass, weights, tap, i, i), t);
}

/* Runs every kernel on n samples. Each tap has its own memory. */
static void check_alpha(size_t index, const struct weights *weights, size_t n, size_t channels,
                        enum kind kind)
{
    const struct tl_blur_alpha_kernel *kernels[] = {&tl_blur_alpha_plain, tl_blur_alpha_x86()};
    const struct alpha_pass *pass = &alpha_passes[index];
    uint32_t seed = (uint32_t)(1 + n);
    void *tap[TAPS_MAX], *out = samples(n, pass->out_bits);

    for (size_t k = 0; k <= 2 * weights->radius; k++) {
        tap[k] = samples(n, pass->in_bits);
        fill_pixels(tap[k], n, channels, pass, kind, &seed);
    }
    for (size_t k = 0; k < LENGTH(kernels) && kernels[k]; k++) {
        memset(out, 0xa5, n * (pass->out_bits / 8));
        alpha_loop_of(kernels[k], index)(out, (const void *const *)tap, weights->half,
                                         weights->radius, n, channels);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(get(out, i, pass->out_bits),
                              alpha_expected(pass, weights, (const void *const *)tap, i, channels));
    }
    for (size_t k = 0; k <= 2 * weights->radius; k++)
        free(tap[k]);
    free(out);
}

START_TEST(sums_with_alpha_are_right_for_every_length)
{
    struct weights weights;

    make_weights(1, &weights);
    for (size_t pass = 0; pass < ALPHA_PASSES; pass++)
        for (size_t n = 1; n <= SAMPLES_MAX; n++)
            for (size_t channels = 2; channels <= 4; channels += 2)
                for (enum kind kind = ZEROS; n % channels == 0 && kind < KINDS; kind++)
                    check_alpha(pass, &weights, n, channels, kind);
}
END_TEST

START_TEST(sums_with_alpha_are_right_for_every_width_of_the_curve)
{
    static const double sigmas[] = {0.3, 0.34, 0.5, 1.7, 5.5, 40, 300};
    struct weights weights;

    for (size_t s = 0; s < LENGTH(sigmas); s++) {
        make_weights(sigmas[s], &weights);
        for (size_t pass = 0; pass < ALPHA_PASSES; pass++)
            for (enum kind kind = ZEROS; kind < KINDS; kind++) {
                check_alpha(pass, &weights, 76, 4, kind);
                check_alpha(pass, &weights, 30, 2, kind);
                check_alpha(pass, &weights, 70, 2, kind);
            }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        sums_are_right_for_every_length,
        sums_are_right_for_every_width_of_the_curve,
        sums_with_alpha_are_right_for_every_length,
        sums_with_alpha_are_right_for_every_width_of_the_curve,
        NULL,
    };

    if (!tl_blur_x86())
        printf("skip - blur by AVX2: this processor has no AVX2\n");
    return run_suite("blur", tests);
}
