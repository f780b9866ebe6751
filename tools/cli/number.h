/* SPDX-License-Identifier: MIT */
/*
 * number.h - the numbers and words in the arguments of options.
 *
 * Each function reads all of `text`, fills *value and returns true. Otherwise the function says
 * what is wrong, names the option, and returns false. Digits are decimal; signs and blanks are
 * refused.
 */
#ifndef TOOLS_NUMBER_H
#define TOOLS_NUMBER_H

#include "cli/option.h"

/* A whole number from option->least to option->most. */
bool parse_count(const struct cli_option *option, const char *text, uint64_t *value);

/* A number above 0. K, M and G behind it multiply by `step`, step^2 and step^3. */
bool parse_scaled(const struct cli_option *option, const char *text, uint64_t step,
                  uint64_t *value);

/* Seconds with an optional fraction, "1.5", as milliseconds rounded up. */
bool parse_seconds(const struct cli_option *option, const char *text, uint32_t *milliseconds);

/* "RxC", both at least 1. */
bool parse_pair(const struct cli_option *option, const char *text, uint32_t *rows,
                uint32_t *columns);

/* "R0:R1,C0:C1", not empty. */
bool parse_region(const struct cli_option *option, const char *text, struct telar_region *region);

/* Returns the index of one of option->words, or -1 after a message that names all of them. */
int parse_word(const struct cli_option *option, const char *text);

#endif
