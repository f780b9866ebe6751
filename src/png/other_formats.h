/* SPDX-License-Identifier: MIT */
/*
 * other_formats.h - formats that people give instead of PNG, and the commands that convert them.
 * Layer: png.
 */
#ifndef TL_OTHER_FORMATS_H
#define TL_OTHER_FORMATS_H

#include "base/descriptor.h"

#include <stddef.h>

enum { TL_CONVERSION_BYTES = 3 * TL_SHORT_PATH_BYTES };

/*
 * Returns the name of the format that a file of these first bytes has, such as "a JPEG", or NULL if
 * it is none of the known ones. Writes the command that converts the file to PNG. The command names
 * the file `name`, or INPUT where the name would need quotes or was shortened.
 */
const char *tl_other_format_find(const unsigned char *bytes, size_t n, const char *name,
                                 char command[TL_CONVERSION_BYTES]);

#endif
