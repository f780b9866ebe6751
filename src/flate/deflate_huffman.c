/* SPDX-License-Identifier: MIT */
/*
 * deflate_huffman.c - makes code lengths from symbol counts, and codes from lengths (RFC 1951,
 * 3.2.2).
 *
 * The lengths are those of Huffman (1952), cut to the limit as JPEG does it (ITU-T T.81, figure
 * K.3).
 */
#include <config.h>

#include "flate/deflate_block.h"

enum {
    LIMIT_MAX = 15,
    COUNTED = 64, /* smaller counts are sorted by counting them, without comparisons */
};

/*
 * A sort key: the count above the symbol. No two keys are equal, so the order is always the same.
 */
#define KEY(count, symbol) ((uint64_t)(count) << 16 | (symbol))
#define KEY_SYMBOL(key) ((key)&0xffff)
#define KEY_COUNT(key) ((uint32_t)((key) >> 16))

/* Shell's sort with Ciura's gaps (2001): short, and quick enough for 286 keys. */
static void sort_keys(uint64_t *keys, size_t n)
{
    static const unsigned char gaps[] = {132, 57, 23, 10, 4, 1};

    for (size_t g = 0; g < sizeof gaps; g++)
        for (size_t i = gaps[g]; i < n; i++) {
            uint64_t key = keys[i];
            size_t j = i;

            for (; j >= gaps[g] && keys[j - gaps[g]] > key; j -= gaps[g])
                keys[j] = keys[j - gaps[g]];
            keys[j] = key;
        }
}

/*
 * Sorts the symbols that occur, by count. Most counts are small, and a counting sort places those.
 * Returns the number of keys.
 */
static size_t sort_used(const uint32_t *counts, size_t n, uint64_t *keys)
{
    uint16_t next[COUNTED + 2] = {0}; /* for each count but 0, where the next symbol with it goes */

    for (size_t i = 0; i < n; i++)
        next[(counts[i] < COUNTED ? counts[i] : COUNTED) + 1]++;
    next[1] = 0;
    for (size_t c = 1; c <= COUNTED; c++)
        next[c + 1] = (uint16_t)(next[c + 1] + next[c]);
    for (size_t i = 0; i < n; i++)
        if (counts[i])
            keys[next[counts[i] < COUNTED ? counts[i] : COUNTED]++] = KEY(counts[i], i);
    sort_keys(keys + next[COUNTED - 1], next[COUNTED] - next[COUNTED - 1]);
    return next[COUNTED];
}

/*
 * Builds the Huffman tree: joins the two lightest of leaves and nodes until one is left. Stores the
 * parent of each leaf and, from parents[MAX_SYMBOLS] on, of each node. The n - 1 nodes are made in
 * the order of their weights. So two queues replace a heap (van Leeuwen, 1976).
 */
static void build_tree(const uint64_t *keys, size_t n, uint16_t *parents)
{
    uint32_t weights[MAX_SYMBOLS];
    size_t leaf = 0, node = 0;

    for (size_t made = 0; made + 1 < n; made++) {
        weights[made] = 0;
        for (int child = 0; child < 2; child++)
            if (node >= made || (leaf < n && KEY_COUNT(keys[leaf]) <= weights[node])) {
                weights[made] += KEY_COUNT(keys[leaf]);
                parents[leaf++] = (uint16_t)made;
            } else {
                weights[made] += weights[node];
                parents[MAX_SYMBOLS + node++] = (uint16_t)made;
            }
    }
}

/* Counts the leaves at each depth. Deeper leaves count as `limit`. */
static void count_depths(const uint16_t *parents, size_t n, unsigned limit, unsigned *at_depth)
{
    unsigned char depths[MAX_SYMBOLS];

    depths[n - 2] = 0;
    for (size_t node = n - 2; node-- > 0;)
        depths[node] = (unsigned char)(depths[parents[MAX_SYMBOLS + node]] + 1);
    for (size_t leaf = 0; leaf < n; leaf++) {
        unsigned depth = depths[parents[leaf]] + 1u;

        at_depth[depth < limit ? depth : limit]++;
    }
}

/*
 * Cutting the tree at the limit leaves more codes of that length than fit. Each step lengthens one
 * shorter code by a bit, which makes room for two codes, and moves one excess code there (ITU-T
 * T.81, figure K.3).
 */
static void repair_depths(unsigned limit, unsigned *at_depth)
{
    uint32_t used = 0;

    for (unsigned l = 1; l <= limit; l++)
        used += at_depth[l] << (limit - l);
    for (; used > 1u << limit; used--) {
        unsigned l = limit - 1;

        while (!at_depth[l])
            l--;
        at_depth[l]--;
        at_depth[l + 1] += 2;
        at_depth[limit]--;
    }
}

/* Some decoders refuse an incomplete code, so one symbol or none is completed to two symbols. */
static void lengths_of_few(const uint64_t *keys, size_t used, unsigned char *lengths)
{
    size_t symbol = used ? KEY_SYMBOL(keys[0]) : 0;

    lengths[symbol] = 1;
    lengths[symbol ? 0 : 1] = 1;
}

void tl_huffman_lengths(const uint32_t *counts, size_t n, unsigned limit, unsigned char *lengths)
{
    uint64_t keys[MAX_SYMBOLS];
    uint16_t parents[2 * MAX_SYMBOLS];
    unsigned at_depth[LIMIT_MAX + 1] = {0};
    size_t used = sort_used(counts, n, keys), leaf = 0;

    memset(lengths, 0, n);
    if (used < 2) {
        lengths_of_few(keys, used, lengths);
        return;
    }
    build_tree(keys, used, parents);
    count_depths(parents, used, limit, at_depth);
    repair_depths(limit, at_depth);
    for (unsigned l = limit; l > 0; l--)
        for (unsigned i = 0; i < at_depth[l]; i++)
            lengths[KEY_SYMBOL(keys[leaf++])] = (unsigned char)l;
}

/* Returns the 16 bits of v in reverse order: deflate writes a code from its highest bit. */
static uint16_t reverse_16(uint32_t v)
{
    v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
    v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
    v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
    return (uint16_t)(v << 8 | v >> 8);
}

void tl_huffman_codes(const unsigned char *lengths, size_t n, struct code *codes)
{
    unsigned of_length[LIMIT_MAX + 1] = {0};
    uint32_t next[LIMIT_MAX + 1] = {0};

    for (size_t i = 0; i < n; i++)
        of_length[lengths[i]]++;
    for (unsigned l = 2; l <= LIMIT_MAX; l++)
        next[l] = (next[l - 1] + of_length[l - 1]) << 1;
    for (size_t i = 0; i < n; i++) {
        unsigned l = lengths[i];

        codes[i] =
            (struct code){l ? (uint16_t)(reverse_16(next[l]++) >> (16 - l)) : 0, (uint16_t)l};
    }
}
