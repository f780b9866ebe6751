/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <telar/telar.h>

const char *telar_version(void)
{
    return PACKAGE_VERSION;
}
