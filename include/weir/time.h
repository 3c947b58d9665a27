/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TIME_H
#define WEIR_TIME_H

#include <weir/error.h>

/* Reading times out of text, by a format that is compiled once.
 *
 *     rfc3339                        2026-11-25T16:24:30.123+01:00, 'T' or a space, any fraction
 *     unix unix_ms unix_us unix_ns   a number since 1970 UTC; `unix` may have a fraction
 *     anything else                  a pattern of %Y %m %d %b %e %H %M %S %f (a fraction) %z %s %p %I %y %j %a %T %F
 *                                    %%, and text that stands for itself
 *
 * A time without a zone is read in `zone`: "UTC", "local", or a fixed offset like "+02:00". One without a
 * year (BSD syslog) is in the year that puts it closest to `now`. */
struct weir_time_format;

/* NULL with *err set when the format or the zone is not one. @thread any. */
WEIR_API struct weir_time_format *weir_time_format_new(const char *format, const char *zone,
                                                       struct weir_error *err);
WEIR_API struct weir_time_format *weir_time_format_free(struct weir_time_format *format);

/* True, and *ret set to nanoseconds since 1970 UTC, when all of `text` is a time in that format that int64_t can
 * hold. `now` (the same unit) is what a missing year is taken from. @thread any. */
WEIR_API bool weir_time_parse(const struct weir_time_format *format, struct weir_str text,
                              int64_t now, int64_t *ret);

#endif
