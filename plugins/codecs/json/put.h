/* SPDX-License-Identifier: Apache-2.0 */
/* Short texts, copied without a call. Names and values are a dozen bytes; memcpy() is made for more, and
 * so is the host's search for bytes that need an escape. Neither reads nor writes outside of what it is
 * given. */
#ifndef CODEC_JSON_PUT_H
#define CODEC_JSON_PUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Up to here; more is for memcpy(), and for the host's vectors. */
enum { PUT_SHORT_MAX = 64 };

static inline uint64_t load8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint32_t load4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Not 0 when one of eight bytes means something else inside of a JSON string, or is none of ASCII's.
 *
 * Each subtraction leaves a top bit where a byte was less than what is taken from it (or had one before,
 * and then it is no ASCII). With bit 1 turned over, control bytes and the quote, 0x22, are those below
 * 0x21. */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    const uint64_t control_or_quote = (word ^ ones * 2) - ones * 0x21;
    const uint64_t backslash = (word ^ ones * '\\') - ones;
    return (word | control_or_quote | backslash) & tops;
}

/* Copies `len` bytes; false when one of them needs more than that: then what was written is of no use. */
static inline bool put_plain(char *out, const char *text, size_t len)
{
    uint64_t special;
    if (len >= 8) {
        const uint64_t last = load8(text + len - 8);
        special = special_bytes(last);
        for (size_t at = 0; at + 8 < len; at += 8) {
            const uint64_t word = load8(text + at);
            special |= special_bytes(word);
            memcpy(out + at, &word, 8);
        }
        memcpy(out + len - 8, &last, 8);
    } else if (len >= 4) {
        const uint32_t first = load4(text), last = load4(text + len - 4);
        special = special_bytes((uint64_t)last << 32 | first);
        memcpy(out, &first, 4);
        memcpy(out + len - 4, &last, 4);
    } else if (len > 0) {
        const char first = text[0], middle = text[len / 2], last = text[len - 1];
        special =
            special_bytes(UINT64_C(0x2020202020000000) | (uint64_t)(unsigned char)first << 16 |
                          (uint64_t)(unsigned char)middle << 8 | (unsigned char)last);
        out[0] = first;
        out[len / 2] = middle;
        out[len - 1] = last;
    } else {
        return true;
    }
    return !special;
}

/* Copies `len` bytes; returns where they end. */
static inline char *put(char *out, const char *text, size_t len)
{
    if (len > 16) {
        memcpy(out, text, len);
    } else if (len >= 8) {
        const uint64_t first = load8(text), last = load8(text + len - 8);
        memcpy(out, &first, 8);
        memcpy(out + len - 8, &last, 8);
    } else if (len >= 4) {
        const uint32_t first = load4(text), last = load4(text + len - 4);
        memcpy(out, &first, 4);
        memcpy(out + len - 4, &last, 4);
    } else if (len > 0) {
        const char first = text[0], middle = text[len / 2], last = text[len - 1];
        out[0] = first;
        out[len / 2] = middle;
        out[len - 1] = last;
    }
    return out + len;
}

#endif
