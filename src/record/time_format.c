/* SPDX-License-Identifier: Apache-2.0 */
/* Times out of text: see include/weir/time.h for the formats.
 *
 * Most logs have one of three: RFC 3339, which has a reader of its own, a count since 1970, and what
 * web servers write, which is a pattern. All end as parts that time_parts.c makes a moment of, or
 * refuses. A format is read-only once it is made and may be used by any number of threads. */
#include <weir/time.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "record/time_pattern.h"

enum kind { RFC3339, COUNT, PATTERN };

struct weir_time_format {
    enum kind kind;
    int count_digits; /* COUNT: what it counts is 10^-digits seconds */
    struct time_pattern *pattern;
    struct time_zone *zone;
};

/* ---- counts ------------------------------------------------------------------------------------- */

#define COUNT_DIGITS_MAX 18 /* that uint64_t surely holds */
#define EXPONENT_MAX 1000   /* beyond it, any number is nothing or too much */

/* A number is digits * 10^scale. */
struct number {
    uint64_t digits;
    int scale;
    bool negative;
};

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Digits from `at` on; those that do not fit count for the scale alone. */
static const char *read_digits(const char *at, const char *end, bool fraction,
                               struct number *number)
{
    for (; at < end && is_digit(*at); at++) {
        if (number->digits < UINT64_C(1000000000000000000)) {
            number->digits = number->digits * 10 + (unsigned)(*at - '0');
            number->scale -= fraction;
        } else {
            number->scale += !fraction;
        }
    }
    return at;
}

static bool read_exponent(const char *at, const char *end, int *ret)
{
    bool negative = at < end && *at == '-';
    int value = 0;
    at += at < end && (*at == '-' || *at == '+');
    if (at == end)
        return false;
    for (; at < end && is_digit(*at); at++)
        value = value < EXPONENT_MAX ? value * 10 + (*at - '0') : value;
    *ret = negative ? -value : value;
    return at == end;
}

/* JSON's numbers, and some that JSON does not have (007, 1., .5). */
static bool read_number(struct weir_str text, struct number *ret)
{
    const char *at = text.ptr, *const end = at + text.len;
    struct number number = { .negative = at < end && *at == '-' };
    const char *start = at += number.negative;
    at = read_digits(at, end, false, &number);
    size_t count = (size_t)(at - start);
    if (at < end && *at == '.') {
        start = at + 1;
        at = read_digits(start, end, true, &number);
        count += (size_t)(at - start);
    }
    if (at < end && (*at | 0x20) == 'e') {
        int exponent;
        if (!read_exponent(at + 1, end, &exponent))
            return false;
        number.scale += exponent;
        at = end;
    }
    *ret = number;
    return at == end && count > 0;
}

static bool parse_count(int count_digits, struct weir_str text, int64_t *ret)
{
    struct number number;
    if (!read_number(text, &number))
        return false;
    uint64_t ns = number.digits;
    int power = number.scale + 9 - count_digits; /* ns * 10^power nanoseconds */
    for (; power < 0 && ns; power++)
        ns /= 10;
    for (; power > 0 && ns; power--)
        if (__builtin_mul_overflow(ns, UINT64_C(10), &ns))
            return false;
    if (ns > INT64_MAX)
        return false;
    *ret = number.negative ? -(int64_t)ns : (int64_t)ns;
    return true;
}

/* ---- RFC 3339 ----------------------------------------------------------------------------------- */

/* Eight bytes at a time: XOR with what the text looks like when all its digits are 0, and each byte is a
 * digit's value, or 0 for what stands between; ten times that plus the byte after it are all the
 * two-digit numbers in it at once, none of which spills into its neighbour.
 *
 *     | 2026-11- | 25 | T | 16:24:30 |
 *          8               8          bytes */
enum { DATE_TIME_BYTES = 19 };

static inline uint64_t load_le64(const char *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof(eight));
    return le64toh(eight);
}

/* A bit where a byte of `values` is above the same one of `max`, of which each is below 0x80. */
static inline uint64_t above(uint64_t values, uint64_t max)
{
    const uint64_t tops = UINT64_C(0x8080808080808080);
    return (values | ((values & ~tops) + (tops - UINT64_C(0x0101010101010101) - max))) & tops;
}

