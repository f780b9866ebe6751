/* SPDX-License-Identifier: MIT */
/*
 * text_file.h - short text files of the kernel, below /proc and /sys. Layer: the lowest.
 */
#ifndef TL_TEXT_FILE_H
#define TL_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads the beginning of a file into `text`, at most size - 1 bytes, and ends it with a zero byte.
 * One read is enough, because the kernel makes the whole text of such a file when it is read.
 * Returns false, with text[0] zero, if the file cannot be opened or read. Async-signal-safe.
 */
bool tl_text_file_read(const char *path, char *text, size_t size);

#endif
