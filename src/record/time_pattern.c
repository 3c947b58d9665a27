/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of times: letters after a percent sign say what stands there, other text stands for itself.
 *
 *     %d/%b/%Y:%H:%M:%S %z        steps:  | d "/" | b "/" | Y ":" | H ":" | M ":" | S " " | z |
 *
 * A pattern is a row of steps, each a code and the literal text after it, so that the usual pattern takes
 * seven turns of a loop. strptime() is not used: it asks the locale for the names of months, a lock with
 * it, and it can neither read a fraction nor tell what was not said.
 *
 * It is as lenient as is safe: a day or an hour may be one digit, or padded with a space, names are taken
 * in any case and length ("Sep", "September"), a zone is Z, +02, +0200 or +02:00. White space means
 * itself. Names are English, whatever the locale: logs are not localised. */
#include "record/time_pattern.h"

#include <errno.h>
#include <stdlib.h>

#define PATTERN_BYTES_MAX 128
#define CODES "YmdbeHMSfzspyjaI" /* each at most once in a pattern */

struct step {
    char code;       /* 0: none, for text that a pattern begins with */
    uint8_t literal; /* where its text is */
    uint8_t literal_len;
};

struct time_pattern {
    size_t count;
    struct step steps[sizeof(CODES)]; /* one may have no code */
    char literals[PATTERN_BYTES_MAX]; /* %T and %F are as long as what they hide */
};

struct cursor {
    const char *at, *end;
};

/* ---- reading ------------------------------------------------------------------------------------ */

static inline unsigned digit_at(const char *at)
{
    return (unsigned)(unsigned char)*at - '0'; /* above 9: none */
}

/* One or two digits, or one after a space. */
static inline bool take_two(struct cursor *cursor, unsigned *ret)
{
    const char *at = cursor->at;
    if (cursor->end - at >= 2) {
        unsigned tens = digit_at(at), ones = digit_at(at + 1);
        if (tens <= 9 && ones <= 9) {
            *ret = tens * 10 + ones;
            cursor->at = at + 2;
            return true;
        }
    }
    at += at < cursor->end && *at == ' ';
    if (at == cursor->end || digit_at(at) > 9)
        return false;
    *ret = digit_at(at);
    cursor->at = at + 1;
    return true;
}

