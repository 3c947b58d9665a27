/* SPDX-License-Identifier: Apache-2.0 */
/* From the parts of a time to the moment.
 *
 * A leap second has no number of its own, since 1970's count leaves it out: 23:59:60 is the second that
 * follows. A time without a year is in the year that puts it closest to now, so that a line of December
 * read in January is a fortnight old, and one from a clock that runs ahead is not a year old; 29 February
 * looks for the closest year that has one. */
#include "record/time_parts.h"

#include "base/civil.h"

#define DAY_SECONDS 86400
#define LEAP_GAP_YEARS 8 /* at most, between two leap years: 1896 and 1904 */

static bool time_of_day(const struct time_parts *parts, int64_t *ret_seconds)
{
    unsigned hour = parts->hour;
    if (parts->half != HALF_UNKNOWN) {
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + (parts->half == HALF_PM ? 12 : 0);
    }
    if (hour > 24 || parts->minute > 59 || parts->second > 60)
        return false;
    *ret_seconds = (int64_t)hour * 3600 + parts->minute * 60 + parts->second;
    return hour < 24 || (*ret_seconds == DAY_SECONDS && parts->nanosecond == 0);
}

static bool day_number(const struct time_parts *parts, int year, int64_t *ret_days)
{
    if (parts->day_of_year) {
        if (parts->day_of_year > (civil_is_leap(year) ? 366u : 365u))
            return false;
        *ret_days = civil_days(year, 1, 1) + parts->day_of_year - 1;
        return true;
    }
    if (parts->month - 1 >= 12 || parts->day - 1 >= civil_month_days(year, parts->month))
        return false;
    *ret_days = civil_days(year, parts->month, parts->day);
    return true;
}

static bool moment_in_year(const struct time_parts *parts, const struct time_zone *zone, int year,
                           int64_t *ret)
{
    int64_t days, seconds, ns;
    if (!day_number(parts, year, &days) || !time_of_day(parts, &seconds))
        return false;
    seconds += days * DAY_SECONDS;
    seconds -= parts->has_offset ? parts->offset : time_zone_offset(zone, seconds);
    if (seconds < 0 && parts->nanosecond) { /* the very first second fits only from above */
        if (__builtin_mul_overflow(seconds + 1, SECOND_NS, &ns) ||
            __builtin_add_overflow(ns, (int64_t)parts->nanosecond - SECOND_NS, &ns))
            return false;
    } else if (__builtin_mul_overflow(seconds, SECOND_NS, &ns) ||
               __builtin_add_overflow(ns, (int64_t)parts->nanosecond, &ns)) {
        return false;
    }
    *ret = ns;
    return true;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool moment_closest(const struct time_parts *parts, const struct time_zone *zone,
                           int64_t now, int64_t *ret)
{
    const int year = civil_from_ns(now).year;
    const bool is_leap_day = (parts->month == 2 && parts->day == 29) || parts->day_of_year == 366;
    const int reach = is_leap_day ? LEAP_GAP_YEARS : 1;
    bool found = false;
    for (int other = year - reach; other <= year + reach; other++) {
        int64_t moment;
        if (moment_in_year(parts, zone, other, &moment) &&
            (!found || distance(moment, now) < distance(*ret, now))) {
            *ret = moment;
            found = true;
        }
    }
    return found;
}

static bool moment_of_epoch(const struct time_parts *parts, int64_t *ret)
{
    int64_t ns, fraction = parts->epoch < 0 ? -(int64_t)parts->nanosecond : parts->nanosecond;
    if (__builtin_mul_overflow(parts->epoch, SECOND_NS, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return false;
    *ret = ns;
    return true;
}

bool time_parts_resolve(const struct time_parts *parts, const struct time_zone *zone, int64_t now,
                        int64_t *ret)
{
    if (parts->has_epoch)
        return moment_of_epoch(parts, ret);
    if (parts->year)
        return moment_in_year(parts, zone, (int)parts->year, ret);
    return moment_closest(parts, zone, now, ret);
}
