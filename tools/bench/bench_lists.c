/* SPDX-License-Identifier: MIT */
/*
 * The options of `telar bench` that are lists: words or numbers with commas between.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"

#include <string.h>

/*
 * The words of a list, as indices. Twice the same word would be a row twice, which is what the A/A
 * row is for.
 */
static bool parse_list(const char *option, const char *text, const char *const words[],
                       uint32_t most, int index[], uint32_t *n)
{
    char copy[256], *rest = copy, *word;

    *n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, ",")) != NULL) {
        int found = parse_word(option, word, words);

        if (found < 0)
            return false;
        for (uint32_t i = 0; i < *n; i++)
            if (index[i] == found) {
                say("%s: %s is named twice", option, word);
                return false;
            }
        if (*n < most)
            index[(*n)++] = found;
    }
    return true;
}

bool bench_take_engines(struct bench_wishes *wishes, const char *text)
{
    static const char *const words[] = {"serial", "threads", "gil", "processes", NULL};
    int index[BENCH_LIST_MAX];

    if (!parse_list("--engine", text, words, BENCH_LIST_MAX, index, &wishes->n_engines))
        return false;
    for (uint32_t i = 0; i < wishes->n_engines; i++)
        wishes->engine[i] = (telar_engine)(TELAR_SERIAL + index[i]);
    return true;
}

/* The words are the library's own, so that a rung it learns is known here too. */
bool bench_take_isolations(struct bench_wishes *wishes, const char *text)
{
    const char *words[BENCH_LIST_MAX + 1] = {NULL};
    int index[BENCH_LIST_MAX];

    for (int i = 0; i < BENCH_LIST_MAX; i++) {
        words[i] = telar_isolation_name((telar_isolation)(TELAR_SHARED + i));
        if (strcmp(words[i], "unknown") == 0) {
            words[i] = NULL;
            break;
        }
    }
    if (!parse_list("--isolation", text, words, BENCH_LIST_MAX, index, &wishes->n_isolations))
        return false;
    for (uint32_t i = 0; i < wishes->n_isolations; i++)
        wishes->isolation[i] = (telar_isolation)(TELAR_SHARED + index[i]);
    return true;
}

/* One of two, or both: a list of booleans, of which the second word is true. */
bool bench_take_pair(const char *option, const char *text, const char *first, const char *second,
                     bool list[2], uint32_t *n)
{
    const char *const words[] = {first, second, NULL};
    int index[2];

    if (!parse_list(option, text, words, 2, index, n))
        return false;
    for (uint32_t i = 0; i < *n; i++)
        list[i] = index[i] == 1;
    return true;
}

bool bench_take_jobs(struct bench_wishes *wishes, const char *text)
{
    bool files[2];

    if (!bench_take_pair("--job", text, "memory", "file", files, &wishes->n_jobs))
        return false;
    for (uint32_t i = 0; i < wishes->n_jobs; i++)
        wishes->job[i] = files[i] ? BENCH_FILE : BENCH_MEMORY;
    return true;
}

bool bench_take_start(struct bench_wishes *wishes, const char *text)
{
    bool kept[2] = {false, false};
    uint32_t n;

    if (!bench_take_pair("--start", text, "made", "kept", kept, &n))
        return false;
    wishes->starts = true;
    wishes->kept = kept[0] || (n == 2 && kept[1]);
    wishes->made = !kept[0] || (n == 2 && !kept[1]);
    return true;
}

bool bench_take_workers(struct bench_wishes *wishes, const char *text)
{
    char copy[256], *rest = copy, *word;
    uint64_t n;

    wishes->n_workers = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, ",")) != NULL) {
        if (!parse_count("--workers", word, 1, TELAR_WORKERS_MAX, &n))
            return false;
        for (uint32_t i = 0; i < wishes->n_workers; i++)
            if (wishes->workers[i] == n) {
                say("--workers: %s is named twice", word);
                return false;
            }
        if (wishes->n_workers == BENCH_LIST_MAX) {
            say("--workers: more than %d numbers", BENCH_LIST_MAX);
            return false;
        }
        wishes->workers[wishes->n_workers++] = (uint32_t)n;
    }
    return true;
}

bool bench_take_sizes(struct bench_wishes *wishes, const char *text)
{
    enum { PIXELS_MAX = 100000000, SIZES_MAX = BENCH_LIST_MAX - 1 };
    char copy[256], *rest = copy, *word;

    wishes->n_sizes = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, ",")) != NULL) {
        struct telar_geometry *size = &wishes->size[wishes->n_sizes];

        if (wishes->n_sizes == SIZES_MAX) {
            say("--size: more than %d sizes", SIZES_MAX);
            return false;
        }
        *size = (struct telar_geometry){.channels = 3, .depth = 8};
        if (!parse_pair("--size", word, &size->rows, &size->columns))
            return false;
        if ((uint64_t)size->rows * size->columns > PIXELS_MAX) {
            say("--size: %s is more than %d million pixels", word, PIXELS_MAX / 1000000);
            return false;
        }
        wishes->n_sizes++;
    }
    return true;
}
