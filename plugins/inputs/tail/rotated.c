/* SPDX-License-Identifier: Apache-2.0 */
/* The names that rotated files get:
 *
 *     app.log.1   app.log-20260101   app.log.2026-01-01T10:00   app-2026-01-01.log   app.1.log   app.log.old
 *
 * A file of such a name is read although no pattern matches it, if it was born when a generation of the log
 * is missing. So what stands between must be a number, a time, or one of a few words: "app-audit.log" is a log
 * of its own, which nobody asked for. */
#include "rotated.h"

#include <stdbool.h>

static bool begins_with(struct weir_str text, struct weir_str begin)
{
    return text.len >= begin.len && memcmp(text.ptr, begin.ptr, begin.len) == 0;
}

static bool ends_with(struct weir_str text, struct weir_str end)
{
    return text.len >= end.len && memcmp(text.ptr + text.len - end.len, end.ptr, end.len) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A separator, then digits with more separators among them; T and Z, as in times, after a digit. */
static bool is_number_or_time(struct weir_str mark)
{
    bool digits = false;
    for (size_t i = 1; i < mark.len; i++) {
        const char c = mark.ptr[i];
        digits |= is_digit(c);
        if (!is_digit(c) && !memchr(".-_:", c, 4) &&
            !(memchr("TZ", c, 2) && is_digit(mark.ptr[i - 1])))
            return false;
    }
    return digits;
}

static bool is_mark(struct weir_str mark)
{
    static const char *const words[] = { "old", "bak", "prev", "previous", "last" };
    if (mark.len < 2 || !memchr(".-_", mark.ptr[0], 3))
        return false;
    const struct weir_str word = { mark.ptr + 1, mark.len - 1 };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (weir_str_eq(word, weir_str_of(words[i])))
            return true;
    return is_number_or_time(mark);
}

bool tail_is_rotated_name(struct weir_str name, struct weir_str base)
{
    if (name.len <= base.len)
        return false;
    const size_t more = name.len - base.len;
    if (begins_with(name, base) && is_mark((struct weir_str){ name.ptr + base.len, more }))
        return true;
    const char *dot = memrchr(base.ptr, '.', base.len);
    if (!dot || dot == base.ptr)
        return false;
    const struct weir_str stem = { base.ptr, (size_t)(dot - base.ptr) };
    const struct weir_str end = { dot, base.len - stem.len };
    return begins_with(name, stem) && ends_with(name, end) &&
           is_mark((struct weir_str){ name.ptr + stem.len, more });
}
