/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - checks UTF-8. Layer: the lowest.
 */
#ifndef TL_UTF8_H
#define TL_UTF8_H

#include <stddef.h>

/*
 * Returns the bytes of the character at `text`, 1 to 4, or 0 when the bytes are no UTF-8 (RFC 3629,
 * section 4: no overlong form, no surrogate, nothing above U+10FFFF). `text` ends with a zero byte.
 */
size_t tl_utf8_bytes(const unsigned char *text);

#endif
