/* SPDX-License-Identifier: MIT */
/*
 * text.h - text that fits the terminal.
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdio.h>

/* Returns the columns of the terminal that `out` is, but at least 80; 80 for a file or a pipe. */
int text_columns(FILE *out);

/*
 * Writes `text` in lines of at most `columns` columns and ends the last one. The first line goes on
 * at column `at`; the others begin with `indent` blanks. A newline in the text begins a new line.
 */
void print_wrapped(FILE *out, int columns, int at, int indent, const char *text);

/*
 * Replaces each control character by '?', because a terminal would obey it: U+0001 to U+001F,
 * U+007F, and U+0080 to U+009F in UTF-8.
 */
void text_make_plain(char *text);

#endif
