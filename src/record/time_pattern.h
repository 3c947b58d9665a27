/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_TIME_PATTERN_H
#define WEIR_RECORD_TIME_PATTERN_H

#include "record/time_parts.h"

/* A pattern of strptime(3)'s kind, compiled; see time_pattern.c. */
struct time_pattern;

/* NULL with *err set when it is none, or does not say which day it is. @thread any. */
struct time_pattern *time_pattern_new(const char *text, struct weir_error *err);
struct time_pattern *time_pattern_free(struct time_pattern *pattern); /* NULL is fine */

/* Whether all of `text` is of that form; then *ret is filled in. Ranges are not looked at.
 * @thread any. */
bool time_pattern_match(const struct time_pattern *pattern, struct weir_str text,
                        struct time_parts *ret);

/* ---- for other readers of times ----------------------------------------------------------------- */

/* The digits of a fraction at the start of `text`, as many as there are, as nanoseconds: what is below one
 * is cut. Returns how many digits, 0 when there is none. */
size_t time_read_fraction(struct weir_str text, unsigned *ret_nanoseconds);

#endif
