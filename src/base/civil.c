/* SPDX-License-Identifier: Apache-2.0 */
/* Time to text without the C library: gmtime_r() takes a lock on the time zone and a format string is
 * read anew for each record.
 *
 * The day's date comes from counting in eras of 400 years (146097 days, after which the Gregorian
 * calendar repeats) that begin on the first of March, so that the leap day is the last of its year.
 * Months from March on have 31, 30, 31, 30, 31 days, twice and a bit: a line of slope 153/5. */
#include "base/civil.h"

#define SECOND_NS 1000000000
#define DAY_SECONDS 86400

enum {
    ERA_DAYS = 146097,
    ERA_YEARS = 400,
    EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
};

static void set_date(struct civil *civil, int64_t days)
{
    const unsigned long since = (unsigned long)(days + EPOCH_DAYS); /* never before the year 0 */
    const unsigned era = (unsigned)(since / ERA_DAYS), day = (unsigned)(since % ERA_DAYS);
    /* Take out the leap days that are over; then every year has 365 days. */
    const unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    const unsigned day_of_year = day - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * day_of_year + 2) / 153; /* 0: March */
    civil->day = day_of_year - (153 * month + 2) / 5 + 1;
    civil->month = month < 10 ? month + 3 : month - 9;
    civil->year = (int)(era * ERA_YEARS + year + (month >= 10));
}

struct civil civil_from_ns(int64_t ns)
{
    struct civil civil;
    int64_t seconds = ns / SECOND_NS, rest = ns % SECOND_NS;
    if (rest < 0) {
        rest += SECOND_NS;
        seconds--;
    }
    int64_t days = seconds / DAY_SECONDS, second = seconds % DAY_SECONDS;
    if (second < 0) {
        second += DAY_SECONDS;
        days--;
    }
    set_date(&civil, days);
    civil.hour = (unsigned)second / 3600;
    civil.minute = (unsigned)second / 60 % 60;
    civil.second = (unsigned)second % 60;
    civil.nanosecond = (unsigned)rest;
    return civil;
}

int64_t civil_days(int year, unsigned month, unsigned day)
{
    const unsigned before_march = month <= 2;
    const unsigned since =
        (unsigned)year + ERA_YEARS - before_march; /* the year that began in March */
    const unsigned month_of_year = month - 3 + 12 * before_march;
    const unsigned day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
    return (int64_t)(since * 365 + since / 4 - since / 100 + since / 400 + day_of_year) -
           (EPOCH_DAYS + ERA_DAYS);
}

unsigned civil_month_days(int year, unsigned month)
{
    if (month == 2)
        return civil_is_leap(year) ? 29 : 28;
    return 30 + ((month + month / 8) & 1);
}

static char *put_two(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *put_three(char *out, unsigned value)
{
    *out = (char)('0' + value / 100);
    return put_two(out + 1, value % 100);
}

static char *put_fraction(char *out, unsigned nanosecond)
{
    const unsigned micro = nanosecond / 1000, milli = micro / 1000;
    *out++ = '.';
    out = put_three(out, milli);
    if (nanosecond % 1000000 == 0)
        return out;
    out = put_three(out, micro % 1000);
    return nanosecond % 1000 == 0 ? out : put_three(out, nanosecond % 1000);
}

unsigned civil_put_rfc3339(int64_t ns, char out[CIVIL_RFC3339_MAX])
{
    const struct civil civil = civil_from_ns(ns);
    char *at = put_two(out, (unsigned)civil.year / 100);
    at = put_two(at, (unsigned)civil.year % 100);
    *at++ = '-';
    at = put_two(at, civil.month);
    *at++ = '-';
    at = put_two(at, civil.day);
    *at++ = 'T';
    at = put_two(at, civil.hour);
    *at++ = ':';
    at = put_two(at, civil.minute);
    *at++ = ':';
    at = put_two(at, civil.second);
    if (civil.nanosecond)
        at = put_fraction(at, civil.nanosecond);
    *at++ = 'Z';
    return (unsigned)(at - out);
}
