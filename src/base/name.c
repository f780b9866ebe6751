/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/name.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * The distance by rows of the usual table, three rows at a time ("optimal string alignment":
 * L. Boytsov, Indexing methods for approximate dictionary searching, 2011). Both names are shorter
 * than TL_NAME_BYTES.
 */
static size_t alignment(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][TL_NAME_BYTES];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before_last = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before_last[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

size_t tl_name_distance(const char *misspelt, const char *right)
{
    size_t a = strlen(misspelt), b = strlen(right), distance;

    if (a >= TL_NAME_BYTES || b >= TL_NAME_BYTES)
        return SIZE_MAX;
    distance = alignment(misspelt, a, right, b);
    return distance <= 1 + a / 3 && distance < b ? distance : SIZE_MAX;
}
