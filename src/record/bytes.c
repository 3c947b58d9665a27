/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow up to a maximum: see include/weir/codec.h. They double, so that a buffer kept between
 * batches soon stops growing; nothing is ever copied to make room for text whose length can be told. */
#include <weir/codec.h>

#include <errno.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/json_escape.h"

#define BYTES_MIN 4096
/* Text up to here is given room for the worst that escaping can do; longer text is measured first. */
#define ESCAPE_UNMEASURED 4096

static char *bytes_grow(struct weir_bytes *bytes, size_t need)
{
    size_t cap = bytes->cap > bytes->max / 2 ? bytes->max : bytes->cap * 2;
    if (cap < BYTES_MIN)
        cap = BYTES_MIN < bytes->max ? BYTES_MIN : bytes->max;
    if (cap < need)
        cap = need;
    char *data = realloc(bytes->data, cap);
    if (!data) {
        bytes->starved = true;
        return NULL;
    }
    bytes->data = data;
    bytes->cap = cap;
    return data + bytes->len;
}

char *weir_bytes_more(struct weir_bytes *bytes, size_t more)
{
    if (bytes->len > bytes->max || more > bytes->max - bytes->len)
        return NULL; /* also where a higher maximum has left room before */
    if (bytes->cap - bytes->len >= more && bytes->data)
        return bytes->data + bytes->len;
    return bytes_grow(bytes, bytes->len + more);
}

void weir_bytes_free(struct weir_bytes *bytes)
{
    free(bytes->data);
    bytes->data = NULL;
    bytes->len = bytes->cap = 0;
}

/* Why there was no room for `more` bytes. */
static int bytes_refusal(const struct weir_bytes *bytes, size_t more)
{
    return bytes->len > bytes->max || more > bytes->max - bytes->len ? -ENOSPC : -ENOMEM;
}

int weir_bytes_add(struct weir_bytes *bytes, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    char *room = weir_bytes_room(bytes, len);
    if (!room)
        return bytes_refusal(bytes, len);
    memcpy(room, data, len);
    bytes->len += len;
    return 0;
}

int weir_bytes_add_text(struct weir_bytes *bytes, const struct weir_field *field)
{
    if (!(field->flags & WEIR_VALUE_ESCAPED))
        return weir_bytes_add(bytes, field->value, field->value_len);
    char *room = weir_bytes_room(bytes, field->value_len);
    if (room) {
        bytes->len += json_unescape(field->value, field->value_len, room);
        return 0;
    }
    /* It may still fit when decoded: decode it elsewhere. */
    char *text = malloc(field->value_len);
    if (!text) {
        bytes->starved = true;
        return -ENOMEM;
    }
    int r = weir_bytes_add(bytes, text, json_unescape(field->value, field->value_len, text));
    free(text);
    return r;
}

int weir_bytes_add_json(struct weir_bytes *bytes, struct weir_str text)
{
    char *room = NULL;
    size_t need = text.len * JSON_ESCAPE_GROWTH + 2;
    if (text.len <= ESCAPE_UNMEASURED)
        room = weir_bytes_room(bytes, need);
    if (!room) {
        need = json_escaped_length(text.ptr, text.len) + 2;
        room = weir_bytes_room(bytes, need);
    }
    if (!room)
        return bytes_refusal(bytes, need);
    *room++ = '"';
    size_t len = json_escape(text.ptr, text.len, room);
    room[len] = '"';
    bytes->len += len + 2;
    return 0;
}

int weir_bytes_add_time(struct weir_bytes *bytes, int64_t ns)
{
    char text[CIVIL_RFC3339_MAX];
    return weir_bytes_add(bytes, text, civil_put_rfc3339(ns, text));
}
