/* SPDX-License-Identifier: MIT */
/*
 * host.h - the clock, and the short files in which the kernel describes the host.
 */
#ifndef TOOLS_HOST_H
#define TOOLS_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* Returns milliseconds of CLOCK_MONOTONIC. */
double now_ms(void);

/* Reads the first line of a file, without its newline. Returns false when there is none. */
bool read_first_line(const char *path, char *line, size_t size);

/*
 * Reads a file of lines "KEY: VALUE". Writes the value of the first line that begins with `key`,
 * without blanks before it and the newline. Returns false when there is none.
 */
bool read_keyed_line(const char *path, const char *key, char *value, size_t size);

#endif
