/* SPDX-License-Identifier: Apache-2.0 */
/* One way to write each kind of value, so that a configuration means the same to whoever reads it.
 *
 *     size       4096  64KiB  10MB       B; KiB MiB GiB TiB PiB EiB are powers of 1024, kB MB GB TB PB EB of 1000
 *     duration   500ms  30s  5m  1h30m   d h m s ms, from the largest to the smallest, each once; 0
 *     integer    -5  1000                decimal, no leading zero
 *     number     0.5  -3  1e6            as in JSON
 *     bool       true  false
 *
 * Case does not matter in a size's unit, since nobody means millibits; it does in a duration's, where
 * "5M" could be minutes or months. One space may stand before a size's unit.
 *
 * Rejected: units of one letter for sizes ("64k" is 64000 to one reader and 65536 to the next);
 * fractions ("0.1MiB" is no whole number of bytes; a smaller unit says the same exactly); a duration
 * without a unit; YAML's other spellings ("yes", "0x1F", "1_000", "08"), each of which some reader takes
 * for something else. */
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/json_number.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    { "EiB", 1ull << 60 },
    { "PiB", 1ull << 50 },
    { "TiB", 1ull << 40 },
    { "GiB", 1ull << 30 },
    { "MiB", 1ull << 20 },
    { "KiB", 1ull << 10 },
    { "EB", 1000000000000000000ull },
    { "PB", 1000000000000000ull },
    { "TB", 1000000000000ull },
    { "GB", 1000000000ull },
    { "MB", 1000000ull },
    { "kB", 1000ull },
    { "B", 1 },
};

static const struct unit duration_units[] = {
    { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

/* Takes digits off the front of `text`; false when there are none. What is too large becomes
 * UINT64_MAX and sets *ret_over. */
static bool take_digits(struct weir_str *text, uint64_t *ret, bool *ret_over)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9'; i++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (unsigned)(text->ptr[i] - '0'), &value))
            *ret_over = true;
    *ret = value;
    *text = (struct weir_str){ text->ptr + i, text->len - i };
    return i > 0;
}

static bool is_negative(struct weir_str text)
{
    return text.len > 1 && text.ptr[0] == '-' && text.ptr[1] >= '0' && text.ptr[1] <= '9';
}

enum units_answer units_parse_size(struct weir_str text, uint64_t *ret_bytes)
{
    uint64_t bytes, factor = 0;
    bool over = false;
    if (is_negative(text))
        return UNITS_RANGE;
    if (!take_digits(&text, &bytes, &over))
        return UNITS_BAD;
    if (text.len > 1 && text.ptr[0] == ' ')
        text = (struct weir_str){ text.ptr + 1, text.len - 1 };
    if (text.len == 0)
        factor = 1;
    for (size_t i = 0; i < COUNT_OF(size_units) && !factor; i++)
        if (strlen(size_units[i].name) == text.len &&
            strncasecmp(size_units[i].name, text.ptr, text.len) == 0)
            factor = size_units[i].factor;
    if (!factor)
        return UNITS_UNIT;
    if (over || __builtin_mul_overflow(bytes, factor, &bytes))
        return UNITS_RANGE;
    *ret_bytes = bytes;
    return UNITS_OK;
}

/* Takes a unit off the front of `text`, one after `from`; COUNT_OF(duration_units) when there is none. */
static size_t take_duration_unit(struct weir_str *text, size_t from)
{
    size_t len = 0;
    while (len < text->len && (text->ptr[len] < '0' || text->ptr[len] > '9'))
        len++;
    for (size_t i = from; i < COUNT_OF(duration_units); i++)
        if (strlen(duration_units[i].name) == len &&
            memcmp(duration_units[i].name, text->ptr, len) == 0) {
            *text = (struct weir_str){ text->ptr + len, text->len - len };
            return i;
        }
    return COUNT_OF(duration_units);
}

enum units_answer units_parse_duration(struct weir_str text, weir_ms *ret)
{
    if (is_negative(text))
        return UNITS_RANGE;
    uint64_t total = 0, value;
    bool over = false;
    size_t next = 0;
    do {
        if (!take_digits(&text, &value, &over))
            return UNITS_BAD;
        if (next == 0 && text.len == 0 && value == 0 && !over)
            break; /* nothing needs no unit */
        size_t unit = take_duration_unit(&text, next);
        if (unit == COUNT_OF(duration_units))
            return UNITS_UNIT;
        next = unit + 1;
        if (__builtin_mul_overflow(value, duration_units[unit].factor, &value) ||
            __builtin_add_overflow(total, value, &total))
            over = true;
    } while (text.len);
    if (over || total > INT64_MAX)
        return UNITS_RANGE;
    *ret = (weir_ms)total;
    return UNITS_OK;
}

enum units_answer units_parse_int(struct weir_str text, int64_t *ret)
{
    bool negative = text.len && text.ptr[0] == '-', over = false;
    if (negative)
        text = (struct weir_str){ text.ptr + 1, text.len - 1 };
    bool zero_first = text.len > 1 && text.ptr[0] == '0';
    uint64_t value;
    if (!take_digits(&text, &value, &over) || text.len || zero_first)
        return UNITS_BAD;
    if (over || value > (uint64_t)INT64_MAX + negative)
        return UNITS_RANGE;
    *ret = (int64_t)(negative ? -value : value);
    return UNITS_OK;
}

enum units_answer units_parse_number(struct weir_str text, double *ret)
{
    char copy[72] = { 0 }; /* with room behind it, as json_number_read() wants */
    if (text.len == 0 || text.len > sizeof(copy) - 8)
        return UNITS_BAD;
    memcpy(copy, text.ptr, text.len);
    if (json_number_read(copy, copy + text.len).end != copy + text.len)
        return UNITS_BAD;
    double value = strtod(copy, NULL);
    if (!isfinite(value))
        return UNITS_RANGE;
    *ret = value;
    return UNITS_OK;
}

enum units_answer units_parse_bool(struct weir_str text, bool *ret)
{
    bool value = weir_str_eq(text, WEIR_STR("true"));
    if (!value && !weir_str_eq(text, WEIR_STR("false")))
        return UNITS_BAD;
    *ret = value;
    return UNITS_OK;
}

void units_print_size(uint64_t bytes, char ret_text[UNITS_TEXT_MAX])
{
    const struct unit *unit = &size_units[COUNT_OF(size_units) - 1];
    for (size_t i = 0; i < COUNT_OF(size_units) && bytes; i++)
        if (bytes % size_units[i].factor == 0) {
            unit = &size_units[i];
            break;
        }
    /* Plain bytes need no unit. */
    snprintf(ret_text, UNITS_TEXT_MAX, "%llu%s", (unsigned long long)(bytes / unit->factor),
             unit->factor == 1 ? "" : unit->name);
}

void units_print_duration(weir_ms ms, char ret_text[UNITS_TEXT_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
        weir_ms factor = (weir_ms)duration_units[i].factor;
        if (ms / factor)
            len += (size_t)snprintf(ret_text + len, UNITS_TEXT_MAX - len, "%lld%s",
                                    (long long)(ms / factor), duration_units[i].name);
        ms %= factor;
    }
    if (!len)
        snprintf(ret_text, UNITS_TEXT_MAX, "0s");
}