#define PAIR(values, at) ((unsigned)(((values)*10 + ((values) >> 8)) >> 8 * (at)) & 0xff)

static bool read_date_time(const char *at, struct time_parts *parts)
{
    const uint64_t digits_date = UINT64_C(0x0009090009090909);  /* 0000-00- from the right */
    const uint64_t digits_clock = UINT64_C(0x0909000909000909); /* 00:00:00 */
    const uint64_t date = load_le64(at) ^ load_le64("0000-00-");
    const uint64_t clock = load_le64(at + 11) ^ load_le64("00:00:00");
    const unsigned tens = (unsigned char)at[8] - '0', ones = (unsigned char)at[9] - '0';
    const bool between = at[10] == 'T' || at[10] == ' ' || at[10] == 't';
    parts->year = PAIR(date, 0) * 100 + PAIR(date, 2);
    parts->month = PAIR(date, 5);
    parts->day = tens * 10 + ones;
    parts->hour = PAIR(clock, 0);
    parts->minute = PAIR(clock, 3);
    parts->second = PAIR(clock, 6);
    return !(above(date, digits_date) | above(clock, digits_clock)) && tens <= 9 && ones <= 9 &&
           between && parts->year;
}

static bool read_rfc3339(struct weir_str text, struct time_parts *parts)
{
    if (text.len < DATE_TIME_BYTES || !read_date_time(text.ptr, parts))
        return false;
    text.ptr += DATE_TIME_BYTES;
    text.len -= DATE_TIME_BYTES;
    if (text.len && (*text.ptr == '.' || *text.ptr == ',')) {
        struct weir_str digits = { text.ptr + 1, text.len - 1 };
        size_t len = time_read_fraction(digits, &parts->nanosecond);
        if (len == 0)
            return false;
        text = (struct weir_str){ digits.ptr + len, digits.len - len };
    }
    if (text.len == 0)
        return true;
    parts->has_offset = true;
    return time_zone_read_offset(text, &parts->offset) == text.len;
}

/* ---- the interface ------------------------------------------------------------------------------ */

static int set_format(struct weir_time_format *format, const char *text, struct weir_error *err)
{
    static const struct {
        const char *name;
        int digits;
    } counts[] = { { "unix", 0 }, { "unix_ms", 3 }, { "unix_us", 6 }, { "unix_ns", 9 } };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (strcmp(text, counts[i].name) == 0) {
            format->kind = COUNT;
            format->count_digits = counts[i].digits;
            return 0;
        }
    if (strcmp(text, "rfc3339") == 0) {
        format->kind = RFC3339;
        return 0;
    }
    format->kind = PATTERN;
    if (!strchr(text, '%'))
        return weir_error_set(
            err, -EINVAL,
            "\"%s\" is no format of times; use rfc3339, unix, unix_ms, unix_us, unix_ns or a "
            "pattern like \"%%d/%%b/%%Y:%%H:%%M:%%S %%z\"",
            text);
    format->pattern = time_pattern_new(text, err);
    return format->pattern ? 0 : -EINVAL;
}

struct weir_time_format *weir_time_format_new(const char *text, const char *zone,
                                              struct weir_error *err)
{
    struct weir_time_format *format = calloc(1, sizeof(*format));
    if (!format) {
        weir_error_set(err, -ENOMEM, "out of memory for a format of times");
        return NULL;
    }
    if (set_format(format, text, err) < 0)
        return weir_time_format_free(format);
    format->zone = time_zone_new(zone, err);
    return format->zone ? format : weir_time_format_free(format);
}

struct weir_time_format *weir_time_format_free(struct weir_time_format *format)
{
    if (!format)
        return NULL;
    format->zone = time_zone_free(format->zone);
    format->pattern = time_pattern_free(format->pattern);
    free(format);
    return NULL;
}

bool weir_time_parse(const struct weir_time_format *format, struct weir_str text, int64_t now,
                     int64_t *ret)
{
    struct time_parts parts = { 0 };
    switch (format->kind) {
    case COUNT: return parse_count(format->count_digits, text, ret);
    case RFC3339:
        if (!read_rfc3339(text, &parts))
            return false;
        break;
    case PATTERN:
        if (!time_pattern_match(format->pattern, text, &parts))
            return false;
        break;
    }
    return time_parts_resolve(&parts, format->zone, now, ret);
}
