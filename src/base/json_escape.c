/* SPDX-License-Identifier: Apache-2.0 */
/* JSON's escapes, both ways.
 *
 * Nearly all text needs none, so both directions look for the next byte that does (many bytes a step),
 * copy what lies before it, and treat that one alone. What comes out is always valid UTF-8 and valid
 * JSON, whatever went in: a record must not be able to break the line that it is written on.
 *
 * RFC 8259 allows an escape for half of a surrogate pair, which stands for nothing. JSON text passes
 * through us with it unchanged; when it is decoded it becomes U+FFFD. */
#include "base/json_escape.h"

#include "base/simd.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>
#include <weir/json.h>

/* What a control byte, quote or backslash is written as; returns the length. */
static size_t escape_byte(unsigned char byte, char out[6])
{
    static const char hex[] = "0123456789abcdef";
    char letter = 0;
    switch (byte) {
    case '"':
    case '\\': letter = (char)byte; break;
    case '\b': letter = 'b'; break;
    case '\f': letter = 'f'; break;
    case '\n': letter = 'n'; break;
    case '\r': letter = 'r'; break;
    case '\t': letter = 't'; break;
    }
    out[0] = '\\';
    if (letter) {
        out[1] = letter;
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[byte >> 4];
    out[5] = hex[byte & 15];
    return 6;
}

/* Writes what stands for the byte at `text`, which does not mean itself; returns the bytes written. */
static size_t escape_one(const char *text, char out[6])
{
    if ((unsigned char)text[0] < 0x80)
        return escape_byte((unsigned char)text[0], out);
    memcpy(out, UTF8_REPLACEMENT, UTF8_REPLACEMENT_LEN); /* it belongs to no character */
    return UTF8_REPLACEMENT_LEN;
}

/* How many bytes at the start of `text` mean themselves: the plain ones, and valid characters beyond
 * ASCII, of which some languages have more than of the others. */
static size_t unescaped_run(json_plain_f *json_plain, const char *text, size_t len)
{
    size_t at = 0;
    if (len == 0)
        return 0; /* then there may be no text at all */
    for (;;) {
        at += json_plain(text + at, len - at);
        const size_t from = at;
        while (at < len && (unsigned char)text[at] >= 0x80) {
            const size_t step = utf8_char(text + at, len - at);
            if (step == 0)
                return at;
            at += step;
        }
        if (at == from)
            return at;
    }
}

size_t json_escape(const char *text, size_t len, char *out)
{
    json_plain_f *json_plain = simd_best()->json_plain;
    char *const start = out;
    for (;;) {
        size_t run = unescaped_run(json_plain, text, len);
        if (run)
            memcpy(out, text, run);
        out += run;
        if (run == len)
            return (size_t)(out - start);
        char escaped[JSON_ESCAPE_GROWTH];
        size_t written = escape_one(text + run, escaped);
        memcpy(out, escaped, written);
        out += written;
        text += run + 1;
        len -= run + 1;
    }
}

static_assert(JSON_COPY_PADDING == WEIR_BATCH_PADDING, "what follows a batch's data is enough");

size_t weir_json_copy(const char *text, size_t len, char *out)
{
    return simd_best()->json_copy(text, len, out);
}

size_t json_escaped_length(const char *text, size_t len)
{
    json_plain_f *json_plain = simd_best()->json_plain;
    size_t total = 0;
    for (;;) {
        size_t run = unescaped_run(json_plain, text, len);
        total += run;
        if (run == len)
            return total;
        char escaped[JSON_ESCAPE_GROWTH];
        total += escape_one(text + run, escaped);
        text += run + 1;
        len -= run + 1;
    }
}

/* Four hexadecimal digits, known to be some. */
static unsigned hex4(const char *text)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned digit = (unsigned char)text[i];
        code = code << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return code;
}

/* Decodes \uXXXX, or two of them that make a pair, at `text`; returns the bytes read. */
static size_t unescape_code(const char *text, size_t left, char out[4], size_t *ret_written)
{
    enum { ESCAPE = 6 };
    unsigned code = hex4(text + 2);
    size_t read = ESCAPE;
    if (code >= 0xd800 && code <= 0xdfff) {
        unsigned low = 0;
        if (code <= 0xdbff && left >= 2 * ESCAPE && text[6] == '\\' && text[7] == 'u')
            low = hex4(text + 8);
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            read = 2 * ESCAPE;
        } else {
            code = 0xfffd;
        }
    }
    *ret_written = utf8_put(code, out);
    return read;
}

/* Decodes the escape at `text`; returns the bytes read. */
static size_t unescape_char(const char *text, size_t left, char out[4], size_t *ret_written)
{
    if (text[1] == 'u')
        return unescape_code(text, left, out, ret_written);
    *ret_written = 1;
    switch (text[1]) {
    case 'b': out[0] = '\b'; break;
    case 'f': out[0] = '\f'; break;
    case 'n': out[0] = '\n'; break;
    case 'r': out[0] = '\r'; break;
    case 't': out[0] = '\t'; break;
    default: out[0] = text[1]; break; /* the quote, the backslash and the slash */
    }
    return 2;
}

size_t json_unescape(const char *text, size_t len, char *out)
{
    char *const start = out;
    const char *const end = text + len;
    while (text < end) {
        const char *escape = memchr(text, '\\', (size_t)(end - text));
        size_t plain = (size_t)((escape ? escape : end) - text);
        memmove(out, text, plain);
        out += plain;
        text += plain;
        if (!escape)
            break;
        char decoded[4];
        size_t written;
        text += unescape_char(text, (size_t)(end - text), decoded, &written);
        memcpy(out, decoded, written);
        out += written;
    }
    return (size_t)(out - start);
}

int json_text_next(struct json_text *text)
{
    if (text->next < text->ready_count)
        return text->ready[text->next++];
    if (text->at == text->end)
        return -1;
    if (*text->at != '\\' || !text->escaped)
        return (unsigned char)*text->at++;
    size_t written;
    text->at +=
        unescape_char(text->at, (size_t)(text->end - text->at), (char *)text->ready, &written);
    text->ready_count = (unsigned)written;
    text->next = 1;
    return text->ready[0];
}

bool json_text_eq(struct json_text *a, struct json_text *b)
{
    for (;;) {
        int byte = json_text_next(a);
        if (byte != json_text_next(b))
            return false;
        if (byte < 0)
            return true;
    }
}

bool json_unescaped_eq(struct weir_str escaped, struct weir_str plain)
{
    struct json_text a = json_text_of(escaped, true), b = json_text_of(plain, false);
    return json_text_eq(&a, &b);
}
