/* SPDX-License-Identifier: MIT */
/*
 * deflate_x86.c - writes literals with the vector registers of x86-64, 64 at a time.
 *
 * A table of 256 bytes fits into four registers, and AVX-512 VBMI looks up 64 bytes in them at
 * once. So 64 literals become 64 codes and their lengths. Neighbouring codes are joined twice, and
 * a third time when they are short. Only these groups of four or eight are written one by one.
 */
#include <config.h>

#include "flate/deflate_block.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define TARGET "avx512f,avx512bw,avx512vbmi,bmi2"
#define INLINE __attribute__((target(TARGET), always_inline)) static inline

enum {
    WIDTH = 64,
    GROUP_MOST = 56, /* most bits that fit behind seven others in 64 */
};

/* a table of 256 bytes */
struct table {
    __m512i quarter[4];
};

/* The codes of the literals: bits 0 to 7, bits 8 to 15, and lengths. */
struct tables {
    struct table low, high, length;
};

/* Each lane holds one code, or several joined, and their number of bits. */
struct lanes {
    __m512i bits, length;
};

INLINE struct table load_table(const unsigned char *bytes)
{
    return (struct table){{_mm512_loadu_si512(bytes), _mm512_loadu_si512(bytes + 64),
                           _mm512_loadu_si512(bytes + 128), _mm512_loadu_si512(bytes + 192)}};
}

INLINE struct tables load_tables(const struct code_tables *codes)
{
    return (struct tables){load_table(codes->low), load_table(codes->high),
                           load_table(codes->length)};
}

/* The permutation uses seven bits of an index. The eighth selects the half of the table. */
INLINE __m512i look_up(const struct table *t, __m512i index, __mmask64 upper)
{
    __m512i a = _mm512_permutex2var_epi8(t->quarter[0], index, t->quarter[1]);
    __m512i b = _mm512_permutex2var_epi8(t->quarter[2], index, t->quarter[3]);

    return _mm512_mask_blend_epi8(upper, a, b);
}

/* Joins the two codes in each 32 bits, then the two in each 64. */
INLINE struct lanes join(struct lanes sixteens)
{
    const __m512i low_16 = _mm512_set1_epi32(0xffff), low_32 = _mm512_set1_epi64(0xffffffff);
    __m512i first = _mm512_and_si512(sixteens.length, low_16), bits, length;

    bits = _mm512_or_si512(_mm512_and_si512(sixteens.bits, low_16),
                           _mm512_sllv_epi32(_mm512_srli_epi32(sixteens.bits, 16), first));
    length = _mm512_add_epi32(first, _mm512_srli_epi32(sixteens.length, 16));
    first = _mm512_and_si512(length, low_32);
    return (struct lanes){_mm512_or_si512(_mm512_and_si512(bits, low_32),
                                          _mm512_sllv_epi64(_mm512_srli_epi64(bits, 32), first)),
                          _mm512_add_epi64(first, _mm512_srli_epi64(length, 32))};
}

/* Adds a group of codes to the bits held and writes out whole bytes. */
INLINE void put_group(struct bits *b, uint64_t bits, uint64_t length)
{
    b->held |= bits << b->count;
    b->count += (unsigned)length;
    tl_store_le64(b->next, b->held);
    b->next += b->count >> 3;
    b->held >>= b->count & ~7u;
    b->count &= 7;
}

/* Writes sixteen groups of four literals. The groups alternate: two in `a`, then two in `z`. */
INLINE void put_fours(const struct lanes *a, const struct lanes *z, struct bits *b)
{
    uint64_t bits[2][8], lengths[2][8];

    _mm512_storeu_si512(bits[0], a->bits);
    _mm512_storeu_si512(bits[1], z->bits);
    _mm512_storeu_si512(lengths[0], a->length);
    _mm512_storeu_si512(lengths[1], z->length);
    for (int i = 0; i < 8; i += 2)
        for (int half = 0; half < 2; half++) {
            put_group(b, bits[half][i], lengths[half][i]);
            put_group(b, bits[half][i + 1], lengths[half][i + 1]);
        }
}

INLINE void put_eights(const struct lanes *eights, struct bits *b)
{
    uint64_t bits[8], lengths[8];

    _mm512_storeu_si512(bits, eights->bits);
    _mm512_storeu_si512(lengths, eights->length);
    for (int i = 0; i < 8; i++)
        put_group(b, bits[i], lengths[i]);
}

/* Joins each group of four with its neighbour. */
INLINE struct lanes join_fours(const struct lanes *a, const struct lanes *z)
{
    __m512i first = _mm512_unpacklo_epi64(a->length, z->length);
    __m512i bits = _mm512_sllv_epi64(_mm512_unpackhi_epi64(a->bits, z->bits), first);

    return (struct lanes){_mm512_or_si512(_mm512_unpacklo_epi64(a->bits, z->bits), bits),
                          _mm512_add_epi64(first, _mm512_unpackhi_epi64(a->length, z->length))};
}

INLINE void write_64(const struct tables *t, const unsigned char *p, struct bits *b)
{
    const __m512i index = _mm512_loadu_si512(p), zero = _mm512_setzero_si512();
    const __mmask64 upper = _mm512_movepi8_mask(index);
    const __m512i low = look_up(&t->low, index, upper), high = look_up(&t->high, index, upper),
                  length = look_up(&t->length, index, upper);
    /* `a` gets the first eight of each sixteen literals, `z` the last eight. */
    const struct lanes a =
        join((struct lanes){_mm512_unpacklo_epi8(low, high), _mm512_unpacklo_epi8(length, zero)});
    const struct lanes z =
        join((struct lanes){_mm512_unpackhi_epi8(low, high), _mm512_unpackhi_epi8(length, zero)});
    const struct lanes eights = join_fours(&a, &z);

    if (_mm512_cmpgt_epi64_mask(eights.length, _mm512_set1_epi64(GROUP_MOST)))
        put_fours(&a, &z, b);
    else
        put_eights(&eights, b);
}

__attribute__((target(TARGET))) static size_t
write_avx512(const struct code_tables *codes, const unsigned char *p, size_t n, struct bits *bits)
{
    const struct tables tables = load_tables(codes);
    struct bits b = *bits; /* a copy that the compiler can keep in registers */
    size_t i = 0;

    for (; n - i >= WIDTH; i += WIDTH)
        write_64(&tables, p + i, &b);
    *bits = b;
    return i;
}

size_t tl_write_literals_x86(const struct code_tables *codes, const unsigned char *p, size_t n,
                             struct bits *bits)
{
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2")
               ? write_avx512(codes, p, n, bits)
               : 0;
}

#else

size_t tl_write_literals_x86(const struct code_tables *codes, const unsigned char *p, size_t n,
                             struct bits *bits)
{
    (void)codes;
    (void)p;
    (void)n;
    (void)bits;
    return 0;
}

#endif

void tl_spread_codes(const struct code *codes, struct code_tables *tables)
{
    for (int i = 0; i < 256; i++) {
        tables->low[i] = (unsigned char)codes[i].bits;
        tables->high[i] = (unsigned char)(codes[i].bits >> 8);
        tables->length[i] = (unsigned char)codes[i].length;
    }
}
