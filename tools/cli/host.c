/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/host.h"

#include "base/host.h"

#include <stdio.h>
#include <string.h>

double now_ms(void)
{
    return (double)tl_now_ns() / 1e6;
}

bool read_first_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool good = file && fgets(line, (int)size, file);

    if (file)
        fclose(file);
    if (good)
        line[strcspn(line, "\n")] = '\0';
    return good;
}
