/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_CIVIL_H
#define WEIR_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

/* A moment as the calendar and the clock on the wall show it, in UTC. */
struct civil {
    int year; /* what int64_t nanoseconds reach: 1677 to 2262 */
    unsigned month, day, hour, minute, second, nanosecond;
};

/* `ns` since 1970-01-01T00:00:00Z, leap seconds not counted. */
struct civil civil_from_ns(int64_t ns);

/* Days from 1970-01-01 to a date of the Gregorian calendar: `month` 1 to 12, `day` 1 to 31, years from 0. */
int64_t civil_days(int year, unsigned month, unsigned day);

static inline bool civil_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* 28 to 31, for `month` 1 to 12. */
unsigned civil_month_days(int year, unsigned month);

/* Writes `value` as exactly `width` decimal digits; returns where they end. */
static inline char *civil_put_digits(char *out, unsigned value, unsigned width)
{
    for (unsigned i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

/* RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits, as many as are needed: returns the length. */
enum { CIVIL_RFC3339_MAX = 30 };
unsigned civil_put_rfc3339(int64_t ns, char out[CIVIL_RFC3339_MAX]);

#endif
