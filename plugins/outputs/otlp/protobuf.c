/* SPDX-License-Identifier: Apache-2.0 */
/* The form of protobuf: tags and values. The length of a message stands before it and is known after it: five bytes are left
 * free for it, as a varint may have them. A repeated field needs nothing around its messages. */
#include "form.h"

#include <errno.h>
#include <weir/protobuf.h>

static char *tag(char *at, enum otlp_field field, enum weir_protobuf_type type)
{
    *at++ = (char)(otlp_fields[field].number << 3 | (unsigned)type);
    return at;
}

static int begin(struct weir_bytes *out, enum otlp_field field, size_t *ret_at)
{
    *ret_at = SIZE_MAX;
    if (field == OTLP_REQUEST)
        return 0;
    char *at = weir_bytes_room(out, 1 + WEIR_PROTOBUF_LENGTH_BYTES);
    if (!at)
        return -ENOSPC;
    tag(at, field, WEIR_PROTOBUF_BYTES);
    *ret_at = out->len + 1;
    out->len += 1 + WEIR_PROTOBUF_LENGTH_BYTES;
    return 0;
}

static int end(struct weir_bytes *out, size_t at)
{
    if (at != SIZE_MAX)
        weir_protobuf_put_length(out->data + at, out->len - at - WEIR_PROTOBUF_LENGTH_BYTES);
    return 0;
}

static int list(struct weir_bytes *out, enum otlp_field field)
{
    (void)out;
    (void)field;
    return 0;
}

static int list_end(struct weir_bytes *out)
{
    (void)out;
    return 0;
}

static int copy(struct weir_bytes *out, struct weir_str messages)
{
    return weir_bytes_add(out, messages.ptr, messages.len);
}

static int text(struct weir_bytes *out, enum otlp_field field, struct weir_str value)
{
    char *at = weir_bytes_room(out, weir_protobuf_bytes_len(value));
    if (!at)
        return -ENOSPC;
    at = weir_protobuf_put_bytes(at, otlp_fields[field].number, value);
    out->len = (size_t)(at - out->data);
    return 0;
}

static int id(struct weir_bytes *out, enum otlp_field field, const uint8_t *bytes, size_t len)
{
    return text(out, field, (struct weir_str){ (const char *)bytes, len });
}

static int number(struct weir_bytes *out, enum otlp_field field, uint64_t value)
{
    char *at = weir_bytes_room(out, 1 + WEIR_PROTOBUF_VARINT_MAX);
    if (!at)
        return -ENOSPC;
    if (otlp_fields[field].kind == OTLP_FIXED64 || otlp_fields[field].kind == OTLP_DOUBLE)
        at = weir_protobuf_put_fixed(tag(at, field, WEIR_PROTOBUF_FIXED64), value, 8);
    else if (otlp_fields[field].kind == OTLP_FIXED32)
        at = weir_protobuf_put_fixed(tag(at, field, WEIR_PROTOBUF_FIXED32), value, 4);
    else
        at = weir_protobuf_put_varint(tag(at, field, WEIR_PROTOBUF_VARINT), value);
    out->len = (size_t)(at - out->data);
    return 0;
}

static int real(struct weir_bytes *out, enum otlp_field field, double value, struct weir_str as)
{
    uint64_t bits;
    (void)as;
    memcpy(&bits, &value, sizeof(bits));
    return number(out, field, bits);
}

const struct otlp_form otlp_protobuf = {
    .begin = begin,
    .end = end,
    .list = list,
    .list_end = list_end,
    .copy = copy,
    .text = text,
    .id = id,
    .number = number,
    .real = real,
};
