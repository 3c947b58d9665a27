/* SPDX-License-Identifier: Apache-2.0 */
/* Snappy's block format, which is what Loki wants its protobuf in. A library for it would bring the C++ runtime along, for
 * a format that fits on this page:
 *
 *     | length of the text, varint | element | element | ...
 *
 *     literal   tag 00: | (n-1)<<2 |            n bytes      n <= 60
 *                       | 60<<2 | n-1 |         n bytes      n <= 256
 *                       | 61<<2 | n-1, 2 bytes | n bytes     n <= 65536
 *     copy      tag 10: | (n-1)<<2 | 2 | offset, 2 bytes |   n <= 64, from `offset` bytes back
 *
 * (Numbers are little-endian; the format's description in the snappy repository, format_description.txt.) Text is
 * cut into pieces of 64 KiB, so that offsets fit. In each, the last place of every four bytes is remembered by
 * a hash; where the same four bytes come again, they are copied from there, as many as agree. Text without repeats is
 * passed over in steps that grow. */
#include "snappy.h"

#include <errno.h>

#define PIECE_BYTES 65536u
#define TABLE_BITS 13
#define COPY_MAX 64u
#define MATCH_MIN 4u

static uint32_t load32(const char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint32_t hash_of(const char *p)
{
    return load32(p) * 0x1e35a7bdu >> (32 - TABLE_BITS);
}

static char *put_literal(char *at, const char *text, uint32_t len)
{
    uint32_t n = len - 1;
    if (!len)
        return at;
    if (n < 60) {
        *at++ = (char)(n << 2);
    } else if (n < 256) {
        *at++ = (char)(60 << 2);
        *at++ = (char)n;
    } else {
        *at++ = (char)(61 << 2);
        *at++ = (char)(n & 0xff);
        *at++ = (char)(n >> 8);
    }
    memcpy(at, text, len);
    return at + len;
}

static char *put_copy(char *at, uint32_t offset, uint32_t len)
{
    while (len) {
        uint32_t n = len < COPY_MAX ? len : COPY_MAX;
        *at++ = (char)((n - 1) << 2 | 2);
        *at++ = (char)(offset & 0xff);
        *at++ = (char)(offset >> 8);
        len -= n;
    }
    return at;
}

static char *put_piece(char *at, const char *text, uint32_t len)
{
    uint16_t table[1 << TABLE_BITS] = { 0 };
    uint32_t done = 0, i = 0;
    while (i + MATCH_MIN <= len) {
        uint16_t *slot = &table[hash_of(text + i)];
        uint32_t before = *slot;
        *slot = (uint16_t)i;
        if (before >= i || load32(text + before) != load32(text + i)) {
            i += 1 + ((i - done) >> 5);
            continue;
        }
        uint32_t n = MATCH_MIN;
        while (i + n < len && text[before + n] == text[i + n])
            n++;
        at = put_literal(at, text + done, i - done);
        at = put_copy(at, i - before, n);
        done = i += n;
    }
    return put_literal(at, text + done, len - done);
}

int loki_snappy(struct weir_str text, struct weir_bytes *out)
{
    /* More than the worst case: three bytes for each four, which is as often as a copy can end a literal. */
    size_t room = text.len + text.len / MATCH_MIN * 3 + 16;
    out->len = 0;
    char *start = weir_bytes_room(out, room), *at = start;
    size_t left = text.len;
    if (!start)
        return out->starved ? -ENOMEM : -ENOSPC;
    for (; left >= 0x80; left >>= 7)
        *at++ = (char)(left | 0x80);
    *at++ = (char)left;
    for (size_t i = 0; i < text.len; i += PIECE_BYTES) {
        size_t n = text.len - i < PIECE_BYTES ? text.len - i : PIECE_BYTES;
        at = put_piece(at, text.ptr + i, (uint32_t)n);
    }
    out->len = (size_t)(at - start);
    return 0;
}
