/* SPDX-License-Identifier: MIT */
/*
 * Reading options and the numbers in them. strtoul and its kin are not used: they take signs,
 * spaces and hexadecimal, skip overflow unless asked, and stop in silence at what they do not know.
 */
#include <config.h>

#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { LONG_OPTIONS_MAX = 32 };

/* "-x" or "--name" for messages, the long name when there is one. */
static void name_option(int val, const struct option *options, char *name, size_t size)
{
    for (; options->name; options++)
        if (options->val == val) {
            snprintf(name, size, "--%s", options->name);
            return;
        }
    snprintf(name, size, "-%c", val);
}

/* Writes the names that begin with `name`, "--trust, --transform", as many as fit; returns how many
 * there are. */
static int list_beginning(const char *name, const char *const names[], char *list, size_t size)
{
    size_t used = 0;
    int n = 0;

    for (*list = '\0'; *names; names++)
        if (strncmp(*names, name, strlen(name)) == 0) {
            if (used < size)
                used += (size_t)snprintf(list + used, size - used, "%s--%s", n ? ", " : "", *names);
            n++;
        }
    return n;
}

/* `given` is the argument as it stands on the command line, which getopt_long has passed already.
 */
static void say_unknown(const char *given, const struct option *options)
{
    const char *names[LONG_OPTIONS_MAX + 1] = {NULL}, *near;
    char name[64], list[512];

    for (int i = 0; i < LONG_OPTIONS_MAX && options[i].name; i++)
        names[i] = options[i].name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    near = nearest_name(name, names);
    if (list_beginning(name, names, list, sizeof list) > 1)
        say("option '--%s' may be any of %s", name, list);
    else if (near)
        say("no option '--%s'; did you mean '--%s'?", name, near);
    else
        say("no option '--%s'; --help lists them", name);
}

int next_option(int argc, char **argv, const char *shorts, const struct option *options)
{
    char name[64];
    int got;

    opterr = 0;
    optopt = 0;
    got = getopt_long(argc, argv, shorts, options, NULL);
    if (got != '?' && got != ':')
        return got;
    if (optopt == 0) {
        say_unknown(argv[optind - 1], options);
        return '?';
    }
    name_option(optopt, options, name, sizeof name);
    if (got == ':')
        say("option '%s' needs a value", name);
    else if (name[1] == '-')
        say("option '%s' takes no value", name);
    else
        say("no option '%s'; --help lists them", name);
    return '?';
}

/*
 * Reads digits at *text into *value and moves *text behind them; false when there is none or the
 * number is too large.
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

bool parse_count(const char *option, const char *text, uint64_t least, uint64_t most,
                 uint64_t *value)
{
    const char *rest = text;

    if (read_digits(&rest, value) && !*rest && *value >= least && *value <= most)
        return true;
    say("%s: '%s' is not a whole number from %llu to %llu", option, text, (unsigned long long)least,
        (unsigned long long)most);
    return false;
}

/* A number with one of the letters K, M and G behind it, each `step` times the one before. */
static bool parse_scaled(const char *option, const char *text, uint64_t step, uint64_t *value)
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
    say("%s: '%s' is not a number above 0, with K, M or G behind it if you like", option, text);
    return false;
}

bool parse_amount(const char *option, const char *text, uint64_t *value)
{
    return parse_scaled(option, text, 1000, value);
}

bool parse_bytes(const char *option, const char *text, uint64_t *value)
{
    return parse_scaled(option, text, 1024, value);
}

/*
 * Not with strtod, which reads 1e3, inf and the comma of some locales. Digits past the third decide
 * only the rounding.
 */
bool parse_seconds(const char *option, const char *text, uint32_t *milliseconds)
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
        say("%s: '%s' is not a number from 0 to below 4294967, such as 2 or 0.5", option, text);
        return false;
    }
    *milliseconds = (uint32_t)(whole * 1000 + part + more);
    return true;
}

bool parse_pair(const char *option, const char *text, uint32_t *rows, uint32_t *columns)
{
    const char *rest = text;
    uint64_t r, c;

    if (read_digits(&rest, &r) && (*rest == 'x' || *rest == 'X') && (rest++, read_digits(&rest, &c))
        && !*rest && r >= 1 && c >= 1 && r <= INT32_MAX && c <= INT32_MAX) {
        *rows = (uint32_t)r;
        *columns = (uint32_t)c;
        return true;
    }
    say("%s: '%s' is not ROWSxCOLUMNS, two whole numbers above 0 with an x between", option, text);
    return false;
}

/* The numbers must make a region; whether it lies inside the picture, only the run can know. */
bool parse_region(const char *option, const char *text, struct telar_region *region)
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
        say("%s: '%s' is not R0:R1,C0:C1 with R0 < R1 and C0 < C1, such as 0:250,0:400", option,
            text);
        return false;
    }
    *region = (struct telar_region){(uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3]};
    return true;
}

int parse_word(const char *option, const char *text, const char *const words[])
{
    char list[256] = "";
    size_t used = 0;

    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    }
    say("%s: '%s' is none of %s", option, text, list);
    return -1;
}
