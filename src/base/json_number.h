/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_NUMBER_H
#define WEIR_BASE_JSON_NUMBER_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* JSON's numbers: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? (RFC 8259, section 6). Inline, since
 * reading a line of JSON meets several. Digits are counted eight at a time, so that how many a number
 * has is not a branch that cannot be predicted; for that, 7 bytes after the text may be read, but they
 * do not count. */

struct json_number {
    const char *end;
    bool is_int; /* fits int64_t */
};

/* How many of the bytes at `text`, before `end`, are digits. */
static inline size_t json_digits(const char *text, const char *end)
{
    const char *at = text;
    for (;;) {
        uint64_t eight;
        memcpy(&eight, at, sizeof(eight));
        eight = le64toh(eight) ^ 0x3030303030303030u; /* a digit becomes 0 to 9 */
        /* The top bit of the lowest byte above 9; a carry spoils only those after it. */
        uint64_t other = ((eight + 0x7676767676767676u) | eight) & 0x8080808080808080u;
        at += other ? (size_t)__builtin_ctzll(other) / 8 : 8;
        if (other || at >= end)
            break;
    }
    const char *stop = at < end ? at : end;
    return stop > text ? (size_t)(stop - text) : 0;
}

static inline bool json_int_fits(const char *digits, size_t count, bool negative)
{
    return count < 19 ||
           (count == 19 &&
            memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0);
}

/* Reads the number at `text`, in a text that ends at `end`. Its `end` is NULL when it is none. */
static inline struct json_number json_number_read(const char *text, const char *end)
{
    const struct json_number none = { NULL, false };
    const bool negative = *text == '-';
    text += negative;
    const char *digits = text;
    size_t count = json_digits(text, end);
    if (count == 0 || (*digits == '0' && count > 1))
        return none;
    text += count;
    struct json_number number = { text, true };
    if (text < end && *text == '.') {
        count = json_digits(text + 1, end);
        if (text + 1 >= end || count == 0)
            return none;
        text += 1 + count;
        number = (struct json_number){ text, false };
    }
    if (text < end && (*text | 0x20) == 'e') {
        text++;
        text += text < end && (*text == '+' || *text == '-');
        count = text < end ? json_digits(text, end) : 0;
        if (count == 0)
            return none;
        number = (struct json_number){ text + count, false };
    }
    if (number.is_int)
        number.is_int = json_int_fits(digits, (size_t)(text - digits), negative);
    return number;
}

#endif
