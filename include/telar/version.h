/* SPDX-License-Identifier: MIT */
/*
 * version.h - the version of these headers, and of the library that a program runs with.
 */
#ifndef TELAR_VERSION_H
#define TELAR_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the headers that a program is compiled with. */
#define TELAR_VERSION_MAJOR 0
#define TELAR_VERSION_MINOR 1
#define TELAR_VERSION_PATCH 0

/* Makes one number of a version, so that the preprocessor can compare: 0.1.0 is 1000. Minor and
 * patch must be below 1000. */
#define TELAR_VERSION_MAKE(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define TELAR_VERSION                                                                              \
    TELAR_VERSION_MAKE(TELAR_VERSION_MAJOR, TELAR_VERSION_MINOR, TELAR_VERSION_PATCH)

/* Returns the version of the library at run time, such as "0.1.0": a constant string, never NULL.
 * May be called from any thread and from a signal handler. */
const char *telar_version(void);

#ifdef __cplusplus
}
#endif
#endif
