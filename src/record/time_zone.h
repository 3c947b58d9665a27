/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_TIME_ZONE_H
#define WEIR_RECORD_TIME_ZONE_H

#include <weir/error.h>

/* What a time that names no zone is read in. See time_zone.c. */
struct time_zone;

/* "UTC", "local", or an offset: "+02:00", "-0530", "+01". NULL is UTC. NULL with *err set when it is none
 * of these, or memory is short. @thread any. */
struct time_zone *time_zone_new(const char *name, struct weir_error *err);
struct time_zone *time_zone_free(struct time_zone *zone); /* NULL is fine; returns NULL */

/* How many seconds a clock that shows `local` (seconds since 1970 as if it were UTC) is ahead of UTC.
 * @thread any. */
int time_zone_offset(const struct time_zone *zone, int64_t local);

/* Reads an offset from UTC at the start of `text`: Z, +hh:mm, +hhmm or +hh. Returns its length, 0 when
 * there is none. */
size_t time_zone_read_offset(struct weir_str text, int *ret_seconds);

#endif
