/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_ESCAPE_H
#define WEIR_BASE_JSON_ESCAPE_H

#include <weir/str.h>

/* Text into the inside of a JSON string, and back. */

/* The most bytes that one byte of text can become: \u001f. */
enum { JSON_ESCAPE_GROWTH = 6 };

/* Writes `text` escaped, without quotes, and returns how many bytes that took: at most `len` times
 * JSON_ESCAPE_GROWTH, exactly json_escaped_length(). The result is valid UTF-8 whatever comes: each byte
 * that belongs to no character becomes U+FFFD. */
size_t json_escape(const char *text, size_t len, char *out);
size_t json_escaped_length(const char *text, size_t len);

/* Undoes the escapes in the inside of a valid JSON string; returns the length, which is at most `len`.
 * `out` may be `text`. \u0000 gives a NUL byte; half of a surrogate pair gives U+FFFD. */
size_t json_unescape(const char *text, size_t len, char *out);

/* Whether `escaped`, the inside of a valid JSON string, stands for `plain`. */
bool json_unescaped_eq(struct weir_str escaped, struct weir_str plain);

/* The bytes that the inside of a valid JSON string stands for, one after another. */
struct json_text {
    const char *at, *end;
    bool escaped;
    unsigned char ready[4]; /* decoded, not given out yet: from `next` on */
    unsigned next, ready_count;
};

static inline struct json_text json_text_of(struct weir_str text, bool escaped)
{
    return (struct json_text){ .at = text.ptr, .end = text.ptr + text.len, .escaped = escaped };
}

/* The next byte, or -1 after the last. */
int json_text_next(struct json_text *text);
/* Whether what is left of both is the same. */
bool json_text_eq(struct json_text *a, struct json_text *b);

/* How many bytes at the start of `text` mean themselves in a JSON string: neither quote, backslash nor
 * control byte, nor above 0x7f. Reads nothing outside the text. */
typedef size_t json_plain_f(const char *text, size_t len);
/* The same, and copies them to `out`. Reads and writes up to JSON_COPY_PADDING bytes behind the text, whatever
 * they are: see weir_json_copy(). */
typedef size_t json_copy_f(const char *text, size_t len, char *out);
#define JSON_COPY_PADDING 64

#endif