static inline bool take_exactly(struct cursor *cursor, int count, unsigned *ret)
{
    unsigned value = 0;
    if (cursor->end - cursor->at < count)
        return false;
    for (; count > 0; count--) {
        unsigned digit = digit_at(cursor->at++);
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

static bool take_epoch(struct cursor *cursor, int64_t *ret)
{
    bool negative = cursor->at < cursor->end && *cursor->at == '-';
    const char *start = cursor->at += negative;
    int64_t value = 0;
    for (; cursor->at < cursor->end && digit_at(cursor->at) <= 9; cursor->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (int64_t)digit_at(cursor->at), &value))
            return false;
    *ret = negative ? -value : value;
    return cursor->at > start;
}

size_t time_read_fraction(struct weir_str text, unsigned *ret_nanoseconds)
{
    unsigned value = 0, digits = 0;
    size_t len = 0;
    for (; len < text.len && digit_at(text.ptr + len) <= 9; len++)
        if (digits < 9) {
            value = value * 10 + digit_at(text.ptr + len);
            digits++;
        }
    for (; digits < 9; digits++)
        value *= 10;
    *ret_nanoseconds = value;
    return len;
}

/* Three letters, in any case, as one number. */
static inline unsigned letters(char a, char b, char c)
{
    return ((unsigned)(unsigned char)a << 16 | (unsigned)(unsigned char)b << 8 |
            (unsigned)(unsigned char)c) |
           0x202020;
}

/* The rest of a name, of which three letters have been read, is taken if it is there. */
static void take_rest(struct cursor *cursor, const char *rest)
{
    size_t len = strlen(rest);
    if ((size_t)(cursor->end - cursor->at) < len)
        return;
    for (size_t i = 0; i < len; i++)
        if ((cursor->at[i] | 0x20) != rest[i])
            return;
    cursor->at += len;
}

struct name {
    unsigned letters;
    const char *rest;
};
#define NAME(a, b, c, rest)                                                                        \
    {                                                                                              \
        (unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c), rest                             \
    }

/* A name of the table: its index from 1. */
static unsigned take_name(struct cursor *cursor, const struct name *names, unsigned count)
{
    if (cursor->end - cursor->at < 3)
        return 0;
    unsigned three = letters(cursor->at[0], cursor->at[1], cursor->at[2]);
    for (unsigned i = 0; i < count; i++)
        if (names[i].letters == three) {
            cursor->at += 3;
            take_rest(cursor, names[i].rest);
            return i + 1;
        }
    return 0;
}

static bool take_month(struct cursor *cursor, unsigned *ret)
{
    static const struct name months[] = {
        NAME('j', 'a', 'n', "uary"), NAME('f', 'e', 'b', "ruary"), NAME('m', 'a', 'r', "ch"),
        NAME('a', 'p', 'r', "il"),   NAME('m', 'a', 'y', ""),      NAME('j', 'u', 'n', "e"),
        NAME('j', 'u', 'l', "y"),    NAME('a', 'u', 'g', "ust"),   NAME('s', 'e', 'p', "tember"),
        NAME('o', 'c', 't', "ober"), NAME('n', 'o', 'v', "ember"), NAME('d', 'e', 'c', "ember"),
    };
    *ret = take_name(cursor, months, 12);
    return *ret;
}

static bool take_weekday(struct cursor *cursor)
{
    static const struct name days[] = {
        NAME('m', 'o', 'n', "day"),   NAME('t', 'u', 'e', "sday"), NAME('w', 'e', 'd', "nesday"),
        NAME('t', 'h', 'u', "rsday"), NAME('f', 'r', 'i', "day"),  NAME('s', 'a', 't', "urday"),
        NAME('s', 'u', 'n', "day"),
    };
    return take_name(cursor, days, 7) != 0;
}

static bool take_half(struct cursor *cursor, struct time_parts *parts)
{
    if (cursor->end - cursor->at < 2 || (cursor->at[1] | 0x20) != 'm')
        return false;
    char half = (char)(cursor->at[0] | 0x20);
    parts->half = half == 'p' ? HALF_PM : HALF_AM;
    cursor->at += 2;
    return half == 'a' || half == 'p';
}

static bool take_fraction(struct cursor *cursor, unsigned *ret)
{
    struct weir_str text = { cursor->at, (size_t)(cursor->end - cursor->at) };
    size_t len = time_read_fraction(text, ret);
    cursor->at += len;
    return len > 0;
}

static bool take_offset(struct cursor *cursor, struct time_parts *parts)
{
    struct weir_str text = { cursor->at, (size_t)(cursor->end - cursor->at) };
    size_t len = time_zone_read_offset(text, &parts->offset);
    cursor->at += len;
    parts->has_offset = true;
    return len > 0;
}

static bool take_short_year(struct cursor *cursor, unsigned *ret)
{
    if (!take_exactly(cursor, 2, ret))
        return false;
    *ret += *ret < 69 ? 2000 : 1900; /* as POSIX has it */
    return true;
}

static inline bool take(struct cursor *cursor, char code, struct time_parts *parts)
{
    switch (code) {
    case 0: return true;
    case 'Y': return take_exactly(cursor, 4, &parts->year) && parts->year;
    case 'y': return take_short_year(cursor, &parts->year);
    case 'm': return take_two(cursor, &parts->month);
    case 'b': return take_month(cursor, &parts->month);
    case 'd':
    case 'e': return take_two(cursor, &parts->day);
    case 'j': return take_exactly(cursor, 3, &parts->day_of_year) && parts->day_of_year;
    case 'a': return take_weekday(cursor);
    case 'H':
    case 'I': return take_two(cursor, &parts->hour);
    case 'M': return take_two(cursor, &parts->minute);
    case 'S': return take_two(cursor, &parts->second);
    case 'f': return take_fraction(cursor, &parts->nanosecond);
    case 'p': return take_half(cursor, parts);
    case 'z': return take_offset(cursor, parts);
    case 's': parts->has_epoch = true; return take_epoch(cursor, &parts->epoch);
    }
    return false;
}

bool time_pattern_match(const struct time_pattern *pattern, struct weir_str text,
                        struct time_parts *ret)
{
    struct cursor cursor = { text.ptr, text.ptr + text.len };
    struct time_parts parts = { 0 };
    for (const struct step *step = pattern->steps; step < pattern->steps + pattern->count; step++) {
        if (!take(&cursor, step->code, &parts))
            return false;
        const char *literal = pattern->literals + step->literal;
        size_t len = step->literal_len;
        if ((size_t)(cursor.end - cursor.at) < len)
            return false;
        if (len == 1 ? *cursor.at != *literal : len && memcmp(cursor.at, literal, len) != 0)
            return false;
        cursor.at += len;
    }
    *ret = parts;
    return cursor.at == cursor.end;
}

/* ---- compiling ---------------------------------------------------------------------------------- */

struct compiler {
    struct time_pattern *pattern;
    struct weir_error *err;
    size_t literal_bytes;
    uint32_t seen; /* a bit a code */
};

static bool has(const struct compiler *compiler, char code)
{
    return compiler->seen & (uint32_t)1 << (strchr(CODES, code) - CODES);
}

static bool has_day(const struct compiler *compiler)
{
    return has(compiler, 'd') || has(compiler, 'e');
}

static bool has_month(const struct compiler *compiler)
{
    return has(compiler, 'm') || has(compiler, 'b');
}

static int add_code(struct compiler *compiler, char code)
{
    const char *known = strchr(CODES, code);
    if (code == '\0')
        return weir_error_set(compiler->err, -EINVAL, "a letter is missing after the last %%");
    if (!known)
        return weir_error_set(
            compiler->err, -EINVAL,
            "%%%c is no part of a time; use %%Y %%m %%d %%b %%e %%H %%M %%S %%f %%z %%s "
            "%%p %%I %%y %%j %%a %%T %%F, and %%%% for a percent sign",
            code);
    if (has(compiler, code))
        return weir_error_set(compiler->err, -EINVAL, "%%%c is there twice", code);
    compiler->seen |= (uint32_t)1 << (known - CODES);
    compiler->pattern->steps[compiler->pattern->count++] =
        (struct step){ .code = code, .literal = (uint8_t)compiler->literal_bytes };
    return 0;
}

static void add_literal(struct compiler *compiler, char byte)
{
    struct time_pattern *pattern = compiler->pattern;
    if (pattern->count == 0)
        pattern->count = 1;
    pattern->steps[pattern->count - 1].literal_len++;
    pattern->literals[compiler->literal_bytes++] = byte;
}

static int add_pattern(struct compiler *compiler, const char *text)
{
    int r = 0;
    for (; *text && r == 0; text++) {
        if (*text != '%') {
            add_literal(compiler, *text);
            continue;
        }
        switch (*++text) {
        case '%': add_literal(compiler, '%'); break;
        case 'T': r = add_pattern(compiler, "%H:%M:%S"); break;
        case 'F': r = add_pattern(compiler, "%Y-%m-%d"); break;
        case '\0': return add_code(compiler, '\0');
        default: r = add_code(compiler, *text); break;
        }
    }
    return r;
}

static int check_parts(const struct compiler *compiler)
{
    struct weir_error *err = compiler->err;
    if (has(compiler, 's'))
        return 0;
    if (!has(compiler, 'j') && !(has_month(compiler) && has_day(compiler)))
        return weir_error_set(
            err, -EINVAL, "the pattern says no day: it needs %%s, or %%j, or %%d with %%m or %%b");
    if (has(compiler, 'j') && (has_month(compiler) || has_day(compiler)))
        return weir_error_set(err, -EINVAL,
                              "the pattern says the day twice: by %%j and by %%m, %%b or %%d");
    if ((has(compiler, 'Y') && has(compiler, 'y')) || (has(compiler, 'm') && has(compiler, 'b')) ||
        (has(compiler, 'd') && has(compiler, 'e')) || (has(compiler, 'H') && has(compiler, 'I')))
        return weir_error_set(
            err, -EINVAL,
            "the pattern says a part in two ways: %%Y and %%y, %%m and %%b, %%d and "
            "%%e, %%H and %%I exclude each other");
    if (has(compiler, 'I') && !has(compiler, 'p'))
        return weir_error_set(err, -EINVAL, "%%I needs %%p: which half of the day is it?");
    if (has(compiler, 'p') && !has(compiler, 'I') && !has(compiler, 'H'))
        return weir_error_set(err, -EINVAL, "%%p needs %%I: which hour is it?");
    return 0;
}

struct time_pattern *time_pattern_new(const char *text, struct weir_error *err)
{
    if (strlen(text) > PATTERN_BYTES_MAX) {
        weir_error_set(err, -EINVAL, "a pattern of a time has at most %d bytes", PATTERN_BYTES_MAX);
        return NULL;
    }
    struct time_pattern *pattern = calloc(1, sizeof(*pattern));
    struct compiler compiler = { .pattern = pattern, .err = err };
    if (!pattern) {
        weir_error_set(err, -ENOMEM, "out of memory for a pattern of a time");
        return NULL;
    }
    if (add_pattern(&compiler, text) < 0 || check_parts(&compiler) < 0)
        return time_pattern_free(pattern);
    return pattern;
}

struct time_pattern *time_pattern_free(struct time_pattern *pattern)
{
    free(pattern);
    return NULL;
}
