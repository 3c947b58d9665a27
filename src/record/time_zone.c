/* SPDX-License-Identifier: Apache-2.0 */
/* Zones: how far a clock on the wall is ahead of UTC.
 *
 * The host's zone ("local") changes its offset twice a year in much of the world. mktime() knows, but it
 * takes a lock that all threads share and normalises fields that need it not, for each record. So the
 * changes from 1970 to 2100 are looked up once, when the configuration is read: some 260 at most.
 *
 *     local_until        when a clock that follows the old offset, or that already follows the new
 *                        one, whichever is ahead, shows the change
 *
 *     clock forward      02:00 --> 03:00    02:30 does not exist: it is read as if the clock had not
 *                                           been changed yet, which makes it 03:30
 *     clock back         03:00 --> 02:00    02:30 comes twice: the first is meant
 *
 * which is in both cases "the old offset before local_until". Nothing is known about the second 02:30, so
 * that for an hour a year times may be an hour early; whoever cares writes UTC into logs.
 *
 * A zone that is changed on the running host (timedatectl, new tzdata) is seen at the next reload. */
#include "record/time_zone.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define WEEK_SECONDS (7 * 86400)
#define FIRST_SECOND INT64_C(0)         /* 1970 */
#define LAST_SECOND INT64_C(4102444800) /* 2100 */

struct change {
    int64_t local_until;
    int offset; /* before it */
};

struct time_zone {
    size_t count; /* at least one; the last is never over */
    struct change changes[];
};

static int offset_at(int64_t utc)
{
    time_t seconds = (time_t)utc;
    struct tm tm;
    return localtime_r(&seconds, &tm) ? (int)tm.tm_gmtoff : 0;
}

/* The second in (before, after] at which the offset becomes what it is at `after`. */
static int64_t find_change(int64_t before, int64_t after)
{
    int offset = offset_at(after);
    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;
        if (offset_at(middle) == offset)
            after = middle;
        else
            before = middle;
    }
    return after;
}

static struct time_zone *zone_fixed(int offset)
{
    struct time_zone *zone = malloc(sizeof(*zone) + sizeof(zone->changes[0]));
    if (zone) {
        zone->count = 1;
        zone->changes[0] = (struct change){ INT64_MAX, offset };
    }
    return zone;
}

/* Puts a change in front of the last entry. */
static struct time_zone *zone_add(struct time_zone *zone, int64_t utc, int offset)
{
    struct time_zone *more =
        realloc(zone, sizeof(*zone) + (zone->count + 1) * sizeof(zone->changes[0]));
    if (!more)
        return time_zone_free(zone);
    struct change *last = &more->changes[more->count - 1];
    last->local_until = utc + (last->offset > offset ? last->offset : offset);
    more->changes[more->count++] = (struct change){ INT64_MAX, offset };
    return more;
}

static struct time_zone *zone_local(void)
{
    tzset();
    int offset = offset_at(FIRST_SECOND);
    struct time_zone *zone = zone_fixed(offset);
    for (int64_t at = FIRST_SECOND; zone && at < LAST_SECOND; at += WEEK_SECONDS) {
        int next = offset_at(at + WEEK_SECONDS);
        if (next != offset)
            zone = zone_add(zone, find_change(at, at + WEEK_SECONDS), next);
        offset = next;
    }
    return zone;
}

static bool two_digits(const char *text, int *ret)
{
    unsigned tens = (unsigned)text[0] - '0', ones = (unsigned)text[1] - '0';
    *ret = (int)(tens * 10 + ones);
    return tens <= 9 && ones <= 9;
}

size_t time_zone_read_offset(struct weir_str text, int *ret_seconds)
{
    if (text.len == 0)
        return 0;
    if ((text.ptr[0] | 0x20) == 'z') {
        *ret_seconds = 0;
        return 1;
    }
    int hours, minutes = 0;
    if ((text.ptr[0] != '+' && text.ptr[0] != '-') || text.len < 3 ||
        !two_digits(text.ptr + 1, &hours) || hours > 23)
        return 0;
    size_t at = 3;
    bool colon = text.len > at && text.ptr[at] == ':';
    if (text.len >= at + colon + 2 && two_digits(text.ptr + at + colon, &minutes))
        at += colon + 2u;
    else
        minutes = 0;
    if (minutes > 59)
        return 0;
    int seconds = (hours * 60 + minutes) * 60;
    *ret_seconds = text.ptr[0] == '-' ? -seconds : seconds;
    return at;
}

struct time_zone *time_zone_new(const char *name, struct weir_error *err)
{
    struct weir_str text = weir_str_of(name);
    struct time_zone *zone = NULL;
    int offset = 0;
    if (text.len == 0 || weir_str_eq(text, WEIR_STR("UTC")))
        zone = zone_fixed(0);
    else if (weir_str_eq(text, WEIR_STR("local")))
        zone = zone_local();
    else if (time_zone_read_offset(text, &offset) == text.len)
        zone = zone_fixed(offset);
    else {
        weir_error_set(err, -EINVAL,
                       "\"%s\" is no zone; write \"UTC\", \"local\" or an offset like \"+02:00\"",
                       name);
        return NULL;
    }
    if (!zone)
        weir_error_set(err, -ENOMEM, "out of memory for a time zone");
    return zone;
}

struct time_zone *time_zone_free(struct time_zone *zone)
{
    free(zone);
    return NULL;
}

int time_zone_offset(const struct time_zone *zone, int64_t local)
{
    size_t low = 0, high = zone->count - 1;
    while (low < high) { /* the first change that is not over */
        size_t middle = (low + high) / 2;
        if (zone->changes[middle].local_until <= local)
            low = middle + 1;
        else
            high = middle;
    }
    return zone->changes[low].offset;
}
