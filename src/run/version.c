/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <telar/version.h>

const char *telar_version(void)
{
    return PACKAGE_VERSION;
}
