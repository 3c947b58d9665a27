/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <weir/str.h>

/* What went wrong, where, and what to do, for a person to read. It is set once, at the origin, by the
 * code that knows; callers forward the number unchanged. An error lives where its caller put it and
 * owns nothing. */
#define WEIR_ERROR_TEXT_MAX 512
#define WEIR_ERROR_OPTION_MAX 64

struct weir_error {
    int code;                           /* -errno; 0 while nothing went wrong */
    char option[WEIR_ERROR_OPTION_MAX]; /* the option at fault ("pattern", "time.format"), or "" */
    char text[WEIR_ERROR_TEXT_MAX];     /* what was found, what was expected, what to do */
};

/* Sets `err` and returns `code` (a negative errno), so that a caller can `return weir_error_set(...)`.
 * `err` may be NULL. Text beyond the maximum is cut. */
WEIR_API int weir_error_set(struct weir_error *err, int code, const char *format, ...)
    WEIR_PRINTF(3, 4);

/* The same, naming the option of the plugin that is at fault: the host then prints the file, line and
 * column of that option. */
WEIR_API int weir_error_option(struct weir_error *err, const char *option, const char *format, ...)
    WEIR_PRINTF(3, 4);

#endif
