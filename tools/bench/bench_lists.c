/* SPDX-License-Identifier: MIT */
/*
 * The setters of the options of `telar bench` that are lists: words or numbers with commas between.
 */
#include <config.h>

#include "bench/bench.h"
#include "cli/cli.h"
#include "cli/number.h"

#include <string.h>

/*
 * Reads a list of option->words into index[0..*n), in the order of the list. A word that stands
 * twice is refused: it would make a row twice, and the A/A row is there for that.
 */
static bool parse_list(const struct cli_option *option, const char *text, int index[BENCH_LIST_MAX],
                       uint32_t *n)
{
    char copy[256], *rest = copy, *word;

    *n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, ",")) != NULL) {
        int found = parse_word(option, word);

        if (found < 0)
            return false;
        for (uint32_t i = 0; i < *n; i++)
            if (index[i] == found) {
                say("--%s: %s is named twice", option->name, word);
                return false;
            }
        index[(*n)++] = found; /* no list of words has more than BENCH_LIST_MAX */
    }
    return true;
}

bool bench_set_engines(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
    int index[BENCH_LIST_MAX];

    if (!parse_list(option, text, index, &wishes->n_engines))
        return false;
    for (uint32_t i = 0; i < wishes->n_engines; i++)
        wishes->engine[i] = (telar_engine)(TELAR_SERIAL + index[i]);
    return true;
}

bool bench_set_isolations(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
    int index[BENCH_LIST_MAX];

    if (!parse_list(option, text, index, &wishes->n_isolations))
        return false;
    for (uint32_t i = 0; i < wishes->n_isolations; i++)
        wishes->isolation[i] = (telar_isolation)(TELAR_SHARED + index[i]);
    return true;
}

/* A list of two words; list[i] tells whether entry i is the second one. */
static bool parse_two(const struct cli_option *option, const char *text, bool list[2], uint32_t *n)
{
    int index[BENCH_LIST_MAX];

    if (!parse_list(option, text, index, n))
        return false;
    for (uint32_t i = 0; i < *n; i++)
        list[i] = index[i] == 1;
    return true;
}

bool bench_set_pages(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;

    return parse_two(option, text, wishes->small_pages, &wishes->n_pages);
}

bool bench_set_segment(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;

    return parse_two(option, text, wishes->warm, &wishes->n_segments);
}

bool bench_set_jobs(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
    bool files[2];

    if (!parse_two(option, text, files, &wishes->n_jobs))
        return false;
    for (uint32_t i = 0; i < wishes->n_jobs; i++)
        wishes->job[i] = files[i] ? BENCH_FILE : BENCH_MEMORY;
    return true;
}

bool bench_set_start(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
    bool kept[2] = {false, false};
    uint32_t n;

    if (!parse_two(option, text, kept, &n))
        return false;
    wishes->starts = true;
    wishes->kept = kept[0] || (n == 2 && kept[1]);
    wishes->made = !kept[0] || (n == 2 && !kept[1]);
    return true;
}

bool bench_set_workers(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
    char copy[256], *rest = copy, *word;
    uint64_t n;

    wishes->n_workers = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, ",")) != NULL) {
        if (!parse_count(option, word, &n))
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

bool bench_set_sizes(const struct cli_option *option, const char *text, void *field)
{
    struct bench_wishes *wishes = field;
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
        if (!parse_pair(option, word, &size->rows, &size->columns))
            return false;
        if ((uint64_t)size->rows * size->columns > PIXELS_MAX) {
            say("--size: %s is more than %d million pixels", word, PIXELS_MAX / 1000000);
            return false;
        }
        wishes->n_sizes++;
    }
    return true;
}
