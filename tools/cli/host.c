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

bool read_keyed_line(const char *path, const char *key, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    const char *colon = NULL;
    char line[512];

    while (file && !colon && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            colon = strchr(line, ':');
    if (colon) {
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    if (file)
        fclose(file);
    return colon != NULL;
}
