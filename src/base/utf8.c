/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, checked where text comes from outside.
 *
 * Logs are ASCII with a few characters of something else, so the loop that matters skips ASCII in
 * large steps and decodes the rest one character at a time. (Vector code that checks any mix at
 * full speed exists; it would pay for text that is mostly not ASCII, which we have not met in lines
 * that are also long.)
 *
 * What may follow a lead byte is fixed but for the second byte, whose range keeps out overlong forms
 * (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4): RFC 3629, section 4. */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <weir/str.h>

#define TOPS UINT64_C(0x8080808080808080)

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

static bool second_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return is_continuation(second);
    }
}

/* How long a character with that lead byte is; 0 for a byte that leads none. */
static size_t lead_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead <= 0xf4 ? 4 : 0;
}

size_t utf8_char(const char *text, size_t left)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t len = lead_length(bytes[0]);
    if (len <= 1)
        return len;
    if (len > left || !second_fits(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < len; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return len;
}

bool weir_utf8_is_valid(struct weir_str text)
{
    return utf8_valid_prefix(text.ptr, text.len) == text.len;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint64_t words[4];
        if (len - at >= sizeof(words)) {
            memcpy(words, text + at, sizeof(words));
            if (!((words[0] | words[1] | words[2] | words[3]) & TOPS)) {
                at += sizeof(words);
                continue;
            }
        }
        if (len - at >= sizeof(words[0])) {
            memcpy(words, text + at, sizeof(words[0]));
            if (!(words[0] & TOPS)) {
                at += sizeof(words[0]);
                continue;
            }
        }
        size_t step = utf8_char(text + at, len - at);
        if (step == 0)
            break;
        at += step;
    }
    return at;
}

size_t utf8_cut(const char *text, size_t max)
{
    for (size_t back = 1; back <= 3 && back <= max; back++) {
        unsigned char byte = (unsigned char)text[max - back];
        if (is_continuation(byte))
            continue;
        return lead_length(byte) > back ? max - back : max;
    }
    return max;
}

size_t utf8_put(unsigned code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    out[0] = (char)(lead[len] | code);
    return len;
}
