/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PROTOBUF_H
#define WEIR_PROTOBUF_H

#include <weir/str.h>

/* Writing protobuf by hand, for services whose messages are few: the wire format's own parts, into memory that is there. A
 * message is fields, each a tag, (number << 3 | type), and its value; a value of variable size has its length before
 * it. (protobuf.dev, "Encoding".) */

enum weir_protobuf_type {
    WEIR_PROTOBUF_VARINT = 0,
    WEIR_PROTOBUF_FIXED64 = 1,
    WEIR_PROTOBUF_BYTES = 2,
    WEIR_PROTOBUF_FIXED32 = 5
};

/* A varint is the shortest there is; a length that is not known yet has five bytes, as a varint may. */
#define WEIR_PROTOBUF_VARINT_MAX 10
#define WEIR_PROTOBUF_LENGTH_BYTES 5

static inline size_t weir_protobuf_varint_len(uint64_t value)
{
    size_t len = 1;
    for (; value >= 0x80; value >>= 7)
        len++;
    return len;
}

/* These return where what they wrote ends. */
static inline char *weir_protobuf_put_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static inline char *weir_protobuf_put_bytes(char *at, unsigned field, struct weir_str text)
{
    *at++ = (char)(field << 3 | WEIR_PROTOBUF_BYTES);
    at = weir_protobuf_put_varint(at, text.len);
    if (text.len)
        memcpy(at, text.ptr, text.len);
    return at + text.len;
}

/* What weir_protobuf_put_bytes() writes, for a field below 16. */
static inline size_t weir_protobuf_bytes_len(struct weir_str text)
{
    return 1 + weir_protobuf_varint_len(text.len) + text.len;
}

/* A length in five bytes, where they were left free. */
static inline void weir_protobuf_put_length(char *at, uint64_t value)
{
    for (int i = 0; i < WEIR_PROTOBUF_LENGTH_BYTES; i++, value >>= 7)
        at[i] = (char)((value & 0x7f) | (i < WEIR_PROTOBUF_LENGTH_BYTES - 1 ? 0x80 : 0));
}

/* Little-endian. */
static inline char *weir_protobuf_put_fixed(char *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, value >>= 8)
        *at++ = (char)value;
    return at;
}

#endif
