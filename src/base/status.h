/* SPDX-License-Identifier: MIT */
/*
 * status.h - filling a struct telar_error. Layer: the lowest.
 */
#ifndef TL_STATUS_H
#define TL_STATUS_H

#include <stdarg.h>
#include <telar/status.h>

/*
 * Writes into *error why a call failed. Returns `status`, so that a caller can write `return
 * tl_fail(error, ...)`. error may be NULL. An error that already holds a failure is left alone, so
 * that the first failure of a call is kept; public functions begin with tl_error_clear. errnum 0
 * means that no system call failed. Otherwise ": " and strerror(errnum) follow the fault. The
 * format has at most one "; ", which separates the fault from the remedy. A control character in
 * the text becomes '?'.
 */
telar_status tl_fail(struct telar_error *error, telar_status status, int errnum, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Makes *error hold no failure. NULL is allowed. */
void tl_error_clear(struct telar_error *error);

#endif
