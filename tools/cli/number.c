/* SPDX-License-Identifier: MIT */
/*
 * Numbers in options. strtoul is not used: strtoul accepts signs, blanks and hexadecimal digits,
 * and stops without an error at the first letter.
 */
#include <config.h>

#include "cli/number.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Reads the digits at *text into *value and moves *text behind them. Returns false when there is no
 * digit or the number is larger than UINT64_MAX.
 */
static bool read_digits(const char **text, uint64_t *value)
{
    const char *start = *text;

    *value = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        uint64_t digit = (uint64_t)(**text - '0');

        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *text != start;
}

bool parse_count(const struct cli_option *option, const char *text, uint64_t *value)
{
    const char *rest = text;

    if (read_digits(&rest, value) && !*rest && *value >= option->least && *value <= option->most)
        return true;
    say("--%s: '%s' is not a whole number from %" PRIu64 " to %" PRIu64, option->name, text,
        option->least, option->most);
    return false;
}

bool parse_scaled(const struct cli_option *option, const char *text, uint64_t step, uint64_t *value)
{
    static const char letters[] = "KMG";
    const char *rest = text, *letter;
    bool good = read_digits(&rest, value) && *value > 0;

    if (good && *rest && (letter = strchr(letters, *rest & ~0x20)) && *letter) {
        for (; letter >= letters; letter--) {
            good = good && *value <= UINT64_MAX / step;
            *value *= step;
        }
        rest++;
    }
    if (good && !*rest)
        return true;
    say("--%s: '%s' is not a number above 0, with K, M or G behind it if you like", option->name,
        text);
    return false;
}

/*
 * strtod is not used: strtod accepts 1e3, inf, and a comma in some locales. Digits behind the third
 * only decide the rounding.
 */
bool parse_seconds(const struct cli_option *option, const char *text, uint32_t *milliseconds)
{
    const uint64_t most = UINT32_MAX / 1000;
    const char *rest = text;
    uint64_t whole = 0, part = 0;
    bool digits = read_digits(&rest, &whole), more = false;

    if (*rest == '.') {
        uint64_t unit = 100;

        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) {
            part += (uint64_t)(*rest - '0') * unit;
            more = more || (unit == 0 && *rest > '0');
            digits = true;
        }
    }
    if (!digits || *rest || whole >= most) {
        say("--%s: '%s' is not a number from 0 to below 4294967, such as 2 or 0.5", option->name,
            text);
        return false;
    }
    *milliseconds = (uint32_t)(whole * 1000 + part + more);
    return true;
}

bool parse_pair(const struct cli_option *option, const char *text, uint32_t *rows,
                uint32_t *columns)
{
    const char *rest = text;
    uint64_t r, c;

    if (read_digits(&rest, &r) && (*rest == 'x' || *rest == 'X') && (rest++, read_digits(&rest, &c))
        && !*rest && r >= 1 && c >= 1 && r <= INT32_MAX && c <= INT32_MAX) {
        *rows = (uint32_t)r;
        *columns = (uint32_t)c;
        return true;
    }
    say("--%s: '%s' is not ROWSxCOLUMNS, two whole numbers above 0 with an x between", option->name,
        text);
    return false;
}

/* The picture is not known yet: telar_run_file() refuses a region outside of it. */
bool parse_region(const struct cli_option *option, const char *text, struct telar_region *region)
{
    static const char behind[] = {':', ',', ':', '\0'};
    const char *rest = text;
    uint64_t n[4] = {0};
    bool good = true;

    for (int i = 0; i < 4 && good; i++) {
        good = read_digits(&rest, &n[i]) && *rest == behind[i] && n[i] <= INT32_MAX;
        rest += behind[i] != '\0';
    }
    if (!good || n[0] >= n[1] || n[2] >= n[3]) {
        say("--%s: '%s' is not R0:R1,C0:C1 with R0 < R1 and C0 < C1, such as 0:250,0:400",
            option->name, text);
        return false;
    }
    *region = (struct telar_region){(uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3]};
    return true;
}

int parse_word(const struct cli_option *option, const char *text)
{
    const char *const *words = option->words, *near;
    char list[256] = "";
    size_t used = 0;

    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    }
    near = nearest_name(text, words);
    say("--%s: '%s' is none of %s%s%s%s", option->name, text, list, near ? "; did you mean '" : "",
        near ? near : "", near ? "'?" : "");
    return -1;
}
