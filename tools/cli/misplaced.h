/* SPDX-License-Identifier: MIT */
/*
 * misplaced.h - operands and options as other programs take them: a message says what to write.
 */
#ifndef TOOLS_MISPLACED_H
#define TOOLS_MISPLACED_H

#include <stdbool.h>

/*
 * Looks for a transform that is given as an option, such as -invert or --negate. Returns true after
 * a message that says what to write instead. Words behind "--" are not looked at.
 */
bool say_misplaced_transform(int argc, char **argv);

/* Says that OUTPUT is written as PNG if its name ends as that of another format, such as .jpg. */
void say_other_extension(const char *output);

#endif
