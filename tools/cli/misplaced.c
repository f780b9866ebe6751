/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/misplaced.h"

#include "base/other_names.h"
#include "cli/cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Says the remedy if `name`, which stood in the command line as `word`, is a transform. */
static bool say_transform(const char *word, const char *name)
{
    const struct tl_other_name *other = tl_other_name_find(name);
    const char *here = telar_transform_find(name) ? name : other ? other->here : NULL;

    if (here)
        say("'%s': a transform is not an option; write -t %s", word, here);
    else if (other)
        say("'%s': telar keeps the rows and columns of a picture; use another program for this, "
            "such as vips or convert",
            word);
    return here || other;
}

bool say_misplaced_transform(int argc, char **argv)
{
    char name[64];

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *begin = argv[i] + strspn(argv[i], "-");

        if (begin == argv[i] || begin > argv[i] + 2)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, "=:"), begin);
        if (say_transform(argv[i], name))
            return true;
    }
    return false;
}

void say_other_extension(const char *output)
{
    static const char *const others[] = {"jpg",  "jpeg", "gif",  "webp", "tif",
                                         "tiff", "bmp",  "heic", "avif", "jxl",
                                         "ppm",  "pgm",  "pnm",  "svg",  "pdf"};
    const char *slash = strrchr(output, '/'), *dot = strrchr(slash ? slash : output, '.');

    for (size_t i = 0; dot && i < sizeof others / sizeof *others; i++)
        if (strcasecmp(dot + 1, others[i]) == 0)
            say("%s: is written as PNG, whatever its name says; give it a name that ends in .png",
                output);
}
