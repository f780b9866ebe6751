/* SPDX-License-Identifier: MIT */
/*
 * status.h - filling a struct telar_error. Layer: the lowest; everything may use it.
 */
#ifndef TL_STATUS_H
#define TL_STATUS_H

#include <stdarg.h>
#include <telar/status.h>

/*
 * Says why a call failed, and returns status, so that a caller can write `return tl_fail(error,
 * ...)`. error may be NULL. Does not overwrite: an error that already holds a status other than
 * TELAR_OK is left alone, so that the first of a call is kept (public functions begin with
 * tl_error_clear). errnum 0: no system call failed; otherwise ": " and strerror(errnum) are
 * appended to the text. Newlines and other control characters in the text are made '?'.
 */
telar_status tl_fail(struct telar_error *error, telar_status status, int errnum, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Makes *error say that there is none. NULL is allowed. */
void tl_error_clear(struct telar_error *error);

#endif
