/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/left_names.h"

static struct telar_shm_names found;

void left_names_remove(void)
{
    found = telar_shm_names_remove();
}

struct telar_shm_names left_names_found(void)
{
    return found;
}
