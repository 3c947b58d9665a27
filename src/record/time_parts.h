/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_TIME_PARTS_H
#define WEIR_RECORD_TIME_PARTS_H

#include "record/time_zone.h"

#define SECOND_NS 1000000000

/* What a text says about a moment. All zero says nothing; years are counted from 1 on. */
struct time_parts {
    unsigned year;        /* 0: not said; the year 0 cannot be said, it is out of range anyway */
    unsigned month, day;  /* 0: not said */
    unsigned day_of_year; /* 0: not said */
    unsigned hour, minute, second, nanosecond;
    enum { HALF_UNKNOWN, HALF_AM, HALF_PM } half;
    bool has_offset, has_epoch;
    int offset;    /* seconds ahead of UTC */
    int64_t epoch; /* seconds since 1970 UTC: then the rest, but the fraction, does not count */
};

/* The moment itself, in nanoseconds since 1970 UTC: false when a part is out of its range (a month has 28
 * to 31 days, an hour 60 minutes), or int64_t cannot hold it. A second of 60 is the first of the next
 * minute, and 24:00 the next midnight. `zone` and `now` (nanoseconds) give what was not said: the offset, and
 * the year that is closest. @thread any. */
bool time_parts_resolve(const struct time_parts *parts, const struct time_zone *zone, int64_t now,
                        int64_t *ret);

#endif
